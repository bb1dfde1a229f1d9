"""A rater's form by keyboard alone, in a real browser against the real web server."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.models import User
from assessments.access import draft_of
from assessments.models import Assessment, ItemResponse
from tests.browser.conftest import Site
from tests.browser.looking import Desk
from tests.world import World, enrolled, new_world, requested_caps

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DIGITS = "1" + "2" * 20 + "1" + "222" + "334" + "01"


@pytest.fixture
def assessment(own_database: str) -> Assessment:
    world: World = new_world("BROWSER-1")
    return requested_caps(world, enrolled(world)[0])


@pytest.fixture
def page(assessment: Assessment, enter: Callable[..., Desk]) -> Page:
    desk = enter(User.objects.get(pk=assessment.rater_id or 0))
    desk.page.goto(f"/assessments/{assessment.uuid}/")
    return desk.page


def draft(assessment: Assessment) -> dict[str, int | str]:
    return draft_of(assessment, assessment.rater_id or 0)


def test_thirty_digits_answer_thirty_items_and_all_are_in_the_database(
    page: Page, assessment: Assessment
) -> None:
    """The first prototype showed 30 as saved here and had kept 13."""
    page.focus("#id_caps_a")
    for digit in DIGITS:
        page.keyboard.press(digit)
    page.locator("[data-answered]", has_text="27").wait_for()
    page.locator("#status[data-state=saved]").wait_for()
    kept = draft(assessment)
    assert len(kept) == 30
    assert (kept["caps_a"], kept["caps20"], kept["caps28"], kept["caps30"]) == (
        1,
        2,
        4,
        1,
    )
    page.reload()
    assert page.locator(".scale input[type=radio]:checked").count() == 30


def test_a_form_is_completed_by_key_with_answers_still_on_their_way(
    page: Page, assessment: Assessment
) -> None:
    page.focus("#id_caps_a")
    for digit in DIGITS:
        page.keyboard.press(digit)
    page.keyboard.press("Control+Enter")
    page.get_by_label("Leave trauma-relatedness open").check()
    page.keyboard.press("Control+Enter")
    page.locator("#id_password").wait_for()
    responses = ItemResponse.objects.filter(assessment=assessment)
    assert responses.count() == 30


def test_keys_move_clear_and_say_not_done(page: Page, assessment: Assessment) -> None:
    page.focus("#id_caps01")
    page.keyboard.press("3")
    page.keyboard.press("n")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Backspace")
    page.wait_for_timeout(300)
    page.locator("#status[data-state=saved]").wait_for()
    kept = draft(assessment)
    assert kept == {"caps02": "not_done"}


def test_a_hung_server_loses_no_answer_and_no_page_says_saved(
    page: Page, assessment: Assessment, site: Site
) -> None:
    page.focus("#id_caps_a")
    page.keyboard.press("1")
    page.locator("#status[data-state=saved]").wait_for()
    site.freeze()
    try:
        for digit in "2222":
            page.keyboard.press(digit)
        page.wait_for_timeout(1500)
        assert page.locator("#status[data-state=saved]").count() == 0
    finally:
        site.thaw()
    page.locator("#status[data-state=saved]").wait_for()
    kept = draft(assessment)
    assert kept == {"caps_a": 1, **{f"caps{n:02d}": 2 for n in range(1, 5)}}
