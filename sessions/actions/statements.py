"""One UPDATE for any number of rows, from arrays of their new values."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from psycopg import sql


def update_rows(*, rows: Sequence[Model], fields: Sequence[str]) -> None:
    """Write some fields of rows of one model in a single statement.

    Django's bulk_update writes a CASE per field and row: 300 ms of planning where this
    takes 3 ms for a thousand rows.
    """
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 - Django's public name
    known = {column.name: column for column in meta.concrete_fields}
    columns: list[Field[Any, Any]] = [known[name] for name in ("id", *fields)]
    names = [sql.Identifier(str(column.column)) for column in columns]
    arrays = [
        # The key as a foreign key would have it: never "serial".
        sql.SQL(f"%s::{column.rel_db_type(connection)}[]")
        if column.primary_key
        else sql.SQL(f"%s::{column.db_type(connection)}[]")
        for column in columns
    ]
    statement = sql.SQL(
        "UPDATE {table} AS old SET {changes} FROM unnest({arrays}) AS new ({names}) "
        "WHERE old.id = new.id"
    ).format(
        table=sql.Identifier(meta.db_table),
        changes=sql.SQL(", ").join(
            sql.SQL("{name} = new.{name}").format(name=name) for name in names[1:]
        ),
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join(names),
    )
    values = [[getattr(row, column.attname) for row in rows] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
