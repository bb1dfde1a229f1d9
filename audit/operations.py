"""Migration operations: which tables are on the trail, and which copies must agree."""

from collections.abc import Iterable
from typing import Any

from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation

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


def audited_anew(before: RunSQL, after: RunSQL) -> RunSQL:
    """Change how a table is on the trail: both as `audited` of the same table returned.

    Within one transaction, so that the table is never writable without its trail.
    """
    old, new = (_both_ways(each) for each in (before, after))
    return RunSQL([*old[1], *new[0]], [*new[1], *old[0]])


def _both_ways(operation: RunSQL) -> tuple[list[Any], list[Any]]:
    """Return the statements of an operation of `audited`, forward and back."""
    return list(operation.sql), list(operation.reverse_sql or ())


def not_audited(table: str, because: str) -> RunSQL:
    """State that a table is off the trail, and why; the reason is kept in the database."""
    text = because.replace("'", "''")
    return RunSQL(
        f"COMMENT ON TABLE {table} IS 'Not audited: {text}'",
        f"COMMENT ON TABLE {table} IS NULL",
    )


def stays_open(table: str, because: str, *, schema: str = "public") -> RunSQL:
    """State that a table may be written after its trial's lock, and why.

    Kept in the database, which asks there; every other table of the trail is closed.
    """
    text = because.replace("'", "''")
    return RunSQL(
        f"COMMENT ON TABLE {schema}.{table} IS 'Open after the lock: {text}'",
        f"COMMENT ON TABLE {schema}.{table} IS NULL",
    )


_SEEN = "{site} = ANY ((SELECT audit.sites_seen())::bigint[])"
_RATED = "(SELECT audit.is_rater()) AND audit.rates({participant})"


def walled(
    table: str,
    *,
    schema: str = "public",
    site: str = "site_id",
    rated: str = "",
    where: str = "",
) -> RunSQL:
    """Put a table behind row-level security: who may not see a row may not write it.

    `site`: the column that says where a row belongs; `where` takes the place of the
    condition made from it. `rated` is the participant's column in the few tables that an
    interview cannot be given without: there raters, who see no site, see the rows of
    whom they rate. Everything else of a participant would tell them the arm or the
    visit (BLD-04). Which sites somebody sees, and whether they rate at all, is asked
    once for each statement, since those functions stand in subqueries of their own;
    whom they rate, of single rows. Forced, so that the owner is subject to
    it too, and with the owner the views of an export; a migration that writes data
    passes by `past_the_walls`.
    """
    name = f"{schema}.{table}"
    seen = where or _SEEN.format(site=site)
    if rated:
        seen += f" OR {_RATED.format(participant=rated)}"
    return RunSQL(
        [
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY seen ON {name} USING ({seen}) WITH CHECK ({seen})",
        ],
        [
            f"DROP POLICY seen ON {name}",
            f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY",
        ],
    )


def held_back(
    table: str, unless: str, *, schema: str = "public", site: str = "site_id"
) -> RunSQL:
    """Hold back rows of a walled table that tell what a planned unblinding revealed.

    From whoever sees the site and is not told (`audit.sites_held_back`), all but the
    rows for which `unless` holds. Asked only where there is something to hold back.
    """
    name = f"{schema}.{table}"
    told = f"{site} <> ALL ((SELECT audit.sites_held_back())::bigint[])"
    return RunSQL(
        f"CREATE POLICY held_back ON {name} AS RESTRICTIVE USING ({told} OR {unless})",
        f"DROP POLICY held_back ON {name}",
    )


def past_the_walls(operation: Operation, *tables: str) -> list[Operation]:
    """Return the operations of a migration that reads or writes rows of walled tables.

    In a migration: `operations = [*past_the_walls(RunPython(fill), "participants_fact")]`.
    A migration runs as the owner without anybody's token: it would find every table
    empty and change nothing, without a word. Switched off and on again in the same
    migration, which is one transaction: nobody ever meets a table without its wall.
    """
    off = [f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in tables]
    on = [f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in tables]
    # No table is altered while foreign keys of its changed rows wait to be checked.
    checked: list[Any] = ["SET CONSTRAINTS ALL IMMEDIATE"]
    deferred: list[Any] = ["SET CONSTRAINTS ALL DEFERRED"]
    return [
        RunSQL([*off], [*checked, *on, *deferred]),
        operation,
        RunSQL([*checked, *on, *deferred], [*off]),
    ]


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
