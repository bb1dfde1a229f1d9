"""A day without a mouse, and with a server that hangs while somebody types."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.access import draft_of
from assessments.models import Assessment
from participants.models import Participant
from tests.browser.conftest import Site
from tests.browser.course import CAPS_DIGITS
from tests.browser.looking import Desk
from tests.world import PASSWORD, World, enrolled, new_world, requested_caps

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Desks:
    """Somebody to look for, and an interview to hold."""

    world: World
    participant: Participant
    interview: Assessment


@pytest.fixture
def desks(own_database: str) -> Desks:
    world = new_world("KEYS-1")
    (participant,) = enrolled(world)
    return Desks(world, participant, requested_caps(world, participant))


@pytest.fixture
def rating(desks: Desks, enter: Callable[..., Desk]) -> Page:
    """The rater's form, with the first item in focus."""
    page = enter(desks.interview.rater).page
    page.goto(reverse("assessments:enter", args=[desks.interview.uuid]))
    page.locator("[data-scale] input").first.focus()
    return page


def kept(interview: Assessment) -> dict[str, int | str]:
    assert interview.rater_id is not None
    return dict(draft_of(interview, interview.rater_id))


def test_thirty_items_are_thirty_keys_and_are_kept_within_two_seconds(
    rating: Page, desks: Desks
) -> None:
    for digit in CAPS_DIGITS:
        rating.keyboard.press(digit)
    end = time.monotonic() + 2
    while len(kept(desks.interview)) < 30 and time.monotonic() < end:
        time.sleep(0.02)
    assert len(kept(desks.interview)) == 30
    rating.locator("#status[data-state=saved]").wait_for()
    assert rating.locator("#status").inner_text().startswith("Saved ")


def test_saved_is_said_only_after_the_answer_is_in_the_database(
    rating: Page, desks: Desks
) -> None:
    said = rating.locator("#status")
    with connection.cursor() as cursor:
        # Whoever saves this answer waits here, as behind a slow disk.
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE assessments_draft IN ACCESS EXCLUSIVE MODE")
        rating.keyboard.press("1")
        said.get_by_text("Saving…").wait_for()
        rating.wait_for_timeout(500)
        assert said.inner_text() == "Saving…"
        cursor.execute("ROLLBACK")
    rating.locator("#status[data-state=saved]").wait_for()
    assert kept(desks.interview) == {"caps_a": 1}


def test_nothing_typed_is_lost_while_the_server_hangs(
    rating: Page, desks: Desks, site: Site
) -> None:
    for digit in CAPS_DIGITS[:5]:
        rating.keyboard.press(digit)
    rating.locator("#status[data-state=saved]").wait_for()
    site.freeze()
    try:
        for digit in CAPS_DIGITS[5:]:
            rating.keyboard.press(digit)
        rating.get_by_text("Not saved, kept here, retrying").wait_for()
        assert rating.locator("[data-scale] input[type=radio]:checked").count() == 30
    finally:
        site.thaw()
    rating.locator("#status[data-state=saved]").wait_for(timeout=40_000)
    assert len(kept(desks.interview)) == 30
    rating.reload()
    assert rating.locator("[data-scale] input[type=radio]:checked").count() == 30


def test_somebody_signs_in_finds_a_participant_and_opens_a_visit_by_keys(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    page = enter().page
    page.goto("/sign-in/")
    page.keyboard.type(desks.world.user(Role.COORDINATOR).username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#rail").wait_for()
    page.keyboard.press("/")
    assert focused(page) == "search"
    page.keyboard.type(desks.participant.number)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=desks.participant.number, level=1).wait_for()
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    page.keyboard.press("Enter")
    assert focused(page) == "content"
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Participants"


def test_the_order_of_tab_is_the_order_of_reading(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    page = enter(desks.world.user(Role.COORDINATOR)).page
    page.goto(reverse("workbench:participant", args=[desks.participant.uuid]))
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(PLACE))
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)
    assert page.evaluate(RING) >= 2


# Where the focused element stands in the document.
PLACE = "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
RING = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))
