"""Lives that run up to today: participants whose dates are counted back from a day."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.vocabulary import Role
from participants.actions import (
    Confirmation,
    NewScreening,
    Step,
    mark_randomized,
    record_facts,
    screen,
)
from participants.models import Participant
from sessions import actions
from sessions.models import Visit
from tests.facts import baseline_facts, eligible_facts
from tests.world import PASSWORD, SETUP, World, consent_of

# Days after consent on which everything happens when it goes as planned.
DAY_OF = {
    "screening": 7,
    "enrollment_visit": 21,
    "prep_1": 28,
    "prep_2": 35,
    "baseline": 42,
    "prep_3": 49,
    "dosing_1": 56,
    "integration_1_1": 57,
    "integration_1_2": 63,
    "integration_1_3": 73,
    "t2": 81,
    "dosing_2": 84,
    "integration_2_1": 85,
    "integration_2_2": 91,
    "integration_2_3": 101,
    "t3": 109,
    "dosing_3": 112,
    "integration_3_1": 113,
    "integration_3_2": 119,
    "integration_3_3": 129,
    "t4": 168,
    "termination": 175,
}
ENROLLED, CONFIRMED, RANDOMIZED = 21, 49, 50


def lives(
    world: World, n: int, *, today: date, days: int, elsewhere: bool = False
) -> list[Participant]:
    """Return n people who consented `days` ago and for whom all went as planned since.

    Set-based like the actions: the time does not grow with n. No forms are filled in.
    """
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    site = world.elsewhere if elsewhere else world.site
    start = today - timedelta(days=days)
    people = screen(screenings=[NewScreening(site, start)] * n, by=by)
    actions.consent(
        consents=[consent_of(world, person, on=start) for person in people], by=by
    )
    facts = [fact for person in people for fact in eligible_facts(person, on=start)]
    record_facts(facts=facts, by=by)
    for code, day in DAY_OF.items():
        if day > days:
            break
        hold(world, people, code, on=start + timedelta(days=day), elsewhere=elsewhere)
        _step_after(world, people, day, start=start, elsewhere=elsewhere)
    actions.replan(participants=people, today=today, by=by)
    ids = [row.pk for row in people]
    return list(Participant.objects.filter(pk__in=ids).order_by("number"))


def hold(
    world: World, people: Sequence[Participant], code: str, *, on: date, elsewhere: bool
) -> None:
    visits = Visit.objects.filter(participant__in=people, code=code)
    actions.hold(
        holdings=[
            actions.Holding(visit, on, "in_person")
            for visit in visits.select_related("participant", "site")
        ],
        by=world.actor(Role.COORDINATOR, elsewhere=elsewhere),
    )


def _step_after(
    world: World,
    people: Sequence[Participant],
    day: int,
    *,
    start: date,
    elsewhere: bool,
) -> None:
    on = start + timedelta(days=day)
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    if day == ENROLLED:
        actions.enroll(steps=[Step(person, on) for person in people], by=by)
    elif day == DAY_OF["baseline"]:
        found = [fact for person in people for fact in baseline_facts(person, on=on)]
        record_facts(facts=found, by=SETUP)
    elif day == CONFIRMED:
        actions.confirm_enrollment(
            confirmations=[Confirmation(person, on) for person in people],
            password=PASSWORD,
            by=world.actor(Role.INVESTIGATOR, elsewhere=elsewhere),
        )
        after = start + timedelta(days=RANDOMIZED)
        mark_randomized(steps=[Step(person, after) for person in people], by=by)
        actions.replan(participants=people, today=after, by=by)
    elif day == DAY_OF["dosing_1"]:
        dose(world, people, "dosing_1", on=on)


def dose(world: World, people: Sequence[Participant], code: str, *, on: date) -> None:
    """Dispense and give the initial dose to everybody."""
    visits = list(
        Visit.objects.filter(participant__in=people, code=code).select_related(
            "participant", "site"
        )
    )
    zone = ZoneInfo(world.site.time_zone)
    at = datetime.combine(on, time(10, 5), zone)
    elsewhere = visits[0].site_id == world.elsewhere.pk
    two = (
        world.user(Role.THERAPIST, elsewhere=elsewhere),
        world.user(Role.COORDINATOR, elsewhere=elsewhere),
    )
    actions.assign_kits(
        kits=[
            actions.AssignedKit(visit, "initial", "starting", f"K-{visit.pk:06}")
            for visit in visits
        ],
        by=world.actor(Role.COORDINATOR, elsewhere=elsewhere),
    )
    actions.give_doses(
        doses=[actions.GivenDose(visit, "initial", at, 2, *two) for visit in visits],
        by=world.actor(Role.THERAPIST, elsewhere=elsewhere),
    )
