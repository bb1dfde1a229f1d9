"""Migration operations: which tables are on the trail, and which copies must agree."""

from collections.abc import Iterable
from typing import Any

from django.db.migrations.operations import RunSQL

_EVENTS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def audited(  # noqa: PLR0913 - each argument is one decision about a table
    table: str,
    *,
    reason: Iterable[str] = (),
    ignored: Iterable[str] = (),
    masked: Iterable[str] = (),
    sealed: bool = False,
    schema: str = "public",
    trial: str = "trial_id",
    site: str = "site_id",
    participant: str = "participant_id",
) -> RunSQL:
    """Put a table on the trail: no row of it changes outside an action.

    `reason`: columns whose later change (from a value) the database refuses without a
    reason. `ignored`: columns that may change silently. `masked`: columns whose values
    are never shown. `sealed`: the entry holds a commitment in place of the row.
    `trial`, `site`, `participant`: the columns that say where a row belongs.
    """
    arguments = (
        trial,
        site,
        participant,
        ",".join(reason),
        ",".join(ignored),
        ",".join(masked),
        "sealed" if sealed else "",
    )
    return _triggers(f"{schema}.{table}", arguments)


def _triggers(table: str, arguments: tuple[str, ...]) -> RunSQL:
    listed = ", ".join(f"'{argument}'" for argument in arguments)
    create: list[Any] = [
        f"CREATE TRIGGER capture_{event.lower()} AFTER {event} ON {table} "
        f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION audit.capture({listed})"
        for event, rows in _EVENTS.items()
    ]
    create.append(
        f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate()"
    )
    names = [f"capture_{event.lower()}" for event in _EVENTS]
    drop: list[Any] = [
        f"DROP TRIGGER IF EXISTS {name} ON {table}"
        for name in (*names, "never_truncated")
    ]
    return RunSQL(create, drop)


def not_audited(table: str, because: str) -> RunSQL:
    """State that a table is off the trail, and why; the reason is kept in the database."""
    text = because.replace("'", "''")
    return RunSQL(
        f"COMMENT ON TABLE {table} IS 'Not audited: {text}'",
        f"COMMENT ON TABLE {table} IS NULL",
    )


def placed(
    table: str, parent: str, column: str, *copies: str, parent_key: str = "id"
) -> RunSQL:
    """Hold a child's copies of trial, site or participant equal to its parent's.

    A composite foreign key: chains, row-level security and locks all read the copy, so
    a copy that differs would put a record into somebody else's history.
    """
    columns = [column, *copies]
    parent_columns = [parent_key, *copies]
    unique = f"{parent}_place_{'_'.join(copies)}"[:63]
    name = f"{table}_{column}_same_place"[:63]
    add: list[Any] = [
        (
            f"CREATE UNIQUE INDEX IF NOT EXISTS {unique} "
            f"ON {parent} ({', '.join(parent_columns)})"
        ),
        (
            f"ALTER TABLE {table} ADD CONSTRAINT {name} "
            f"FOREIGN KEY ({', '.join(columns)}) "
            f"REFERENCES {parent} ({', '.join(parent_columns)})"
        ),
    ]
    return RunSQL(add, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
