"""SQL made from the list: the views, and the statements that read them in bulk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.datasets.support import support_statements
from exports.vocabulary import Dataset, Variable

READERS = "candor_app, candor_export"
# A spreadsheet runs a cell that begins so: = + - @, tab, carriage return.
_FORMULA_STARTS = "61, 43, 45, 64, 9, 13"


@dataclass(frozen=True, slots=True)
class Position:
    """The last row that was read: its participant's number and its turn."""

    number: str
    turn: int


def view_sql(dataset: Dataset) -> str:
    """Return the SELECT of a dataset's view: three keys for reading, then its columns."""
    columns = ",\n    ".join(
        f'{variable.sql} AS "{variable.name}"' for variable in dataset.columns
    )
    return (
        f"SELECT p.participant_id, p.number, ({dataset.turn})::bigint AS turn,\n"
        f"    {columns}\n{dataset.source}"
    )


def view_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of what a dataset's view is made from; the view carries it."""
    parts = [view_sql(dataset), *support_statements()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def view_statements(datasets: Sequence[Dataset]) -> list[str]:
    """Return the statements that make the schema `export` anew."""
    statements = ["DROP SCHEMA IF EXISTS export CASCADE", "CREATE SCHEMA export"]
    statements += support_statements()
    for dataset in datasets:
        statements.append(f"CREATE VIEW {dataset.view} AS {view_sql(dataset)}")
        statements.append(
            f"COMMENT ON VIEW {dataset.view} IS 'Made from {view_digest(dataset)}'"
        )
    statements.append(f"GRANT USAGE ON SCHEMA export TO {READERS}")
    statements.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA export TO {READERS}")
    return statements


def complete(dataset: Dataset, *, trial_id: int) -> sql.Composed:
    """Return the COPY of all of a trial's rows as CSV, in the order of their keys."""
    columns = sql.SQL(", ").join(_cell(variable) for variable in dataset.columns)
    rows = _rows(dataset, columns, trial_id=trial_id)
    return sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(rows)


def page(
    dataset: Dataset, *, trial_id: int, after: Position | None, limit: int
) -> sql.Composed:
    """Return the COPY of some rows after a position: number, turn and a JSON array each.

    JSON text holds no control character, so with two of them as quote and separator
    nothing is ever escaped.
    """
    values = sql.SQL(", ").join(
        sql.SQL("v.{}").format(sql.Identifier(variable.name))
        for variable in dataset.columns
    )
    columns = sql.SQL("o.number, v.turn, json_build_array({})").format(values)
    rows = _rows(dataset, columns, trial_id=trial_id, after=after, limit=limit)
    return sql.SQL(
        "COPY ({}) TO STDOUT WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    ).format(rows)


def _cell(variable: Variable) -> sql.Composable:
    """Return a column of the CSV; typed text that a spreadsheet would run is made inert.

    Numbers, dates and terms stay as they are: an interval of a month is -P1M.
    """
    name = sql.SQL("v.{}").format(sql.Identifier(variable.name))
    if not variable.is_free_text:
        return name
    inert = sql.SQL(
        "CASE WHEN ascii({name}) IN ("
        + _FORMULA_STARTS
        + ") THEN '''' || {name} ELSE {name} END AS {alias}"
    )
    return inert.format(name=name, alias=sql.Identifier(variable.name))


def _rows(
    dataset: Dataset,
    columns: sql.Composable,
    *,
    trial_id: int,
    after: Position | None = None,
    limit: int | None = None,
) -> sql.Composed:
    """Return the SELECT over one participant after another.

    The inner query is asked once per participant, so the first row comes at once and
    no sort holds more than one participant's rows. `OFFSET 0` keeps it whole: merged
    into the outer query it was planned over all rows, 200 times slower.
    """
    return sql.SQL(
        "SELECT {columns} FROM export.participant o CROSS JOIN LATERAL "
        "(SELECT * FROM {view} w WHERE w.participant_id = o.id OFFSET 0) v "
        "WHERE o.trial_id = {trial}{after} ORDER BY o.number, v.turn{limit}"
    ).format(
        columns=columns,
        view=sql.SQL(dataset.view),
        trial=sql.Literal(trial_id),
        after=_after(after),
        limit=sql.SQL("") if limit is None else sql.SQL(" LIMIT {}").format(limit),
    )


def _after(position: Position | None) -> sql.Composable:
    if position is None:
        return sql.SQL("")
    return sql.SQL(
        " AND o.number >= {number} AND (o.number > {number} OR v.turn > {turn})"
    ).format(number=sql.Literal(position.number), turn=sql.Literal(position.turn))
