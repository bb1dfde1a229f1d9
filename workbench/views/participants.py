"""The participants of a person's sites: found, filtered, sorted, page by page."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    When,
)
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.http import link_to
from accounts.vocabulary import Permission
from participants.access import participants_for
from participants.lifecycle import WORDS, State
from participants.models import Participant
from participants.numbering import hyphened, with_check_digit
from sessions.drawing.windows import WindowBar, window_bar
from sessions.models import Visit
from workbench.access import Desk, open_items
from workbench.rail import desk, sites_in_view
from workbench.views.course import when_text
from workbench.views.ordering import COMING, HELD, Ordering, ordering_of, page_of
from workbench.vocabulary import Chip, state_chip, visit_name
from workbench.worklist import window_of

PAGE = 40  # a usual site whole
_ASKED = ("q", "state", "site", "sort")
_ORDERS = {
    "": "Those in the trial first, then by number.",
    "number": "By number.",
    "state": "By state.",
    "next": "By the day of the next visit.",
    "last": "By the day of the last visit held.",
}
_HEADS = {
    "number": "Number",
    "state": "State",
    "next": "Next visit",
    "last": "Last visit held",
}
_P = Permission
# Of a visit: what the list shows of it.
_SHOWN = (
    *("participant_id", "number", "label", "position", "state", "plan", "why"),
    *("opens", "target", "closes", "booked_on", "booked_time", "held_on"),
)


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
    sites = {site.pk: site for site in sites_in_view(request, _P.VIEW_PARTICIPANTS)}
    asked = {name: request.GET.get(name, "").strip() for name in _ASKED}
    ordering = ordering_of(asked["sort"])
    asked["sort"] = ordering.asked
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = page_of(
        _found(_people_at(sites), asked),
        ordering,
        before=before,
        after=after,
        size=PAGE,
    )
    people = page.people
    for person in people:
        person.site = sites[person.site_id]
    if len(people) == 1 and people[0].number == hyphened(asked["q"]):
        return redirect("workbench:participant", uuid=people[0].uuid)
    rows = _rows(people, here.days())
    if request.GET.get("format") == "csv":
        return _csv(rows)
    context = {
        "rows": rows,
        "asked": asked,
        "states": _chips(asked),
        "heads": _heads(asked, ordering),
        "order": _ORDERS[ordering.column],
        "pager": {
            "newer_url": _link(asked, before=page.newer) if page.newer else "",
            "older_url": _link(asked, after=page.older) if page.older else "",
            "shown": f"{len(rows)} shown",
            "csv_url": _link(asked, format="csv", after=after, before=before),
        },
        "may_screen": _P.SCREEN in here.permissions,
        "many_sites": len(here.sites) > 1,
        "empty": None if rows else _empty(asked, likely=_likely(here, asked["q"])),
    }
    return render(request, "workbench/participants.html", context)


def _people_at(site_ids: Iterable[int]) -> QuerySet[Participant]:
    """Return the participants of sites that the desk has found to be the reader's."""
    return Participant.objects.filter(site__in=site_ids).annotate(
        digest=F("protocol_version__sha256")
    )


def _found(
    people: QuerySet[Participant], asked: dict[str, str]
) -> QuerySet[Participant]:
    if q := asked["q"]:
        wanted = Q(number__startswith=hyphened(q)) | Q(site__number=q)
        if q.isdecimal() and len(q) < 4 and (q[0] != "0" or len(q) == 3):
            wanted |= Q(sequence=int(q))  # the middle of the number, as people call it
        people = people.filter(wanted)
    if asked["state"] in set(State):
        people = people.filter(state=asked["state"])
    return people.defer("treatment_stop_reason", "end_reason")


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


def _heads(asked: dict[str, str], ordering: Ordering) -> dict[str, dict[str, str]]:
    """Return the head of each column that sorts: its words, its link and its aria-sort."""
    return {
        column: {
            "label": label,
            "url": _link(asked | {"sort": ordering.towards(column).asked}),
            "aria": ordering.aria(column),
        }
        for column, label in _HEADS.items()
    }


def _rows(page: Sequence[Participant], days: Mapping[int, date]) -> list[Row]:
    """Return the rows of a page in two queries, whatever is in it."""
    around = {
        (visit.participant_id, visit.state == "held"): visit
        for visit in _next_and_last(page)
    }
    waiting = open_items(page, days)
    rows = []
    for person in page:
        visit = around.get((person.pk, False))
        window = window_of(visit) if visit else None
        bar = None
        if window and visit:
            bar = window_bar(
                window, today=days[person.site_id], booked_on=visit.booked_on
            )
        rows.append(
            Row(
                participant=person,
                url=link_to("workbench:participant", person.uuid),
                chip=state_chip(person.state),
                next_visit=visit,
                bar=bar,
                open_items=waiting.get(person.pk, 0),
                last_held=around.get((person.pk, True)),
            )
        )
    return rows


def _next_and_last(page: Sequence[Participant]) -> QuerySet[Visit]:
    """Return the visit that comes next to each participant, and the one held last."""
    is_held = ExpressionWrapper(HELD, output_field=BooleanField())
    visits = Visit.objects.filter(COMING | HELD, participant__in=page)
    return (
        visits.only(*_SHOWN)
        .annotate(is_held=is_held)
        .order_by(
            *("participant_id", "is_held", "-held_on"),
            Case(When(COMING, then=Coalesce("booked_on", "target"))),
            # Of several on one day the first comes next, and the last was held last.
            Case(When(COMING, then="position")),
            "-position",
        )
        .distinct("participant_id", "is_held")
    )


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


def _likely(here: Desk, q: str) -> Participant | None:
    """Return who is meant by a number whose check digit does not fit, if there is one."""
    meant = with_check_digit(q)
    if not meant or meant == hyphened(q):
        return None
    return participants_for(here.user_id).filter(number=meant).first()


def _empty(asked: dict[str, str], *, likely: Participant | None) -> dict[str, str]:
    if likely is not None:
        return {
            "sentence": f"{hyphened(asked['q'])} is no participant: its check digit does "
            "not fit.",
            "next": f"Did you mean {likely.number}? Compare it with the source.",
            "url": reverse("workbench:participant", args=[likely.uuid]),
            "link": f"Open {likely.number}",
        }
    if asked["q"] or asked["state"] or asked["site"]:
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
