"""The trial's lock: who makes it, what it refuses, what it leaves, and how it is opened."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Permission, Role
from adverse_events.actions import NewEvent, report_events
from audit.models import Action, Signature
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.trail import acting
from exports.access import trials_to_export
from participants.actions import NewDeviation, NewIdentity, record_deviations
from participants.actions import record_identities as record
from participants.models import Deviation, Participant
from randomization.actions import reveal_arm
from tests.forms import posted
from tests.locking import locked, reopened
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import (
    AMENDS,
    LONG_AGO,
    MAPP2,
    PASSWORD,
    SETUP,
    World,
    held,
    new_world,
    screened,
    signed_caps,
)
from trials.access import lock_of, sites_for
from trials.actions import (
    adopt_protocol,
    agree_to_reopen,
    ask_to_reopen,
    end_delegation,
    lock_trial,
)
from trials.models import Delegation, Lock, Reopening, Site

pytestmark = pytest.mark.django_db
LOCKED = r"This trial has been locked since \d+ \w+ \d{4}, so nothing was saved"
DAY = date(2025, 4, 28)


@pytest.fixture
def world() -> World:
    return new_world()


def deviate(world: World, person: Participant) -> None:
    new = NewDeviation(person, "other", DAY, "The clinic was closed")
    record_deviations(deviations=[new], by=world.actor(Role.COORDINATOR))


def report(world: World, person: Participant) -> None:
    event = NewEvent(
        *(person, "Headache", DAY, "mild", "unpleasant", "recovered", "not_changed")
    )
    report_events(events=[event], by=world.actor(Role.COORDINATOR))


def hold(world: World, person: Participant) -> None:
    held(world, [person], "dosing_1")


def rate(world: World, person: Participant) -> None:
    signed_caps(world, person)


def screen_another(world: World, person: Participant) -> None:
    screened(world)


def rename(world: World, person: Participant) -> None:
    with acting("rename site", by=SETUP, reason="The clinic moved"):
        Site.objects.filter(pk=world.site.pk).update(name="Golden")


def amend(world: World, person: Participant) -> None:
    text = MAPP2.read_text("utf-8").replace('version = "1.0"', 'version = "9.0"', 1)
    adopt_protocol(
        trial=world.trial, text=text + AMENDS, filename="9.toml", on=LONG_AGO, by=SETUP
    )


@pytest.mark.requirement("DAT-14")
@pytest.mark.parametrize(
    "act", [deviate, report, hold, rate, screen_another, rename, amend]
)
def test_after_the_lock_no_act_changes_the_trial_s_data(
    world: World, act: Callable[[World, Participant], None]
) -> None:
    (person,) = wall.randomized(wall.sealed(world))
    with pytest.raises(Refused, match=LOCKED):
        act(locked(world), person)
    act(reopened(world), person)
    with pytest.raises(Refused, match=LOCKED):
        deviate(locked(world), person)


@pytest.mark.requirement("DAT-14")
def test_the_lock_of_one_trial_leaves_another_open(world: World) -> None:
    other = new_world("TEST-2")
    locked(world)
    (person,) = screened(other)
    deviate(other, person)
    assert Deviation.objects.get().trial == other.trial


@pytest.mark.requirement("DAT-14")
@pytest.mark.requirement("CTL-02")
def test_after_the_lock_people_read_and_care_goes_on(world: World) -> None:
    (person,) = wall.randomized(wall.sealed(world))
    locked(world)
    investigator = world.actor(Role.INVESTIGATOR)
    arm = reveal_arm(
        participant=person,
        why="Seizure",
        password=PASSWORD,
        at=timezone.now(),
        by=investigator,
    )
    assert arm in {"active", "comparator"}
    identity = NewIdentity(person, "Ada Example", date(1990, 1, 1))
    record(identities=[identity], by=world.actor(Role.COORDINATOR))
    line = Delegation.objects.get(user=world.user(Role.THERAPIST))
    end_delegation(
        delegation=line, on=timezone.now().date(), reason="Retired", by=SETUP
    )
    page = reverse("workbench:participant", args=[person.uuid])
    assert signed_in_as(world, Role.INVESTIGATOR).get(page).status_code == 200
    assert trials_to_export(world.user(Role.SPONSOR).pk).exists()


@pytest.mark.requirement("AUD-15")
def test_a_lock_is_signed_and_on_the_trail(world: World) -> None:
    locked(world)
    lock = Lock.objects.get()
    act = Action.objects.get(verb="lock trial")
    signature = Signature.objects.get(table_name="trials_lock", row_id=str(lock.pk))
    assert act.actor_id == signature.user_id == world.user(Role.DATA_MANAGER).pk
    assert (act.trial_id, lock.trial) == (world.trial.pk, world.trial)
    assert signature.meaning == "locked the data of the trial"
    with pytest.raises(Refused, match="locked already"):
        locked(world)


def test_a_trial_in_which_something_is_open_is_not_locked(world: World) -> None:
    with pytest.raises(Refused, match=r"not finished\. 1 form is not signed\."):
        locked(world, waits=["1 form is not signed."])
    assert not lock_of(world.trial).is_locked
    deviate(world, screened(world)[0])


@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.SPONSOR, Role.STATISTICIAN]
)
def test_only_a_data_manager_locks(world: World, role: Role) -> None:
    by = world.actor(role)
    with pytest.raises(NotPermitted):
        lock_trial(trial=world.trial, password=PASSWORD, still_open=list, by=by)
    page = reverse("workbench:lock", args=[world.trial.uuid])
    assert signed_in_as(world, role).get(page).status_code == 404
    # Past the action, in the database itself.
    with (
        pytest.raises(NotPermitted, match="A data manager locks"),
        acting("lock trial", by=by),
    ):
        Lock.objects.create(
            trial=world.trial, locked_by_id=by.user_id, locked_at=timezone.now()
        )


def test_a_lock_needs_a_person_and_their_password(world: World) -> None:
    ask: dict[str, Any] = {"trial": world.trial, "still_open": list}
    with pytest.raises(NotPermitted, match="never a job"):
        lock_trial(**ask, password=PASSWORD, by=SETUP)
    with pytest.raises(NotPermitted, match="password is not right"):
        lock_trial(**ask, password="guess", by=world.actor(Role.DATA_MANAGER))


def test_nobody_locks_in_another_s_name_or_takes_a_lock_away(world: World) -> None:
    by, other = world.actor(Role.DATA_MANAGER), world.user(Role.MEDICAL_MONITOR)
    with pytest.raises(NotPermitted), acting("lock trial", by=by):
        Lock.objects.create(
            trial=world.trial, locked_by=other, locked_at=timezone.now()
        )
    locked(world)
    elsewhere = new_world("TEST-2").trial
    with pytest.raises(NotPermitted), acting("unlock", by=by, reason="Because I can"):
        Lock.objects.update(trial=elsewhere)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Lock.objects.all()._raw_delete(connection.alias)


@pytest.mark.requirement("DAT-15")
def test_one_person_alone_reopens_nothing(world: World) -> None:
    locked(world)
    by = world.actor(Role.DATA_MANAGER)
    asked = ask_to_reopen(
        trial=world.trial, why="A transcription", days=3, password=PASSWORD, by=by
    )
    with pytest.raises(NotPermitted, match="somebody else has to agree"):
        agree_to_reopen(reopening=asked, password=PASSWORD, by=by)
    for role in (Role.COORDINATOR, Role.SPONSOR, Role.INVESTIGATOR):
        with pytest.raises(NotPermitted):
            agree_to_reopen(reopening=asked, password=PASSWORD, by=world.actor(role))
    later = timezone.now() + timedelta(days=1)
    # Past the action: as oneself, and in another's name.
    for user in (by.user_id, world.user(Role.MEDICAL_MONITOR).pk):
        with pytest.raises(NotPermitted), acting("reopen", by=by, reason="Alone"):
            Reopening.objects.update(agreed_by=user, until=later)
    assert lock_of(world.trial).is_locked
    agree_to_reopen(
        reopening=asked,
        password=PASSWORD,
        by=world.actor(Role.DATA_MANAGER, second=True),
    )
    assert not lock_of(world.trial).is_locked


@pytest.mark.requirement("DAT-15")
def test_a_reopening_ends_by_itself_and_is_never_prolonged(world: World) -> None:
    (person,) = screened(world)
    reopened(locked(world), days=1)
    by = world.actor(Role.DATA_MANAGER)
    row = Reopening.objects.get()
    assert row.until is not None
    longer = row.until + timedelta(seconds=1)
    with pytest.raises(NotPermitted), acting("prolong", by=by, reason="Not done yet"):
        Reopening.objects.update(until=longer)
    deviate(world, person)
    with acting("shorten", by=by), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE trials_reopening SET until = clock_timestamp() + interval '0.2 s'"
        )
        cursor.execute("SELECT pg_sleep(0.3)")
    with pytest.raises(Refused, match=LOCKED):
        deviate(world, person)


@pytest.mark.requirement("DAT-15")
def test_a_reopening_says_what_for(world: World) -> None:
    by = world.actor(Role.DATA_MANAGER)
    ask: dict[str, Any] = {"trial": world.trial, "password": PASSWORD, "by": by}
    with pytest.raises(Refused, match="not locked"):
        ask_to_reopen(**ask, why="A transcription", days=3)
    locked(world)
    with pytest.raises(ReasonNeeded):
        ask_to_reopen(**ask, why=" ", days=3)
    with pytest.raises(Refused, match="1 to 14 days"):
        ask_to_reopen(**ask, why="A transcription", days=15)


def test_a_newer_request_replaces_one_that_nobody_agreed_to(world: World) -> None:
    locked(world)
    ask: dict[str, Any] = {
        "trial": world.trial,
        "password": PASSWORD,
        "by": world.actor(Role.DATA_MANAGER),
    }
    first, second = (
        ask_to_reopen(**ask, why="A transcription", days=days) for days in (3, 2)
    )
    agree: dict[str, Any] = {
        "password": PASSWORD,
        "by": world.actor(Role.MEDICAL_MONITOR),
    }
    with pytest.raises(Refused, match="answered or replaced"):
        agree_to_reopen(reopening=first, **agree)
    agree_to_reopen(reopening=second, **agree)
    with pytest.raises(Refused, match="answered or replaced"):
        agree_to_reopen(reopening=second, **agree)


def test_a_trial_is_locked_reopened_and_locked_again_on_its_pages(
    world: World,
) -> None:
    manager = signed_in_as(world, Role.DATA_MANAGER)
    monitor = signed_in_as(world, Role.MEDICAL_MONITOR)
    page = reverse("trials:trial", args=[world.trial.uuid])
    lock, ask = (
        reverse(name, args=[world.trial.uuid])
        for name in ("workbench:lock", "trials:reopen")
    )

    def send(client: Client, address: str, **typed: object) -> None:
        form = posted(client.get(address).content.decode(), having="password")
        answer = client.post(address, form | {"password": PASSWORD} | typed)
        assert answer.headers.get("Location") == page, answer.content.decode()

    send(manager, lock)
    assert "No data of the trial can be changed" in manager.get(page).content.decode()
    assert 'name="password"' not in manager.get(lock).content.decode()
    send(manager, ask, why="A transcription", days=2)
    agree = reverse("trials:agree", args=[Reopening.objects.get().pk])
    assert agree in monitor.get(page).content.decode()
    assert "A transcription" in monitor.get(agree).content.decode()
    assert signed_in_as(world, Role.COORDINATOR).get(agree).status_code == 404
    assert agree not in manager.get(page).content.decode()
    send(monitor, agree)
    assert "Lock again" in manager.get(page).content.decode()
    send(manager, lock)
    assert lock_of(world.trial).is_locked


def test_the_lock_s_page_lists_what_is_not_finished(world: World) -> None:
    (person,) = wall.randomized(wall.sealed(world))
    report(world, person)
    manager = signed_in_as(world, Role.DATA_MANAGER)
    page = reverse("workbench:lock", args=[world.trial.uuid])
    shown = manager.get(page).content.decode()
    for sentence in (
        "1 participant is still in the trial.",
        "visits are still to come.",
        "forms are not signed.",
        "1 event waits for the investigator",
    ):
        assert sentence in shown
    typed = {"password": PASSWORD, "request_key": str(uuid4())}
    refused = manager.post(page, typed).content.decode()
    assert "It is not finished. 1 participant is still in the trial." in refused
    assert not lock_of(world.trial).is_locked


def test_the_lock_s_page_asks_as_much_however_many_there_are(
    world: World, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    screened(world, 5)
    manager = signed_in_as(world, Role.DATA_MANAGER)
    page = reverse("workbench:lock", args=[world.trial.uuid])
    manager.get(page)
    with django_assert_max_num_queries(35):  # type: ignore[attr-defined] # a context
        assert "5 participants are still" in manager.get(page).content.decode()


def test_a_coordinator_reads_on_the_trial_s_page_that_it_is_locked(
    world: World,
) -> None:
    locked(world)
    page = reverse("trials:trial", args=[world.trial.uuid])
    shown = signed_in_as(world, Role.COORDINATOR).get(page).content.decode()
    assert "No data of the trial can be changed" in shown
    assert "Ask to reopen" not in shown
    assert sites_for(world.user(Role.COORDINATOR).pk, Permission.RECORD_VISITS).exists()
