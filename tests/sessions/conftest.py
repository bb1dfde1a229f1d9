"""A trial, and browsers signed in as its people."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from participants.models import Participant
from sessions.models import Visit
from tests.world import PASSWORD, World, held, new_world, randomized, visit_of


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def as_(world: World) -> Callable[..., Client]:
    """Return a browser signed in as somebody of the world."""

    def signed_in(role: Role, **which: bool) -> Client:
        client = Client()
        client.post(
            reverse("accounts:sign_in"),
            {"username": world.user(role, **which).username, "password": PASSWORD},
        )
        return client

    return signed_in


@pytest.fixture
def person(world: World) -> Participant:
    """Somebody randomized who came to the first dosing session."""
    [person] = randomized(world)
    held(world, [person], "dosing_1")
    return person


@pytest.fixture
def visit(person: Participant) -> Visit:
    return visit_of(person, "dosing_1")
