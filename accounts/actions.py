"""Creating and deactivating people, signing in and out, changing a password."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from accounts.models import User
from audit.actors import Actor, AnyActor
from audit.binding import bound
from audit.refusal import NotPermitted
from audit.trail import acting


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to create; without a password the account cannot sign in by password."""

    username: str
    name: str
    email: str = ""
    password: str | None = None


def create_users(*, people: Sequence[NewUser], by: AnyActor) -> list[User]:
    """Create accounts, each for one person."""
    hashes: dict[str | None, str] = {}
    for person in people:
        # One hash per distinct password: a demonstration's people share one, and a
        # hash takes about 50 ms on purpose.
        if person.password not in hashes:
            hashes[person.password] = make_password(person.password)
    subject = ", ".join(person.name for person in people)
    with acting("create accounts", by=by, subject=subject):
        return User.objects.bulk_create(
            User(
                username=person.username,
                name=person.name,
                email=person.email,
                password=hashes[person.password],
            )
            for person in people
        )


def deactivate(*, user: User, reason: str, by: AnyActor) -> None:
    """Close an account and end its sign-ins and tokens at once (ACC-04)."""
    with acting("deactivate account", by=by, reason=reason, subject=user.name):
        user.is_active = False
        user.save(update_fields=["is_active"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit.end_sessions_of(%s)", [user.pk])


def change_password(*, user: User, password: str, by: Actor) -> None:
    """Set a person's own new password."""
    if by.user_id != user.pk:
        raise NotPermitted("Only you can set your password.")
    user.set_password(password)
    with acting("change password", by=by, subject=user.name):
        user.save(update_fields=["password"])


def note_refused_sign_in(*, username: str, ip: str | None) -> None:
    """Leave an entry for a wrong user name or password (AUD-14)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit.note_refused_sign_in(%s, %s::inet, %s)",
            [username, ip, settings.VERSION],
        )


def end_session(*, token: str) -> None:
    """End the session that a token stands for."""
    with bound() as cursor:
        cursor.execute("SELECT audit.end_session(%s, %s)", [token, settings.VERSION])


def open_session(
    *,
    user: User,
    token: str,
    kind: str,
    expires_at: datetime,
    ip: str | None = None,
    user_agent: str = "",
) -> None:
    """Let a token stand for a person until `expires_at`; the trail gets an entry."""
    with bound() as cursor:
        cursor.execute(
            "SELECT audit.open_session(%s, %s, %s, %s, %s::inet, %s, %s)",
            [user.pk, token, kind, expires_at, ip, user_agent, settings.VERSION],
        )


def signed_in(*, user: User, kind: str, lifetime: timedelta) -> Actor:
    """Sign a person in without a browser: the simulation and the tests, by kind."""
    token = secrets.token_urlsafe(24)
    open_session(
        user=user, token=token, kind=kind, expires_at=timezone.now() + lifetime
    )
    return Actor(user_id=user.pk, name=user.name, token=token)
