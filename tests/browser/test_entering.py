"""A rater's form by keyboard alone, in a real browser against a real server."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connection, connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Page, sync_playwright

from accounts.models import User
from assessments.access import draft_of
from assessments.models import Assessment, ItemResponse
from starter.browser import require
from tests.assessments.conftest import signed_in_client
from tests.world import World, enrolled, new_world, requested_caps

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DIGITS = "1" + "2" * 20 + "1" + "222" + "334" + "01"
WAIT = 20_000  # milliseconds
Answer = TypeVar("Answer")


@pytest.fixture
def assessment(own_database: str) -> Assessment:
    world: World = new_world("BROWSER-1")
    return requested_caps(world, enrolled(world)[0])


@pytest.fixture
def server(assessment: Assessment, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # A connection kept by a thread of the server would hold the database open.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    thread: Any = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


def read(question: Callable[[], Answer]) -> Answer:
    """Ask the database in another thread: in this one runs Playwright's event loop."""

    def asked() -> Answer:
        try:
            return question()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asked).result()


def draft(assessment: Assessment) -> dict[str, int | str]:
    return read(lambda: draft_of(assessment, assessment.rater_id or 0))


@pytest.fixture
def page(server: str, assessment: Assessment) -> Iterator[Page]:
    client = signed_in_client(User.objects.get(pk=assessment.rater_id or 0))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require(os.environ), args=["--no-sandbox"]
        )
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server}]
        )
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{server}/assessments/{assessment.uuid}/")
        yield page
        browser.close()


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
    page.locator("#id_password").wait_for()
    responses = ItemResponse.objects.filter(assessment=assessment)
    assert read(responses.count) == 30


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
