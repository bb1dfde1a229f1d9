"""A trial whose sealed list and kits are loaded."""

import pytest

from tests.randomization import world as wall
from tests.world import World, new_world


@pytest.fixture
def world() -> World:
    return wall.sealed(new_world())
