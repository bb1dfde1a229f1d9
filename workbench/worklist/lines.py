"""A line of the worklist, and who asks for it where and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.urls import reverse

from accounts.vocabulary import Permission
from sessions.drawing.windows import PlannedWindow, WindowBar, window_bar
from trials.models import Site
from workbench.access import Desk
from workbench.vocabulary import KIND_CHIPS, Chip, Kind

AHEAD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Clock:
    """A report's time left, as templates/_clock.html shows it."""

    label: str
    url: str
    due_at: datetime
    now: datetime
    tone: str
    responsible: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """A page, looked up when it is shown: most lines of a long day are not."""

    route: str
    uuid: UUID | None = None
    end: str = ""

    def __str__(self) -> str:
        arguments = [] if self.uuid is None else [self.uuid]
        return reverse(self.route, args=arguments) + self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One piece of work: what, for whom, when or why, and where it is done.

    `window` is drawn when it is shown, as of `today`.
    """

    kind: Kind
    what: str
    at: Address
    participant: str
    why: str
    visit: str = ""
    person: UUID | None = None
    window: PlannedWindow | None = None
    booked_on: date | None = None
    today: date | None = None
    clock: Clock | None = None
    order: tuple[object, ...] = ()

    @property
    def url(self) -> str:
        return str(self.at)

    @property
    def participant_url(self) -> str:
        """The participant's page; empty where the line knows only a number."""
        return str(Address("workbench:participant", self.person)) if self.person else ""

    @property
    def bar(self) -> WindowBar | None:
        if self.window is None or self.today is None:
            return None
        return window_bar(self.window, today=self.today, booked_on=self.booked_on)

    @property
    def chip(self) -> Chip:
        """What kind of work it is, for lists that mix kinds."""
        return KIND_CHIPS[self.kind]


@dataclass(frozen=True, slots=True)
class Here:
    """Who asks, about which sites, and when: local days by site."""

    desk: Desk
    sites: Mapping[int, Site]
    days: Mapping[int, date]
    now: datetime

    def may(self, permission: Permission, site_id: int) -> bool:
        return self.desk.may(permission, self.sites[site_id])

    def may_somewhere(self, permission: Permission) -> bool:
        return any(self.desk.may(permission, site) for site in self.sites.values())


def ago(day: date, today: date) -> str:
    """Return how long ago a day is: today, yesterday, 3 days ago."""
    days = (today - day).days
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
