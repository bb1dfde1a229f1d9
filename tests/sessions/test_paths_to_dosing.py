"""No order of acts reaches a dose past a gate: walks at random, judged by the tables.

Each walk takes the steps of a course in a disturbed order, with some left out and with
acts of others in between, and tries to give a dose after each. What must be true of a
dose is written here a second time, and asks nothing of the product's own gates.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.vocabulary import Role
from audit.refusal import Refused
from participants.actions import (
    Confirmation,
    Step,
    Withdrawal,
    mark_randomized,
    record_facts,
)
from participants.models import Consent, EligibilityDecision, Participant
from sessions import actions
from sessions.models import DoseAdministration, Visit
from tests.facts import baseline_facts, eligible_facts
from tests.world import (
    ON_TARGET,
    PASSWORD,
    RANDOMIZED_ON,
    SCREENED_ON,
    SETUP,
    World,
    approve,
    consent_of,
    held,
    new_world,
    screened,
    visit_of,
)
from trials.actions import NewApproval, record_approvals, suspend_approval
from trials.models import Approval, Suspension

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("DAT-09")]
DOSED_ON = ON_TARGET["dosing_1"]
DAY = timedelta(days=1)
WALKS = 8
DISTURBANCES = (
    *("is_pregnant", "stops", "leaves", "is_suspended", "approval_lapses"),
    *("form_is_replaced", "consents_anew"),
)


@dataclass
class Walk:
    """One participant, and whatever somebody tries with them."""

    world: World
    person: Participant

    def consents(self, version: str = "1.0", on: date = SCREENED_ON) -> None:
        form = replace(consent_of(self.world, self.person, on=on), form_version=version)
        by = self.world.actor(Role.COORDINATOR)
        actions.consent(consents=[form], by=by, reason="Another form was signed")

    def consents_anew(self) -> None:
        self.consents("2.0", DOSED_ON - 2 * DAY)

    def is_eligible(self) -> None:
        by = self.world.actor(Role.COORDINATOR)
        record_facts(facts=eligible_facts(self.person), by=by)

    def is_pregnant(self) -> None:
        facts = eligible_facts(self.person, but={"pregnant_or_lactating": True})
        changed = [fact for fact in facts if fact.code == "pregnant_or_lactating"]
        by = self.world.actor(Role.COORDINATOR)
        record_facts(facts=changed, by=by, reason="The test was positive")

    def comes_to(self, code: str) -> Callable[[], None]:
        return lambda: held(self.world, [self.person], code)

    def enrolls(self) -> None:
        step = Step(self.person, ON_TARGET["enrollment_visit"])
        actions.enroll(steps=[step], by=self.world.actor(Role.COORDINATOR))

    def is_measured(self) -> None:
        scores = baseline_facts(self.person, on=ON_TARGET["baseline"])
        record_facts(facts=scores, by=SETUP)

    def is_confirmed(self) -> None:
        actions.confirm_enrollment(
            confirmations=[Confirmation(self.person, ON_TARGET["prep_3"])],
            password=PASSWORD,
            by=self.world.actor(Role.INVESTIGATOR),
        )

    def is_randomized(self) -> None:
        by = self.world.actor(Role.COORDINATOR)
        mark_randomized(steps=[Step(self.person, RANDOMIZED_ON)], by=by)
        actions.replan(participants=[self.person], today=RANDOMIZED_ON, by=by)

    def stops(self) -> None:
        step = Step(self.person, DOSED_ON - DAY, "Asked to stop")
        actions.discontinue_treatment(
            steps=[step], by=self.world.actor(Role.INVESTIGATOR)
        )

    def leaves(self) -> None:
        step = Withdrawal(self.person, DOSED_ON - DAY, "Moved away")
        actions.withdraw(steps=[step], by=self.world.actor(Role.INVESTIGATOR))

    def is_suspended(self) -> None:
        suspend_approval(
            site=self.world.site, on=DOSED_ON - DAY, why="Reported late", by=SETUP
        )

    def form_is_replaced(self) -> None:
        approve(
            trial=self.world.trial,
            protocol=self.world.protocol,
            sites=[self.world.site],
            form_version="2.0",
            on=DOSED_ON - 3 * DAY,
        )

    def approval_lapses(self) -> None:
        new = NewApproval(
            *(self.world.site, self.world.protocol, "1.0", "IRB"),
            approved_on=SCREENED_ON - DAY,
            expires_on=DOSED_ON - DAY,
        )
        record_approvals(trial=self.world.trial, approvals=[new], by=SETUP)

    def is_dosed(self) -> None:
        held(self.world, [self.person], "dosing_1")
        visit = visit_of(self.person, "dosing_1")
        kit = actions.AssignedKit(visit, "initial", "starting", "K-1")
        actions.assign_kits(kits=[kit], by=self.world.actor(Role.PHARMACIST))
        nine = datetime(*DOSED_ON.timetuple()[:3], 9, tzinfo=ZoneInfo("America/Denver"))
        people = self.world.user(Role.THERAPIST), self.world.user(Role.COORDINATOR)
        dose = actions.GivenDose(visit, "initial", nine, 1, *people)
        actions.give_doses(doses=[dose], by=self.world.actor(Role.THERAPIST))

    def course(self) -> list[Callable[[], None]]:
        """Return every step to the first dose, in the order of the protocol."""
        return [
            self.consents,
            self.is_eligible,
            *map(self.comes_to, ("screening", "enrollment_visit")),
            self.enrolls,
            *map(self.comes_to, ("prep_1", "prep_2", "baseline")),
            self.is_measured,
            self.comes_to("prep_3"),
            self.is_confirmed,
            self.is_randomized,
        ]


def disturbed(walk: Walk, chance: random.Random) -> list[Callable[[], None]]:
    """Return the course with steps left out and moved, and with acts in between."""
    steps = walk.course()
    for _ in range(chance.choice((0, 0, 1, 2))):
        steps.pop(chance.randrange(len(steps)))
    if chance.random() < 0.4:
        moved = steps.pop(chance.randrange(len(steps)))
        steps.insert(chance.randrange(len(steps) + 1), moved)
    for name in chance.sample(DISTURBANCES, chance.choice((0, 1, 2))):
        steps.insert(chance.randrange(len(steps) + 1), getattr(walk, name))
    return steps


def in_the_way(person: Participant) -> list[str]:
    """Return what a dose of that day was given past, read from the tables alone."""
    person.refresh_from_db()
    newest = (
        Approval.objects.filter(site=person.site_id, approved_on__lte=DOSED_ON)
        .order_by("-approved_on")
        .first()
    )
    version = newest.form_version if newest else "none"
    signed = Consent.objects.filter(
        participant=person, form_version=version, signed_on__lte=DOSED_ON
    )
    decided = EligibilityDecision.objects.filter(
        participant=person, milestone="confirmation", is_eligible=True
    )
    stopped, left = person.treatment_stopped_on, person.ended_on
    wrong = {
        "no approval": newest is None or newest.expires_on < DOSED_ON,
        "suspended": Suspension.objects.filter(
            site=person.site_id, suspended_on__lte=DOSED_ON, lifted_on=None
        ).exists(),
        "no consent on the form of that day": not signed.exists(),
        "no decision": not decided.exists(),
        "not randomized": not person.randomized_on or person.randomized_on > DOSED_ON,
        "stopped": stopped is not None and stopped < DOSED_ON,
        "left": left is not None and left < DOSED_ON,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def attempt(act: Callable[[], None]) -> None:
    # What was never planned cannot be asked for either.
    with suppress(Refused, KeyError, Visit.DoesNotExist):
        act()


def was_dosed(person: Participant) -> bool:
    given = DoseAdministration.objects.filter(participant=person)
    return given.filter(given_at__isnull=False).exists()


def judged(person: Participant, acts: list[Callable[[], None]]) -> None:
    """Take the acts, and see that each dose that could be given was in order."""
    for act in acts:
        attempt(act)
        if was_dosed(person):
            assert in_the_way(person) == []
            return


@pytest.mark.parametrize("seed", range(WALKS))
def test_no_walk_reaches_a_dose_past_a_gate(seed: int) -> None:
    world = new_world()
    [person] = screened(world)
    walk, chance = Walk(world, person), random.Random(seed)  # noqa: S311 - the same walks each time
    steps = disturbed(walk, chance)
    judged(person, [each for step in steps for each in (step, walk.is_dosed)])


@pytest.mark.parametrize("name", DISTURBANCES)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_whole_course_with_one_thing_amiss_reaches_no_dose_past_a_gate(
    name: str, is_late: bool
) -> None:
    world = new_world()
    [person] = screened(world)
    walk = Walk(world, person)
    steps = walk.course()
    steps.insert(len(steps) if is_late else 1, getattr(walk, name))
    judged(person, [*steps, walk.is_dosed])


def test_the_course_in_its_order_reaches_a_dose_and_not_before_its_end() -> None:
    world = new_world()
    [person] = screened(world)
    walk = Walk(world, person)
    for act in walk.course():
        assert not was_dosed(person)
        act()
        attempt(walk.is_dosed)
    assert was_dosed(person)
    assert in_the_way(person) == []


@pytest.mark.parametrize("left_out", range(12))
def test_no_dose_where_one_step_of_the_course_is_left_out(left_out: int) -> None:
    """Visits may be missed; what a gate asks for may not."""
    world = new_world()
    [person] = screened(world)
    walk = Walk(world, person)
    steps = walk.course()
    name = getattr(steps.pop(left_out), "__name__", "")
    for act in steps:
        attempt(act)
    attempt(walk.is_dosed)
    if was_dosed(person):
        assert in_the_way(person) == []
        assert name == "<lambda>", f"a dose without {name}"
