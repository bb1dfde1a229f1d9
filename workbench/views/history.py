"""One record's history beside the data: each old and new value, who, when and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.instruments import TITLES
from audit.history import Entry, entries_of_own_form, entries_of_records
from audit.naming import Named, Names, names_in
from audit.sentences import Sentence, sentences
from audit.wording import TECHNICAL, tables
from participants.access import definition_for
from participants.facts import labels_of
from workbench.access import OF_RATERS, Reading, reading
from workbench.rail import desk

PAGE = 50
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class FieldLink:
    """A field of the record whose history can be read alone."""

    label: str
    url: str
    is_current: bool


@require_safe
def history(request: HttpRequest, table: str, row: str) -> HttpResponse:
    """Show what became of a record, or of one field of it, newest first."""
    field = request.GET.get("field", "")
    known = tables().get(table)
    read = reading(desk(request), table, row, field=field) if known else None
    if known is None or read is None:
        raise Http404
    before = request.GET.get("before", "")
    is_page = before.isdecimal() and len(before) <= LONGEST_ID
    found = _acts(read, before=int(before) if is_page else None)
    page = found[:PAGE]
    names = _names(page, read)
    column = field if field in known.columns and field not in TECHNICAL else ""
    older = {"field": field} if field else {}
    title = _title(page, names, table=table)
    context = {
        "title": title,
        "field": known.columns[column].label.lower() if column else _item(read, field),
        "entries": _told(page, names, read, title=title, column=column),
        "fields": _fields(page, read, table=table, current=field),
        "participant": read.person,
        "back": _back(read, table=table, row=row),
        "zone": read.zone,
        "pager": {
            "newer_url": f"{request.path}?{urlencode(older)}" if is_page else "",
            "older_url": f"?{urlencode({**older, 'before': page[-1].id})}"
            if len(found) > PAGE
            else "",
        },
        "empty": {"sentence": "Nothing of it was changed."},
    }
    with timezone.override(read.zone):
        return render(request, "workbench/history.html", context)


def _told(
    page: Sequence[Entry], names: Names, read: Reading, *, title: str, column: str
) -> list[Sentence]:
    """Return the acts in words; one that changed nothing that is told is left out."""
    only = frozenset({column} if column else ())
    if read.own:
        only = OF_RATERS & only if only else OF_RATERS
        if not only:
            return []
    told = sentences(
        page,
        names=names,
        zone=read.zone,
        sees_outcomes=read.sees_outcomes,
        only=only,
    )
    return [_plainly(each, title) for each in told if each.changes]


def _plainly(sentence: Sentence, title: str) -> Sentence:
    """Return an act without the record's name before each field: the page has it once."""
    changes = []
    for change in sentence.changes:
        label = change.label.removeprefix(f"{title} · ")
        changes.append(replace(change, label=label[:1].upper() + label[1:]))
    return replace(sentence, changes=tuple(changes))


def _acts(read: Reading, *, before: int | None) -> list[Entry]:
    if read.own is None:
        return entries_of_records(
            read.rows, before=before, limit=PAGE + 1, about=read.about
        )
    found = entries_of_own_form(
        read.own.pk,
        read.own.answers,
        known_as=(read.own.rater, read.own.code),
        before=before,
        limit=PAGE + 1,
    )
    if len(read.rows) > 1:
        return found
    # One item alone: the form's own row comes with every answer.
    wanted = set(read.rows)
    return [
        replace(entry, records=kept)
        for entry in found
        if (kept := tuple(r for r in entry.records if (r.table, r.row) in wanted))
    ]


def _names(page: Iterable[Entry], read: Reading) -> Names:
    known = [definition_for(read.person)] if read.person else []
    names = names_in(page, titles={**labels_of(known), **TITLES})
    if not read.own:
        return names
    # A rater reads the form's name and the items', never the visit they belong to.
    return Names({key: Named(each.name) for key, each in names.rows.items()}, TITLES)


def _title(page: Sequence[Entry], names: Names, *, table: str) -> str:
    """Return what the record is called, as it stands or as it was made."""
    known = tables()[table]
    for entry in page:
        for record in entry.records:
            own = tables()[record.table]
            if record.table != table:
                parts = names.within(record, own)
            else:
                name = names.own(record, own) or known.label
                parts = (*names.within(record, own), name)
            if parts:
                return ", ".join(parts)
    return known.label


def _item(read: Reading, field: str) -> str:
    """Return the item that was asked for alone; empty where the whole record is read."""
    return f"item {field}" if field and len(read.rows) == 1 else ""


def _fields(
    page: Iterable[Entry], read: Reading, *, table: str, current: str
) -> list[FieldLink]:
    """Return the fields that the record has, each a link to its own history."""
    known = tables()[table]
    present = {
        name
        for entry in page
        for record in entry.records
        if record.table == table
        for name in (*record.old, *record.new)
    }
    shown = [
        name
        for name in known.columns
        if name in present
        and name not in TECHNICAL
        and (not read.own or name in OF_RATERS)
    ]
    return [
        FieldLink(known.columns[name].label, f"?field={name}", name == current)
        for name in shown
    ]


def _back(read: Reading, *, table: str, row: str) -> str:
    """Return the page that the record is shown on, where it has one of its own."""
    routes = {
        "study_sessions_visit": "workbench:visit",
        "assessments_assessment": "assessments:enter",
        "adverse_events_adverseevent": "adverse_events:event",
    }
    if table in routes and "-" in row:
        return reverse(routes[table], args=[row])
    if read.person is not None:
        return reverse("workbench:participant", args=[read.person.uuid])
    return ""
