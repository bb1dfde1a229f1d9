"""Every audited table in a locked trial, by SQL that nothing but the lock would refuse."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from accounts.vocabulary import Role
from tests import databases
from tests.audit.attacks.trying import act
from tests.audit.everything import (
    Audited,
    audited_tables,
    everything,
    without_other_walls,
)
from tests.identities import as_administrator
from tests.locking import locked, reopened
from tests.world import World, new_world

pytestmark = [pytest.mark.requirement("DAT-14"), pytest.mark.slow]
# What goes on after a lock; each says why in its migration.
STAYS_OPEN = {
    "exports_apitoken",
    "notices_notice",
    "participants_identity",
    "randomization_unblinding",
    "reminders_reminder",
    "told",
    "trials_approval",
    "trials_delegation",
    "trials_lock",
    "trials_reopening",
    "trials_suspension",
}
_ACT = (
    "SELECT audit.open_system_action('matrix', 'test', 'write', 'A row of the matrix',"
    " '', NULL, NULL, NULL, '1', NULL)"
)
_CLOSED = "SET CONSTRAINTS audit.closed_at_commit IMMEDIATE"


@dataclass
class Locked:
    """A trial with rows in every table, locked; and an administrator's connection."""

    administrator: psycopg.Connection
    tables: list[Audited]
    trial: int

    def refusal(self, *steps: str, **values: object) -> str | None:
        """Take steps in an act, close it, and undo all; return the refusal's state."""
        try:
            with self.administrator.transaction(force_rollback=True):
                self.administrator.execute(_ACT)
                for step in steps:
                    self.administrator.execute(step, values or None)
                self.administrator.execute(_CLOSED)
        except psycopg.DatabaseError as error:
            return error.sqlstate
        return None


@pytest.fixture(scope="module")
def trial(django_db_setup: None, django_db_blocker: Any) -> Iterator[Locked]:
    with django_db_blocker.unblock(), databases.cloned() as name:
        world = everything().world
        locked(reopened(locked(world)))
        with as_administrator(name) as administrator:
            tables = audited_tables()
            without_other_walls(administrator, tables)
            yield Locked(administrator, tables, world.trial.pk)


def _of_trial(table: Audited, trial: int) -> str:
    return f"{table.place[0]} = {trial}"


def test_no_row_of_a_locked_trial_is_changed_deleted_or_added(trial: Locked) -> None:
    wrong = []
    tried = 0
    for table in trial.tables:
        if not table.place[0]:
            continue
        where = _of_trial(table, trial.trial)
        wanted = None if table.name in STAYS_OPEN else "AU008"
        for step in _writes(trial, table, where):
            tried += 1
            found = trial.refusal(*step)
            if found != wanted:
                wrong.append((table.named, step[-1], found))
    assert wrong == []
    assert tried > 80


def _writes(trial: Locked, table: Audited, where: str) -> Iterator[tuple[str, ...]]:
    rows = trial.administrator.execute(
        f"SELECT coalesce(json_agg(t), '[]')::text FROM {table.named} t WHERE {where}"
    ).fetchone()
    assert rows is not None
    assert rows[0] != "[]", table.named
    yield (f"DELETE FROM {table.named} WHERE {where}",)
    kept = rows[0].replace("'", "''").replace("%", "%%")
    again = (
        f"INSERT INTO {table.named} ({table.listed}) OVERRIDING SYSTEM VALUE"
        f" SELECT {table.listed}"
        f" FROM json_populate_recordset(NULL::{table.named}, '{kept}'::json)"
    )
    yield (
        "SET LOCAL session_replication_role = replica",
        f"DELETE FROM {table.named} WHERE {where}",
        "SET LOCAL session_replication_role = origin",
        again,
    )
    for column, expression in table.others():
        if column in table.place or column in table.ignored:
            continue
        step = f'UPDATE {table.named} SET "{column}" = {expression} WHERE {where}'
        # Past the constraints that a column has of its own.
        if trial.refusal(step) in {None, "AU008"}:
            yield (step,)
            break
    else:
        raise AssertionError(f"no column of {table.named} can be changed")


def test_an_update_that_changes_nothing_is_no_change(trial: Locked) -> None:
    assert trial.refusal("UPDATE participants_participant SET sex = sex") is None


@pytest.fixture
def world(own_database: str) -> World:
    return new_world()


def _started(world: World) -> psycopg.Connection:
    """Write in an act on a connection of its own, and neither close nor commit it."""
    other = psycopg.connect(databases.address_as("candor_web"))
    known = {
        "trial": world.trial.pk,
        "site": world.site.pk,
        "here": "NULL",
    }
    token = world.actor(Role.DATA_MANAGER).token
    other.execute(act("own act", token=token).format_map(known).encode())
    other.execute(
        "UPDATE trials_site SET name = name || '!' WHERE id = %s", [world.site.pk]
    )
    return other


@pytest.mark.services
def test_an_act_begun_before_the_lock_is_not_saved_after_it(world: World) -> None:
    with _started(world) as other:
        locked(world)
        with pytest.raises(psycopg.DatabaseError, match="has been locked since"):
            other.commit()
    world.site.refresh_from_db()
    assert world.site.name == "Denver"


@pytest.mark.services
def test_a_lock_waits_for_an_act_that_is_being_saved(world: World) -> None:
    with _started(world) as other:
        other.execute(_CLOSED)
        done = threading.Event()

        def lock() -> None:
            from django.db import connection  # noqa: PLC0415 - this thread's own

            locked(world)
            done.set()
            connection.close()

        waiting = threading.Thread(target=lock)
        waiting.start()
        assert not done.wait(0.5)
        other.commit()
        assert done.wait(10)
        waiting.join()
    world.site.refresh_from_db()
    assert world.site.name == "Denver!"
