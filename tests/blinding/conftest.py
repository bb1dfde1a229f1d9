"""Trials whose sealed list and kits are loaded: unblinded with the lock, or in groups."""

import pytest

from tests.blinding.told import STAGED
from tests.randomization import world as wall
from tests.world import LONG_AGO, SETUP, World, new_world
from trials.actions import adopt_protocol


@pytest.fixture
def staged() -> World:
    """A trial that unblinds at its first dosing visit, and tells groups."""
    world = new_world()
    adopt_protocol(
        trial=world.trial, text=STAGED, filename="staged.toml", on=LONG_AGO, by=SETUP
    )
    return wall.sealed(world)


@pytest.fixture
def world() -> World:
    return wall.sealed(new_world())
