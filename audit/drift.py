"""Whether the database still has the triggers and functions that the migrations made.

A capture trigger that is missing, switched off or changed lets changes pass that no
chain will ever miss (VAL-08). Nothing in the database could be trusted to say so: what
ought to be there is read from the migrations themselves.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

SCHEMAS = ("audit", "sealed", "identity", "walls")
_FUNCTION = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(\w+\.\w+)\s*\("
    # Up to its text, and never into the next function's.
    r"(?:(?!\bFUNCTION\b).)*?(?:\bAS\s+\$\$(.*?)\$\$|\bRETURN\s|\bBEGIN\s+ATOMIC\b)",
    re.DOTALL | re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+(\w+)\s.*?\bON\s+([\w.]+)"
    r".*?\bEXECUTE\s+FUNCTION\s+([\w.]+)\s*\((.*?)\)",
    re.DOTALL | re.IGNORECASE,
)
_DROPPED = re.compile(
    r"DROP\s+(TRIGGER|FUNCTION)\s+(?:IF\s+EXISTS\s+)?([\w.]+)(?:\s+ON\s+([\w.]+))?",
    re.IGNORECASE,
)
_MOVED = re.compile(r"ALTER\s+TABLE\s+([\w.]+)\s+SET\s+SCHEMA\s+(\w+)", re.IGNORECASE)
_ARGUMENT = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Declared:
    """What the migrations say: functions by name with their text, triggers by place.

    A trigger is keyed by (table, name) and valued by (function, arguments).
    """

    functions: dict[str, str | None]  # None: PostgreSQL keeps it in a form of its own
    triggers: dict[tuple[str, str], tuple[str, tuple[str, ...]]]


def declared() -> Declared:
    """Return what all migrations together declare, in their order."""
    known = Declared({}, {})
    for statement in _statements():
        _declare(statement, known)
    return known


def _declare(text: str, known: Declared) -> None:
    events = sorted(
        (
            found
            for pattern in (_FUNCTION, _TRIGGER, _DROPPED, _MOVED)
            for found in pattern.finditer(text)
        ),
        key=lambda found: found.start(),
    )
    for found in events:
        if found.re is _FUNCTION:
            if found[1].partition(".")[0] in SCHEMAS:
                known.functions[found[1]] = found[2]
        elif found.re is _TRIGGER:
            arguments = tuple(_ARGUMENT.findall(found[4]))
            known.triggers[_qualified(found[2]), found[1]] = found[3], arguments
        elif found.re is _MOVED:
            _move(_qualified(found[1]), found[2], known)
        elif found[1].upper() == "TRIGGER":
            known.triggers.pop((_qualified(found[3]), found[2]), None)
        else:
            known.functions.pop(found[2], None)


def _move(table: str, schema: str, known: Declared) -> None:
    there = f"{schema}.{table.partition('.')[2]}"
    for place, name in [key for key in known.triggers if key[0] == table]:
        known.triggers[there, name] = known.triggers.pop((place, name))


def _qualified(table: str) -> str:
    return table if "." in table else f"public.{table}"


def _statements() -> Iterator[str]:
    loader = MigrationLoader(None)
    plan = []
    for leaf in sorted(loader.graph.leaf_nodes()):
        plan += [node for node in loader.graph.forwards_plan(leaf) if node not in plan]
    for node in plan:
        for operation in loader.graph.nodes[node].operations:
            yield from _of(operation)


def _of(operation: Operation) -> Iterator[str]:
    if isinstance(operation, RunSQL):
        yield from _texts(operation.sql)
    elif isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _of(inner)


def _texts(sql: Any) -> Iterator[str]:
    if isinstance(sql, str):
        yield sql
        return
    for part in sql:
        yield part if isinstance(part, str) else part[0]


def drift() -> list[str]:
    """Return what differs from the migrations, one sentence each; empty is good."""
    known = declared()
    return [
        *_changed_functions(known),
        *_changed_triggers(known),
        *_switched_off(),
    ]


def _changed_functions(known: Declared) -> Iterator[str]:
    found = dict(
        _asked(
            "SELECT p.pronamespace::regnamespace::text || '.' || p.proname, p.prosrc "
            "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = ANY (%s)",
            [list(SCHEMAS)],
        )
    )
    for name, text in sorted(known.functions.items()):
        if name not in found:
            yield f"The function {name} is missing."
        elif found[name] != (text or ""):
            yield f"The function {name} is not the one that the migrations made."
    for name in sorted(found.keys() - known.functions.keys()):
        yield f"The function {name} was made by no migration."


def _changed_triggers(known: Declared) -> Iterator[str]:
    found = {
        (table, name): (function, _arguments(arguments), state)
        for table, name, function, arguments, state in _asked(
            """
            SELECT c.relnamespace::regnamespace::text || '.' || c.relname, t.tgname,
                p.pronamespace::regnamespace::text || '.' || p.proname,
                t.tgargs, t.tgenabled::text
            FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal
            """
        )
    }
    for (table, name), wanted in sorted(known.triggers.items()):
        function, arguments, state = found.pop((table, name), ("", (), ""))
        if not function:
            yield f"The trigger {name} of {table} is missing."
        elif state not in {"O", "A"}:
            yield f"The trigger {name} of {table} is switched off."
        elif (function, arguments) != (_named(wanted[0]), wanted[1]):
            yield f"The trigger {name} of {table} is not the one of the migrations."
    for table, name in sorted(found):
        yield f"The trigger {name} of {table} was made by no migration."


def _named(function: str) -> str:
    return function if "." in function else f"public.{function}"


def _arguments(stored: bytes) -> tuple[str, ...]:
    return tuple(part.decode() for part in bytes(stored).split(b"\0")[:-1])


def _switched_off() -> Iterator[str]:
    """A setting of a role or database that keeps every trigger from firing."""
    for (setting,) in _asked(
        "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase IN "
        "(0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    ):
        if setting.startswith("session_replication_role="):
            yield f"A role or the database is set to {setting}: no trigger fires."


def _asked(statement: str, values: Sequence[Any] = ()) -> Iterable[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())
