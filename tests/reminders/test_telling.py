"""What safety staff are told: of serious events and unblindings at once, and by clocks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Role
from adverse_events.actions import (
    Determination,
    NewEvent,
    Receipt,
    SentReport,
    amend_event,
    determine,
    receive,
    report_events,
    send_reports,
    void_event,
)
from adverse_events.models import AdverseEvent
from audit.models import Action
from audit.trail import acting
from notices.actions import NewNotice, notify
from notices.models import Notice
from notices.vocabulary import Kind as NoticeKind
from participants.models import Participant
from reminders import actions, tasks
from reminders.access import failed_reminders
from reminders.models import Reminder
from tests.reminders.appointments import BY
from tests.world import SETUP, World, consented, new_world
from trials.models import Delegation, Trial

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SPONSORS = (Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER, Role.SPONSOR)


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def person(world: World) -> Participant:
    return consented(world)[0]


def changed(rows: Any, **values: object) -> None:
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        rows.update(**values)


def people(world: World, *roles: Role) -> set[User]:
    return {
        world.user(role, second=second) for role in roles for second in (False, True)
    }


def told(**which: object) -> set[User | None]:
    rows = Reminder.objects.filter(**which).select_related("recipient")
    return {row.recipient for row in rows}


def reported(
    world: World,
    person: Participant,
    *,
    aware_at: datetime | None = None,
    criteria: frozenset[str] = frozenset({"hospitalization"}),
) -> AdverseEvent:
    at = aware_at or timezone.now()
    event = NewEvent(
        participant=person,
        term="Fall with PTSD flashback",
        onset_on=at.date() - timedelta(days=1),
        severity="severe",
        valence="unpleasant",
        outcome="recovering",
        action_taken="not_changed",
        seriousness=criteria,
        site_aware_at=at if criteria else None,
    )
    by = world.actor(Role.THERAPIST)
    return report_events(events=[event], by=by)[0]


def words_to(user: User) -> str:
    reminder = Reminder.objects.get(recipient=user)
    envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
    assert envelope.words is not None
    assert envelope.recipients == (user.email,)
    return f"{envelope.words.subject}\n{envelope.words.body}"


@pytest.mark.requirement("SAF-02")
def test_a_serious_event_is_told_to_each_of_the_sponsors_safety_staff(
    world: World, person: Participant
) -> None:
    reported(world, person)
    assert actions.plan_notices(now=timezone.now(), by=BY) == 6
    assert told(kind="serious_event") == people(world, *SPONSORS)
    assert actions.plan_notices(now=timezone.now(), by=BY) == 0
    text = words_to(world.user(Role.MEDICAL_MONITOR))
    assert person.number in text
    assert [
        word for word in ("Fall", "PTSD", world.trial.identifier) if word in text
    ] == []


def test_an_event_that_is_not_serious_is_told_to_nobody(
    world: World, person: Participant
) -> None:
    reported(world, person, criteria=frozenset())
    assert not Notice.objects.exists()


def test_an_event_that_becomes_serious_or_more_so_is_told_then(
    world: World, person: Participant
) -> None:
    event = reported(world, person, criteria=frozenset())
    by = world.actor(Role.THERAPIST)
    changes = {"seriousness": {"hospitalization"}, "site_aware_at": timezone.now()}
    amend_event(event=event, changes=changes, reason="Admitted", by=by)
    assert Notice.objects.count() == 1
    amend_event(event=event, changes={"term": "Fall"}, reason="Shorter", by=by)
    assert Notice.objects.count() == 1
    worse = {"seriousness": {"hospitalization", "life_threatening"}}
    amend_event(event=event, changes=worse, reason="Intensive care", by=by)
    assert Notice.objects.count() == 2
    milder = {"seriousness": {"hospitalization"}}
    amend_event(event=event, changes=milder, reason="Was not", by=by)
    assert Notice.objects.count() == 2


def test_a_notice_of_a_voided_event_is_dropped(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    actions.plan_notices(now=timezone.now(), by=BY)
    by = world.actor(Role.THERAPIST)
    void_event(event=event, reason="Entered twice", at=timezone.now(), by=by)
    for reminder in Reminder.objects.all():
        envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
        assert "no longer called for" in envelope.dropped


def test_a_notice_to_who_lost_the_role_meanwhile_is_dropped(
    world: World, person: Participant
) -> None:
    reported(world, person)
    actions.plan_notices(now=timezone.now(), by=BY)
    sponsor = world.user(Role.SPONSOR)
    yesterday = timezone.now().date() - timedelta(days=2)
    changed(Delegation.objects.filter(user=sponsor), ends_on=yesterday)
    reminder = Reminder.objects.get(recipient=sponsor)
    envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
    assert "no longer has that role" in envelope.dropped


def test_where_nobody_can_be_told_the_notice_has_failed_in_the_open(
    world: World, person: Participant
) -> None:
    reported(world, person)
    changed(
        User.objects.filter(delegations__role__in=[role.value for role in SPONSORS]),
        email="",
    )
    assert actions.plan_notices(now=timezone.now(), by=BY) == 1
    (failed,) = failed_reminders([world.site.pk])
    assert (failed.recipient, failed.kind) == (None, "serious_event")
    assert failed.note == "Nobody who is to be told has an email address."
    assert actions.plan_notices(now=timezone.now(), by=BY) == 0


def unblinded(world: World, person: Participant, why: str) -> None:
    """Write the notice that an emergency unblinding writes."""
    by = world.actor(Role.INVESTIGATOR)
    with acting("reveal arm", by=by, reason=why):
        notify(
            notices=[
                NewNotice(
                    kind=NoticeKind.UNBLINDING,
                    about=person.uuid,
                    trial=world.trial,
                    site=world.site,
                    participant_id=person.pk,
                    occurred_at=timezone.now(),
                    why=why,
                )
            ],
            by=by,
        )
    actions.plan_notices(now=timezone.now(), by=BY)


@pytest.mark.requirement("BLD-06")
def test_an_unblinding_is_told_to_investigators_medical_monitor_and_sponsor(
    world: World, person: Participant
) -> None:
    unblinded(world, person, "Unconscious\nafter a fall")
    assert told() == people(
        world, Role.INVESTIGATOR, Role.MEDICAL_MONITOR, Role.SPONSOR
    )
    text = words_to(world.user(Role.SPONSOR))
    assert f"Participant {person.number} of site 01 was unblinded on " in text
    assert f"by {world.user(Role.INVESTIGATOR).name}." in text
    assert "Reason given: Unconscious after a fall\n" in text


@pytest.mark.requirement("BLD-11")
@pytest.mark.parametrize(
    "why",
    [
        "Was on placebo, asked again",
        "MDMA given; the ward asks",
        "The dose was Active",
    ],
)
def test_a_reason_that_would_tell_stays_in_the_record(
    world: World, person: Participant, why: str
) -> None:
    unblinded(world, person, why)
    text = words_to(world.user(Role.SPONSOR))
    assert why not in text
    assert "Reason given: it is in the participant's record." in text


def test_sending_is_an_act_of_the_job_that_names_whom_it_told(
    world: World, person: Participant
) -> None:
    unblinded(world, person, "Unconscious after a fall")
    monitor = world.user(Role.MEDICAL_MONITOR)
    reminder = Reminder.objects.get(recipient=monitor)
    assert tasks.send_one(reminder.pk) == "sent"
    assert [message.to for message in mail.outbox] == [[monitor.email]]
    act = Action.objects.get(verb="send reminder")
    assert act.subject == (f"{person.number}, emergency unblinding, to {monitor.name}")
    assert act.participant_id == person.pk


def test_a_second_worker_takes_over_within_minutes(
    world: World, person: Participant
) -> None:
    unblinded(world, person, "Unconscious after a fall")
    reminder, now = Reminder.objects.earliest("pk"), timezone.now()
    assert actions.claim(reminder_id=reminder.pk, now=now, by=BY) is not None
    within = now + actions.URGENT_LEASE
    assert actions.claim(reminder_id=reminder.pk, now=within, by=BY) is None
    after = within + timedelta(seconds=1)
    assert actions.claim(reminder_id=reminder.pk, now=after, by=BY) is not None
    assert actions.URGENT_LEASE <= timedelta(minutes=2) < actions.LEASE


@pytest.mark.requirement("SAF-02")
def test_the_24_hours_call_at_half_time_and_at_the_end_once_a_person(
    world: World, person: Participant
) -> None:
    aware_at = timezone.now()
    reported(world, person, aware_at=aware_at)
    assert actions.plan_clocks(now=aware_at + 11 * HOUR, by=BY) == 0
    assert actions.plan_clocks(now=aware_at + 13 * HOUR, by=BY) == 8
    readers = people(world, *SPONSORS, Role.INVESTIGATOR)
    assert told(kind="report_due") == readers
    assert actions.plan_clocks(now=aware_at + 14 * HOUR, by=BY) == 0
    assert actions.plan_clocks(now=aware_at + 25 * HOUR, by=BY) == 8
    assert told(kind="report_overdue") == readers
    assert actions.plan_clocks(now=aware_at + 240 * HOUR, by=BY) == 0


def test_a_call_is_dropped_when_the_report_was_sent_or_the_next_call_came(
    world: World, person: Participant
) -> None:
    aware_at = timezone.now()
    event = reported(world, person, aware_at=aware_at)
    actions.plan_clocks(now=aware_at + 13 * HOUR, by=BY)
    reminder = Reminder.objects.get(recipient=world.user(Role.SPONSOR))
    in_time = actions.address(reminder=reminder, now=aware_at + 13 * HOUR, by=BY)
    assert in_time.words is not None
    assert "is not recorded as sent" in in_time.words.body
    late = actions.address(reminder=reminder, now=aware_at + 25 * HOUR, by=BY)
    assert "no longer called for" in late.dropped
    by = world.actor(Role.THERAPIST)
    send_reports(reports=[SentReport(event.reports.get(), aware_at + HOUR)], by=by)
    sent = actions.address(reminder=reminder, now=aware_at + 13 * HOUR, by=BY)
    assert "no longer called for" in sent.dropped
    assert actions.plan_clocks(now=aware_at + 25 * HOUR, by=BY) == 0


@pytest.mark.requirement("SAF-03")
def test_a_regulators_clock_calls_the_sponsor_and_never_the_site(
    world: World, person: Participant
) -> None:
    aware_at = timezone.now()
    event = reported(
        world, person, aware_at=aware_at, criteria=frozenset({"life_threatening"})
    )
    by = world.actor(Role.MEDICAL_MONITOR)
    receive(receipts=[Receipt(event, aware_at + HOUR)], by=by)
    determine(
        determinations=[
            Determination(
                event, is_unexpected=True, is_suspected=True, at=aware_at + HOUR
            )
        ],
        by=by,
    )
    assert actions.plan_clocks(now=aware_at + timedelta(days=4), by=BY) == 0
    # Looked at so often that no call is overtaken by the next, whatever the time is now.
    planned = [
        actions.plan_clocks(now=aware_at + timedelta(days=5, hours=hours), by=BY)
        for hours in range(0, 5 * 24, 4)
    ]
    # Days 5, 6 and 7, and once when the seventh is over; six people each.
    assert sum(planned) == 4 * 6
    assert told(kind="report_due") == people(world, *SPONSORS)
    assert (
        Reminder.objects.filter(kind="report_due").values("due_on").distinct().count()
        == 3
    )
    assert told(kind="report_overdue") == people(world, *SPONSORS)


def test_no_clock_calls_for_days_before_the_trials_messages_begin(
    world: World, person: Participant
) -> None:
    aware_at = timezone.now() - timedelta(days=30)
    reported(world, person, aware_at=aware_at)
    changed(
        Trial.objects.filter(pk=world.trial.pk), reminders_from=timezone.now().date()
    )
    assert actions.plan_clocks(now=timezone.now(), by=BY) == 0


def test_planning_clocks_and_notices_asks_no_more_for_many_than_for_one(
    world: World, person: Participant
) -> None:
    aware_at = timezone.now()
    counts = []
    for number in (1, 6):
        for _ in range(number):
            reported(world, person, aware_at=aware_at)
        with CaptureQueriesContext(connection) as queries:
            assert actions.plan_notices(now=aware_at, by=BY) == number * 6
            later = aware_at + 13 * HOUR
            assert actions.plan_clocks(now=later, by=BY) == number * 8
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_run_that_finds_nothing_leaves_nothing(world: World) -> None:
    acts = Action.objects.count()
    assert actions.plan_notices(now=timezone.now(), by=BY) == 0
    assert actions.plan_clocks(now=timezone.now(), by=BY) == 0
    assert Action.objects.count() == acts
