"""A line of the worklist, and who asks for it where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from django.urls import reverse

from accounts.http import link_to
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


class Address(NamedTuple):
    """A page, looked up when it is shown: most lines of a long day are not."""

    route: str
    uuid: UUID | None = None
    end: str = ""

    def __str__(self) -> str:
        if self.uuid is None:
            return reverse(self.route) + self.end
        return link_to(self.route, self.uuid) + self.end


class Planned(Protocol):
    """Whatever has a window: the record of a visit, or what a list reads of it."""

    @property
    def opens(self) -> date | None: ...
    @property
    def target(self) -> date | None: ...
    @property
    def closes(self) -> date | None: ...


def window_of(visit: Planned) -> PlannedWindow | None:
    """Return the visit's window for drawing; None where it has none or no day is left."""
    if visit.opens is None or visit.target is None or visit.closes is None:
        return None
    if not visit.opens <= visit.target <= visit.closes:
        return None
    return PlannedWindow(visit.opens, visit.target, visit.closes)


class Line(NamedTuple):
    """One piece of work: what, for whom, when or why, and where it is done.

    The window of `planned` is drawn when it is shown, as of `today`.
    """

    kind: Kind
    what: str
    at: Address
    participant: str
    why: str
    visit: str = ""
    person: UUID | None = None
    planned: Planned | None = None
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
        window = window_of(self.planned) if self.planned else None
        if window is None or self.today is None:
            return None
        return window_bar(window, today=self.today, booked_on=self.booked_on)

    @property
    def chip(self) -> Chip:
        """What kind of work it is, for lists that mix kinds."""
        return KIND_CHIPS[self.kind]


@dataclass(frozen=True, slots=True)
class Here:
    """Who asks, about which sites, and when: local days by site.

    What the person may do at each site is worked out once: a worklist of a thousand
    lines asks several times for each.
    """

    desk: Desk
    sites: Mapping[int, Site]
    days: Mapping[int, date]
    now: datetime
    permissions: Mapping[int, frozenset[Permission]]

    def may(self, permission: Permission, site_id: int) -> bool:
        return permission in self.permissions[site_id]

    def may_somewhere(self, permission: Permission) -> bool:
        return any(permission in self.permissions[pk] for pk in self.sites)


def here_of(desk: Desk, sites: Sequence[Site], *, now: datetime) -> Here:
    """Return where a person asks for the worklist of some of their sites."""
    given = {
        site.pk: frozenset(each for each in Permission if desk.may(each, site))
        for site in sites
    }
    return Here(desk, {site.pk: site for site in sites}, desk.days(), now, given)


def ago(day: date, today: date) -> str:
    """Return how long ago a day is: today, yesterday, 3 days ago."""
    days = (today - day).days
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
