"""What a browser complains of, and what axe finds on a page."""

from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, Response

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_axe = Axe()

# A blocked style or script changes nothing that a test would notice, so it is said aloud.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Desk:
    """A person's browser page, and everything it complained of."""

    page: Page
    problems: list[str] = field(default_factory=list)


def watched(page: Page) -> Desk:
    """Collect errors and warnings of scripts, refused content and failed requests."""
    desk = Desk(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            desk.problems.append(f"{page.url} console: {message.text}")

    def on_failure(request: Request) -> None:
        # What a person leaves behind by going to another page is not a failure.
        if request.failure != "net::ERR_ABORTED":
            desk.problems.append(f"{page.url} {request.url}: {request.failure}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            desk.problems.append(f"{response.url}: {response.status}")

    page.context.add_init_script(REPORT_VIOLATIONS)
    page.on("console", on_console)
    page.on("pageerror", lambda error: desk.problems.append(f"{page.url} {error}"))
    page.on("requestfailed", on_failure)
    page.on("response", on_response)
    return desk


def violations(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """Return what axe finds on the page as it stands, one line for each node."""
    only = (
        {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    )
    found: dict[str, Any] = _axe.run(
        page, options={"runOnly": only, "resultTypes": ["violations"]}
    ).response
    return [
        f"{page.url} {violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Return what makes the page wider than its window, if it is."""
    wide: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    if not wide:
        return []
    who: list[str] = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(e =>
            e.getBoundingClientRect().right > document.documentElement.clientWidth
            && !e.closest(".table-scroll, .timeline, svg")
        ).slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""
    )
    size = page.viewport_size or {"width": 0}
    return [f"{page.url} is wider than {size['width']}: {who}"]


def sideways(page: Page) -> list[str]:
    """Return the tables that a person must push sideways to read."""
    tables: list[str] = page.evaluate(
        """[...document.querySelectorAll(".table-scroll")].filter(e =>
            e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)"""
    )
    return [f"{page.url}: {table} scrolls sideways" for table in tables]


def in_colors(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    # Not wait_for_function: it evaluates a string, which the site's own policy forbids.
    page.locator(f"html[data-bs-theme={scheme}]").wait_for(state="attached")


def check(page: Page) -> None:
    """Fail unless axe finds nothing on this page in light and in dark."""
    found = violations(page)
    in_colors(page, "dark")
    found += violations(page, rules=["color-contrast"])
    in_colors(page, "light")
    assert not found, "\n".join(found)
