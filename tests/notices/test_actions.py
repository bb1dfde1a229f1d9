"""A notice is written with its act or not at all, and wakes the sender after it."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.vocabulary import Role
from audit.models import RowChange
from audit.trail import acting
from config.celery import app
from notices.actions import TASK, NewNotice, notify
from notices.models import Notice
from notices.vocabulary import Kind
from participants.models import Participant
from reminders import tasks
from tests.world import SETUP, World, consented, new_world
from trials.models import Trial

pytestmark = pytest.mark.django_db
Capture = Callable[..., Any]


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def person(world: World) -> Participant:
    return consented(world)[0]


def new(world: World, person: Participant, at: datetime | None = None) -> NewNotice:
    return NewNotice(
        kind=Kind.UNBLINDING,
        about=uuid.uuid4(),
        trial=world.trial,
        site=world.site,
        participant_id=person.pk,
        occurred_at=at or timezone.now(),
        why="Unconscious after a fall",
    )


def test_a_notice_belongs_to_the_act_that_gave_rise_to_it(
    world: World, person: Participant
) -> None:
    by = world.actor(Role.INVESTIGATOR)
    with acting("reveal arm", by=by, reason="A test") as action:
        (made,) = notify(notices=[new(world, person)], by=by)
    (change,) = RowChange.objects.filter(table_name="notices_notice")
    assert change.action_id == action
    notice = Notice.objects.get()
    assert (notice.pk, notice.by_id) == (
        made.pk,
        world.user(Role.INVESTIGATOR).pk,
    )


def test_an_act_that_fails_tells_nobody(
    world: World, person: Participant, django_capture_on_commit_callbacks: Capture
) -> None:
    def fail() -> None:
        with transaction.atomic(), acting("reveal arm", by=SETUP, reason="A test"):
            notify(notices=[new(world, person)], by=SETUP)
            raise ZeroDivisionError

    with (
        django_capture_on_commit_callbacks() as calls,
        pytest.raises(ZeroDivisionError),
    ):
        fail()
    assert not Notice.objects.exists()
    assert calls == []


def test_the_sender_is_woken_once_after_the_commit(
    world: World, person: Participant, django_capture_on_commit_callbacks: Capture
) -> None:
    with (
        django_capture_on_commit_callbacks() as calls,
        acting("reveal arm", by=SETUP, reason="A test"),
    ):
        notify(notices=[new(world, person), new(world, person)], by=SETUP)
    assert len(calls) == 1
    assert Notice.objects.filter(by=None).count() == 2


def test_the_task_that_is_called_by_its_name_exists() -> None:
    assert tasks.tell.name == TASK
    assert TASK in current_app.tasks


def test_a_broker_that_is_down_does_not_undo_or_hold_up_the_act(
    world: World,
    person: Participant,
    django_capture_on_commit_callbacks: Capture,
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere = Celery("nowhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    elsewhere.set_current()
    try:
        with (
            django_capture_on_commit_callbacks(execute=True),
            acting("reveal arm", by=SETUP, reason="A test"),
        ):
            notify(notices=[new(world, person)], by=SETUP)
    finally:
        app.set_current()
    assert Notice.objects.count() == 1
    assert "Error calling" in caplog.text


def test_history_of_a_trial_leaves_no_notice(world: World, person: Participant) -> None:
    today = timezone.now().date()
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Trial.objects.filter(pk=world.trial.pk).update(reminders_from=today)
    world.trial.refresh_from_db()
    long_ago = timezone.now() - timedelta(days=30)
    with acting("reveal arm", by=SETUP, reason="A test"):
        assert notify(notices=[new(world, person, long_ago)], by=SETUP) == []
        assert len(notify(notices=[new(world, person)], by=SETUP)) == 1
    assert Notice.objects.count() == 1


def test_notices_are_written_in_one_statement_however_many(
    world: World, person: Participant
) -> None:
    counts = []
    for number in (1, 20):
        notices = [new(world, person) for _ in range(number)]
        with (
            acting("reveal arm", by=SETUP, reason="A test"),
            CaptureQueriesContext(connection) as queries,
        ):
            notify(notices=notices, by=SETUP)
        counts.append(len(queries))
    assert counts[0] == counts[1]
