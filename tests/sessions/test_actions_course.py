"""From consent to the last visit: each act's plan, and windows that follow actual days."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.actions import Confirmation, Step, Withdrawal
from participants.models import Participant
from participants.vocabulary import SAFETY_AFTER_LEAVING
from sessions import actions
from sessions.models import Visit
from tests.world import (
    ON_TARGET,
    PASSWORD,
    RANDOMIZED_ON,
    SCREENED_ON,
    World,
    confirmed,
    consent_of,
    consented,
    enrolled,
    held,
    randomized,
    screened,
    visit_of,
)

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")


def window(
    person: Participant, code: str
) -> tuple[str, date | None, date | None, date | None]:
    visit = visit_of(person, code)
    return visit.plan, visit.opens, visit.target, visit.closes


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_nobody_is_planned_before_consent(world: World) -> None:
    people = screened(world)
    actions.replan(
        participants=people, today=SCREENED_ON, by=world.actor(Role.COORDINATOR)
    )
    assert not Visit.objects.exists()


def test_consent_plans_every_visit_of_the_protocol_in_its_order(world: World) -> None:
    [person] = consented(world)
    visits = list(Visit.objects.filter(participant=person).in_order())
    numbers = [visit.number for visit in visits if visit.number]
    assert numbers[:7] == ["SCR", "V0", "V1", "V2", "V3", "V4", "V5"]
    assert {f"V{n}" for n in range(21)} <= set(numbers)
    assert "unscheduled" not in {visit.code for visit in visits}
    assert window(person, "screening") == (
        "firm",
        day("2025-03-03"),
        day("2025-03-17"),
        day("2025-04-14"),
    )
    assert visit_of(person, "enrollment_visit").plan == "provisional"
    assert visit_of(person, "early_termination").plan == "if_needed"


def test_windows_follow_the_actual_days(world: World) -> None:
    [person] = enrolled(world)
    assert window(person, "prep_1") == (
        "firm",
        day("2025-03-24"),
        day("2025-03-31"),
        day("2025-04-14"),
    )
    held(world, [person], "prep_1", on=day("2025-04-03"))
    # V2: 1 day to 9 weeks after V1, target 1 week.
    assert window(person, "prep_2") == (
        "firm",
        day("2025-04-04"),
        day("2025-04-10"),
        day("2025-06-05"),
    )


def test_a_course_on_target_reaches_the_last_visit(world: World) -> None:
    [person] = randomized(world)
    for code, on in DOSING_COURSE:
        held(world, [person], code, on=day(on))
        if code.startswith("dosing"):
            give(world, person, code)
    assert (
        not Visit.objects.filter(participant=person, plan="firm")
        .exclude(code="follow_up")
        .filter(state="planned")
        .exclude(kind="call")
        .exists()
    )
    actions.complete(
        steps=[Step(person, day("2025-09-23"))], by=world.actor(Role.COORDINATOR)
    )
    person.refresh_from_db()
    assert (person.state, person.treatment) == ("completed", "finished")
    # Six months after the last dose, which was given on 23 June.
    assert window(person, "follow_up")[:3] == (
        "firm",
        day("2025-12-23"),
        day("2025-12-23"),
    )


# Hand-computed from the definition: each visit on the target that its window then had.
DOSING_COURSE = [
    ("dosing_1", "2025-04-28"),
    ("integration_1_1", "2025-04-29"),
    ("integration_1_2", "2025-05-05"),
    ("integration_1_3", "2025-05-14"),
    ("t2", "2025-05-23"),
    ("dosing_2", "2025-05-26"),
    ("integration_2_1", "2025-05-27"),
    ("integration_2_2", "2025-06-02"),
    ("integration_2_3", "2025-06-11"),
    ("t3", "2025-06-20"),
    ("dosing_3", "2025-06-23"),
    ("integration_3_1", "2025-06-24"),
    ("integration_3_2", "2025-06-30"),
    ("integration_3_3", "2025-07-09"),
    ("t4", "2025-08-18"),
    ("termination", "2025-08-25"),
]


def give(world: World, person: Participant, code: str) -> None:
    visit = visit_of(person, code)
    by = world.actor(Role.THERAPIST)
    step = "starting" if code == "dosing_1" else "full"
    kits = [actions.AssignedKit(visit, "initial", step, f"K-{visit.pk}")]
    actions.assign_kits(kits=kits, by=world.actor(Role.PHARMACIST))
    assert visit.held_on is not None
    at = datetime(
        visit.held_on.year, visit.held_on.month, visit.held_on.day, 9, tzinfo=DENVER
    )
    dose = actions.GivenDose(
        visit,
        "initial",
        at,
        1,
        world.user(Role.THERAPIST),
        world.user(Role.COORDINATOR),
    )
    actions.give_doses(doses=[dose], by=by)


@pytest.mark.parametrize(("code", "on"), DOSING_COURSE[:1] + DOSING_COURSE[5:6])
def test_the_targets_of_the_course_are_those_of_the_windows(
    world: World, code: str, on: str
) -> None:
    [person] = randomized(world)
    for earlier, earlier_on in DOSING_COURSE:
        if earlier == code:
            break
        held(world, [person], earlier, on=day(earlier_on))
    assert visit_of(person, code).target == day(on)


def test_dosing_moves_what_counts_from_it(world: World) -> None:
    [person] = randomized(world)
    before = window(person, "integration_1_1")
    assert before[0] == "provisional"
    held(world, [person], "dosing_1", on=day("2025-05-02"))
    assert window(person, "integration_1_1") == (
        "firm",
        day("2025-05-03"),
        day("2025-05-03"),
        day("2025-05-03"),
    )
    assert window(person, "dosing_2") == (
        "firm",
        day("2025-05-23"),
        day("2025-05-30"),
        day("2025-06-20"),
    )


def test_stopping_treatment_cancels_dosing_and_asks_for_early_termination(
    world: World,
) -> None:
    [person] = randomized(world)
    held(world, [person], "dosing_1")
    give(world, person, "dosing_1")
    steps = [Step(person, day("2025-05-10"), "Rash")]
    actions.discontinue_treatment(steps=steps, by=world.actor(Role.COORDINATOR))
    assert visit_of(person, "dosing_2").plan == "cancelled"
    assert window(person, "early_termination") == (
        "firm",
        day("2025-05-10"),
        day("2025-05-13"),
        day("2025-05-24"),
    )
    assert visit_of(person, "t4").plan in {"firm", "provisional"}


def test_leaving_cancels_all_but_what_the_protocol_keeps(world: World) -> None:
    [person] = randomized(world)
    held(world, [person], "dosing_1")
    give(world, person, "dosing_1")
    allows = frozenset({SAFETY_AFTER_LEAVING})
    steps = [Withdrawal(person, day("2025-05-10"), "Moved away", allows=allows)]
    actions.withdraw(steps=steps, by=world.actor(Role.COORDINATOR))
    person.refresh_from_db()
    assert (person.state, person.treatment) == ("withdrawn", "discontinued")
    plans = dict(
        Visit.objects.filter(participant=person, state="planned").values_list(
            "code", "plan"
        )
    )
    assert plans.pop("early_termination") == "firm"
    assert set(plans.values()) == {"cancelled"}
    with pytest.raises(Refused, match="left the study on 10 May 2025"):
        held(world, [person], "t2", on=day("2025-05-23"))


def test_a_screen_failure_cancels_the_plan(world: World) -> None:
    [person] = consented(world)
    steps = [Step(person, day("2025-03-20"), "Blood pressure")]
    actions.fail_screening(steps=steps, by=world.actor(Role.COORDINATOR))
    plans = Visit.objects.filter(participant=person).values_list("plan", flat=True)
    assert set(plans) == {"cancelled"}


def test_withdrawing_without_a_reason_is_refused(world: World) -> None:
    [person] = randomized(world)
    with pytest.raises(ReasonNeeded):
        actions.withdraw(
            steps=[Withdrawal(person, day("2025-05-10"))],
            by=world.actor(Role.COORDINATOR),
        )
    person.refresh_from_db()
    assert person.state == "randomized"


def test_each_act_is_one_entry_that_names_the_participant(world: World) -> None:
    people = screened(world)
    by = world.actor(Role.COORDINATOR)
    last = Action.objects.latest("id").pk
    actions.consent(consents=[consent_of(world, people[0])], by=by)
    [entry] = Action.objects.filter(pk__gt=last)
    assert (entry.verb, entry.subject) == ("record consent", people[0].number)
    assert entry.participant_id == people[0].pk
    changed = RowChange.objects.filter(action_id=entry.pk).values_list(
        "table_name", flat=True
    )
    assert set(changed) >= {"participants_consent", "study_sessions_visit"}


def test_a_coordinator_of_another_site_is_refused(world: World) -> None:
    [person] = consented(world)
    elsewhere = world.actor(Role.COORDINATOR, elsewhere=True)
    with pytest.raises(NotPermitted):
        actions.enroll(
            steps=[Step(person, ON_TARGET["enrollment_visit"])], by=elsewhere
        )
    with pytest.raises(NotPermitted):
        actions.hold(
            holdings=[
                actions.Holding(
                    visit_of(person, "screening"), day("2025-03-10"), "phone"
                )
            ],
            by=elsewhere,
        )


def test_a_monitor_changes_nothing(world: World) -> None:
    [person] = consented(world)
    with pytest.raises(NotPermitted):
        actions.book(
            bookings=[
                actions.Booking(visit_of(person, "screening"), day("2025-03-10"))
            ],
            by=world.actor(Role.MONITOR),
        )


def test_a_coordinator_cannot_confirm(world: World) -> None:
    [person] = enrolled(world)
    held(world, [person], "prep_1", "prep_2", "baseline")
    with pytest.raises(NotPermitted):
        actions.confirm_enrollment(
            confirmations=[Confirmation(person, ON_TARGET["prep_3"])],
            password=PASSWORD,
            by=world.actor(Role.COORDINATOR),
        )


def test_enrolling_and_planning_takes_few_queries(world: World) -> None:
    people = screened(world)
    by = world.actor(Role.COORDINATOR)
    with CaptureQueriesContext(connection) as queries:
        actions.consent(consents=[consent_of(world, people[0])], by=by)
    assert len(queries) <= 25
    assert Visit.objects.count() >= 21


def test_planning_more_people_takes_no_more_queries(world: World) -> None:
    by = world.actor(Role.COORDINATOR)
    counts = []
    for n in (1, 8):
        people = screened(world, n)
        with CaptureQueriesContext(connection) as queries:
            actions.consent(consents=[consent_of(world, p) for p in people], by=by)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_unchanged_plan_writes_nothing(world: World) -> None:
    [person] = randomized(world)
    before = RowChange.objects.count()
    actions.replan(
        participants=[person], today=RANDOMIZED_ON, by=world.actor(Role.COORDINATOR)
    )
    assert RowChange.objects.count() == before


def test_time_alone_moves_forecasts_and_no_firm_window(world: World) -> None:
    [person] = confirmed(world)
    before = window(person, "dosing_1")
    forecast = window(person, "dosing_2")
    later = ON_TARGET["prep_3"] + timedelta(days=40)
    actions.replan(participants=[person], today=later, by=world.actor(Role.COORDINATOR))
    assert window(person, "dosing_1") == before
    moved = window(person, "dosing_2")
    assert moved[2] is not None
    assert forecast[2] is not None
    assert moved[2] > forecast[2]
