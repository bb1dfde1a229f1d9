"""Visits on the worklist: overdue, due today, windows closing, booked soon."""

from collections.abc import Collection, Iterator
from datetime import date, time
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from accounts.vocabulary import Permission
from sessions.drawing.windows import today_text
from sessions.models import Visit
from workbench.vocabulary import Kind, visit_name
from workbench.worklist.lines import AHEAD, Address, Here, Line, ago, window_of

_P = Permission
# Nothing can be recorded of these, so nothing is left to decide.
_NOT_EXPECTED = frozenset({"waiting", "if_needed", "not_for", "cancelled"})


class OpenVisit(NamedTuple):
    """What the worklist reads of a visit: a site may have a thousand that are open."""

    uuid: UUID
    site_id: int
    number: str
    label: str
    position: int
    plan: str
    opens: date | None
    target: date | None
    closes: date | None
    booked_on: date | None
    booked_time: time | None
    to_decide: str
    participant__uuid: UUID
    participant__number: str


def visits(here: Here, kinds: Collection[str] = ()) -> Iterator[Line]:
    """Return visits that are due, of some kinds or all: one query, however many."""
    horizon = max(here.days.values()) + AHEAD
    due = Q(booked_on__lte=horizon) | Q(plan="firm", closes__lte=horizon)
    due |= ~Q(to_decide="") & ~Q(plan__in=_NOT_EXPECTED)
    visits = Visit.objects.open_to_record().filter(due, site__in=here.sites)
    if kinds:
        visits = visits.filter(kind__in=kinds)
    for visit in map(OpenVisit._make, visits.values_list(*OpenVisit._fields)):
        found = standing_of(visit, today=here.days[visit.site_id])
        if found is None:
            continue
        kind, why = found
        what, at = _act(visit, kind, here)
        yield Line(
            kind=kind,
            what=what,
            at=at,
            participant=visit.participant__number,
            person=visit.participant__uuid,
            visit=visit_name(visit.number, visit.label),
            why=why,
            planned=visit,
            booked_on=visit.booked_on,
            today=here.days[visit.site_id],
            order=(
                _day_of(visit, kind),
                str(visit.booked_time or ""),
                visit.participant__number,
                visit.position,
            ),
        )


def _day_of(visit: OpenVisit, kind: Kind) -> date:
    if kind in {Kind.TODAY, Kind.COMING} and visit.booked_on:
        return visit.booked_on
    return visit.closes or visit.booked_on or date.max


def standing_of(visit: OpenVisit, *, today: date) -> tuple[Kind, str] | None:
    """Return what an open visit asks for today and why; None when it asks for nothing."""
    if visit.to_decide and visit.plan not in _NOT_EXPECTED:
        return Kind.DECISIONS, visit.to_decide
    booked, clock = visit.booked_on, visit.booked_time
    at = f"at {clock:%H:%M}" if clock else "no time given"
    is_firm = visit.plan == "firm" and visit.closes is not None
    if is_firm and visit.closes is not None and visit.closes < today:
        return Kind.OVERDUE, f"Window closed {ago(visit.closes, today)}"
    found: tuple[Kind, str] | None = None
    if booked is not None and booked < today:
        found = Kind.OVERDUE, f"Booked {ago(booked, today)}, not recorded"
    elif booked == today:
        found = Kind.TODAY, f"Booked for today, {at}"
    elif booked is not None and booked <= today + AHEAD:
        found = Kind.COMING, f"{booked:%a} {booked.day} {booked:%b}, {at}"
    elif booked is None and is_firm:
        found = _closing(visit, today)
    return found


def _closing(visit: OpenVisit, today: date) -> tuple[Kind, str] | None:
    if visit.closes is None or visit.closes > today + AHEAD:
        return None
    if visit.closes == today:
        return Kind.TODAY, "Not booked, the window closes today"
    window = window_of(visit)
    text = today_text(window, today) if window else "closes soon"
    return Kind.CLOSING, f"Not booked, {text}"


def _act(visit: OpenVisit, kind: Kind, here: Here) -> tuple[str, Address]:
    """Return what is done about a visit, and where."""
    if not here.may(_P.RECORD_VISITS, visit.site_id) or kind is Kind.COMING:
        return "See visit", Address("workbench:visit", visit.uuid)
    if kind is Kind.DECISIONS:
        return "Decide about visit", Address("workbench:visit", visit.uuid)
    if kind is Kind.CLOSING:
        return "Book visit", Address("sessions:book", visit.uuid)
    return "Record visit", Address("sessions:hold", visit.uuid)
