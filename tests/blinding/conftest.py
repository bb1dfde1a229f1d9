"""Trials whose sealed list and kits are loaded: unblinded with the lock, or in groups."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import databases
from tests.blinding.lives import Trial, new_trial
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


@pytest.fixture(scope="package")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, Trial]]:
    """A trial in which everything happened, in a database that is only copied."""
    with django_db_blocker.unblock(), databases.kept(new_trial) as kept:
        yield kept
