"""The trail: every change has an act, and the database refuses one that has none."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.vocabulary import Role
from audit.actors import Actor
from audit.models import Action, RowChange
from audit.refusal import ReasonNeeded, SessionEnded
from audit.trail import acting
from tests.world import World, new_world
from trials.models import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def test_a_write_outside_an_action_is_refused(world: World) -> None:
    with pytest.raises(DatabaseError, match="outside an action"), transaction.atomic():
        Site.objects.filter(pk=world.site.pk).update(name="Elsewhere")


def test_an_update_of_no_row_asks_for_no_action(world: World) -> None:
    assert Site.objects.filter(pk=0).update(name="Nowhere") == 0


def test_an_update_that_changes_nothing_leaves_nothing(world: World) -> None:
    before = RowChange.objects.count()
    Site.objects.filter(pk=world.site.pk).update(name=world.site.name)
    assert RowChange.objects.count() == before


def test_a_change_is_recorded_with_old_and_new_value(world: World) -> None:
    by = world.actor(Role.DATA_MANAGER)
    with acting("rename site", by=by, reason="The clinic moved"):
        Site.objects.filter(pk=world.site.pk).update(name="Boulder")
    change = RowChange.objects.filter(table_name="trials_site").latest("id")
    assert (change.old, change.new) == ({"name": "Denver"}, {"name": "Boulder"})
    assert change.site_id == world.site.pk
    action = Action.objects.get(pk=change.action_id)
    assert action.actor_name == world.user(Role.DATA_MANAGER).name
    assert action.actor_roles == "data_manager"
    assert action.reason == "The clinic moved"
    assert action.db_role == "candor_tester"


@pytest.mark.parametrize("reason", ["", " ", ".", "x", "  x "])
def test_a_correction_without_a_reason_is_refused(world: World, reason: str) -> None:
    by = world.actor(Role.DATA_MANAGER)
    with pytest.raises(ReasonNeeded), acting("rename site", by=by, reason=reason):
        Site.objects.filter(pk=world.site.pk).update(name="Boulder")
    world.site.refresh_from_db()
    assert world.site.name == "Denver"


def test_an_ended_session_cannot_act(world: World) -> None:
    by = Actor(user_id=1, name="Nobody", token="not a token of anybody")
    with pytest.raises(SessionEnded), acting("rename site", by=by):
        pass


def test_the_action_closes_with_its_block(world: World) -> None:
    with acting("look", by=world.actor(Role.AUDITOR)):
        pass
    with pytest.raises(DatabaseError, match="outside an action"), transaction.atomic():
        Site.objects.filter(pk=world.site.pk).update(name="Elsewhere")


def test_an_old_entry_keeps_the_name_of_then(world: World) -> None:
    user = world.user(Role.AUDITOR)
    with acting("look", by=world.actor(Role.AUDITOR)) as first:
        pass
    with acting("rename", by=world.actor(Role.DATA_MANAGER), reason="Married"):
        user.name = "Another Name"
        user.save(update_fields=["name"])
    assert Action.objects.get(pk=first).actor_name != "Another Name"


def test_the_app_cannot_write_into_the_trail(world: World) -> None:
    for statement in (
        "UPDATE audit_action SET actor_name = 'Somebody'",
        "DELETE FROM audit_rowchange",
        "TRUNCATE audit_rowchange",
        "INSERT INTO audit_rowchange (action_id) VALUES (1)",
        "INSERT INTO open_action VALUES (pg_current_xact_id(), 1)",
        "ALTER TABLE trials_site DISABLE TRIGGER ALL",
        "SELECT token_hash FROM audit_signin",
    ):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
