"""Doses: gates, two people, actual times, the window of the supplement, and reasons."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from accounts.vocabulary import Role
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.trail import acting
from participants.access import facts_of
from participants.actions import Step
from participants.models import Consent, Deviation, EligibilityDecision, Participant
from sessions import actions
from sessions.access import protocol_gates, standings_of
from sessions.dosing import forbidding
from sessions.models import DoseAdministration, Visit
from tests.world import SETUP, World, randomized, visit_of
from trials.access import definition_of
from trials.protocol import observations as protocol
from trials.protocol.conditions import FactTest
from trials.protocol.spans import read_span
from trials.protocol.vocabulary import Operator

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
NINE = datetime(2025, 4, 28, 9, 0, tzinfo=DENVER)


def kit(world: World, visit: Visit, part: str = "initial", *, number: str = "") -> None:
    actions.assign_kits(
        kits=[actions.AssignedKit(visit, part, "starting", number or f"K-{part}")],
        by=world.actor(Role.PHARMACIST),
    )


def give(
    world: World,
    visit: Visit,
    part: str = "initial",
    *,
    at: datetime = NINE,
    witness: User | None = None,
    why: str = "",
    reason: str = "",
    capsules: int = 1,
) -> DoseAdministration:
    dose = actions.GivenDose(
        visit,
        part,
        at,
        capsules,
        world.user(Role.THERAPIST),
        witness or world.user(Role.COORDINATOR),
        why,
    )
    actions.give_doses(doses=[dose], by=world.actor(Role.THERAPIST), reason=reason)
    return DoseAdministration.objects.get(visit=visit, part=part)


def after(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def test_holding_a_dosing_session_starts_no_treatment(person: Participant) -> None:
    person.refresh_from_db()
    assert person.treatment == "not_started"


def test_the_first_dose_starts_treatment(
    world: World, visit: Visit, person: Participant
) -> None:
    kit(world, visit)
    dose = give(world, visit)
    assert (dose.kit_number, dose.capsules) == ("K-initial", 1)
    person.refresh_from_db()
    assert person.treatment == "on"


def test_a_dose_without_a_kit_is_refused(world: World, visit: Visit) -> None:
    with pytest.raises(
        Refused, match="No kit has been dispensed for the initial dose of V5"
    ):
        give(world, visit)


def unconsented(person: Participant) -> None:
    Consent.objects.filter(participant=person).update(signed_on=date(2025, 4, 29))


def undecided(person: Participant) -> None:
    EligibilityDecision.objects.filter(participant=person).update(is_eligible=False)


def randomized_later(person: Participant) -> None:
    Participant.objects.filter(pk=person.pk).update(randomized_on=date(2025, 4, 29))


def stopped_before(person: Participant) -> None:
    Participant.objects.filter(pk=person.pk).update(
        treatment="discontinued",
        treatment_stopped_on=date(2025, 4, 27),
        treatment_stop_reason="Asked to",
        treatment_stop_cause="subject",
    )


GATES: list[tuple[Callable[[Participant], None], str]] = [
    (unconsented, "Signed consent, version 1.0 of the form does not allow a dose."),
    (undecided, "The investigator's signed decision on confirmation is not recorded"),
    (randomized_later, "Randomization does not allow a dose."),
    (stopped_before, "Dosing is stopped: treatment was stopped."),
]


@pytest.mark.requirement("DAT-09")
@pytest.mark.parametrize(("undo", "sentence"), GATES)
def test_no_dose_without_consent_eligibility_and_randomization(
    world: World, visit: Visit, undo: Callable[[Participant], None], sentence: str
) -> None:
    kit(world, visit)
    (met,) = standings_of([visit]).values()
    assert forbidding(met) == ()
    with acting("undo", by=SETUP, reason="A test takes a gate away"):
        undo(visit.participant)
    (standing,) = standings_of([visit_of(visit.participant, "dosing_1")]).values()
    with pytest.raises(Refused) as refused:
        give(world, visit)
    assert sentence in str(refused.value)
    assert str(refused.value) == " ".join(forbidding(standing))
    assert not DoseAdministration.objects.filter(given_at__isnull=False).exists()


def test_a_dose_given_before_treatment_stopped_that_day_is_recorded(
    world: World, visit: Visit
) -> None:
    kit(world, visit)
    actions.discontinue_treatment(
        steps=[Step(visit.participant, date(2025, 4, 28), "Panic after the dose")],
        by=world.actor(Role.INVESTIGATOR),
    )
    assert give(world, visit).given_at == NINE


def test_a_gate_of_the_protocol_is_asked_of_the_facts(
    person: Participant, visit: Visit
) -> None:
    definition = definition_of(visit.protocol_version)
    rule = FactTest(fact="washout_complete", operator=Operator.IS, value=True)
    asked = ("dosing_1",)
    gates = (
        protocol.Gate(code="still_eligible", before=asked, rule=rule),
        protocol.Gate(code="pregnancy_test", before=asked, form="pregnancy_test"),
        protocol.Gate(code="of_another_visit", before=("dosing_2",), rule=rule),
    )
    facts = facts_of([person.pk])[person.pk]
    found = protocol_gates(replace(definition, gates=gates), visit, facts)
    assert [(gate.label, gate.is_met) for gate in found] == [
        ("Still eligible", True),
        ("Pregnancy test", None),
    ]
    found = protocol_gates(replace(definition, gates=gates), visit, {})
    assert [gate.is_met for gate in found] == [None, None]


@pytest.mark.parametrize(("days", "is_met"), [(0, True), (1, True), (2, None)])
def test_what_a_gate_asks_within_a_span_is_not_known_once_it_is_older(
    person: Participant, visit: Visit, days: int, is_met: bool | None
) -> None:
    assert visit.held_on is not None
    definition = definition_of(visit.protocol_version)
    rule = FactTest(fact="washout_complete", operator=Operator.IS, value=True)
    gate = protocol.Gate(
        code="washout", before=("dosing_1",), rule=rule, within=read_span("1 day")
    )
    facts = facts_of([person.pk])[person.pk]
    facts["washout_complete"].observed_on = visit.held_on - timedelta(days=days)
    (found,) = protocol_gates(replace(definition, gates=(gate,)), visit, facts)
    assert found.is_met is is_met


def test_the_witness_is_a_second_person(world: World, visit: Visit) -> None:
    kit(world, visit)
    with pytest.raises(Refused, match="must be a second person"):
        give(world, visit, witness=world.user(Role.THERAPIST))


@pytest.mark.parametrize("role", [Role.MONITOR, Role.DATA_MANAGER])
def test_the_witness_is_delegated_to_witness(
    world: World, visit: Visit, role: Role
) -> None:
    kit(world, visit)
    with pytest.raises(Refused, match="was not delegated to witness doses"):
        give(world, visit, witness=world.user(role))


def test_a_coordinator_records_no_dose(world: World, visit: Visit) -> None:
    kit(world, visit)
    dose = actions.GivenDose(
        visit,
        "initial",
        NINE,
        1,
        world.user(Role.THERAPIST),
        world.user(Role.COORDINATOR),
    )
    with pytest.raises(NotPermitted):
        actions.give_doses(doses=[dose], by=world.actor(Role.COORDINATOR))


def test_a_dose_belongs_to_the_day_of_its_visit(world: World, visit: Visit) -> None:
    kit(world, visit)
    with pytest.raises(
        Refused, match="was held on 28 Apr 2025, and the dose would be on 30 Apr"
    ):
        give(world, visit, at=NINE + timedelta(days=2))


def test_a_dose_needs_a_visit_that_was_held(world: World) -> None:
    [person] = randomized(world)
    visit = visit_of(person, "dosing_1")
    kit(world, visit)
    with pytest.raises(Refused, match="Record first that V5 was held"):
        give(world, visit)


def test_the_supplement_comes_after_the_initial_dose(
    world: World, visit: Visit
) -> None:
    kit(world, visit)
    kit(world, visit, "supplement")
    with pytest.raises(Refused, match="It comes first"):
        give(world, visit, "supplement", at=after(100))
    give(world, visit)
    with pytest.raises(Refused, match="would come before the initial dose"):
        give(world, visit, "supplement", at=after(-5))


@pytest.mark.parametrize("minutes", [90, 105, 120])
def test_a_supplement_inside_its_window_leaves_no_deviation(
    world: World, visit: Visit, minutes: int
) -> None:
    kit(world, visit)
    kit(world, visit, "supplement")
    give(world, visit)
    give(world, visit, "supplement", at=after(minutes))
    assert not Deviation.objects.exists()


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (89, "given 1 minute before its window opened"),
        (140, "given 20 minutes after its window closed"),
    ],
)
def test_a_supplement_outside_its_window_is_recorded_with_an_explanation(
    world: World, visit: Visit, minutes: int, sentence: str
) -> None:
    kit(world, visit)
    kit(world, visit, "supplement")
    give(world, visit)
    with pytest.raises(Refused, match=f"{sentence}. Say why"):
        give(world, visit, "supplement", at=after(minutes))
    give(world, visit, "supplement", at=after(minutes), why="Nausea passed late")
    [deviation] = Deviation.objects.all()
    assert (deviation.kind, deviation.visit_code) == ("dosing", "dosing_1")
    assert sentence in deviation.description
    assert "Nausea passed late" in deviation.description


def test_correcting_the_initial_time_looks_at_the_supplement_again(
    world: World, visit: Visit
) -> None:
    kit(world, visit)
    kit(world, visit, "supplement")
    give(world, visit)
    give(world, visit, "supplement", at=after(100))
    with pytest.raises(Refused, match="before its window opened"):
        give(world, visit, at=after(30), reason="Clock was wrong")
    give(world, visit, at=after(5), reason="Clock was wrong")
    assert not Deviation.objects.exists()


def test_a_saved_dose_is_corrected_with_a_reason(world: World, visit: Visit) -> None:
    kit(world, visit)
    give(world, visit)
    with pytest.raises(ReasonNeeded):
        give(world, visit, capsules=2)
    assert give(world, visit, capsules=2, reason="Counted again").capsules == 2


def test_a_withheld_dose_needs_a_reason_and_is_not_given_later(
    world: World, visit: Visit
) -> None:
    by = world.actor(Role.THERAPIST)
    kit(world, visit)
    with pytest.raises(Refused, match="Say why the dose was withheld"):
        actions.withhold_doses(
            doses=[actions.WithheldDose(visit, "initial", "starting", " ")], by=by
        )
    actions.withhold_doses(
        doses=[
            actions.WithheldDose(visit, "initial", "starting", "Vital signs: 190/110")
        ],
        by=by,
    )
    dose = DoseAdministration.objects.get(visit=visit)
    assert (dose.withheld_reason, dose.kit_number) == (
        "Vital signs: 190/110",
        "K-initial",
    )
    with pytest.raises(Refused, match="was recorded as withheld"):
        give(world, visit)


def test_a_supplement_without_a_kit_can_be_withheld(world: World, visit: Visit) -> None:
    kit(world, visit)
    give(world, visit)
    actions.withhold_doses(
        doses=[
            actions.WithheldDose(
                visit, "supplement", "starting", "Participant declined"
            )
        ],
        by=world.actor(Role.THERAPIST),
    )
    dose = DoseAdministration.objects.get(visit=visit, part="supplement")
    assert (dose.kit_number, dose.given_at) == ("", None)


def test_a_given_dose_was_not_withheld(world: World, visit: Visit) -> None:
    kit(world, visit)
    give(world, visit)
    with pytest.raises(Refused, match="was given, so it was not withheld"):
        actions.withhold_doses(
            doses=[actions.WithheldDose(visit, "initial", "starting", "Other")],
            by=world.actor(Role.THERAPIST),
        )


def test_a_step_that_the_visit_does_not_have_is_refused(
    world: World, visit: Visit
) -> None:
    with pytest.raises(Refused, match="no dose step “full” at V5"):
        actions.assign_kits(
            kits=[actions.AssignedKit(visit, "initial", "full", "K-1")],
            by=world.actor(Role.PHARMACIST),
        )


def test_a_kit_is_exchanged_with_a_reason_until_it_is_given(
    world: World, visit: Visit
) -> None:
    kit(world, visit)
    exchanged = [actions.AssignedKit(visit, "initial", "starting", "K-2")]
    by = world.actor(Role.PHARMACIST)
    with pytest.raises(ReasonNeeded):
        actions.assign_kits(kits=exchanged, by=by)
    actions.assign_kits(kits=exchanged, by=by, reason="Seal was broken")
    assert give(world, visit).kit_number == "K-2"
    with pytest.raises(Refused, match="is recorded as given"):
        actions.assign_kits(kits=exchanged, by=by, reason="Again")


def test_a_visit_with_a_dose_is_not_reinstated(world: World, visit: Visit) -> None:
    kit(world, visit)
    give(world, visit)
    with pytest.raises(Refused, match="so it took place"):
        actions.reinstate(
            visits=[visit],
            by=world.actor(Role.COORDINATOR),
            reason="Entered by mistake",
        )


def test_the_day_of_a_dose_is_that_of_the_site(world: World, visit: Visit) -> None:
    kit(world, visit)
    # 23:30 in Denver is the next day in UTC.
    give(world, visit, at=datetime(2025, 4, 28, 23, 30, tzinfo=DENVER))
    following = visit_of(visit.participant, "dosing_2")
    assert following.target == date(2025, 5, 26)
