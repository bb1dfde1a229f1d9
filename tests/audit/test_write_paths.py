"""Every audited table by every way to write it: as many entries as rows, old and new.

The tables are read from the database, so a new one joins by itself. Foreign keys wait for
a commit that never comes, and the tests' role may write anything: nothing but the trail
is left that could refuse (`everything.without_other_walls`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from audit.trail import acting
from tests import databases
from tests.audit import paths
from tests.audit.everything import (
    Audited,
    audited_tables,
    entries_of,
    everything,
    referring,
    rows_of,
    wanted,
    without_other_walls,
)
from tests.audit.paths import Path, Prepared, run
from tests.identities import as_administrator
from tests.world import SETUP

pytestmark = pytest.mark.requirement("AUD-01")

# Tables that Django's paths do not reach, and why.
NO_MODEL = {
    "sealed.kit_content": "no role of the application reads it; its functions write it",
    "sealed.list_entry": "no role of the application reads it; its functions write it",
    "sealed.told": "no role of the application reads it; its functions write it",
}
ACT = (
    "SELECT audit.open_system_action('matrix', 'test', 'write', 'A row of the matrix',"
    " '', NULL, NULL, NULL, '1', NULL)"
)
OUTSIDE = "AU001"


@dataclass
class Matrix:
    """The tables with what a path needs, and an administrator's connection."""

    prepared: list[Prepared]
    administrator: psycopg.Connection

    @property
    def with_models(self) -> list[Prepared]:
        return [it for it in self.prepared if it.table.named not in NO_MODEL]


class Undone(Exception):
    """Takes back what a path did."""


@contextmanager
def undone(at: Any) -> Iterator[None]:
    """Roll back a block, whether psycopg's or Django's transaction holds it."""
    try:
        with at():
            yield
            raise Undone
    except Undone:
        pass


@pytest.fixture(scope="module")
def matrix(django_db_setup: None, django_db_blocker: Any) -> Iterator[Matrix]:
    with django_db_blocker.unblock(), databases.cloned() as name:
        everything()
        with as_administrator(name) as administrator:
            tables = audited_tables()
            without_other_walls(administrator, tables)
            with connection.cursor() as cursor:
                cursor.execute("SET search_path = public, audit, identity")
            yield Matrix([prepare(administrator, it) for it in tables], administrator)


def prepare(at: psycopg.Connection, table: Audited) -> Prepared:
    """Return a table with its rows, and the same rows as some column would change."""
    for column, expression in table.others():
        change = f'UPDATE {table.named} SET "{column}" = {expression}'
        with undone(at.transaction):
            at.execute(ACT)
            try:
                with at.transaction():
                    at.execute(change)
            except psycopg.IntegrityError:
                continue
        break
    else:
        raise AssertionError(f"no column of {table.named} can be changed")
    rows = at.execute(
        f"SELECT coalesce(json_agg(t), '[]')::text FROM {table.named} t"
    ).fetchone()
    assert rows is not None
    with at.cursor().copy(f"COPY {table.named} ({table.listed}) TO STDOUT") as copy:
        copied = b"".join(bytes(part) for part in copy)
    made = Prepared(table, column, expression, rows[0], copied, [], [])
    if table.model is None:
        return made
    as_they_were = list(made.objects)
    with undone(transaction.atomic), acting("prepare", by=SETUP, reason="To be undone"):
        with connection.cursor() as cursor:
            cursor.execute(change)
        changed = list(made.objects)
    return replace(made, as_they_were=as_they_were, changed=changed)


def wrong(
    at: Any, table: Audited, act: int, work: Callable[[], object], *, rows: int | None
) -> list[str]:
    """Do the work under an act; what its entries say amiss, as sentences."""
    before = rows_of(at, table)
    work()
    after = rows_of(at, table)
    left, expected = entries_of(at, table, act), wanted(table, before, after)
    found = []
    if left != expected:
        found.append(f"{table.named}: {left} in place of {expected}")
    if rows is not None and len(left) != rows:
        found.append(f"{table.named}: {len(left)} entries for {rows} rows")
    return found


def count_of(it: Prepared) -> int:
    return it.copied.count(b"\n")


def under_sql(
    matrix: Matrix, statement: str, *, empty: bool = False, rows: bool = True
) -> list[str]:
    """Run a statement on each table in an act of its own; return what is amiss."""
    at, found = matrix.administrator, []
    for it in matrix.prepared:
        with undone(at.transaction):
            if empty:
                emptied(at, it)
            act = act_of(at)
            work = partial(run, at, statement, it)
            number = count_of(it) if rows else None
            found += wrong(at, it.table, act, work, rows=number)
    return found


def act_of(at: psycopg.Connection) -> int:
    opened = at.execute(ACT).fetchone()
    assert opened is not None
    return int(opened[0])


def emptied(at: psycopg.Connection, it: Prepared) -> None:
    act = act_of(at)
    at.execute(f"DELETE FROM {it.table.named}")
    at.execute("SELECT audit.close_action(%s)", [act])


def unrefused_sql(matrix: Matrix, statement: str, *, empty: bool = False) -> list[str]:
    """Run a statement on each table outside an act; return where it was not refused."""
    at, found = matrix.administrator, []
    for it in matrix.prepared:
        with undone(at.transaction):
            if empty:
                emptied(at, it)
            before = rows_of(at, it.table)
            try:
                with at.transaction():
                    run(at, statement, it)
                found.append(f"{it.table.named}: not refused")
            except psycopg.DatabaseError as error:
                if error.sqlstate != OUTSIDE:
                    found.append(f"{it.table.named}: {error}")
            if rows_of(at, it.table) != before:
                found.append(f"{it.table.named}: changed all the same")
    return found


CHANGES = list(paths.SQL_CHANGES.values())
INSERTS = [*paths.SQL_INSERTS.values(), "COPY"]
DELETES = list(paths.SQL_DELETES.values())


def named(statement: str) -> str:
    known = {**paths.SQL_CHANGES, **paths.SQL_INSERTS, **paths.SQL_DELETES}
    return next((name for name, text in known.items() if text == statement), statement)


def test_every_audited_table_has_rows_to_write(matrix: Matrix) -> None:
    assert [it.table.named for it in matrix.prepared if not count_of(it)] == []
    assert len(matrix.prepared) >= 28
    bare = {it.table.named for it in matrix.prepared if it.table.model is None}
    assert bare == set(NO_MODEL)


@pytest.mark.parametrize("statement", CHANGES, ids=named)
def test_each_row_that_sql_changes_is_an_entry(matrix: Matrix, statement: str) -> None:
    assert under_sql(matrix, statement) == []


@pytest.mark.parametrize("statement", INSERTS, ids=named)
def test_each_row_that_sql_inserts_is_an_entry(matrix: Matrix, statement: str) -> None:
    assert under_sql(matrix, statement, empty=True) == []


@pytest.mark.parametrize("statement", DELETES, ids=named)
def test_each_row_that_sql_deletes_is_an_entry(matrix: Matrix, statement: str) -> None:
    assert under_sql(matrix, statement) == []


@pytest.mark.requirement("AUD-06")
@pytest.mark.parametrize("statement", [*CHANGES, *DELETES], ids=named)
def test_outside_an_act_sql_changes_and_deletes_nothing(
    matrix: Matrix, statement: str
) -> None:
    assert unrefused_sql(matrix, statement) == []


@pytest.mark.requirement("AUD-06")
@pytest.mark.parametrize("statement", INSERTS, ids=named)
def test_outside_an_act_sql_inserts_nothing(matrix: Matrix, statement: str) -> None:
    assert unrefused_sql(matrix, statement, empty=True) == []


@pytest.mark.requirement("AUD-07")
def test_no_audited_table_is_ever_truncated(matrix: Matrix) -> None:
    at = matrix.administrator
    for it in matrix.prepared:
        with undone(at.transaction):
            at.execute(ACT)
            with pytest.raises(psycopg.DatabaseError, match="never emptied"):
                at.execute(f"TRUNCATE {it.table.named} CASCADE")


@pytest.mark.requirement("AUD-04")
def test_each_column_that_can_change_leaves_its_old_and_new_value(
    matrix: Matrix,
) -> None:
    """An ignored column alone may change without a trace, and the list says which."""
    at, found, silent = matrix.administrator, [], []
    for it in matrix.prepared:
        table = it.table
        for column, expression in table.others():
            change = partial(
                at.execute, f'UPDATE {table.named} SET "{column}" = {expression}'
            )
            with undone(at.transaction):
                act = act_of(at)
                try:
                    with at.transaction():
                        found += wrong(at, table, act, change, rows=None)
                except psycopg.IntegrityError:
                    continue
                if not entries_of(at, table, act):
                    silent.append(f"{table.named}.{column}")
    assert found == []
    assert silent == []


@pytest.mark.requirement("AUD-05")
def test_no_row_is_deleted_without_a_reason(matrix: Matrix) -> None:
    at = matrix.administrator
    for it in matrix.prepared:
        with undone(at.transaction):
            at.execute(ACT.replace("A row of the matrix", " . "))
            with (
                pytest.raises(psycopg.DatabaseError, match="Say why"),
                at.transaction(),
            ):
                at.execute(f"DELETE FROM {it.table.named}")


def test_an_upsert_that_changes_nothing_leaves_nothing(matrix: Matrix) -> None:
    at = matrix.administrator
    for it in matrix.prepared:
        table = it.table
        same = f'"{it.column}" = excluded."{it.column}"'
        text = paths.SQL_CHANGES["INSERT ON CONFLICT DO UPDATE"]
        upsert = text.replace("{set_of_excluded}", same)
        with undone(at.transaction):
            act = act_of(at)
            run(at, upsert, it)
            assert entries_of(at, table, act) == [], table.named
        with undone(at.transaction):
            run(at, upsert, it)  # which changes nothing, and so asks for no act


class Cursor:
    """Django's connection with psycopg's one method that the comparisons use."""

    def execute(self, statement: str, values: Any = None) -> Any:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor


def by_django(
    matrix: Matrix, path: Path, *, empty: bool = False, alone: bool = False
) -> list[str]:
    """Take a path of Django's on each table in an act; return what is amiss."""
    found = []
    for it in matrix.with_models:
        with undone(transaction.atomic):
            if empty:
                emptied_by_django(it.table.named)
            if alone:
                emptied_by_django(*referring(matrix.administrator, it.table))
            with acting("write", by=SETUP, reason="A row of the matrix") as act:
                work = partial(path, it)
                found += wrong(Cursor(), it.table, act, work, rows=count_of(it))
    return found


def emptied_by_django(*tables: str) -> None:
    with (
        acting("empty", by=SETUP, reason="A row of the matrix"),
        connection.cursor() as cursor,
    ):
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")


def unrefused_by_django(
    matrix: Matrix, path: Path, *, empty: bool = False, alone: bool = False
) -> list[str]:
    """Take a path outside an act; return where it was not refused."""
    found = []
    for it in matrix.with_models:
        with undone(transaction.atomic):
            if empty:
                emptied_by_django(it.table.named)
            if alone:
                emptied_by_django(*referring(matrix.administrator, it.table))
            before = rows_of(Cursor(), it.table)
            try:
                with transaction.atomic():
                    path(it)
                found.append(f"{it.table.named}: not refused")
            except DatabaseError as error:
                if getattr(error.__cause__, "sqlstate", "") != OUTSIDE:
                    found.append(f"{it.table.named}: {error}")
            if rows_of(Cursor(), it.table) != before:
                found.append(f"{it.table.named}: changed all the same")
    return found


def name_of(path: Path) -> str:
    return path.__name__


@pytest.mark.parametrize("path", paths.ORM_CHANGES, ids=name_of)
def test_each_row_that_django_changes_is_an_entry(matrix: Matrix, path: Path) -> None:
    assert by_django(matrix, path) == []


@pytest.mark.parametrize("path", paths.ORM_INSERTS, ids=name_of)
def test_each_row_that_django_inserts_is_an_entry(matrix: Matrix, path: Path) -> None:
    assert by_django(matrix, path, empty=True) == []


@pytest.mark.parametrize("path", paths.ORM_DELETES, ids=name_of)
def test_each_row_that_django_deletes_is_an_entry(matrix: Matrix, path: Path) -> None:
    assert by_django(matrix, path, alone=True) == []


@pytest.mark.requirement("AUD-06")
@pytest.mark.parametrize("path", paths.ORM_CHANGES, ids=name_of)
def test_outside_an_act_django_changes_nothing(matrix: Matrix, path: Path) -> None:
    assert unrefused_by_django(matrix, path) == []


@pytest.mark.requirement("AUD-06")
@pytest.mark.parametrize("path", paths.ORM_INSERTS, ids=name_of)
def test_outside_an_act_django_inserts_nothing(matrix: Matrix, path: Path) -> None:
    assert unrefused_by_django(matrix, path, empty=True) == []


@pytest.mark.requirement("AUD-06")
@pytest.mark.parametrize("path", paths.ORM_DELETES, ids=name_of)
def test_outside_an_act_django_deletes_nothing(matrix: Matrix, path: Path) -> None:
    assert unrefused_by_django(matrix, path, alone=True) == []
