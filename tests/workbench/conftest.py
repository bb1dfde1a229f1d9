"""Browsers signed in as people of the world, and what a page costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import Action
from tests.pages import own_statements
from tests.world import PASSWORD, World, new_world

Browser = Callable[[User], Client]


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def browser(db: None) -> Browser:
    def sign_in(user: User) -> Client:
        client = Client()
        answer = client.post(
            reverse("accounts:sign_in"),
            {"username": user.username, "password": PASSWORD},
        )
        assert answer.status_code == 302
        return client

    return sign_in


@contextmanager
def only_reading() -> Iterator[CaptureQueriesContext]:
    """Fail if anything in the block wrote a row or left an entry on the trail."""
    before = Action.objects.count()
    with CaptureQueriesContext(connection) as queries:
        yield queries
    assert Action.objects.count() == before
    writes = ("INSERT", "UPDATE", "DELETE")
    assert [q["sql"] for q in queries if q["sql"].lstrip().startswith(writes)] == []


def queries_of(client: Client, url: str) -> int:
    """Return how many queries a page takes the second time, when caches are warm."""
    assert client.get(url).status_code == 200
    with only_reading() as queries:
        assert client.get(url).status_code == 200
    return len(own_statements(queries))


def text_of(answer: Any) -> str:
    return str(answer.content.decode())
