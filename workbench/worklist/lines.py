"""A line of the worklist, and who asks for it where and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse

from accounts.vocabulary import Permission
from participants.models import Participant
from sessions.drawing.windows import WindowBar
from sessions.models import Visit
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One piece of work: what, for whom, when or why, and where it is done."""

    kind: Kind
    what: str
    url: str
    participant: str
    why: str
    visit: str = ""
    participant_url: str = ""
    bar: WindowBar | None = None
    clock: Clock | None = None
    order: tuple[object, ...] = ()

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


def participant_url(participant: Participant) -> str:
    return reverse("workbench:participant", args=[participant.uuid])


def visit_url(visit: Visit) -> str:
    return reverse("workbench:visit", args=[visit.uuid])


def ago(day: date, today: date) -> str:
    """Return how long ago a day is: today, yesterday, 3 days ago."""
    days = (today - day).days
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
