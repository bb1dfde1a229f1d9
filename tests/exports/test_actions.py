"""Tokens: shown once, kept as a hash, given only to who may export, ended at once."""

import hashlib
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import deactivate
from accounts.vocabulary import Role
from audit.actors import Actor
from audit.models import Action, RowChange, SignIn
from audit.refusal import NotPermitted, Refused, SessionEnded
from audit.trail import noted
from exports.access import token_in_force
from exports.actions import issue_token, revoke_token
from exports.models import ApiToken
from tests.exports.study import new_token
from tests.world import PASSWORD, World, new_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.mark.requirement("SEC-05")
def test_only_the_hash_of_a_token_is_kept(world: World) -> None:
    token, plain = new_token(world)
    token.refresh_from_db()
    assert plain.startswith("candor_")
    assert token.token_hash == hashlib.sha256(plain.encode()).hexdigest()
    entry = RowChange.objects.get(table_name="exports_apitoken", row_id=str(token.pk))
    assert entry.new is not None
    assert entry.new["token_hash"] == "masked"
    assert plain not in str(entry.new)


def test_a_token_acts_under_its_persons_name(world: World) -> None:
    token, plain = new_token(world)
    by = Actor(user_id=0, name="somebody else", token=plain)
    action = Action.objects.get(pk=noted("look", by=by))
    assert action.actor_id == token.user_id
    assert action.actor_name == token.user.name


def test_a_token_is_given_only_to_who_may_export(world: World) -> None:
    with pytest.raises(Refused, match="no role in TEST-1 that includes exporting"):
        new_token(world, Role.RATER)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.COORDINATOR, Role.STATISTICIAN])
def test_only_who_manages_tokens_may_issue_one(world: World, role: Role) -> None:
    with pytest.raises(NotPermitted):
        issue_token(
            trial=world.trial,
            user=world.user(Role.SPONSOR),
            name="Mine",
            expires_at=timezone.now() + timedelta(days=1),
            by=world.actor(role),
        )


def test_a_token_that_would_expire_before_it_begins_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="expire before it begins"):
        new_token(world, lasting=timedelta(days=-1))


def test_revoking_needs_a_reason_and_happens_once(world: World) -> None:
    token, plain = new_token(world)
    by = world.actor(Role.DATA_MANAGER)
    with pytest.raises(Refused, match="Say why"):
        revoke_token(token=token, at=timezone.now(), reason=" ", by=by)
    revoke_token(token=token, at=timezone.now(), reason="Lost laptop", by=by)
    with pytest.raises(Refused, match="revoked already"):
        revoke_token(token=token, at=timezone.now(), reason="Lost laptop", by=by)
    assert token_in_force(plain, now=timezone.now()) is None


def test_a_revoked_token_can_no_longer_act(world: World) -> None:
    token, plain = new_token(world)
    revoke_token(
        token=token,
        at=timezone.now(),
        reason="Lost laptop",
        by=world.actor(Role.DATA_MANAGER),
    )
    with pytest.raises(SessionEnded):
        noted("look", by=Actor(user_id=token.user_id, name="x", token=plain))
    assert (
        SignIn.objects.filter(user_id=token.user_id, kind="api", ended_at__isnull=True)
        .defer("token_hash")
        .count()
        == 0
    )


@pytest.mark.requirement("ACC-04")
def test_closing_an_account_ends_its_tokens(world: World) -> None:
    token, plain = new_token(world)
    deactivate(
        user=token.user, reason="Left the company", by=world.actor(Role.DATA_MANAGER)
    )
    assert token_in_force(plain, now=timezone.now()) is None


def test_the_page_issues_a_token_and_shows_it_once(world: World) -> None:
    client = signed_in_as(world, Role.DATA_MANAGER)
    last_day = (timezone.now() + timedelta(days=30)).date()
    response = client.post(
        reverse("exports:issue", args=[world.trial.uuid]),
        {
            "user": world.user(Role.SPONSOR).pk,
            "name": "Nightly pull",
            "last_day": last_day.isoformat(),
        },
    )
    token = ApiToken.objects.get()
    plain = response.context["plain"]
    assert plain in response.content.decode()
    assert hashlib.sha256(plain.encode()).hexdigest() == token.token_hash
    again = client.get(reverse("exports:home")).content.decode()
    assert "Nightly pull" in again
    assert plain not in again


def test_a_token_beyond_the_longest_term_is_refused_and_the_form_keeps_its_words(
    world: World,
) -> None:
    client = signed_in_as(world, Role.DATA_MANAGER)
    last_day = (timezone.now() + timedelta(days=5_000)).date()
    response = client.post(
        reverse("exports:issue", args=[world.trial.uuid]),
        {
            "user": world.user(Role.SPONSOR).pk,
            "name": "Forever",
            "last_day": last_day.isoformat(),
        },
    )
    text = response.content.decode()
    assert "at most 400 days ahead" in text
    assert 'value="Forever"' in text
    assert not ApiToken.objects.exists()


def test_the_page_revokes_a_token_with_a_reason(world: World) -> None:
    token, _ = new_token(world)
    client = signed_in_as(world, Role.DATA_MANAGER)
    address = reverse("exports:revoke", args=[token.uuid])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": ""}).status_code == 200
    token.refresh_from_db()
    assert token.revoked_at is None
    assert client.post(address, {"reason": "Program retired"}).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_sponsor_sees_how_to_pull_and_no_tokens(world: World) -> None:
    new_token(world)
    text = (
        signed_in_as(world, Role.SPONSOR).get(reverse("exports:home")).content.decode()
    )
    assert "curl" in text
    assert "Issue token" not in text
    assert "Nightly pull" not in text


@pytest.mark.parametrize("role", [Role.RATER, Role.COORDINATOR, Role.AUDITOR])
def test_the_page_is_not_found_for_who_may_not_export(world: World, role: Role) -> None:
    client = signed_in_as(world, role)
    assert client.get(reverse("exports:home")).status_code == 404
    issue = reverse("exports:issue", args=[world.trial.uuid])
    assert client.post(issue, {}).status_code == 404


def signed_in_as(world: World, role: Role) -> Client:
    client = Client()
    response = client.post(
        reverse("accounts:sign_in"),
        {"username": world.user(role).username, "password": PASSWORD},
    )
    assert response.status_code == 302
    return client
