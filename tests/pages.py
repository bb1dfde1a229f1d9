"""A browser signed in as somebody of a test's world, through the sign-in page."""

from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
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
