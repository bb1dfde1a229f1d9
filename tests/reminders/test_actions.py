"""Planning once, claiming once, dropping what is no longer wanted, failing in the open."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from assessments.access import expected_forms
from assessments.models import Assessment
from audit.models import Action
from audit.trail import acting
from participants.actions import NewIdentity, Step, record_identities
from participants.models import ConsentItem, Participant
from reminders import actions
from reminders.access import failed_reminders
from reminders.models import Reminder
from sessions import actions as session_actions
from sessions.actions import Booking
from sessions.models import Visit
from tests.reminders.appointments import BY, Appointment, born, new_appointment, planned
from tests.world import SETUP, World, new_world, visit_of
from trials.models import Trial


@pytest.fixture
def appointment(db: None) -> Appointment:
    return new_appointment(new_world())


def changed(rows: object, **values: object) -> None:
    """Change rows as a correction would, where no action of this app does."""
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        rows.update(**values)  # type: ignore[attr-defined] # any queryset


def test_planning_finds_what_is_called_for(appointment: Appointment) -> None:
    reminder = planned(appointment)
    assert (reminder.kind, reminder.audience) == ("day_before", "participant")
    assert reminder.due_on == appointment.today
    assert reminder.state == "planned"


def test_planning_twice_plans_once(appointment: Appointment) -> None:
    planned(appointment)
    acts = Action.objects.count()
    assert actions.plan_reminders(now=timezone.now(), by=BY) == 0
    assert Reminder.objects.count() == 1
    assert Action.objects.count() == acts  # a run that finds nothing leaves nothing


def test_a_visit_booked_anew_calls_for_a_new_reminder(appointment: Appointment) -> None:
    first = planned(appointment)
    session_actions.book(
        bookings=[Booking(appointment.visit, appointment.today + timedelta(days=7))],
        by=appointment.world.actor(Role.COORDINATOR),
        reason="The participant has a cold",
        today=appointment.today,
    )
    assert actions.plan_reminders(now=timezone.now(), by=BY) == 1
    envelope = actions.address(reminder=first, now=timezone.now(), by=BY)
    assert envelope.dropped == "It was no longer called for when it was to be sent."


def test_nothing_is_planned_for_days_before_reminders_begin(
    appointment: Appointment,
) -> None:
    later = appointment.today + timedelta(days=1)
    trials = Trial.objects.filter(pk=appointment.world.trial.pk)
    changed(trials, reminders_from=later)
    assert actions.plan_reminders(now=timezone.now(), by=BY) == 0


def test_a_reminder_goes_to_the_participant(appointment: Appointment) -> None:
    envelope = actions.address(reminder=planned(appointment), now=timezone.now(), by=BY)
    assert envelope.recipients == (appointment.email,)
    assert envelope.dropped == ""


def dropped_because(appointment: Appointment) -> str:
    reminder = Reminder.objects.get(participant=appointment.person)
    return actions.address(reminder=reminder, now=timezone.now(), by=BY).dropped


def test_a_reminder_is_dropped_when_the_participant_has_left(
    appointment: Appointment,
) -> None:
    planned(appointment)
    session_actions.fail_screening(
        steps=[Step(appointment.person, appointment.today, "Moved away")],
        by=appointment.world.actor(Role.COORDINATOR),
    )
    assert dropped_because(appointment) == "The participant has left the trial."


def test_a_reminder_is_dropped_when_the_participant_has_died(
    appointment: Appointment,
) -> None:
    planned(appointment)
    report_events(
        events=[
            NewEvent(
                appointment.person,
                "Road accident",
                appointment.today - timedelta(days=1),
                "severe",
                "unpleasant",
                "fatal",
                "not_applicable",
                ended_on=appointment.today - timedelta(days=1),
                seriousness=frozenset({"death"}),
                site_aware_at=timezone.now(),
            )
        ],
        by=appointment.world.actor(Role.COORDINATOR),
    )
    assert dropped_because(appointment) == "The participant has died."


def test_a_reminder_is_dropped_without_consent_to_mails(
    appointment: Appointment,
) -> None:
    planned(appointment)
    items = ConsentItem.objects.filter(
        participant=appointment.person, code="reminders_email"
    )
    changed(items, is_given=False)
    assert "not consented" in dropped_because(appointment)


def test_a_reminder_is_dropped_without_an_address(appointment: Appointment) -> None:
    planned(appointment)
    record_identities(
        identities=[
            NewIdentity(appointment.person, "Ada Example", born(appointment.today))
        ],
        by=appointment.world.actor(Role.COORDINATOR),
        reason="No longer reads mails",
    )
    assert "No email address" in dropped_because(appointment)


def follow_up_of(world: World, today: date) -> Visit:
    """Return the follow-up visit, soon to open, of somebody who completed the trial."""
    person = new_appointment(world).person
    changed(
        Participant.objects.filter(pk=person.pk),
        state="completed",
        ended_on=today,
        end_reason="Completed the trial",
    )
    with acting("prepare test", by=SETUP):
        return Visit.objects.create(
            trial=world.trial,
            site=world.site,
            participant=person,
            protocol_version=world.protocol,
            code="later",
            label="Long-term follow-up",
            kind="follow_up",
            position=90,
            state="planned",
            plan="firm",
            opens=today + timedelta(days=10),
            target=today + timedelta(days=20),
            closes=today + timedelta(days=40),
        )


def waiting_for_a_questionnaire(appointment: Appointment) -> Visit:
    """Have the screening visit, which has a PCL-5, open and not booked."""
    changed(
        Visit.objects.filter(pk=appointment.visit.pk),
        state="planned",
        booked_on=None,
        booked_time=None,
        mode="",
        opens=appointment.today,
        target=appointment.today,
        closes=appointment.today + timedelta(days=9),
    )
    return visit_of(appointment.person, "screening")


def test_a_questionnaire_of_the_participants_own_is_asked_for(
    appointment: Appointment,
) -> None:
    waiting_for_a_questionnaire(appointment)
    reminder = planned(appointment)
    assert (reminder.kind, reminder.audience) == ("questionnaire", "participant")
    envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
    assert envelope.recipients == (appointment.email,)
    assert envelope.words is not None
    assert "waiting for a questionnaire" in envelope.words.body
    assert appointment.world.site.phone in envelope.words.body
    assert actions.plan_reminders(now=timezone.now(), by=BY) == 0


def test_a_questionnaire_that_was_begun_is_asked_for_no_more(
    appointment: Appointment,
) -> None:
    visit = waiting_for_a_questionnaire(appointment)
    reminder = planned(appointment)
    with acting("prepare test", by=SETUP):
        Assessment.objects.create(
            trial=appointment.world.trial,
            site=appointment.world.site,
            participant=appointment.person,
            visit=visit,
            code="pcl5",
            instrument="pcl5",
            version="2013",
            position=1,
            state="in_progress",
            opaque_code="BEGUN",
        )
    envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
    assert envelope.dropped == "It was no longer called for when it was to be sent."


def test_what_a_clinician_fills_in_is_not_asked_of_the_participant(
    appointment: Appointment,
) -> None:
    visit = visit_of(appointment.person, "dosing_1")
    changed(
        Visit.objects.filter(pk=visit.pk),
        plan="firm",
        opens=appointment.today,
        target=appointment.today,
        closes=appointment.today + timedelta(days=9),
    )
    expected = {form.row.form for form in expected_forms([visit])[visit.pk]}
    assert "cssrs_slc" in expected
    actions.plan_reminders(now=timezone.now(), by=BY)
    assert not Reminder.objects.filter(visit=visit).exists()


def test_who_is_called_by_phone_is_asked_for_the_questionnaire_as_well(
    appointment: Appointment,
) -> None:
    visit = waiting_for_a_questionnaire(appointment)
    session_actions.book(
        bookings=[
            Booking(visit, appointment.today + timedelta(days=5), mode="phone"),
        ],
        by=appointment.world.actor(Role.COORDINATOR),
        today=appointment.today,
    )
    actions.plan_reminders(now=timezone.now(), by=BY)
    kinds = Reminder.objects.filter(visit=visit).values_list("kind", flat=True)
    assert set(kinds) == {"week_before", "questionnaire"}


def test_what_was_planned_for_the_site_visit_by_visit_is_dropped(
    appointment: Appointment,
) -> None:
    reminder = planned(appointment)
    changed(
        Reminder.objects.filter(pk=reminder.pk), kind="window_closing", audience="site"
    )
    reminder.refresh_from_db()
    envelope = actions.address(reminder=reminder, now=timezone.now(), by=BY)
    assert envelope.dropped == "It was no longer called for when it was to be sent."


def test_who_completed_the_trial_is_still_asked_to_follow_up(db: None) -> None:
    world = new_world()
    today = timezone.now().date()
    visit = follow_up_of(world, today)
    actions.plan_reminders(now=timezone.now(), by=BY)
    reminder = Reminder.objects.get(visit=visit)
    assert reminder.kind == "follow_up"
    assert actions.address(reminder=reminder, now=timezone.now(), by=BY).dropped == ""


def test_follow_up_needs_its_own_consent(db: None) -> None:
    world = new_world()
    today = timezone.now().date()
    visit = follow_up_of(world, today)
    actions.plan_reminders(now=timezone.now(), by=BY)
    items = ConsentItem.objects.filter(
        participant=visit.participant, code="follow_up_contact"
    )
    changed(items, is_given=False)
    reminder = Reminder.objects.get(visit=visit)
    assert (
        "not consented"
        in actions.address(reminder=reminder, now=timezone.now(), by=BY).dropped
    )


def test_a_claimed_reminder_is_free_again_when_the_lease_runs_out(
    appointment: Appointment,
) -> None:
    reminder, now = planned(appointment), timezone.now()
    assert actions.claim(reminder_id=reminder.pk, now=now, by=BY) is not None
    within = now + actions.LEASE - timedelta(seconds=1)
    assert actions.claim(reminder_id=reminder.pk, now=within, by=BY) is None
    after = now + actions.LEASE + timedelta(seconds=1)
    again = actions.claim(reminder_id=reminder.pk, now=after, by=BY)
    assert again is not None
    assert again.attempts == 2


def test_after_three_failures_it_is_on_the_sites_list(appointment: Appointment) -> None:
    reminder, now = planned(appointment), timezone.now()
    sites = [appointment.world.site.pk]
    for attempt in range(actions.ATTEMPTS):
        assert not failed_reminders(sites).exists()
        at = now + attempt * (actions.LEASE + timedelta(minutes=1))
        claimed = actions.claim(reminder_id=reminder.pk, now=at, by=BY)
        assert claimed is not None
        actions.record_failure(reminder=claimed, error="Connection refused", by=BY)
    (failed,) = failed_reminders(sites)
    assert (failed.pk, failed.note) == (reminder.pk, "Connection refused")
    later = now + timedelta(days=1)
    assert actions.claim(reminder_id=reminder.pk, now=later, by=BY) is None
    assert not failed_reminders([appointment.world.elsewhere.pk]).exists()


def test_what_three_workers_died_over_is_given_up_in_the_open(
    appointment: Appointment,
) -> None:
    reminder, now = planned(appointment), timezone.now()
    for attempt in range(actions.ATTEMPTS):
        at = now + attempt * (actions.LEASE + timedelta(minutes=1))
        actions.claim(reminder_id=reminder.pk, now=at, by=BY)
    assert actions.give_up(now=at, by=BY) == 0  # the last of them may still live
    assert actions.give_up(now=at + timedelta(hours=1), by=BY) == 1
    assert failed_reminders([appointment.world.site.pk]).get().pk == reminder.pk


@pytest.mark.services
def test_of_many_workers_at_once_exactly_one_gets_it(own_database: str) -> None:
    reminder = planned(new_appointment(new_world()))
    workers = 6
    start, got = threading.Barrier(workers), []

    def work() -> None:
        start.wait()
        got.append(
            actions.claim(reminder_id=reminder.pk, now=timezone.now(), by=BY)
            is not None
        )
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * (workers - 1) + [True]
    reminder.refresh_from_db()
    assert reminder.attempts == 1
