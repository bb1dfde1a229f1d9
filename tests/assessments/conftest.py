"""Browsers signed in as people of the world, through the page that everybody uses."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.world import PASSWORD, World, new_world


@pytest.fixture
def world(db: None) -> World:
    return new_world()


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
