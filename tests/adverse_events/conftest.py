"""A trial, and somebody who may have events."""

import pytest

from participants.models import Participant
from tests.world import World, consented, new_world


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def person(world: World) -> Participant:
    return consented(world)[0]
