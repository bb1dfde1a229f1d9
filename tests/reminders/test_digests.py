"""The mail of the day: once a person and working day, in numbers, by the site's morning."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.vocabulary import Role
from assessments.models import Assessment
from audit.trail import acting
from participants.actions import Step
from participants.models import Participant
from reminders import actions, tasks
from reminders.access import failed_reminders, matters_at
from reminders.models import Reminder
from reminders.rules import Matter
from sessions import actions as session_actions
from sessions.models import Visit
from tests.reminders.appointments import BY
from tests.world import SETUP, World, consented, new_world, visit_of
from trials.actions import NewDelegation, delegate
from trials.models import Delegation, Trial

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
WEDNESDAY = date(2026, 3, 4)
MORNING = datetime.combine(WEDNESDAY, time(7, 7), DENVER).astimezone(UTC)


@pytest.fixture
def world() -> World:
    return new_world()


def with_window(
    world: World, opens: date, closes: date, *, elsewhere: bool = False
) -> Participant:
    """Return somebody whose screening visit has this window and whose others have none."""
    (person,) = consented(world, on=opens - timedelta(days=1), elsewhere=elsewhere)
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Visit.objects.filter(participant=person).update(plan="waiting")
        Visit.objects.filter(participant=person, code="screening").update(
            plan="firm", opens=opens, target=opens, closes=closes
        )
    return person


def overdue(world: World, *, elsewhere: bool = False) -> Participant:
    opens = WEDNESDAY - timedelta(days=20)
    closes = WEDNESDAY - timedelta(days=1)
    return with_window(world, opens, closes, elsewhere=elsewhere)


def unsigned(world: World, person: Participant, completed_on: date) -> Assessment:
    """Give a held visit a complete form of the site's own that nobody has signed."""
    visit = visit_of(person, "screening")
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Visit.objects.filter(pk=visit.pk).update(
            state="held", plan="recorded", held_on=completed_on
        )
        return Assessment.objects.create(
            trial=world.trial,
            site=world.site,
            participant=person,
            visit=visit,
            code="cssrs_slc",
            instrument="cssrs_slc",
            version="2009",
            position=1,
            state="complete",
            opaque_code=f"UNSIGN{person.pk}"[:12],
            assessed_on=completed_on,
            source="direct",
        )


def staff(world: World, *, elsewhere: bool = False) -> set[int]:
    roles = (Role.COORDINATOR, Role.THERAPIST, Role.INVESTIGATOR)
    people = [world.user(role, elsewhere=elsewhere) for role in roles]
    if not elsewhere:
        people += [world.user(role, second=True) for role in roles]
    return {person.pk for person in people}


def told() -> set[int | None]:
    return set(
        Reminder.objects.filter(kind="digest").values_list("recipient", flat=True)
    )


def test_each_of_the_sites_staff_gets_one_mail_and_nobody_else(world: World) -> None:
    overdue(world)
    assert actions.plan_digests(now=MORNING, by=BY) == 6
    assert told() == staff(world)
    assert not Reminder.objects.filter(participant__isnull=False).exists()
    assert set(Reminder.objects.values_list("site", "due_on")) == {
        (world.site.pk, WEDNESDAY)
    }
    assert actions.plan_digests(now=MORNING, by=BY) == 0
    assert actions.plan_digests(now=MORNING + timedelta(hours=9), by=BY) == 0
    assert actions.plan_digests(now=MORNING + timedelta(days=1), by=BY) == 6


def test_it_waits_for_the_sites_own_morning(world: World) -> None:
    overdue(world)
    overdue(world, elsewhere=True)
    haifa = datetime.combine(WEDNESDAY, time(7), ZoneInfo("Asia/Jerusalem"))
    early = haifa.astimezone(UTC) - timedelta(seconds=1)
    assert actions.plan_digests(now=early, by=BY) == 6  # still Tuesday in Denver
    assert told() == staff(world)
    assert actions.plan_digests(now=haifa.astimezone(UTC), by=BY) == 3
    assert told() == staff(world) | staff(world, elsewhere=True)
    denver = datetime.combine(WEDNESDAY, time(7), DENVER).astimezone(UTC)
    assert actions.plan_digests(now=denver - timedelta(seconds=1), by=BY) == 0
    assert actions.plan_digests(now=denver, by=BY) == 6


def test_there_is_none_on_a_weekend_and_none_where_nothing_waits(world: World) -> None:
    assert actions.plan_digests(now=MORNING, by=BY) == 0
    overdue(world)
    assert actions.plan_digests(now=MORNING + timedelta(days=3), by=BY) == 0


def test_none_comes_for_a_day_before_the_trials_messages_begin(world: World) -> None:
    overdue(world)
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Trial.objects.update(reminders_from=WEDNESDAY + timedelta(days=1))
    assert actions.plan_digests(now=MORNING, by=BY) == 0


def test_it_counts_what_is_overdue_closes_soon_and_waits_for_a_signature(
    world: World,
) -> None:
    overdue(world)
    overdue(world)
    with_window(world, WEDNESDAY - timedelta(days=5), WEDNESDAY + timedelta(days=3))
    with_window(world, WEDNESDAY - timedelta(days=5), WEDNESDAY + timedelta(days=4))
    for days in (2, 3):  # the first has waited too short to be counted
        unsigned(world, overdue(world), WEDNESDAY - timedelta(days=days))
    counts = matters_at([world.site, world.elsewhere], now=MORNING)
    assert counts[world.site.pk] == {
        Matter.OVERDUE: 2,
        Matter.WINDOW_CLOSING: 1,
        Matter.UNSIGNED: 1,
    }
    assert not counts[world.elsewhere.pk]


def test_who_left_has_no_visit_overdue_but_a_form_still_waits(world: World) -> None:
    gone, signing = overdue(world), overdue(world)
    unsigned(world, signing, WEDNESDAY - timedelta(days=5))
    session_actions.fail_screening(
        steps=[Step(person, WEDNESDAY, "Moved away") for person in (gone, signing)],
        by=world.actor(Role.COORDINATOR),
    )
    counts = matters_at([world.site], now=MORNING)
    assert counts[world.site.pk] == {Matter.UNSIGNED: 1}


def test_what_only_a_rater_can_sign_is_not_counted_for_the_site(world: World) -> None:
    form = unsigned(world, overdue(world), WEDNESDAY - timedelta(days=5))
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Assessment.objects.filter(pk=form.pk).update(rater=world.user(Role.RATER))
    assert not matters_at([world.site], now=MORNING)[world.site.pk]


def test_who_works_at_two_sites_gets_one_mail_about_both(world: World) -> None:
    both = world.user(Role.COORDINATOR)
    delegate(
        trial=world.trial,
        delegations=[
            NewDelegation(both, Role.COORDINATOR, date(2020, 1, 1), world.elsewhere)
        ],
        by=SETUP,
    )
    overdue(world)
    overdue(world, elsewhere=True)
    actions.plan_digests(now=MORNING, by=BY)
    reminder = Reminder.objects.get(kind="digest", recipient=both)
    envelope = actions.address(reminder=reminder, now=MORNING, by=BY)
    assert envelope.words is not None
    assert envelope.words.subject == "2 visits or forms wait today"


def digest_for(world: World, role: Role) -> Reminder:
    actions.plan_digests(now=MORNING, by=BY)
    return Reminder.objects.get(kind="digest", recipient=world.user(role))


def test_it_is_dropped_when_the_work_is_done_before_it_is_sent(world: World) -> None:
    person = overdue(world)
    reminder = digest_for(world, Role.THERAPIST)
    assert actions.address(reminder=reminder, now=MORNING, by=BY).dropped == ""
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Visit.objects.filter(participant=person).update(plan="cancelled")
    assert "no longer" in actions.address(reminder=reminder, now=MORNING, by=BY).dropped


def test_yesterdays_is_not_sent_today(world: World) -> None:
    overdue(world)
    reminder = digest_for(world, Role.THERAPIST)
    late = MORNING + timedelta(days=1)
    assert "no longer" in actions.address(reminder=reminder, now=late, by=BY).dropped


def test_who_no_longer_works_there_gets_none(world: World) -> None:
    overdue(world)
    reminder = digest_for(world, Role.THERAPIST)
    with acting("prepare test", by=SETUP, reason="A test needs it so"):
        Delegation.objects.filter(user=reminder.recipient).update(
            ends_on=WEDNESDAY - timedelta(days=1)
        )
    assert "no longer has that role" in (
        actions.address(reminder=reminder, now=MORNING, by=BY).dropped
    )


def test_the_mail_names_nobody_and_a_failed_one_is_on_the_sites_list(
    world: World, time_machine: object
) -> None:
    person = overdue(world)
    reminder = digest_for(world, Role.COORDINATOR)
    time_machine.move_to(MORNING, tick=True)  # type: ignore[attr-defined] # its fixture
    assert tasks.send_one(reminder.pk) == "sent"
    assert tasks.send_one(reminder.pk) == "taken"
    (message,) = mail.outbox
    assert message.to == [world.user(Role.COORDINATOR).email]
    text = f"{message.subject} {message.body}"
    assert "1 visit is overdue." in text
    for name in (person.number, world.site.name, world.trial.identifier):
        assert name not in text
    other = digest_for(world, Role.THERAPIST)
    for _ in range(actions.ATTEMPTS):
        with acting("prepare test", by=SETUP):
            Reminder.objects.filter(pk=other.pk).update(leased_until=None)
        claimed = actions.claim(reminder_id=other.pk, now=timezone.now(), by=BY)
        assert claimed is not None
        actions.record_failure(reminder=claimed, error="Connection refused", by=BY)
    assert failed_reminders([world.site.pk]).get().pk == other.pk


def test_planning_asks_as_much_of_a_large_site_as_of_a_small_one(world: World) -> None:
    counts = []
    for days, people in enumerate((1, 10)):
        for _ in range(people):
            overdue(world)
        with CaptureQueriesContext(connection) as queries:
            now = MORNING + timedelta(days=days)
            assert actions.plan_digests(now=now, by=BY) == 6
        counts.append(len(queries))
    assert counts[0] == counts[1]
