"""Loading list and kits: by whom, and what is refused without naming an arm."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from accounts.vocabulary import Role
from audit.models import RowChange
from audit.refusal import NotPermitted, Refused
from randomization.access import places_of
from randomization.actions import load_kits, load_list
from randomization.blocks import ListEntry
from randomization.models import Kit
from tests.randomization import world as wall
from tests.world import World, new_world


@pytest.mark.django_db
def test_kits_are_entered_in_the_order_of_their_numbers_not_of_their_contents(
    world: World,
) -> None:
    numbers = list(Kit.objects.order_by("pk").values_list("number", flat=True))
    assert numbers == sorted(numbers)
    sealed = RowChange.objects.filter(table_name="kit_content").order_by("pk")
    rows = [int(change.row_id) for change in sealed]
    assert rows == sorted(rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"number": "482913-1"}, "not a kit number"),
        ({"milligrams": Decimal(7)}, "does not hold"),
        ({"arm": "nothing"}, "does not hold"),
        ({"step": "nothing"}, "does not hold"),
        ({"part": "nothing"}, "does not hold"),
    ],
)
def test_a_kit_unlike_the_protocol_is_not_loaded(
    change: dict[str, Any], sentence: str
) -> None:
    world = new_world()
    kits = wall.kits_of(world, world.site, times=1)
    with pytest.raises(Refused, match=sentence) as refusal:
        load_kits(
            trial=world.trial,
            kits=[replace(kits[0], **change), *kits[1:]],
            by=world.actor(Role.STATISTICIAN),
        )
    assert not any(
        arm.code in str(refusal.value) for arm in wall.definition_of(world).arms
    )
    assert Kit.objects.count() == 0


@pytest.mark.django_db
def test_a_list_is_loaded_once_and_only_by_who_keeps_it(world: World) -> None:
    entries = wall.entries_of(world)
    with pytest.raises(Refused, match="loaded already"):
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    with pytest.raises(NotPermitted):
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.COORDINATOR))
    other = new_world("TEST-2")
    with pytest.raises(NotPermitted):
        load_list(trial=other.trial, entries=entries, by=world.actor(Role.STATISTICIAN))


@pytest.mark.django_db
def test_an_unbalanced_list_is_refused_without_naming_an_arm() -> None:
    world = new_world()
    arm = wall.definition_of(world).arms[0].code
    entries = [ListEntry("01", place, arm) for place in range(1, 9)]
    with pytest.raises(Refused, match="blocks") as refusal:
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    assert arm not in str(refusal.value)
    assert places_of(world.trial.pk) == {}
