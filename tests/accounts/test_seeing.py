"""A request is one transaction, and sees what its sign-in may see."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts.http import SeeingMiddleware
from accounts.session_store import SessionStore
from accounts.vocabulary import Role
from audit.models import Action
from audit.trail import noted
from participants.models import Participant
from tests.pages import signed_in_as
from tests.world import World, new_world, screened

pytestmark = pytest.mark.requirement("SEC-04")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def asked(
    answer: Callable[[HttpRequest], HttpResponse], token: str = ""
) -> HttpResponse:
    """Send a request with a session's key through the middleware."""
    request = RequestFactory().get("/")
    session: SessionBase = SessionStore(token)
    request.session = session
    return SeeingMiddleware(answer)(request)


def seen(_: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Participant.objects.count()))


def test_a_request_sees_what_its_sign_in_may_see(world: World) -> None:
    screened(world, 2)
    screened(world, elsewhere=True)
    token = world.actor(Role.COORDINATOR).token
    assert asked(seen, token).content == b"2"
    assert Participant.objects.count() == 3


@pytest.mark.parametrize("token", ["", "not anybody's key", "\0\0\0\0\0\0\0\0"])
def test_a_stranger_sees_nothing(world: World, token: str) -> None:
    screened(world)
    assert asked(seen, token).content == b"0"


@pytest.mark.parametrize(("status", "kept"), [(200, 1), (404, 1), (500, 0), (503, 0)])
def test_what_failed_is_rolled_back_whole(world: World, status: int, kept: int) -> None:
    by = world.actor(Role.COORDINATOR)

    def answer(_: HttpRequest) -> HttpResponse:
        noted("look", by=by)
        return HttpResponse(status=status)

    assert asked(answer, by.token).status_code == status
    assert Action.objects.filter(verb="look").count() == kept


def test_what_waits_for_the_commit_runs_after_it(own_database: str) -> None:
    ran: list[bool] = []

    def answer(_: HttpRequest) -> HttpResponse:
        transaction.on_commit(lambda: ran.append(connection.in_atomic_block))
        assert ran == []
        return HttpResponse()

    asked(answer)
    assert ran == [False]


def test_nothing_of_a_request_is_left_on_its_connection(own_database: str) -> None:
    world = new_world()
    screened(world)
    assert asked(seen, world.actor(Role.COORDINATOR).token).content == b"1"
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('candor.token', true), '')")
        assert cursor.fetchone() == ("",)


def test_signing_in_and_out_changes_what_is_seen(world: World) -> None:
    (person,) = screened(world)
    client = signed_in_as(world, Role.COORDINATOR)
    url = reverse("workbench:participant", args=[person.uuid])
    assert client.get(url).status_code == 200
    # Another person at the same desk, without signing out in between.
    other = signed_in_as(world, Role.COORDINATOR, elsewhere=True)
    assert other.get(url).status_code == 404
    client.post(reverse("accounts:sign_out"))
    assert client.get(url).status_code == 302
