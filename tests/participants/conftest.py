"""A browser signed in as somebody, through the sign-in page."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.world import PASSWORD, World, new_world

SignIn = Callable[[User], Client]


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def browser(db: None) -> SignIn:
    def sign_in(user: User) -> Client:
        client = Client()
        response = client.post(
            reverse("accounts:sign_in"),
            {"username": user.username, "password": PASSWORD},
        )
        assert response.status_code == 302
        return client

    return sign_in
