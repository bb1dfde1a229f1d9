"""Today: what waits for this person, in order of consequence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from sessions.drawing.windows import day_text
from trials.access import today_at
from trials.models import Site
from workbench.access import Desk
from workbench.rail import desk, is_auditor, sites_in_view
from workbench.vocabulary import KIND_CHIPS, TITLES, Chip, Kind, visit_name
from workbench.worklist import Line, gather, next_booked

MOST_LINES = 8
_P = Permission
# Whoever has no worklist goes to their own first page.
_ELSEWHERE = (
    (_P.RATE, "assessments:ratings"),
    (_P.EXPORT, "exports:home"),
    (_P.OVERSEE, "oversight:index"),
)
# Who works at a site and not only reads it.
_WORKS = frozenset(
    {_P.REPORT_EVENTS, _P.RECORD_VISITS, _P.DISPENSE, _P.MANAGE_TRIAL, _P.UNBLIND}
)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading; `hidden` more are a click away."""

    key: str
    title: str
    chip: Chip | None
    lines: Sequence[Line]
    count: int
    url: str = ""

    @property
    def hidden(self) -> int:
        return self.count - len(self.lines)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the worklist, or send whoever has none to the page that they work on."""
    here = desk(request)
    if elsewhere := _first_page(here):
        return redirect(elsewhere)
    sites = sites_in_view(request, _P.VIEW_PARTICIPANTS)
    now = timezone.now()
    lines = gather(here, sites, now=now)
    clocks = [line.clock for line in lines if line.clock is not None]
    rest = [line for line in lines if line.clock is None]
    kind = request.GET.get("kind", "")
    by_participant = request.GET.get("group") == "participant"
    groups = _by_participant(rest) if by_participant else _by_kind(rest, only=kind)
    today = min((today_at(site) for site in sites), default=now.date())
    context = {
        "clocks": [] if kind else clocks,
        "groups": groups,
        "counts": _counts(rest),
        "total": len(lines),
        "kind": kind,
        "by_participant": by_participant,
        "today": today,
        "state": _state(lines, sites),
        "empty": None if lines else _empty(sites, today),
        "zone": sites[0].time_zone if len(sites) == 1 else "",
        "many_sites": len(sites) > 1,
        "may_screen": _P.SCREEN in here.permissions,
    }
    return render(request, "workbench/home.html", context)


def _first_page(here: Desk) -> str:
    if is_auditor(here):
        return "oversight:index"
    if here.permissions & _WORKS or not here.permissions:
        return ""
    return next((page for need, page in _ELSEWHERE if need in here.permissions), "")


def _counts(lines: Iterable[Line]) -> list[tuple[Kind, str, int]]:
    found: dict[Kind, int] = {}
    for line in lines:
        found[line.kind] = found.get(line.kind, 0) + 1
    return [(kind, TITLES[kind], found[kind]) for kind in Kind if kind in found]


def _by_kind(lines: Sequence[Line], *, only: str) -> list[Group]:
    groups = []
    for kind, title, count in _counts(lines):
        if only and kind.value != only:
            continue
        mine = [line for line in lines if line.kind is kind]
        shown = mine if only else mine[:MOST_LINES]
        url = f"?kind={kind.value}"
        groups.append(Group(kind.value, title, KIND_CHIPS[kind], shown, count, url))
    return groups


def _by_participant(lines: Sequence[Line]) -> list[Group]:
    """Group by participant; whoever's first line weighs most comes first."""
    people: dict[str, list[Line]] = {}
    for line in lines:
        people.setdefault(line.participant, []).append(line)
    return [
        Group(
            f"p{number}",
            number,
            None,
            mine,
            len(mine),
            next((line.participant_url for line in mine if line.participant_url), ""),
        )
        for number, mine in people.items()
    ]


def _state(lines: Sequence[Line], sites: Sequence[Site]) -> str:
    if not sites:
        return "You are delegated to no site today."
    urgent = sum(line.kind in {Kind.SAFETY, Kind.OVERDUE} for line in lines)
    today = sum(line.kind is Kind.TODAY for line in lines)
    parts = [
        f"{urgent} overdue or running out" if urgent else "Nothing overdue",
        f"{today} for today" if today else "nothing for today",
        f"{len(lines)} line{pluralize(len(lines))} in all" if lines else "",
    ]
    return ", ".join(part for part in parts if part) + "."


def _empty(sites: Sequence[Site], today: date) -> dict[str, str]:
    coming = next_booked(sites, after=today) if sites else None
    if coming is None or coming.booked_on is None:
        return {
            "sentence": "Nothing waits.",
            "next": "No visit is booked either: new work begins with the screening log.",
        }
    return {
        "sentence": "Nothing waits.",
        "next": (
            "Next on the calendar: "
            f"{visit_name(coming.number, coming.label)} of {coming.participant.number}, "
            f"{day_text(coming.booked_on)}."
        ),
    }
