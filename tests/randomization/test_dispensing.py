"""Dispensing: a kit for a planned dose, holding what the arm gets, unseen."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from accounts.vocabulary import Role
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from randomization.access import kits_of, stocks_of
from randomization.actions import (
    DispensedAt,
    KitRequest,
    correct_dispensing,
    dispense_kits,
)
from randomization.models import Kit
from sessions.actions import GivenDose, give_doses
from sessions.models import Visit
from tests.randomization import world as wall
from tests.randomization.world import AT, randomized, request, together
from tests.world import World, held, new_world, visit_of

DISPENSED = datetime(2025, 4, 28, 14, 40, tzinfo=UTC)  # 08:40 in Denver


@pytest.mark.django_db
def test_a_kit_is_dispensed_once_for_an_administration(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    (kit,) = dispense_kits(requests=[request(person)], by=by)
    visit = visit_of(person, "dosing_1")
    assert [line.number for line in kits_of([visit.pk])[visit.pk]] == [kit.number]
    assert visit.doses.get().kit_number == kit.number
    with pytest.raises(Refused, match="dispensed for this dose already"):
        dispense_kits(requests=[request(person)], by=by)
    (stock,) = stocks_of([world.site])
    assert (stock.total, stock.dispensed) == (24, 1)


@pytest.mark.django_db
def test_a_supplement_keeps_to_the_step_of_the_initial_dose(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    visit = visit_of(person, "dosing_2")
    dispense_kits(requests=[KitRequest(visit, "initial", "full", AT)], by=by)
    with pytest.raises(Refused, match="one step"):
        dispense_kits(requests=[KitRequest(visit, "supplement", "starting", AT)], by=by)
    dispense_kits(requests=[KitRequest(visit, "supplement", "full", AT)], by=by)
    assert len(kits_of([visit.pk])[visit.pk]) == 2


def dose_in_hand(world: World) -> Visit:
    """Return a session that was held, with a kit dispensed for its initial dose."""
    (person,) = randomized(world)
    held(world, [person], "dosing_1")
    asked = KitRequest(visit_of(person, "dosing_1"), "initial", "starting", DISPENSED)
    dispense_kits(requests=[asked], by=world.actor(Role.COORDINATOR))
    return visit_of(person, "dosing_1")


def given(world: World, visit: Visit, at: datetime) -> None:
    two = world.user(Role.THERAPIST), world.user(Role.THERAPIST, second=True)
    dose = GivenDose(visit, "initial", at, 2, *two)
    give_doses(doses=[dose], by=world.actor(Role.THERAPIST), reason="Misread")


@pytest.mark.django_db
def test_a_dose_is_not_given_before_its_kit_was_dispensed(world: World) -> None:
    visit = dose_in_hand(world)
    with pytest.raises(Refused, match="28 Apr 2025 at 08:40, after the dose was given"):
        given(world, visit, DISPENSED - timedelta(minutes=1))
    assert visit.doses.get().given_at is None
    given(world, visit, DISPENSED)
    with pytest.raises(Refused, match="on 28 Apr 2025 at 08:10"):
        given(world, visit, DISPENSED - timedelta(minutes=30))


@pytest.mark.django_db
def test_the_time_of_dispensing_is_corrected_with_a_reason_and_within_bounds(
    world: World,
) -> None:
    visit = dose_in_hand(world)
    given(world, visit, DISPENSED + timedelta(minutes=30))
    by = world.actor(Role.PHARMACIST)

    def correct(at: datetime, reason: str = "Read the clock wrongly") -> None:
        correction = DispensedAt(visit, "initial", at)
        correct_dispensing(corrections=[correction], reason=reason, by=by)

    earlier = DISPENSED - timedelta(minutes=20)
    with pytest.raises(ReasonNeeded):
        correct(earlier, " ")
    with pytest.raises(Refused, match="was randomized on 22 Apr 2025"):
        correct(AT - timedelta(days=1))
    with pytest.raises(
        Refused, match="after the dose was given on 28 Apr 2025 at 09:10"
    ):
        correct(DISPENSED + timedelta(minutes=31))
    correct(earlier)
    (kit,) = kits_of([visit.pk])[visit.pk]
    assert kit.dispensed_at == earlier
    other = DispensedAt(visit, "supplement", earlier)
    with pytest.raises(Refused, match="No kit was dispensed"):
        correct_dispensing(corrections=[other], reason="A slip", by=by)
    with pytest.raises(NotPermitted):
        correct_dispensing(
            corrections=[DispensedAt(visit, "initial", earlier)],
            reason="A slip",
            by=world.actor(Role.MONITOR),
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "part", "step", "sentence"),
    [
        ("prep_1", "initial", "starting", "No dose is planned"),
        ("dosing_1", "initial", "full", "does not plan this step"),
        ("dosing_1", "third", "starting", "A kit is for the initial dose or"),
    ],
)
def test_a_kit_is_dispensed_only_for_a_planned_dose(
    world: World, code: str, part: str, step: str, sentence: str
) -> None:
    (person,) = randomized(world)
    with pytest.raises(Refused, match=sentence):
        dispense_kits(
            requests=[KitRequest(visit_of(person, code), part, step, AT)],
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.django_db
def test_without_a_matching_kit_the_sentence_is_the_same_for_every_arm() -> None:
    world = wall.sealed(new_world(), times=1)
    people = randomized(world, 4)
    by = world.actor(Role.COORDINATOR)
    refusals = []
    for person in people:
        try:
            dispense_kits(requests=[request(person)], by=by)
        except Refused as refusal:
            refusals.append(str(refusal).replace(person.number, "N"))
    # One kit for each arm: with four people at least two go without, and each arm is
    # exhausted for whoever comes second.
    assert len(refusals) >= 2
    assert len(set(refusals)) == 1
    assert stocks_of([world.site])[0].dispensed == 4 - len(refusals)


@pytest.mark.services
@pytest.mark.slow
def test_a_dispensed_kit_holds_what_the_participants_arm_gets(
    own_database: str,
) -> None:
    world = wall.sealed(new_world(), times=10)
    people = randomized(world, 8)
    by = world.actor(Role.COORDINATOR)
    requests = [
        request(person, part) for person in people for part in ("initial", "supplement")
    ]
    together([partial(dispense_kits, requests=[one], by=by) for one in requests])
    arms = wall.arms_of(people)
    assert Counter(arms.values()).keys() == {
        arm.code for arm in wall.definition_of(world).arms
    }
    kits = Kit.objects.filter(visit__isnull=False)
    assert kits.count() == len(requests)
    with wall.behind_the_wall() as owner:
        owner.execute("SET ROLE candor_unblinded")
        content = {
            row[0]: row[1:]
            for row in owner.execute(
                "SELECT id, arm, step, part, milligrams FROM sealed.kit_content"
            )
        }
    doses = {arm.code: arm.doses["starting"] for arm in wall.definition_of(world).arms}
    for kit in kits:
        arm = arms[kit.participant_id]  # type: ignore[index]
        planned = {
            "initial": doses[arm].initial_mg,
            "supplement": doses[arm].supplement_mg,
        }
        assert content[kit.pk] == (arm, "starting", kit.part, planned[kit.part][0])
