"""One round of the play: whose visits are due in it, with their rows and moments."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar

from participants.models import Participant
from sessions.models import Visit
from simulation.driver.cast import Cast
from simulation.driver.script import Member, Script
from simulation.plan import VisitPlan
from simulation.schedule import CALL_DAYS, SESSIONS
from trials.access import at_site

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """Visits that are recorded together: nothing in a round counts from another."""

    name: str
    codes: frozenset[str]


def _one(code: str) -> Round:
    return Round(code, frozenset({code}))


def _around(session: int) -> tuple[Round, ...]:
    calls = {f"call_{session}_day_{day}" for day in CALL_DAYS}
    week = {f"integration_{session}_1", f"integration_{session}_2", *calls}
    rounds = (
        _one(f"dosing_{session}"),
        Round(f"after dosing_{session}", frozenset(week)),
        _one(f"integration_{session}_3"),
    )
    return rounds if session == SESSIONS[-1] else (*rounds, _one(f"t{session + 1}"))


ROUNDS: tuple[Round, ...] = (
    *(
        _one(c)
        for c in ("screening", "enrollment_visit", "prep_1", "prep_2", "baseline")
    ),
    _one("prep_3"),
    *(each for session in SESSIONS for each in _around(session)),
    _one("t4"),
    Round("end", frozenset({"termination", "early_termination"})),
    _one("follow_up"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """One visit of one member in this round: the plan and the row."""

    member: Member
    plan: VisitPlan
    visit: Visit

    @property
    def site(self) -> int:
        return self.member.plan.site

    @property
    def participant(self) -> Participant:
        return self.visit.participant

    @property
    def on(self) -> date:
        return self.member.on(self.plan.day)

    def at(self, moment: time) -> datetime:
        """Return a moment of the visit's day, in the site's zone."""
        return at_site(self.participant.site, datetime.combine(self.on, moment))


@dataclass(slots=True)
class Scene:
    """The script and its cast, with the participants' rows once they exist."""

    script: Script
    cast: Cast
    rows: dict[int, Participant]

    def row(self, member: Member) -> Participant:
        """Return a member's participant."""
        return self.rows[member.plan.index]

    def members_at(self, site: int) -> list[Member]:
        """Return a site's members whose participants exist, in order of randomization."""
        return [
            member
            for member in self.script.members
            if member.plan.site == site and member.plan.index in self.rows
        ]

    def sites(self) -> range:
        return range(len(self.script.sites))

    def due(self, codes: frozenset[str]) -> list[Due]:
        """Return the visits of these codes that the script has held or missed."""
        plans = [
            (member, visit)
            for member in self.script.members
            for visit in member.plan.visits
            if visit.code in codes
        ]
        return self.with_rows(plans)

    def with_rows(self, plans: Sequence[tuple[Member, VisitPlan]]) -> list[Due]:
        """Return planned visits with their rows, in the order given; one query."""
        rows = Visit.objects.filter(
            participant__in=[self.row(member).pk for member, _ in plans],
            code__in={plan.code for _, plan in plans},
        ).select_related("participant__site")
        found = {(row.participant_id, row.code): row for row in rows}
        return [
            Due(member, plan, found[self.row(member).pk, plan.code])
            for member, plan in plans
        ]


def scene_of(script: Script, cast: Cast) -> Scene:
    """Return the scene as it stands: participants by the place on their site's log."""
    rows = {
        (row.site_id, row.sequence): row
        for row in Participant.objects.filter(trial=cast.trial).select_related("site")
    }
    found = {}
    for number, site in enumerate(cast.sites):
        for sequence, member in enumerate(script.at_site(number), start=1):
            if (site.pk, sequence) in rows:
                found[member.plan.index] = rows[site.pk, sequence]
    return Scene(script, cast, found)


def grouped(items: Iterable[T], key: Callable[[T], int]) -> Mapping[int, list[T]]:
    """Return items by a number, the numbers ascending, the items in their order."""
    groups: dict[int, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return dict(sorted(groups.items()))


def by_site(items: Iterable[Due]) -> Mapping[int, list[Due]]:
    """Return visits by site."""
    return grouped(items, lambda due: due.site)


def last_round(member: Member, *, until: int) -> int:
    """Return the number of the last round with a visit of the member up to a day."""
    codes = {visit.code for visit in member.plan.visits if visit.day <= until}
    return max(n for n, each in enumerate(ROUNDS) if each.codes & codes)
