"""Somebody who consented in a trial that reads the medical record."""

import pytest

from participants.models import Participant
from tests.medical.world import text
from tests.world import World, consented, new_world


@pytest.fixture
def world(db: None) -> World:
    return new_world(text=text())


@pytest.fixture
def person(world: World) -> Participant:
    return consented(world)[0]
