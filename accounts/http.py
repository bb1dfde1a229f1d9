"""The signed-in request, and the middleware that says who acts in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import actions
from accounts.models import User
from audit.actors import Actor, new_request_id


class SignedInRequest(HttpRequest):
    """A request whose user is a person (LoginRequiredMiddleware sees to it)."""

    user: User
    actor: Actor
    htmx: Any


class ActorMiddleware:
    """Give each request its actor: the person, the session token and the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined] # our own attribute
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("Nobody is signed in, so nobody can act.")
    return Actor(
        user_id=user.pk,
        name=user.name,
        token=request.session.session_key or "",
        request_id=new_request_id(),
        ip=request.META.get("REMOTE_ADDR") or None,
    )


def sign_in(request: HttpRequest, user: User) -> None:
    """Begin the session of a person whose password (or demonstration click) was checked."""
    if before := request.session.session_key:
        # Whoever was signed in here leaves: a key never stands for two sign-ins.
        actions.end_session(token=before)
        request.session.flush()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    _open_session(request, user)


def keep_signed_in(request: HttpRequest, user: User) -> None:
    """Go on after a change of password: the session's key, our token, changes with it."""
    before = request.session.session_key or ""
    update_session_auth_hash(request, user)
    actions.end_session(token=before)
    _open_session(request, user)


def _open_session(request: HttpRequest, user: User) -> None:
    request.session.save()  # only now is there a key to stand for the person
    actions.open_session(
        user=user,
        token=request.session.session_key or "",
        kind="browser",
        expires_at=timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:300],
    )


def sign_out(request: HttpRequest) -> None:
    """End the session of this request, here and in the trail."""
    actions.end_session(token=request.session.session_key or "")
    logout(request)
