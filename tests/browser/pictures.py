"""Takes the README's pictures of a running demonstration: `python -m tests.browser.pictures`.

Start `./run` first. An address other than http://127.0.0.1:8000 is given as argument.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from starter.browser import require

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def opened_as(
    browser: Browser, address: str, role: str, scheme: Literal["light", "dark"]
) -> Page:
    """Return a page of whoever the demonstration offers for a role."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 1366, "height": 768},
        color_scheme=scheme,
        locale="en-GB",
    )
    page = context.new_page()
    page.goto("/demonstration/")
    page.get_by_role("button", name=f"{role} ·").click()
    page.wait_for_url(lambda url: "/demonstration/" not in url)
    return page


def today(page: Page) -> None:
    page.goto("/")


def participant(page: Page) -> None:
    """Somebody in the middle of treatment."""
    page.goto("/participants/?state=randomized")
    page.locator("tbody tr").first.get_by_role("link").first.click()
    page.locator(".timeline").wait_for()


def caps5(page: Page) -> None:
    """The rater's form after a few keys; nothing of it is completed."""
    row = page.get_by_role("row").filter(has_text="CAPS-5")
    row.first.get_by_role("link").first.click()
    page.locator("[data-scale] input").first.focus()
    for digit in "132134213":
        page.keyboard.press(digit)
    page.locator("#status[data-state=saved]").wait_for()


def dosing(page: Page) -> None:
    participant(page)
    page.get_by_role("link", name="Experimental session 1", exact=False).first.click()
    page.get_by_role("link", name="Dosing page").click()
    page.get_by_role("heading", name="Doses").wait_for()


def trail(page: Page) -> None:
    page.get_by_role("link", name="Audit trail").first.click()
    page.get_by_label("Participant number").fill("01-015-9")
    page.get_by_label("Act", exact=True).fill("record")
    page.get_by_role("button", name="Show").click()
    page.locator("ol.trail").wait_for()


PICTURES: tuple[
    tuple[str, str, Literal["light", "dark"], Callable[[Page], None]], ...
] = (
    ("today", "Coordinator", "light", today),
    ("participant", "Coordinator", "light", participant),
    ("caps5", "Independent rater", "dark", caps5),
    ("dosing", "Therapist", "light", dosing),
    ("trail", "IRB auditor", "light", trail),
)


def main(address: str) -> None:
    """Take every picture, each by somebody whose page it is."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require(os.environ), args=["--headless", "--no-sandbox"]
        )
        for name, role, scheme, go in PICTURES:
            page = opened_as(browser, address, role, scheme)
            go(page)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["http://127.0.0.1:8000"]))
