"""The signed-in request, the middleware that says who acts in it, and trying an act."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import (
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
    login,
    logout,
    update_session_auth_hash,
)
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts import actions
from accounts.models import User
from audit.actors import Actor, new_request_id
from audit.refusal import Refused
from audit.seeing import look_on_as, seeing_by_token


class SignedInRequest(HttpRequest):
    """A request whose user is a person (LoginRequiredMiddleware sees to it)."""

    user: User
    actor: Actor
    htmx: Any


def link_to(route: str, uuid: UUID) -> str:
    """Return the page of a record; what `reverse` gives, its pattern looked up once.

    For lists, which show dozens: to look each up was a tenth of their time.
    """
    before, after = _around(route)
    return f"{before}{uuid}{after}"


@cache
def _around(route: str) -> tuple[str, str]:
    nobody = UUID(int=0)
    before, after = reverse(route, args=[nobody]).split(str(nobody))
    return before, after


_Request = TypeVar("_Request", bound=HttpRequest)
_Given = ParamSpec("_Given")
_View = Callable[Concatenate[_Request, _Given], HttpResponse]


def acts_by_post(
    *, page: str, key: str = ""
) -> Callable[[_View[_Request, _Given]], _View[_Request, _Given]]:
    """Let a view act on a POST alone; whoever comes otherwise is led to `page`.

    After a refusal the browser's address is that of the act: to reload it, or to come
    back to it, must not end on an empty page. `key` names the argument of both routes.
    """

    def decorate(view: _View[_Request, _Given]) -> _View[_Request, _Given]:
        @wraps(view)
        def decorated(
            request: _Request, /, *args: _Given.args, **kwargs: _Given.kwargs
        ) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return redirect(page, *([kwargs[key]] if key else []))

        return decorated

    return decorate


class SeeingMiddleware:
    """Run each request in one transaction that sees what its sign-in may see.

    Outside of authentication, since all that is read of the study is read within. What
    failed (5xx) is rolled back whole. A streamed answer begins when this has committed,
    and opens a transaction of its own (`audit.seeing.reading`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with seeing_by_token(request.session.session_key or ""):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


class PersonMiddleware(AuthenticationMiddleware):
    """Django's authentication, with the person who was read together with the session."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: _person(request))  # type: ignore[assignment] # as Django does


def _person(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Return who is signed in. What is not plain is for Django to judge.

    A session begun under an earlier secret key goes on under its own: Django would
    give it a new one, and to the trail's sign-in it would be a stranger.
    """
    session = request.session
    signed_in_as, signed = session.get(SESSION_KEY), session.get(HASH_SESSION_KEY, "")
    person: User | None = session.person  # type: ignore[attr-defined] # accounts.session_store
    if (
        person is not None
        and person.is_active
        and signed_in_as == str(person.pk)
        and _is_signature(signed, of=person)
    ):
        return person
    return get_user(request)


def _is_signature(signed: str, *, of: User) -> bool:
    known = (of.get_session_auth_hash(), *of.get_session_auth_fallback_hash())
    return any(constant_time_compare(signed, each) for each in known)


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
    look_on_as(request.session.session_key or "")


def sign_out(request: HttpRequest) -> None:
    """End the session of this request, here and in the trail."""
    actions.end_session(token=request.session.session_key or "")
    logout(request)
    look_on_as("")


def attempted(form: Form, act: Callable[[], object]) -> bool:
    """Run the act where the form is valid; a refusal becomes the form's own error."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, str(refusal))
        return False
    return True
