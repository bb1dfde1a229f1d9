"""A version's page: who may go over, what it would do, and the button that does it."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from sessions import actions
from tests.forms import posted
from tests.pages import signed_in_as
from tests.sessions.amendments import (
    DAY,
    SHORTER_V9,
    SLEEP,
    V9,
    adopted,
    text,
    with_visits,
)
from tests.workbench.life import lives
from tests.world import (
    World,
    consent_of,
    new_world,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def now() -> date:
    return timezone.now().date() - DAY


def test_the_data_manager_applies_it_on_the_version_s_page(world: World) -> None:
    today = now()
    people = lives(world, 2, today=today, days=80)
    version = adopted(world, text((V9, SHORTER_V9)), on=today - DAY)
    lives(world, 1, today=today, days=70, elsewhere=True)
    browser = signed_in_as(world, Role.DATA_MANAGER)
    protocol = browser.get(reverse("workbench:protocol", args=[world.trial.uuid]))
    page = reverse("workbench:amend", args=[version.pk])
    assert page in protocol.content.decode()
    shown = browser.get(page).content.decode()
    assert "3 of 3 participants on version 1.0 may go over today." in shown
    assert "<strong>3</strong> <span>moved</span>" in " ".join(shown.split())
    answer = browser.post(page, posted(shown, having="people"))
    assert answer.headers.get("Location") == page, answer.content.decode()
    told = browser.get(page).content.decode()
    assert "0 of 0 participants" in told
    for person in people:
        person.refresh_from_db()
        assert person.protocol_version == version
        assert f"{person.number}, V9 Assessment 2" in told
    home = signed_in_as(world, Role.COORDINATOR).get(reverse("workbench:home"))
    assert "Decide about visit" in home.content.decode()


def test_the_page_says_who_waits_for_what_and_applies_it_to_nobody_else(
    world: World,
) -> None:
    today = now()
    signer, waiting = lives(world, 2, today=today, days=80)
    definition = with_visits(SLEEP).replace("new_consent = false\n", "")
    version = adopted(world, definition, form="2.0", on=today - DAY)
    browser = signed_in_as(world, Role.DATA_MANAGER)
    page = reverse("workbench:amend", args=[version.pk])
    before = browser.get(page).content.decode()
    assert "0 of 2 participants on version 1.0 may go over today." in before
    assert f"{waiting.number} had not signed version 2.0" in before
    form = replace(consent_of(world, signer, on=today - DAY), form_version="2.0")
    actions.consent(consents=[form], by=world.actor(Role.COORDINATOR))
    shown = browser.get(page).content.decode()
    sent = posted(shown, having="people")
    refused = browser.post(page, sent | {"people": "2"}).content.decode()
    assert "which is not what the page showed" in refused
    browser.post(page, posted(refused, having="people"))
    signer.refresh_from_db()
    waiting.refresh_from_db()
    assert signer.protocol_version == version
    assert waiting.protocol_version == world.protocol


def test_the_version_s_page_asks_for_nothing_more_for_more_participants(
    world: World,
) -> None:
    today = now()
    lives(world, 1, today=today, days=80)
    version = adopted(world, with_visits(SLEEP), on=today - DAY)
    browser = signed_in_as(world, Role.DATA_MANAGER)
    page = reverse("workbench:amend", args=[version.pk])
    browser.get(page)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            browser.get(page)
        counts.append(len(queries))
        lives(world, 4, today=today, days=80)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.SPONSOR, Role.RATER])
def test_the_version_s_page_is_the_data_manager_s(world: World, role: Role) -> None:
    version = adopted(world, with_visits(SLEEP))
    page = reverse("workbench:amend", args=[version.pk])
    assert signed_in_as(world, role).get(page).status_code == 404


def test_a_version_that_amends_none_says_so_below_the_trial(world: World) -> None:
    page = reverse("workbench:amend", args=[world.protocol.pk])
    answer = signed_in_as(world, Role.DATA_MANAGER).get(page)
    assert "It amends no other version" in answer.content.decode()
    current = [entry.label for entry in answer.context["rail"] if entry.is_current]
    assert current == ["Trial"]
