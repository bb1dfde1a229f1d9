"""A day without a mouse, and with a server that hangs while somebody types."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.access import draft_of
from assessments.actions import RatingRequest, request_ratings
from assessments.models import Assessment, ItemResponse
from participants.models import Participant
from tests.browser.conftest import Site
from tests.browser.course import CAPS_DIGITS
from tests.browser.looking import Desk
from tests.world import (
    PASSWORD,
    World,
    enrolled,
    new_world,
    requested_caps,
    started,
)

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


def focused_item(page: Page) -> str:
    """Return the item that has the focus, by its code."""
    return str(
        page.evaluate(
            "document.activeElement.closest('[data-item]')?.dataset.item ?? ''"
        )
    )


def typed_in(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_form_opened_to_be_filled_in_waits_at_its_first_gap(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    """Digit keys once did nothing until somebody took the mouse."""
    page = enter(desks.interview.rater).page
    page.goto(reverse("assessments:enter", args=[desks.interview.uuid]))
    typed_in(page, "132")
    page.locator("#status[data-state=saved]").wait_for()
    assert kept(desks.interview) == {"caps_a": 1, "caps01": 3, "caps02": 2}
    page.reload()
    assert focused_item(page) == "caps03"
    assert page.get_by_text("In progress").count() == 1


def test_a_whole_caps_takes_at_most_thirty_five_keys(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    """Thirty answers, the question about trauma-relatedness, and completing."""
    page = enter(desks.interview.rater).page
    page.goto(reverse("assessments:enter", args=[desks.interview.uuid]))
    typed_in(page, CAPS_DIGITS)
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert focused(page) == "id_left_open"
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.locator("#id_password").wait_for()
    assert ItemResponse.objects.filter(assessment=desks.interview).count() == 30
    assert len(CAPS_DIGITS) + 3 <= 35


def cssrs(desks: Desks, enter: Callable[..., Desk]) -> tuple[Page, Assessment]:
    form = started(desks.world, desks.participant, "enrollment_visit", "cssrs_slc")
    page = enter(desks.world.user(Role.THERAPIST)).page
    page.goto(reverse("assessments:enter", args=[form.uuid]))
    return page, form


def test_a_cssrs_without_anything_is_eight_zeros(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    """It went on to 3, 4 and 5, kept their zeros, and stuck at 7, which has none."""
    page, form = cssrs(desks, enter)
    typed_in(page, "00")
    assert focused_item(page) == "cssrs12"
    dimmed = page.locator("[data-not-asked]")
    codes = [f"cssrs{number:02}" for number in (3, 4, 5, 7, 8, 9, 10, 11)]
    assert [line.get_attribute("data-item") for line in dimmed.all()] == codes
    assert page.locator("#id_cssrs04").is_disabled()
    typed_in(page, "000000")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    answers = dict(
        ItemResponse.objects.filter(assessment=form).values_list("item", "value")
    )
    asked = (1, 2, 12, 14, 15, 17, 19, 21)
    assert answers == {f"cssrs{number:02}": 0 for number in asked}


def test_a_cssrs_with_an_attempt_stops_at_the_numbers_it_asks_for(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    page, form = cssrs(desks, enter)
    # Ideation 1 and 2, not 3 to 5; intensity; an attempt, and nothing else.
    typed_in(page, "11000" + "21332" + "100000")
    assert focused_item(page) == "cssrs13"
    typed_in(page, "2")
    page.keyboard.press("Enter")
    assert focused_item(page) == "cssrs22b"
    typed_in(page, "10")
    page.locator("#status[data-state=saved]").wait_for()
    answers = draft_of(form, desks.world.user(Role.THERAPIST).pk)
    assert answers["cssrs13"] == 2
    assert (answers["cssrs07"], answers["cssrs22b"], answers["cssrs22c"]) == (2, 1, 0)
    assert "cssrs16" not in answers


def test_an_answer_taken_back_empties_what_it_had_asked_for(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    page, form = cssrs(desks, enter)
    typed_in(page, "01100")
    page.locator("#id_cssrs02").focus()
    page.locator("label:has([name=cssrs02][value='0'])").click()
    page.wait_for_timeout(300)
    page.locator("#status[data-state=saved]").wait_for()
    answers = draft_of(form, desks.world.user(Role.THERAPIST).pk)
    assert answers == {"cssrs01": 0, "cssrs02": 0}
    page.locator("label:has([name=cssrs02][value='1'])").click()
    assert page.locator("#id_cssrs03").is_enabled()


def test_ten_is_one_key_and_one_is_not_waited_for(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    visit = desks.interview.visit
    (form,) = request_ratings(
        requests=[RatingRequest(visit, "sds_adapted", date(2025, 4, 14))],
        by=desks.world.actor(Role.COORDINATOR),
    )
    page = enter(form.rater).page
    page.goto(reverse("assessments:enter", args=[form.uuid]))
    page.get_by_text("x answers 10").wait_for()
    typed_in(page, "x1x")
    page.keyboard.press("Control+Enter")
    page.locator("#id_password").wait_for()
    values = ItemResponse.objects.filter(assessment=form).values_list(
        "value", flat=True
    )
    assert list(values.order_by("item")) == [10, 1, 10]


def test_enter_passes_on_and_ends_at_the_button(
    desks: Desks, enter: Callable[..., Desk]
) -> None:
    page, _ = cssrs(desks, enter)
    typed_in(page, "10")
    assert focused_item(page) == "cssrs07"
    for _n in range(5):
        page.keyboard.press("Enter")
    assert focused_item(page) == "cssrs12"
    typed_in(page, "00000")
    page.keyboard.press("Enter")
    assert page.locator(":focus").inner_text() == "Complete form"
