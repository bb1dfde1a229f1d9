"""One participant's course by hand: who does what, on which page, on which day."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page

from accounts.vocabulary import Role
from participants.models import Participant
from sessions.models import Visit
from tests.browser.looking import Desk
from tests.workbench.life import DAY_OF
from tests.world import PASSWORD, World
from trials.access import today_at

# V20's target is 175 days after consent: the day after today.
LENGTH = 174
# Totals that no clock, no day and no age on a page is taken for.
CAPS_DIGITS = "1" + "3" * 11 + "4" * 9 + "1" + "222" + "334" + "01"  # 69
ENDPOINT_DIGITS = "1" + "1" * 20 + "1" + "222" + "111" + "00"  # 20


@dataclass
class Course:
    """The people at work, and the participant whose days are counted back from today."""

    world: World
    enter: Callable[..., Desk]
    desks: dict[str, Page] = field(default_factory=dict)
    number: str = ""
    email: str = field(
        default_factory=lambda: f"noa-{token_hex(4)}@participant.invalid"
    )

    @property
    def today(self) -> date:
        return today_at(self.world.site)

    @property
    def participant(self) -> Participant:
        people = Participant.objects.select_related("site")
        return people.get(site=self.world.site, number=self.number)

    def day(self, days: int) -> date:
        """Return the day so many days after consent."""
        return self.today - timedelta(days=LENGTH - days)

    def on(self, code: str) -> date:
        return self.day(DAY_OF[code])

    def page(self, role: Role, *, second: bool = False) -> Page:
        """Return the browser of a person, who signs in the first time."""
        key = f"{role.value} {second}"
        if key not in self.desks:
            user = self.world.user(role, second=second)
            self.desks[key] = self.enter(user).page
        return self.desks[key]

    def participant_page(self, role: Role) -> Page:
        """Look the participant up by number, as somebody does who holds a paper."""
        page = self.page(role)
        page.goto("/")
        page.keyboard.press("/")
        page.keyboard.type(self.number)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=self.number, level=1).wait_for()
        return page

    def visit_page(self, role: Role, name: str) -> Page:
        page = self.participant_page(role)
        table = page.get_by_role("region", name="Visits")
        table.get_by_role("link", name=name, exact=False).first.click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        return page

    def visit(self, code: str) -> Visit:
        return Visit.objects.get(participant=self.participant, code=code)

    def moment(self, code: str, at: time) -> datetime:
        """Return a time of the site's clock on the day of a visit."""
        return datetime.combine(self.on(code), at, ZoneInfo(self.world.site.time_zone))

    def hold(self, name: str, code: str, *, role: Role = Role.COORDINATOR) -> Page:
        """Record a visit on its planned day."""
        page = self.visit_page(role, name)
        follow(page, "Record visit")
        fill(page, {"Held on": self.on(code)})
        press(page, "Record visit")
        page.get_by_text("Held", exact=False).first.wait_for()
        return page


def fill(page: Page | Locator, values: dict[str, Any]) -> None:
    """Type values into fields by their labels; True ticks, False leaves unticked."""
    for label, value in values.items():
        box = labeled(page, label)
        if isinstance(value, bool):
            box.set_checked(value)
        elif isinstance(value, date):
            box.fill(value.isoformat())
        else:
            box.fill(str(value))


def choose(page: Page | Locator, values: dict[str, str]) -> None:
    """Choose options of lists by their labels."""
    for label, option in values.items():
        labeled(page, label).select_option(label=option)


def labeled(page: Page | Locator, label: str) -> Locator:
    """Find a field by its whole label, which may say that it is optional."""
    whole = re.compile(rf"^\s*{re.escape(label)}\*?(\s+optional)?\s*$")
    return page.get_by_label(whole)


def press(page: Page, button: str) -> None:
    """Press a button of the page's own content, and wait for what it brings."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=button).click()


def follow(page: Page, link: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("link", name=link).first.click()


def sign(page: Page, button: str) -> None:
    fill(page, {"Your password": PASSWORD})
    press(page, button)


def shown_in(page: Page) -> str:
    """Return the text of the page's own content."""
    return page.get_by_role("main").inner_text()
