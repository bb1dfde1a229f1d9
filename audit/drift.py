"""Whether the database still has the triggers, functions and walls of the migrations.

A capture trigger that is missing, switched off or changed lets changes pass that no
chain will ever miss (VAL-08). Nothing in the database could be trusted to say so: what
ought to be there is read from the migrations themselves.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

OWNERS = {
    "audit": "candor_audit",
    "sealed": "candor_unblinded",
    "identity": "candor_identity",
    "walls": "candor_walls",
}
_FUNCTION = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(\w+\.\w+)\s*\("
    # Up to its text, and never into the next function's.
    r"((?:(?!\bFUNCTION\b).)*?)(?:\bAS\s+\$\$(.*?)\$\$|\bRETURN\s|\bBEGIN\s+ATOMIC\b)",
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
_WALL = re.compile(
    r"ALTER\s+TABLE\s+([\w.]+)\s+(ENABLE|DISABLE|FORCE|NO\s+FORCE)\s+ROW\s+LEVEL",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"(CREATE|DROP)\s+POLICY\s+(\w+)\s+ON\s+([\w.]+)([^;]*)", re.IGNORECASE
)
_ARGUMENT = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Function:
    """A function's text (None: PostgreSQL keeps it in a form of its own), and as whom."""

    text: str | None
    as_owner: bool


@dataclass(slots=True)
class Wall:
    """Row-level security of a table, with its policies in one plain spelling."""

    is_on: bool = False
    is_forced: bool = False
    policies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the migrations say: functions by name with their text, triggers by place.

    A trigger is keyed by (table, name) and valued by (function, arguments).
    """

    functions: dict[str, Function]
    triggers: dict[tuple[str, str], tuple[str, tuple[str, ...]]]
    walls: dict[str, Wall]


def declared() -> Declared:
    """Return what all migrations together declare, in their order."""
    known = Declared({}, {}, {})
    for statement in _statements():
        _declare(statement, known)
    return known


def _declare(text: str, known: Declared) -> None:
    events = sorted(
        (
            found
            for pattern in (_FUNCTION, _TRIGGER, _DROPPED, _MOVED, _WALL, _POLICY)
            for found in pattern.finditer(text)
        ),
        key=lambda found: found.start(),
    )
    for found in events:
        if found.re is _FUNCTION:
            if found[1].partition(".")[0] in OWNERS:
                as_owner = "SECURITY DEFINER" in found[2].upper()
                known.functions[found[1]] = Function(found[3], as_owner)
        elif found.re is _TRIGGER:
            arguments = tuple(_ARGUMENT.findall(found[4]))
            known.triggers[_qualified(found[2]), found[1]] = found[3], arguments
        elif found.re in {_WALL, _POLICY}:
            _build(found, known.walls)
        elif found.re is _MOVED:
            _move(_qualified(found[1]), found[2], known)
        elif found[1].upper() == "TRIGGER":
            known.triggers.pop((_qualified(found[3]), found[2]), None)
        else:
            known.functions.pop(found[2], None)


def _build(found: re.Match[str], walls: dict[str, Wall]) -> None:
    is_policy = found.re is _POLICY
    wall = walls.setdefault(_qualified(found[3 if is_policy else 1]), Wall())
    if is_policy and found[1].upper() == "CREATE":
        wall.policies[found[2]] = _spelled(found[4])
    elif is_policy:
        wall.policies.pop(found[2], None)
    elif found[2].upper() in {"ENABLE", "DISABLE"}:
        wall.is_on = found[2].upper() == "ENABLE"
    else:
        wall.is_forced = found[2].upper() == "FORCE"


def _spelled(condition: str) -> str:
    """Return a policy as PostgreSQL and we both write it: no spaces, brackets, schema."""
    plain = re.sub(r"\bAS\s+(?!RESTRICTIVE)\w+", "", condition, flags=re.IGNORECASE)
    plain = re.sub(r"::(bigint|text|character varying)(\[\])?", "", plain)
    return re.sub(r"[\s()]|\baudit\.", "", plain).lower()


def _move(table: str, schema: str, known: Declared) -> None:
    there = f"{schema}.{table.partition('.')[2]}"
    for place, name in [key for key in known.triggers if key[0] == table]:
        known.triggers[there, name] = known.triggers.pop((place, name))
    if table in known.walls:
        known.walls[there] = known.walls.pop(table)


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
        *_changed_walls(known),
        *_widened(),
        *_swayed(),
    ]


def _changed_functions(known: Declared) -> Iterator[str]:
    found = {
        name: rest
        for name, *rest in _asked(
            "SELECT p.pronamespace::regnamespace::text || '.' || p.proname, p.prosrc, "
            "p.prosecdef, n.nspname, pg_get_userbyid(p.proowner) "
            "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = ANY (%s)",
            [list(OWNERS)],
        )
    }
    for name, wanted in sorted(known.functions.items()):
        if name not in found:
            yield f"The function {name} is missing."
            continue
        text, as_owner, schema, owner = found[name]
        if (text, as_owner) != (wanted.text or "", wanted.as_owner):
            yield f"The function {name} is not the one that the migrations made."
        elif owner != OWNERS[schema]:
            yield f"The function {name} belongs to {owner}, not to {OWNERS[schema]}."
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


def _changed_walls(known: Declared) -> Iterator[str]:
    found: dict[str, Wall] = {}
    for table, is_on, is_forced, name, condition in _asked(
        """
        SELECT c.relnamespace::regnamespace::text || '.' || c.relname,
            c.relrowsecurity, c.relforcerowsecurity, p.polname,
            concat(CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'FOR SELECT' END,
                'USING' || pg_get_expr(p.polqual, p.polrelid),
                'WITH CHECK' || pg_get_expr(p.polwithcheck, p.polrelid))
        FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relrowsecurity OR c.relforcerowsecurity OR p.oid IS NOT NULL
        """
    ):
        wall = found.setdefault(table, Wall(is_on, is_forced))
        if name:
            wall.policies[name] = _spelled(condition)
    for table, wanted in sorted(known.walls.items()):
        if found.pop(table, None) != wanted:
            yield f"The wall of {table} is not the one of the migrations."
    for table in sorted(found):
        yield f"The wall of {table} was made by no migration."


def _widened() -> Iterator[str]:
    """Rights on the trail and behind the walls that no role of the program has."""
    for table, role, right in _asked(
        """
        SELECT c.oid::regclass::text, r.role, p.name
        FROM pg_class c,
            unnest(ARRAY['candor_app', 'candor_web', 'candor_worker', 'candor_export',
                'candor_backup']) AS r (role),
            unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p (name)
        WHERE c.relnamespace = ANY (%s::regnamespace[]) AND c.relkind IN ('r', 'v')
          AND (has_table_privilege(r.role, c.oid, p.name)
            OR p.name IN ('INSERT', 'UPDATE')
                AND has_any_column_privilege(r.role, c.oid, p.name))
        ORDER BY 1, 2, 3
        """,
        [list(OWNERS)],
    ):
        yield f"The role {role} has been given {right} on {table}."


def _named(function: str) -> str:
    return function if "." in function else f"public.{function}"


def _arguments(stored: bytes) -> tuple[str, ...]:
    return tuple(part.decode() for part in bytes(stored).split(b"\0")[:-1])


def _swayed() -> Iterator[str]:
    """Settings of a role or the database that put something else in the walls' place.

    Triggers that do not fire, other tables under our names, a standing answer to who
    asks. Any other setting (a timeout, memory) is the administrator's business.
    """
    for role, setting in _asked(
        """
        SELECT coalesce(r.rolname, 'the database'), unnest(s.setconfig)
        FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE s.setdatabase IN
            (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND (r.rolname IS NULL OR r.rolname LIKE 'candor%%')
        """
    ):
        name, _, value = setting.partition("=")
        if name == "session_replication_role":
            yield f"{role} is set to {setting}: no trigger fires."
        elif name in {"role", "row_security"} or name.startswith("candor."):
            yield f"{role} is set to {setting}: the walls ask who reads, not this."
        elif name == "search_path" and value != "public, audit":
            yield f"{role} is set to {setting}: tables are looked up elsewhere."


def _asked(statement: str, values: Sequence[Any] = ()) -> Iterable[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
