"""Signing a sponsor's program in by its API token."""

from typing import cast

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.actions import note_refused_sign_in
from accounts.models import User
from audit.actors import Actor, new_request_id
from audit.seeing import look_on_as
from exports.access import token_in_force
from exports.models import ApiToken

# One sentence for every reason: a stranger must not learn which tokens ever existed.
REFUSED = "This token does not open anything: it is unknown, expired or revoked."


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the token stands for a person in one trial."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, credentials = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        plain = credentials.strip().decode("latin-1")
        token = token_in_force(plain, now=timezone.now())
        if token is None:
            ip = request.META.get("REMOTE_ADDR") or None
            note_refused_sign_in(username="API token", ip=ip)
            raise AuthenticationFailed(REFUSED)
        look_on_as(plain)
        return token.user, token

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # the library has no types
    """How the API's description names the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def actor_of(request: Request) -> Actor:
    """Return the person whose token the request carries, as the trail knows them."""
    _, _, plain = get_authorization_header(request).partition(b" ")
    person = cast(User, request.user)
    return Actor(
        user_id=person.pk,
        name=person.name,
        token=plain.strip().decode("latin-1"),
        request_id=new_request_id(),
        ip=request.META.get("REMOTE_ADDR") or None,
    )
