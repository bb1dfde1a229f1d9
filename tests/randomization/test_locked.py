"""The arms of a locked trial: who is told, when, and what it leaves."""

import csv
import io

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.vocabulary import ROLES, Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, Refused
from audit.trail import acting
from participants.models import Participant
from randomization.access import randomization_numbers
from randomization.actions import arms_of_locked_trial
from tests.forms import posted
from tests.locking import locked, reopened
from tests.pages import signed_in_as
from tests.randomization.world import definition_of, entries_of, randomized, sealed
from tests.world import LONG_AGO, PASSWORD, SETUP, World, new_world
from trials.actions import NewDelegation, delegate

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BLD-12")]


@pytest.fixture
def world() -> World:
    return sealed(new_world())


def listed(people: list[Participant], world: World) -> dict[str, str]:
    """Return by participant number the arm that the sealed list has at their place."""
    places = {
        f"{each.stratum}-{each.position:03d}": each.arm for each in entries_of(world)
    }
    numbers = randomization_numbers(person.pk for person in people)
    return {person.number: places[numbers[person.pk]] for person in people}


def read(world: World) -> dict[str, str]:
    rows = arms_of_locked_trial(
        trial=world.trial, password=PASSWORD, by=world.actor(Role.STATISTICIAN)
    )
    return {row.participant: row.arm for row in rows}


def test_the_statistician_reads_every_arm_of_a_locked_trial(world: World) -> None:
    people = randomized(world, 5)
    locked(world)
    assert read(world) == listed(people, world)
    act = Action.objects.get(verb="unblind locked trial")
    assert act.actor_id == world.user(Role.STATISTICIAN).pk
    assert (act.trial_id, act.subject) == (world.trial.pk, "TEST-1")
    assert not RowChange.objects.filter(action_id=act.pk).exists()


def test_before_the_lock_and_while_it_is_open_nobody_is_told(world: World) -> None:
    randomized(world)
    with pytest.raises(Refused, match="not locked, so nobody is told its arms"):
        read(world)
    reopened(locked(world))
    with pytest.raises(Refused, match="not locked, so nobody is told its arms"):
        read(world)
    assert not Action.objects.filter(verb="unblind locked trial").exists()
    assert read(locked(world))


def test_of_another_trial_that_is_not_locked_nothing_is_told(world: World) -> None:
    other = sealed(new_world("TEST-2"))
    randomized(other)
    locked(world)
    with pytest.raises(Refused, match="not locked"):
        read(other)
    assert read(world) == {}


@pytest.mark.parametrize(
    "role",
    [role for role in ROLES if role not in {Role.STATISTICIAN, Role.IRB_CONTACT}],
)
def test_no_other_role_is_told_even_by_the_database(world: World, role: Role) -> None:
    randomized(world)
    locked(world)
    by = world.actor(role)
    with pytest.raises(NotPermitted):
        arms_of_locked_trial(trial=world.trial, password=PASSWORD, by=by)
    with (
        pytest.raises(NotPermitted, match="unblinded statistician reads"),
        acting("unblind locked trial", by=by),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT sealed.arms_of_locked_trial(%s)", [world.trial.pk])
    page = reverse("randomization:arms", args=[world.trial.uuid])
    assert signed_in_as(world, role).get(page).status_code == 404


def test_whoever_locked_the_trial_is_not_told_by_any_other_role_of_theirs(
    world: World,
) -> None:
    """The end of the blinding takes two people."""
    randomized(world)
    both = NewDelegation(world.user(Role.DATA_MANAGER), Role.STATISTICIAN, LONG_AGO)
    delegate(trial=world.trial, delegations=[both], by=SETUP)
    locked(world)
    with pytest.raises(NotPermitted, match="never the person who locked it"):
        arms_of_locked_trial(
            trial=world.trial, password=PASSWORD, by=world.actor(Role.DATA_MANAGER)
        )


@pytest.mark.requirement("BLD-01")
@pytest.mark.parametrize("verb", ["reveal arm", "look", "unblind as planned"])
def test_arms_come_out_only_in_the_act_that_says_so(world: World, verb: str) -> None:
    randomized(world)
    locked(world)
    with (
        pytest.raises(DatabaseError, match="revealed only by an act"),
        transaction.atomic(),
        acting(verb, by=world.actor(Role.STATISTICIAN)),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT sealed.arms_of_locked_trial(%s)", [world.trial.pk])


def test_a_password_and_a_person_are_needed(world: World) -> None:
    locked(world)
    with pytest.raises(NotPermitted, match="password is not right"):
        arms_of_locked_trial(
            trial=world.trial, password="guess", by=world.actor(Role.STATISTICIAN)
        )
    with pytest.raises(NotPermitted, match="never a job"):
        arms_of_locked_trial(trial=world.trial, password=PASSWORD, by=SETUP)


def test_the_page_gives_a_file_after_the_lock(world: World) -> None:
    people = randomized(world, 3)
    browser = signed_in_as(world, Role.STATISTICIAN)
    page = reverse("randomization:arms", args=[world.trial.uuid])
    assert page in browser.get(reverse("randomization:kits")).content.decode()
    shown = browser.get(page).content.decode()
    assert "Not yet." in shown
    assert 'name="password"' not in shown
    locked(world)
    form = posted(browser.get(page).content.decode(), having="password")
    wrong = browser.post(page, form | {"password": "guess"})
    assert "The password is not right" in wrong.content.decode()
    answer = browser.post(page, form | {"password": PASSWORD})
    assert answer["Content-Disposition"] == 'attachment; filename="TEST-1_arms.csv"'
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    found = {row["participant"]: row["arm"] for row in rows}
    assert found == listed(people, world)
    assert {row["site"] for row in rows} == {"01"}
    # Sent again, the file does not come a second time without a password.
    again = browser.post(page, form | {"password": PASSWORD})
    assert again.headers["Location"] == page
    assert Action.objects.filter(verb="unblind locked trial").count() == 1
    assert {arm.code for arm in definition_of(world).arms} >= set(found.values())
