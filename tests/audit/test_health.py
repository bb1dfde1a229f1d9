"""The health pages: what is late or wrong is red, and a stranger learns no detail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from audit.anchoring import anchor_trial
from audit.health import Sign, in_full, leave_sign_of_life
from audit.seeing import seeing
from audit.tasks import verify_all
from tests.audit.conftest import CHECK
from tests.pages import signed_in_as
from tests.world import World, new_world

pytestmark = pytest.mark.requirement("AUD-10")


@pytest.fixture
def world(db: None, key: Path) -> World:
    return new_world()


@pytest.fixture
def well(world: World) -> Iterator[World]:
    anchor_trial(trial_id=world.trial.pk, identifier="TEST-1", by=CHECK)
    with seeing(CHECK):
        yield world


def signs(world: World, *, later: timedelta = timedelta()) -> dict[str, Sign]:
    trials = {world.trial.pk: world.trial.identifier}
    with seeing(CHECK):
        found = in_full(now=timezone.now() + later, trials=trials)
    return {sign.code: sign for sign in found}


def test_without_an_anchor_and_a_verification_both_are_red(world: World) -> None:
    found = signs(world)
    assert not found["anchors"].is_good
    assert not found["verification"].is_good


def test_an_anchor_is_good_for_a_day_and_two_hours(well: World) -> None:
    assert signs(well)["anchors"].is_good
    assert signs(well, later=timedelta(hours=25, minutes=50))["anchors"].is_good
    assert not signs(well, later=timedelta(hours=26, minutes=10))["anchors"].is_good


def test_triggers_migrations_and_mails_are_told(well: World) -> None:
    found = signs(well)
    for code in ("triggers", "migrations", "mails"):
        assert found[code].is_good, found[code].says


def test_the_worker_is_red_when_it_was_silent_for_minutes(well: World) -> None:
    leave_sign_of_life()
    assert signs(well)["worker"].is_good
    assert not signs(well, later=timedelta(minutes=6))["worker"].is_good


def test_a_broker_that_does_not_answer_is_red(well: World, settings: object) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined] # pytest-django's fixture
    assert not signs(well)["worker"].is_good


def test_the_verification_is_green_after_it_ran(own_database: str, key: Path) -> None:
    world = new_world()
    assert verify_all() == ""
    assert signs(world)["verification"].is_good
    late = signs(world, later=timedelta(hours=27))
    assert not late["verification"].is_good


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.AUDITOR])
def test_data_manager_and_auditor_see_the_page(world: World, role: Role) -> None:
    page = signed_in_as(world, role).get(reverse("trail:health"))
    assert page.status_code == 200
    assert "Last anchor" in page.content.decode()
    assert "Needs attention" in page.content.decode()


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.SPONSOR, Role.RATER])
def test_to_others_the_page_does_not_exist(world: World, role: Role) -> None:
    page = signed_in_as(world, role).get(reverse("trail:health"))
    assert page.status_code in {302, 403, 404}


def test_a_monitor_without_sign_in_learns_states_and_no_detail(well: World) -> None:
    answer = Client().get("/health/trail.json")
    assert answer.status_code == 503  # nothing was verified yet
    told = answer.json()
    assert told["state"] == "bad"
    assert told["signs"]["anchors"] == "good"
    assert told["signs"]["verification"] == "bad"
    assert set(told["signs"].values()) <= {"good", "bad"}
    assert well.trial.identifier not in answer.content.decode()
