"""Visits on the worklist: overdue, due today, windows closing, booked soon."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q

from accounts.vocabulary import Permission
from sessions.drawing.windows import PlannedWindow, today_text
from sessions.models import Visit
from workbench.vocabulary import Kind, visit_name
from workbench.worklist.lines import AHEAD, Address, Here, Line, ago

_P = Permission
_SHOWN = (
    *("uuid", "site_id", "number", "label", "position", "state", "plan"),
    *("opens", "target", "closes", "booked_on", "booked_time"),
    *("participant__uuid", "participant__number"),
)


def visits(here: Here) -> Iterator[Line]:
    """Return visits that are due: one query, however many there are."""
    horizon = max(here.days.values()) + AHEAD
    due = Q(booked_on__lte=horizon) | Q(plan="firm", closes__lte=horizon)
    visits = (
        Visit.objects.open_to_record()
        .filter(due, site__in=here.sites)
        .select_related("participant")
        .only(*_SHOWN)
    )
    for visit in visits:
        found = standing_of(visit, today=here.days[visit.site_id])
        if found is None:
            continue
        kind, why = found
        yield Line(
            kind=kind,
            what=_visit_act(visit, kind, here),
            at=_where(visit, kind, here),
            participant=visit.participant.number,
            person=visit.participant.uuid,
            visit=visit_name(visit.number, visit.label),
            why=why,
            window=window_of(visit),
            booked_on=visit.booked_on,
            today=here.days[visit.site_id],
            order=(
                _day_of(visit, kind),
                str(visit.booked_time or ""),
                visit.participant.number,
                visit.position,
            ),
        )


def _day_of(visit: Visit, kind: Kind) -> date:
    if kind in {Kind.TODAY, Kind.COMING} and visit.booked_on:
        return visit.booked_on
    return visit.closes or visit.booked_on or date.max


def standing_of(visit: Visit, *, today: date) -> tuple[Kind, str] | None:
    """Return what an open visit asks for today and why; None when it asks for nothing."""
    booked, time = visit.booked_on, visit.booked_time
    at = f"at {time:%H:%M}" if time else "no time given"
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


def _closing(visit: Visit, today: date) -> tuple[Kind, str] | None:
    if visit.closes is None or visit.closes > today + AHEAD:
        return None
    if visit.closes == today:
        return Kind.TODAY, "Not booked, the window closes today"
    window = window_of(visit)
    text = today_text(window, today) if window else "closes soon"
    return Kind.CLOSING, f"Not booked, {text}"


def window_of(visit: Visit) -> PlannedWindow | None:
    """Return the visit's window for drawing; None where it has none or no day is left."""
    if visit.opens is None or visit.target is None or visit.closes is None:
        return None
    if not visit.opens <= visit.target <= visit.closes:
        return None
    return PlannedWindow(visit.opens, visit.target, visit.closes)


def _visit_act(visit: Visit, kind: Kind, here: Here) -> str:
    if not here.may(_P.RECORD_VISITS, visit.site_id) or kind is Kind.COMING:
        return "See visit"
    return "Book visit" if kind is Kind.CLOSING else "Record visit"


def _where(visit: Visit, kind: Kind, here: Here) -> Address:
    if not here.may(_P.RECORD_VISITS, visit.site_id) or kind is Kind.COMING:
        return Address("workbench:visit", visit.uuid)
    route = "sessions:book" if kind is Kind.CLOSING else "sessions:hold"
    return Address(route, visit.uuid)
