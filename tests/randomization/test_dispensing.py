"""Dispensing: a kit for a planned dose, holding what the arm gets, unseen."""

from collections import Counter
from functools import partial

import pytest

from accounts.vocabulary import Role
from audit.refusal import Refused
from randomization.access import kits_of, stocks_of
from randomization.actions import KitRequest, dispense_kits
from randomization.models import Kit
from tests.randomization import world as wall
from tests.randomization.world import AT, randomized, request, together
from tests.world import World, new_world, visit_of


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
