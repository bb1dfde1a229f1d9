"""A participant with forms to fill in, and browsers of the people who do."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from participants.models import Participant
from tests.world import PASSWORD, World, enrolled, held, new_world


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def participant(world: World) -> Participant:
    """Somebody who came to baseline, with every visit before it."""
    person = enrolled(world)[0]
    held(world, [person], "prep_1", "prep_2", "baseline")
    return person


@pytest.fixture
def page_of(world: World) -> Callable[[User], Client]:
    return signed_in_client


def signed_in_client(user: User) -> Client:
    """Return a client whose session began on the sign-in page."""
    client = Client()
    response = client.post(
        reverse("accounts:sign_in"),
        {"username": user.username, "password": PASSWORD},
    )
    assert response.status_code == 302
    return client
