"""A CAPS-IV by keys: what does not occur is not asked about twice."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.actions import RatingRequest, request_ratings
from assessments.models import Assessment, ItemResponse
from tests.browser.looking import Desk
from tests.world import MAPP2, ON_TARGET, enrolled, new_world, visit_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def interview(own_database: str) -> Assessment:
    """A CAPS-IV in a trial like MAPP2 whose raters give it."""
    text = MAPP2.read_text("utf-8").replace('form = "caps5"', 'form = "caps4"')
    world = new_world("KEYS-4", text=text.replace('"2015"', '"1998"'))
    (person,) = enrolled(world)
    due_on = ON_TARGET["baseline"]
    return request_ratings(
        requests=[RatingRequest(visit_of(person, "baseline"), "caps4", due_on)],
        by=world.actor(Role.COORDINATOR),
    )[0]


def item_in_focus(page: Page) -> str:
    return str(
        page.evaluate(
            "document.activeElement.closest('[data-item]')?.dataset.item ?? ''"
        )
    )


def test_a_symptom_that_does_not_occur_takes_one_key_and_any_other_takes_two(
    interview: Assessment, enter: Callable[..., Desk]
) -> None:
    page = enter(interview.rater).page
    page.goto(reverse("assessments:enter", args=[interview.uuid]))
    page.keyboard.press("1")
    for keys, reached in (
        ("0", "caps4_02f"),
        ("4", "caps4_02i"),
        ("2", "caps4_03f"),
        ("1", "caps4_03i"),
        ("3", "caps4_04f"),
        # No answer: nothing to rate the intensity of.
        ("n", "caps4_05f"),
    ):
        page.keyboard.press(keys)
        assert item_in_focus(page) == reached
    dimmed = page.locator("[data-not-asked]")
    codes = [line.get_attribute("data-item") for line in dimmed.all()]
    assert codes == ["caps4_01i", "caps4_04i"]
    # Thirteen symptoms that do not occur, duration, and distress alone.
    for key in "0" * 13 + "1" + "200":
        page.keyboard.press(key)
    page.locator("#status[data-state=saved]").wait_for()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.locator("#id_password").wait_for()
    kept = dict(
        ItemResponse.objects.filter(assessment=interview).values_list("item", "value")
    )
    assert kept["caps4_04f"] is None
    assert {code for code in kept if code.endswith("i")} == {"caps4_02i", "caps4_03i"}
