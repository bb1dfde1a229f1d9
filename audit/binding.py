"""A cursor that keeps its parameters out of the statement's text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import Cursor


@contextmanager
def bound() -> Iterator[Cursor[Any]]:
    """Yield psycopg's own cursor, which sends parameters beside the statement.

    For whatever takes a token. Django's cursor writes parameters into the text, and
    `pg_stat_activity` shows the text to every connection of the same role: whoever can
    run one query as the web's role would read other people's tokens there.
    """
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        Cursor(connection.connection) as cursor,
    ):
        yield cursor
