"""Takes somebody through a whole protocol by the ordinary actions, visit by visit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from accounts.vocabulary import Role
from medical.vocabulary import Kind
from participants.access import settled_in, settled_on
from participants.actions import Confirmation, NewFact, Step, record_facts
from participants.eligibility import (
    Evidence,
    FactValue,
    Verdict,
    evaluate_criterion,
    truth_of,
)
from participants.lifecycle import State
from participants.models import Participant
from randomization.actions import (
    KitRequest,
    NewKit,
    Randomizing,
    dispense_kits,
    load_kits,
    load_list,
    randomize,
    unblind_as_planned,
)
from randomization.blocks import ListEntry, kit_numbers, make_list
from sessions import actions
from sessions.models import Visit
from tests.medical.world import recorded
from tests.world import (
    PASSWORD,
    SCREENED_ON,
    SETUP,
    World,
    consented,
    new_world,
    visit_of,
)
from trials.access import definition_of
from trials.protocol import Event, ProtocolDefinition
from trials.protocol.conditions import FactTest, WashoutsOver, leaves_of
from trials.protocol.observations import Fact
from trials.protocol.ordering import ties_of
from trials.protocol.vocabulary import CriterionKind, FactType, VisitKind

SEED = b"a seed of a test, of 256 bits..."
NOON = time(18, 0)  # UTC; noon in Denver
MOST_STEPS = 200  # of a course; more is a walk in a circle
FROM_FORMS = {FactType.SCORE, FactType.DIAGNOSIS}
TO_COME = ("planned", "booked")


@dataclass(frozen=True)
class Walk:
    """Somebody on their way through a protocol."""

    world: World
    person: Participant
    definition: ProtocolDefinition

    def visits(self) -> list[Visit]:
        return list(Visit.objects.filter(participant=self.person).in_order())

    def next_visit(self) -> Visit | None:
        """The open visit whose day comes first; a forecast is never held."""
        open_ = [
            visit
            for visit in self.visits()
            if visit.state in TO_COME and visit.plan == "firm" and visit.target
        ]
        return min(
            open_,
            key=lambda visit: (visit.target or date.max, visit.position),
            default=None,
        )


def begun(text: str, *, told: str = "") -> Walk:
    """Somebody who consented in a trial of this definition.

    `told` is what the planned unblinding will reveal of them.
    """
    (walk,) = all_begun(text, told=[told])
    return walk


def all_begun(text: str, *, told: Sequence[str]) -> list[Walk]:
    """One for each that the planned unblinding will tell of, to be randomized in turn."""
    world = new_world(text=text)
    definition = definition_of(world.protocol)
    _supplied(world, definition, told)
    people = consented(world, len(told))
    return [Walk(world, person, definition) for person in people]


def walked(walk: Walk) -> None:
    """Go from consent to completion."""
    seen(walk)
    last = max(visit.held_on for visit in walk.visits() if visit.held_on)
    by = walk.world.actor(Role.COORDINATOR)
    actions.complete(steps=[Step(walk.person, last)], by=by)
    walk.person.refresh_from_db()


def seen(walk: Walk, *, until: str = "") -> None:
    """Go from consent to the last visit, every visit that comes on its day; or before one."""
    _tell(walk)
    for _ in range(MOST_STEPS):
        _step_on(walk)
        visit = walk.next_visit()
        if visit is None or visit.code == until:
            break
        _hold(walk, visit)
    _step_on(walk)


def kit_asked(walk: Walk, code: str) -> KitRequest:
    """Hold a dosing visit on its day, and ask for the kit of its first step."""
    visit = visit_of(walk.person, code)
    assert visit.target is not None
    by = walk.world.actor(Role.COORDINATOR)
    actions.hold(holdings=[actions.Holding(visit, visit.target, "in_person")], by=by)
    at = datetime.combine(visit.target, NOON, UTC)
    step = walk.definition.visits_by_code[code].dose[0]
    return KitRequest(visit_of(walk.person, code), "initial", step, at)


def _hold(walk: Walk, visit: Visit) -> None:
    by = walk.world.actor(Role.COORDINATOR)
    assert visit.target is not None
    mode = "in_person" if visit.kind == VisitKind.DOSING else visit.mode or "in_person"
    actions.hold(holdings=[actions.Holding(visit, visit.target, mode)], by=by)
    visit.refresh_from_db()
    if visit.kind == VisitKind.DOSING:
        _dose(walk, visit)


def _dose(walk: Walk, visit: Visit) -> None:
    """Dispense and give the initial dose of the first step that the visit plans."""
    assert visit.held_on is not None
    step = walk.definition.visits_by_code[visit.code].dose[0]
    at = datetime.combine(visit.held_on, NOON, UTC)
    asked = KitRequest(visit, "initial", step, at)
    dispense_kits(requests=[asked], by=walk.world.actor(Role.PHARMACIST))
    people = walk.world.user(Role.THERAPIST), walk.world.user(Role.COORDINATOR)
    dose = actions.GivenDose(visit, "initial", at + timedelta(minutes=5), 1, *people)
    actions.give_doses(doses=[dose], by=walk.world.actor(Role.THERAPIST))


def _step_on(walk: Walk) -> None:
    """Take each step of the course that the visits held so far have brought."""
    held = {visit.code: visit.held_on for visit in walk.visits() if visit.held_on}
    for milestone in walk.definition.milestones:
        on = held.get(milestone.at)
        if on is None:
            continue
        if milestone.code == "enrollment" and walk.person.enrolled_on is None:
            steps = [Step(walk.person, on)]
            actions.enroll(steps=steps, by=walk.world.actor(Role.COORDINATOR))
        if milestone.code == "confirmation" and walk.person.confirmed_on is None:
            _confirm(walk, on)
        walk.person.refresh_from_db()
    if settled_in(walk.definition) is State.RANDOMIZED:
        _randomize(walk)
    unblinded_at = ties_of(walk.definition).get(Event.UNBLINDING)
    if unblinded_at in held and walk.person.unblinded_on is None:
        _unblind(walk, held[unblinded_at])


def _confirm(walk: Walk, on: date) -> None:
    actions.confirm_enrollment(
        confirmations=[Confirmation(walk.person, on)],
        password=PASSWORD,
        by=walk.world.actor(Role.INVESTIGATOR),
    )


def _randomize(walk: Walk) -> None:
    person = walk.person
    if person.confirmed_on is None or settled_on(person, walk.definition):
        return
    at = datetime.combine(person.confirmed_on + timedelta(days=1), NOON, UTC)
    by = walk.world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(person, at)], by=by)
    actions.replan(participants=[person], today=at.date(), by=by)
    person.refresh_from_db()


def _unblind(walk: Walk, on: date) -> None:
    unblind_as_planned(
        participant=walk.person,
        password=PASSWORD,
        at=datetime.combine(on, NOON, UTC) + timedelta(hours=2),
        by=walk.world.actor(Role.INVESTIGATOR),
    )
    walk.person.refresh_from_db()


def _tell(walk: Walk) -> None:
    """Record what somebody eligible says, and what raters found."""
    values = eligible_values(walk.definition, on=SCREENED_ON)
    known = walk.definition.facts_by_code
    said = [
        NewFact(
            walk.person,
            code,
            value,
            SCREENED_ON,
            "screening interview",
            is_outcome=known[code].type in FROM_FORMS,
        )
        for code, value in values.items()
        if not known[code].record
    ]
    record_facts(facts=said, by=SETUP)
    if any(fact.record for fact in known.values()):
        # The record that the shipped protocols read: a pregnancy test.
        recorded(walk.world, walk.person, Kind.TEST, performed_on=SCREENED_ON)


def eligible_values(
    definition: ProtocolDefinition, *, on: date
) -> dict[str, FactValue]:
    """Return a value for every fact, such that every criterion is met."""
    values = {fact.code: _first(fact, on) for fact in definition.facts}
    for criterion in definition.criteria:
        wanted = criterion.kind is CriterionKind.INCLUSION
        for leaf in leaves_of(criterion.rule):
            _answer(leaf, definition, values, on=on, wanted=wanted)
    evidence = Evidence(facts=values, drugs=None, on=on)
    unmet = [
        criterion.code
        for criterion in definition.criteria
        if evaluate_criterion(criterion, definition, evidence).verdict
        is not Verdict.MET
    ]
    assert unmet == [], unmet
    return values


def _first(fact: Fact, on: date) -> FactValue:
    if fact.type in {FactType.YES_NO, FactType.DIAGNOSIS}:
        return False
    if fact.type is FactType.DATE:
        return on - timedelta(days=400)
    if fact.type is FactType.CHOICE:
        return fact.choices[0].code
    least = fact.usual or fact.possible or (Decimal(1), Decimal(1))
    middle = (least[0] + least[-1]) / 2
    return Decimal(middle) if fact.type is FactType.NUMBER else int(middle)


def _answer(
    leaf: FactTest | WashoutsOver,
    definition: ProtocolDefinition,
    values: dict[str, FactValue],
    *,
    on: date,
    wanted: bool,
) -> None:
    """Give the fact of one test a value that answers as wanted, if its own does not."""
    if isinstance(leaf, WashoutsOver):
        values[leaf.where_not_known] = wanted
        return
    fact = definition.facts_by_code[leaf.fact]
    for value in (values[leaf.fact], *_candidates(leaf, fact, on)):
        evidence = Evidence(facts=values | {leaf.fact: value}, drugs=None, on=on)
        if truth_of(leaf, definition, evidence) is wanted:
            values[leaf.fact] = value
            return


def _candidates(leaf: FactTest, fact: Fact, on: date) -> Iterator[FactValue]:
    if fact.type in {FactType.YES_NO, FactType.DIAGNOSIS}:
        yield from (True, False)
    elif fact.type is FactType.CHOICE:
        yield from (choice.code for choice in fact.choices)
    elif fact.type is FactType.DATE:
        yield from (on - timedelta(days=days) for days in (4000, 400, 40, 1))
    elif isinstance(leaf.value, int | Decimal) and not isinstance(leaf.value, bool):
        for step in (0, 1, -1):
            near = Decimal(leaf.value) + step
            yield near if fact.type is FactType.NUMBER else int(near)


def _supplied(
    world: World, definition: ProtocolDefinition, told: Sequence[str]
) -> None:
    """Load the list and the kits that a protocol treats with."""
    if definition.randomization is not None:
        entries = _list_of(definition, told)
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    elif definition.fills_cohorts:
        entries = [
            ListEntry("all", position, arm.code)
            for position, arm in enumerate(definition.arms, 1)
        ]
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    holding = [(arm.code, arm.doses) for arm in definition.arms]
    holding += [("", stage.doses) for stage in definition.stages if not stage.blinded]
    numbers = iter(kit_numbers(SEED, 200))
    kits = [
        NewKit(world.site, next(numbers), arm, step, "initial", dose.initial_mg[0])
        for arm, doses in holding
        for step, dose in doses.items()
        for _ in range(3)
    ]
    if kits:
        load_kits(trial=world.trial, kits=kits, by=world.actor(Role.PHARMACIST))


def _list_of(
    definition: ProtocolDefinition, told: Sequence[str]
) -> Sequence[ListEntry]:
    """Return a list whose first places at the first site are of these groups in turn."""
    planned, unblinding = definition.randomization, definition.unblinding
    assert planned is not None
    for number in range(1000):
        entries = make_list(
            arms={arm.code: arm.ratio for arm in definition.arms},
            block_sizes=planned.block_sizes,
            strata=["01", "02"] if planned.strata else ["all"],
            length=24,
            seed=SEED[:-3] + b"%03d" % number,
        )
        first = [entry.arm for entry in entries[: len(told)]]
        if not any(told):
            return entries
        if unblinding and [unblinding.group_of(arm) for arm in first] == [*told]:
            return entries
    raise AssertionError(told)
