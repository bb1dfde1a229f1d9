"""A browser signed in as somebody of a test's world, through the sign-in page."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from tests.forms import posted
from tests.world import PASSWORD, World


def signed_in_as(
    world: World, role: Role, *, elsewhere: bool = False, second: bool = False
) -> Client:
    """Return a client whose session began on the sign-in page."""
    client = Client()
    user = world.user(role, elsewhere=elsewhere, second=second)
    response = client.post(
        reverse("accounts:sign_in"), {"username": user.username, "password": PASSWORD}
    )
    assert response.status_code == 302
    return client


def shown_identity(client: Client, address: str) -> dict[str, Any]:
    """Press "Show name" on a participant's identity, and return the form that it opens.

    Without its key, so that it can be sent more than once.
    """
    shown = client.post(address, {"act": "show"})
    form = posted(shown.content.decode(), having="name") | {"act": "save"}
    return {name: each for name, each in form.items() if name != "request_key"}


def own_statements(queries: Iterable[Mapping[str, str]]) -> list[str]:
    """Return what a page itself asks of the database.

    Not the savepoint that its request has in a test in place of a transaction, nor the
    statements that say who asks: set before the page, and set back after it.
    """
    frame = ("SAVEPOINT", "RELEASE SAVEPOINT")
    return [
        query["sql"]
        for query in queries
        if not query["sql"].startswith(frame) and "set_config" not in query["sql"]
    ]
