"""The participants of a person's sites: found by number, filtered, page by page."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from participants.access import participants_for
from participants.lifecycle import WORDS, State
from participants.models import Participant
from sessions.drawing.windows import WindowBar, window_bar
from sessions.models import Visit
from workbench.access import open_items
from workbench.rail import desk, sites_in_view
from workbench.views.course import when_text
from workbench.vocabulary import Chip, state_chip, visit_name
from workbench.worklist import window_of

PAGE = 50
_P = Permission


@dataclass(frozen=True, slots=True)
class Row:
    """One participant as the list shows them."""

    participant: Participant
    url: str
    chip: Chip
    next_visit: Visit | None
    bar: WindowBar | None
    open_items: int
    last_held: Visit | None

    @property
    def next_name(self) -> str:
        if self.next_visit is None:
            return ""
        return visit_name(self.next_visit.number, self.next_visit.label)

    @property
    def next_when(self) -> str:
        """When the next visit is, as far as it is known."""
        return when_text(self.next_visit) if self.next_visit else ""


@require_safe
def participants(request: HttpRequest) -> HttpResponse:
    """Show one page of participants, newest pages by keyset and never by count."""
    here = desk(request)
    sites = sites_in_view(request, _P.VIEW_PARTICIPANTS)
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "state", "site")}
    found = _found(participants_for(here.user_id).filter(site__in=sites), asked)
    page, newer, older = _page(found, request)
    if asked["q"] and len(page) == 1 and page[0].number == asked["q"]:
        return redirect("workbench:participant", uuid=page[0].uuid)
    rows = _rows(page, here.days())
    if request.GET.get("format") == "csv":
        return _csv(rows)
    context = {
        "rows": rows,
        "asked": asked,
        "states": _chips(asked),
        "pager": {
            "newer_url": _link(asked, before=newer) if newer else "",
            "older_url": _link(asked, after=older) if older else "",
            "shown": f"{len(rows)} shown",
            "csv_url": _link(
                asked,
                format="csv",
                after=request.GET.get("after", ""),
                before=request.GET.get("before", ""),
            ),
        },
        "may_screen": _P.SCREEN in here.permissions,
        "many_sites": len(here.sites) > 1,
        "empty": _empty(asked),
    }
    return render(request, "workbench/participants.html", context)


def _found(
    people: QuerySet[Participant], asked: dict[str, str]
) -> QuerySet[Participant]:
    if q := asked["q"]:
        people = people.filter(Q(number__startswith=q) | Q(site__number=q))
    if asked["state"] in set(State):
        people = people.filter(state=asked["state"])
    return people.defer("protocol_version__text", "treatment_stop_reason", "end_reason")


def _page(
    people: QuerySet[Participant], request: HttpRequest
) -> tuple[list[Participant], str, str]:
    """Return a page with the keys of the pages before and after it, empty for none."""
    before, after = _key(request.GET.get("before")), _key(request.GET.get("after"))
    if before:
        number, pk = before
        people = people.filter(Q(number__lt=number) | Q(number=number, pk__lt=pk))
        page = list(people.order_by(F("number").desc(), F("pk").desc())[: PAGE + 1])
        has_newer, has_older = len(page) > PAGE, True
        page = page[:PAGE][::-1]
    else:
        if after:
            number, pk = after
            people = people.filter(Q(number__gt=number) | Q(number=number, pk__gt=pk))
        page = list(people.order_by("number", "pk")[: PAGE + 1])
        has_newer, has_older = bool(after), len(page) > PAGE
        page = page[:PAGE]
    if not page:
        return [], "", ""
    newer = _key_of(page[0]) if has_newer else ""
    return page, newer, _key_of(page[-1]) if has_older else ""


def _key(text: str | None) -> tuple[str, int] | None:
    number, _, pk = (text or "").rpartition("_")
    return (number, int(pk)) if number and pk.isdecimal() and len(pk) < 19 else None


def _key_of(person: Participant) -> str:
    return f"{person.number}_{person.pk}"


def _link(asked: dict[str, str], **more: str) -> str:
    kept = {name: value for name, value in (asked | more).items() if value}
    return f"?{urlencode(kept)}" if kept else reverse("workbench:participants")


def _chips(asked: dict[str, str]) -> list[dict[str, object]]:
    every = {"label": "All", "url": _link(asked | {"state": ""}), "is_on": True}
    every["is_on"] = asked["state"] not in set(State)
    return [
        every,
        *(
            {
                "label": WORDS[state],
                "url": _link(asked | {"state": state.value}),
                "is_on": asked["state"] == state,
            }
            for state in State
        ),
    ]


def _rows(page: Sequence[Participant], days: Mapping[int, date]) -> list[Row]:
    """Return the rows of a page in three queries, whatever is in it."""
    visits = Visit.objects.filter(participant__in=page).defer("missed_reason", "why")
    coming = {
        visit.participant_id: visit
        for visit in visits.filter(
            state__in=["planned", "booked"], plan__in=["firm", "provisional"]
        )
        .order_by("participant_id", Coalesce("booked_on", "target"), "position")
        .distinct("participant_id")
    }
    held = {
        visit.participant_id: visit
        for visit in visits.filter(state="held")
        .order_by("participant_id", "-held_on", "-position")
        .distinct("participant_id")
    }
    waiting = open_items(page, days)
    rows = []
    for person in page:
        visit = coming.get(person.pk)
        window = window_of(visit) if visit else None
        bar = None
        if window and visit:
            bar = window_bar(
                window, today=days[person.site_id], booked_on=visit.booked_on
            )
        rows.append(
            Row(
                participant=person,
                url=reverse("workbench:participant", args=[person.uuid]),
                chip=state_chip(person.state),
                next_visit=visit,
                bar=bar,
                open_items=waiting.get(person.pk, 0),
                last_held=held.get(person.pk),
            )
        )
    return rows


def _csv(rows: Sequence[Row]) -> HttpResponse:
    """Return the page as CSV: what is shown, and nothing that is not."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="participants.csv"'},
    )
    writer = csv.writer(response)
    head = ("Number", "Site", "State", "Next visit", "Opens", "Closes", "Booked for")
    writer.writerow([*head, "Open items", "Last visit held", "Held on"])
    for row in rows:
        coming, last = row.next_visit, row.last_held
        writer.writerow(
            [
                row.participant.number,
                row.participant.site.number,
                row.chip.word,
                row.next_name,
                *(day.isoformat() if day else "" for day in _dates(coming)),
                row.open_items,
                visit_name(last.number, last.label) if last else "",
                last.held_on.isoformat() if last and last.held_on else "",
            ]
        )
    return response


def _dates(visit: Visit | None) -> tuple[date | None, date | None, date | None]:
    if visit is None:
        return None, None, None
    return visit.opens, visit.closes, visit.booked_on


def _empty(asked: dict[str, str]) -> dict[str, str]:
    if any(asked.values()):
        return {
            "sentence": "No participant matches.",
            "next": "Numbers begin with the site's number, such as 01-001-9.",
            "url": reverse("workbench:participants"),
            "link": "Show all participants",
        }
    return {
        "sentence": "No participant is on the screening log yet.",
        "next": "The first one appears here when the screening log has a line.",
    }
