"""Cohorts of a dose escalation, filled in the order in which people are dosed."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from audit.refusal import Refused
from randomization.access import places_of
from randomization.actions import dispense_kits, load_list, reveal_arm
from randomization.blocks import ListEntry
from randomization.models import Kit
from tests.pages import signed_in_as
from tests.randomization.world import together
from tests.sessions.courses import Walk, all_begun, kit_asked, seen
from tests.world import MAPP2, PASSWORD, World

BOUSO = (MAPP2.parent / "bouso2008.toml").read_text("utf-8")


def begun(n: int) -> list[Walk]:
    """So many people before their dose, in a trial with a place in each cohort."""
    walks = all_begun(BOUSO, told=[""] * n)
    for walk in walks:
        seen(walk, until="dosing_1")
    return walks


def dosed(walk: Walk) -> None:
    asked = kit_asked(walk, "dosing_1")
    dispense_kits(requests=[asked], by=walk.world.actor(Role.PHARMACIST))


def arm_of(walk: Walk) -> str:
    return reveal_arm(
        participant=walk.person,
        why="To see it in a test",
        password=PASSWORD,
        at=kit_time(walk) + timedelta(hours=1),
        by=walk.world.actor(Role.INVESTIGATOR),
    )


def kit_time(walk: Walk) -> datetime:
    at = Kit.objects.get(participant=walk.person).dispensed_at
    assert at is not None
    return at


def used(world: World) -> tuple[int, int]:
    places = places_of(world.trial.pk)["all"]
    return places.used, places.total


def load(world: World, *entries: tuple[str, int, str]) -> None:
    load_list(
        trial=world.trial,
        entries=[ListEntry(*entry) for entry in entries],
        by=world.actor(Role.STATISTICIAN),
    )


@pytest.mark.django_db
def test_a_cohort_is_filled_by_those_who_are_dosed_in_their_order() -> None:
    first, second = begun(2)
    assert used(first.world) == (0, 2)
    dosed(second)
    dosed(first)
    assert [arm_of(second), arm_of(first)] == ["cohort_1", "cohort_2"]
    assert used(first.world) == (2, 2)


@pytest.mark.django_db
def test_two_dosed_at_once_take_two_places_in_the_order_asked() -> None:
    first, second = begun(2)
    requests = [kit_asked(walk, "dosing_1") for walk in (first, second)]
    dispense_kits(requests=requests, by=first.world.actor(Role.PHARMACIST))
    assert [arm_of(first), arm_of(second)] == ["cohort_1", "cohort_2"]


@pytest.mark.django_db
def test_without_a_place_nothing_is_dispensed_until_a_cohort_is_opened() -> None:
    walks = begun(3)
    world = walks[0].world
    dosed(walks[0])
    dosed(walks[1])
    asked = kit_asked(walks[2], "dosing_1")
    by = world.actor(Role.PHARMACIST)
    with pytest.raises(Refused, match="No cohort has a place left"):
        dispense_kits(requests=[asked], by=by)
    assert not Kit.objects.filter(participant=walks[2].person).exists()
    load(world, ("all", 3, "cohort_2"))
    dispense_kits(requests=[asked], by=by)
    assert arm_of(walks[2]) == "cohort_2"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([("all", 2, "cohort_1")], "Positions go on at 3"),
        ([("all", 4, "cohort_1")], "Positions go on at 3"),
        ([("01", 3, "cohort_1")], "no stratum of this trial"),
        ([("all", 3, "cohort_1"), ("01", 4, "cohort_1")], "the stratum is all"),
        ([("all", 3, "cohort_9")], "Position 3 names a cohort that the trial has not"),
        ([("all", 3, "cohort_2"), ("all", 4, "cohort_1")], "the protocol's order"),
    ],
)
def test_places_that_do_not_go_on_are_refused_without_a_word_on_the_cohort(
    entries: list[tuple[str, int, str]], problem: str
) -> None:
    (walk,) = begun(1)
    with pytest.raises(Refused, match=problem) as refusal:
        load(walk.world, *entries)
    assert "cohort_" not in str(refusal.value)
    assert used(walk.world) == (0, 2)


@pytest.mark.django_db
def test_whoever_was_dosed_in_a_cohort_can_be_unblinded_in_an_emergency() -> None:
    (walk,) = begun(1)
    dosed(walk)
    client = signed_in_as(walk.world, Role.INVESTIGATOR)
    page = client.get(reverse("workbench:participant", args=[walk.person.uuid]))
    assert reverse("randomization:unblind", args=[walk.person.uuid]) in (
        page.content.decode()
    )
    accident = reverse("randomization:accident", args=[walk.person.uuid])
    assert client.get(accident).status_code == 200


@pytest.mark.django_db
def test_before_the_first_dose_there_is_no_arm_to_tell() -> None:
    (walk,) = begun(1)
    asked = kit_asked(walk, "dosing_1")
    with pytest.raises(Refused, match="has no arm yet"):
        reveal_arm(
            participant=walk.person,
            why="To see it in a test",
            password=PASSWORD,
            at=asked.at,
            by=walk.world.actor(Role.INVESTIGATOR),
        )


@pytest.mark.services
@pytest.mark.slow
def test_two_who_are_dispensed_for_at_once_get_a_place_each(own_database: str) -> None:
    walks = begun(2)
    world = walks[0].world
    requests = [kit_asked(walk, "dosing_1") for walk in walks]
    world.actor(Role.PHARMACIST)
    results = together(
        [
            partial(dispense_kits, requests=[asked], by=world.actor(Role.PHARMACIST))
            for asked in requests
        ]
    )
    assert not any(isinstance(result, Refused) for result in results)
    assert sorted(arm_of(walk) for walk in walks) == ["cohort_1", "cohort_2"]
