"""Every audited table as the database has it, and a world with a row in each of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from django.apps import apps
from django.db import connection, models
from psycopg import sql

from audit.actors import Place
from audit.trail import acting
from tests.audit.lived import Lived, new_lived
from tests.exports.study import new_token
from tests.locking import locked, reopened
from tests.randomization.world import definition_of, sealed
from tests.world import SETUP, new_world

_TABLES = """
SELECT n.nspname, c.relname, t.tgargs,
    ARRAY(SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' ORDER BY a.attnum),
    ARRAY(SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' ORDER BY a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL (
    SELECT tgargs FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = c.oid AND p.proname = 'capture' LIMIT 1
) t ON true
WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2
"""
_KEYS = """
SELECT conrelid::regclass::text, conname::text FROM pg_constraint WHERE contype = 'f' AND connamespace::regnamespace::text = ANY (%s)
"""
LOCKED = (
    "LOCKED"  # the identifier of a trial that was locked, reopened and locked again
)
# Another value of the same kind; a column of another kind has no entry here, and the
# matrix says which table has no column that can be changed.
_OTHER = {
    "text": "coalesce({0} || 'x', 'x')",
    "character varying": "left(md5({0}), greatest(length({0}), 1))",
    "boolean": "NOT coalesce({0}, false)",
    "smallint": "coalesce({0} + 1, 1)",
    "integer": "coalesce({0} + 1, 1)",
    "bigint": "coalesce({0} + 1, 1)",
    "numeric": "coalesce({0} + 1, 1)",
    "date": "coalesce({0} + 1, '2025-04-28')",
    "time without time zone": "coalesce({0} + interval '1 minute', '10:00')",
    "timestamp with time zone": "coalesce({0} + interval '1 second', '2025-04-28Z')",
    "uuid": "gen_random_uuid()",
    "jsonb": """'{{"another": 1}}'""",
    "bytea": r"coalesce({0} || '\x01', '\x01')",
}


@dataclass(frozen=True)
class Audited:
    """A table with capture triggers, and what its migration says of it."""

    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    place: tuple[str, str, str]
    ignored: frozenset[str]
    masked: frozenset[str]
    is_sealed: bool

    @property
    def named(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def listed(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    @property
    def model(self) -> type[models.Model] | None:
        found = [m for m in apps.get_models() if m._meta.db_table == self.name]
        return found[0] if found else None

    def others(self) -> Iterator[tuple[str, str]]:
        """Yield each column that can be given another value, with the expression."""
        for column, kind in zip(self.columns, self.types, strict=True):
            if column != "id" and kind in _OTHER:
                yield column, _OTHER[kind].format(f'"{column}"')


Rows = dict[str, dict[str, Any]]
Entry = tuple[str, str, Any, Any, tuple[Any, ...]]


def audited_tables() -> list[Audited]:
    """Return what the database itself says is on the trail."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [_read(*row) for row in cursor]


def _read(
    schema: str, name: str, arguments: bytes, columns: list[str], types: list[str]
) -> Audited:
    trial, site, participant, _reason, ignored, masked, is_sealed = (
        part.decode() for part in bytes(arguments).split(b"\0")[:7]
    )
    return Audited(
        schema,
        name,
        tuple(columns),
        tuple(types),
        (trial, site, participant),
        frozenset(filter(None, ignored.split(","))),
        frozenset(filter(None, masked.split(","))),
        is_sealed == "sealed",
    )


def rows_of(at: Any, table: Audited) -> Rows:
    """Return every row of a table by its id, as the database itself writes it."""
    found = at.execute(f"SELECT to_jsonb(t)::text FROM {table.named} t").fetchall()
    rows = (json.loads(text) for (text,) in found)
    return {str(row["id"]): row for row in rows}


def wanted(table: Audited, before: Rows, after: Rows) -> list[Entry]:
    """Return the entries that a change from `before` to `after` has to leave."""
    entries = []
    for pk in before.keys() | after.keys():
        old, new = before.get(pk), after.get(pk)
        if old is not None and new is not None:
            changed = [
                column
                for column in new
                if old[column] != new[column] and column not in table.ignored
            ]
            if not changed:
                continue
            whole = new
            old = {column: old[column] for column in changed}
            new = {column: new[column] for column in changed}
            operation = "U"
        else:
            whole = new or old or {}
            operation = "D" if new is None else "I"
        where = tuple(whole.get(column) for column in table.place)
        entries.append((pk, operation, _shown(table, old), _shown(table, new), where))
    return sorted(entries, key=str)


def _shown(table: Audited, row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {key: "masked" if key in table.masked else row[key] for key in row}


def entries_of(at: Any, table: Audited, act: int) -> list[Entry]:
    """Return what the trail says of an act; a commitment is opened and checked."""
    found = at.execute(
        "SELECT table_name, row_id, operation, old::text, new::text, trial_id, site_id,"
        " participant_id FROM audit.audit_rowchange WHERE action_id = %s",
        [act],
    ).fetchall()
    entries = []
    for name, pk, operation, old, new, *where in found:
        assert name == table.name
        told = [text and json.loads(text) for text in (old, new)]
        if table.is_sealed:
            told = [side and _opened(at, side) for side in told]
        entries.append((pk, operation, *told, tuple(where)))
    return sorted(entries, key=str)


def _opened(at: Any, told: dict[str, str]) -> Any:
    assert told.keys() == {"commitment"}
    nonce, content = at.execute(
        "SELECT nonce, content FROM sealed.nonce WHERE commitment = %s",
        [told["commitment"]],
    ).fetchone()
    digest = sha256(UUID(str(nonce)).bytes + content.encode()).hexdigest()
    assert digest == told["commitment"]
    return json.loads(content)


def everything() -> Lived:
    """Live through everything that leaves a row in some audited table, by actions."""
    lived = new_lived()
    world = sealed(lived.world, length=8, times=1)
    new_token(world)
    arms = [arm.code for arm in definition_of(world).arms]
    place = Place(world.trial.pk, world.site.pk, lived.here.pk)
    with (
        acting("unblind as planned", by=SETUP, place=place),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT sealed.allocate(%s, '01', %s)", [world.trial.pk, [lived.here.pk]]
        )
        cursor.execute(
            "SELECT sealed.unblind_as_planned(%s, %s, %s)",
            [lived.here.pk, arms, ["a group"] * len(arms)],
        )
    # Another trial: in a locked one nothing more could be written.
    reopened(locked(new_world("REOPENED")))
    return lived


def without_other_walls(at: psycopg.Connection, tables: list[Audited]) -> None:
    """Let the tests' role write anything anywhere, in this one database.

    What is measured is the trail alone: neither a privilege nor a foreign key may be what
    keeps a change from being made. Deferred keys are never checked: nothing is committed.
    """
    schemas = sorted({table.schema for table in tables})
    for schema in schemas:
        name = sql.Identifier(schema)
        for grant in (
            "GRANT USAGE ON SCHEMA {} TO candor_tester",
            "GRANT ALL ON ALL TABLES IN SCHEMA {} TO candor_tester",
        ):
            at.execute(sql.SQL(grant).format(name))
    for table in ("trials_lock", "trials_reopening"):
        at.execute(f"ALTER TABLE {table} DISABLE TRIGGER guarded")
    for table, key in at.execute(_KEYS, [schemas]).fetchall():
        at.execute(
            f'ALTER TABLE {table} ALTER CONSTRAINT "{key}" DEFERRABLE INITIALLY DEFERRED'
        )


def referring(at: psycopg.Connection, table: Audited) -> set[str]:
    """Return the tables whose rows would be left without theirs, however far away."""
    keys = at.execute(
        "SELECT n.nspname || '.' || c.relname, m.nspname || '.' || p.relname"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_class p ON p.oid = k.confrelid"
        " JOIN pg_namespace m ON m.oid = p.relnamespace"
        " WHERE k.contype = 'f' AND k.conrelid <> k.confrelid"
    ).fetchall()
    reached = {table.named}
    while more := {child for child, parent in keys if parent in reached} - reached:
        reached |= more
    return reached - {table.named}
