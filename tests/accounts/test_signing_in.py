"""Signing in and out: every one leaves an entry, and one key never stands for two."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.urls import reverse

from accounts.actions import NewUser, create_users, deactivate
from accounts.vocabulary import Role
from audit.models import Action
from tests.pages import signed_in_as
from tests.world import PASSWORD, SETUP, World, new_world
from trials.actions import NewTrial, open_trial
from trials.models import Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def sign_in(client: Client, world: World, password: str = PASSWORD) -> int:
    typed = {"username": world.user(Role.COORDINATOR).username, "password": password}
    return client.post(reverse("accounts:sign_in"), typed).status_code


def verbs() -> list[str]:
    found = Action.objects.order_by("id").values_list("verb", flat=True)
    return [verb for verb in found if "sign" in verb]


@pytest.mark.requirement("AUD-14")
def test_sign_in_refusal_and_sign_out_each_leave_an_entry(
    client: Client, world: World
) -> None:
    assert sign_in(client, world, "wrong") == 200
    assert sign_in(client, world) == 302
    left = client.post(reverse("accounts:sign_out"))
    # In a demonstration, where anybody is one click away.
    assert left["Location"] == reverse("trials:demonstration")
    assert verbs() == ["refused sign-in", "sign in", "sign out"]


def test_what_was_typed_stays_after_a_refusal(client: Client, world: World) -> None:
    typed = {"username": "somebody", "password": "wrong"}
    page = client.post(reverse("accounts:sign_in"), typed)
    assert 'value="somebody"' in page.content.decode()


def test_signing_in_again_as_the_same_person_works(
    client: Client, world: World
) -> None:
    assert sign_in(client, world) == 302
    assert sign_in(client, world) == 302
    assert verbs() == ["sign in", "sign out", "sign in"]


@pytest.mark.requirement("ACC-13")
def test_the_key_in_the_cookie_is_not_in_the_table(
    client: Client, world: World
) -> None:
    sign_in(client, world)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert Session.objects.count() == 1
    assert not Session.objects.filter(session_key=key).exists()


@pytest.mark.requirement("ACC-04")
def test_a_deactivated_person_is_out_at_once(client: Client, world: World) -> None:
    sign_in(client, world)
    assert client.get(reverse("workbench:home")).status_code == 200
    deactivate(user=world.user(Role.COORDINATOR), reason="Left the site", by=SETUP)
    assert client.get(reverse("workbench:home")).status_code == 302


def test_a_changed_password_keeps_the_person_signed_in(
    client: Client, world: World
) -> None:
    sign_in(client, world)
    new = "seven unrelated words"
    typed = {"current": PASSWORD, "new": new, "again": new}
    assert client.post(reverse("accounts:change_password"), typed).status_code == 302
    assert client.get(reverse("workbench:home")).status_code == 200
    assert sign_in(Client(), world, new) == 302


def test_a_sign_in_never_leads_to_another_site(client: Client, world: World) -> None:
    user = world.user(Role.COORDINATOR)
    typed = {
        "username": user.username,
        "password": PASSWORD,
        "next": "https://evil.invalid/",
    }
    response = client.post(reverse("accounts:sign_in"), typed)
    assert response["Location"] == reverse("workbench:home")


def test_one_click_sign_in_exists_only_while_every_trial_is_synthetic(
    client: Client, world: World, settings: object
) -> None:
    person = {"person": world.user(Role.AUDITOR).pk}
    assert client.get(reverse("trials:demonstration")).status_code == 200
    assert client.post(reverse("trials:become"), person).status_code == 302
    settings.DEMONSTRATION = False  # type: ignore[attr-defined] # pytest-django's wrapper
    open_trial(
        trial=NewTrial("REAL", "A real one", "Sponsor", world.trial.opened_on),
        is_synthetic=False,
        by=SETUP,
    )
    settings.DEMONSTRATION = True  # type: ignore[attr-defined] # pytest-django's wrapper
    assert Client().get(reverse("trials:demonstration")).status_code == 404
    assert Client().post(reverse("trials:become"), person).status_code == 404
    assert Trial.objects.filter(is_synthetic=False).count() == 1


def test_only_people_on_the_delegation_log_can_be_become(
    client: Client, world: World
) -> None:
    (stranger,) = create_users(
        people=[NewUser("nobody", "Nobody", "nobody@example.org", PASSWORD)], by=SETUP
    )
    response = client.post(reverse("trials:become"), {"person": stranger.pk})
    assert response.status_code == 404


def test_everybody_of_a_role_can_be_become(client: Client, world: World) -> None:
    """An interview is drawn for one rater of the pool: the course goes on as that one."""
    second = world.user(Role.RATER, second=True)
    page = client.get(reverse("trials:demonstration")).content.decode()
    assert f'<option value="{second.pk}">{second.name}</option>' in page
    assert client.post(reverse("trials:become"), {"person": second.pk})["Location"]
    assert client.get(reverse("assessments:ratings")).status_code == 200


def test_the_address_of_an_act_leads_to_its_page(client: Client, world: World) -> None:
    """A reload of what a refused act showed is a GET of an address that only acts."""
    assert client.get(reverse("trials:become"))["Location"] == reverse(
        "trials:demonstration"
    )
    sign_in(client, world)
    assert client.get(reverse("accounts:sign_out"))["Location"] == reverse(
        "workbench:home"
    )
    assert client.get(reverse("workbench:home")).status_code == 200, "still signed in"


def test_a_sign_in_goes_on_after_the_secret_key_was_changed(world: World) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    before = {
        "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY],
        "SECRET_KEY": "another" * 9,
    }
    with override_settings(**before):
        page = client.get(reverse("workbench:participants"))
        assert page.status_code == 200
        assert "Add to screening log" in page.content.decode()
    with override_settings(SECRET_KEY="another" * 9):
        assert client.get(reverse("workbench:participants")).status_code == 302
