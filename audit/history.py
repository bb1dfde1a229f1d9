"""Reading the trail: the acts on one row, one participant or one trial, newest first."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Func, OuterRef, QuerySet

from audit.models import Action, RowChange, VerbatimJSON

SOMEBODY = "Somebody else"  # to a rater, of whom the names would tell the site
MOST_RECORDS = 60  # read of one act for its entry: a CAPS-5, a whole course of visits

# Only what changed these records, of each act: an act on sixty others tells nothing here.
_OF_RECORDS = """
SELECT c.action_id, c.table_name, c.row_id, c.operation, c.old::text, c.new::text,
    c.participant_id
FROM unnest(%(tables)s::text[], %(rows)s::text[]) AS k (table_name, row_id)
CROSS JOIN LATERAL (
    SELECT * FROM audit_rowchange r
    WHERE r.table_name = k.table_name AND r.row_id = k.row_id
      AND (%(before)s::bigint IS NULL OR r.action_id < %(before)s)
    ORDER BY r.id DESC LIMIT %(most)s
) c ORDER BY c.id
"""


class FieldChange(NamedTuple):
    """One field of one record: from what, to what (None where there was or is none)."""

    table: str
    row: str
    field: str
    old: Any
    new: Any
    operation: str


class Record(NamedTuple):
    """One record that an act created, changed or deleted: its columns before and after.

    A changed record has the changed columns alone, a new one all of them.
    """

    table: str
    row: str
    operation: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    participant_id: int | None = None

    def changes(self) -> Iterator[FieldChange]:
        before, after = self.old, self.new
        for field in sorted(before.keys() | after.keys()):
            old, new = before.get(field), after.get(field)
            yield FieldChange(self.table, self.row, field, old, new, self.operation)


@dataclass(frozen=True, slots=True)
class Subject:
    """The one participant whose record is read."""

    participant_id: int
    number: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One act with what it changed, as the trail-entry piece shows it."""

    id: int
    at: datetime
    who: str
    roles: str
    verb: str
    subject: str
    reason: str
    records: tuple[Record, ...]
    # Whether the act changed more records than are read for one entry.
    is_cut: bool = False
    # Whether the act is not one participant's: each record must then say whose it is.
    is_on_many: bool = False

    @property
    def changes(self) -> Iterator[FieldChange]:
        """Every changed field, record by record."""
        return (change for record in self.records for change in record.changes())


def entries(
    actions: QuerySet[Action],
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
    about: Subject | None = None,
) -> list[Entry]:
    """Return up to `limit` entries older than action `before`, in one query.

    With `after` they are the entries newer than that action, the oldest of them first:
    from 0 on, a story in the order in which it happened.

    With `about`, an act on many participants tells only what it did to this one: a
    reader of one record must not learn of others, at other sites perhaps.

    Keyset paging by id: a page costs the same at a million entries, and nothing here
    counts the trail.
    """
    if before is not None:
        actions = actions.filter(id__lt=before)
    if after is not None:
        actions = actions.filter(id__gt=after)
    actions = actions.annotate(changed=_first_records(about))
    page = actions.order_by("-id" if after is None else "id")[:limit]
    return [
        _entry(
            action,
            [_record(columns) for columns in action.changed[:MOST_RECORDS]],
            about=about,
            is_cut=len(action.changed) > MOST_RECORDS,
        )
        for action in page
    ]


def acts(
    actions: QuerySet[Action], *, limit: int, about: Subject | None = None
) -> list[Entry]:
    """Return the newest acts alone, without what they changed, in one query.

    For a page that has no room for values, and need not read or name them.
    """
    told = ("at", "verb", "reason", "subject", "actor_name", "actor_roles")
    page = actions.only(*told, "participant_id").order_by("-id")[:limit]
    return [_entry(action, (), about=about) for action in page]


def entries_of_records(
    keys: Iterable[tuple[str, str]],
    *,
    before: int | None = None,
    limit: int = 50,
    about: Subject | None = None,
) -> list[Entry]:
    """Return the last acts on these records, each (table, row), in two queries.

    Each entry holds these records alone, the newest act first.
    """
    wanted = sorted(set(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_RECORDS,
            {
                "tables": [table for table, _ in wanted],
                "rows": [row for _, row in wanted],
                "before": before,
                "most": limit + 1,
            },
        )
        found = read_records(cursor)
    newest = sorted(found, reverse=True)[:limit]
    acts = Action.objects.in_bulk(newest)
    return [
        _entry(acts[action], found[action], about=about)
        for action in newest
        if action in acts
    ]


def entries_of_own_form(
    form_id: int,
    answers: Iterable[int],
    *,
    known_as: tuple[str, str],
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return the last acts on a form that the reader rates, in one query.

    `known_as` are the reader's own name and what the form is called. The database tells
    the reader's acts with their reasons, and of others' acts only what they changed.
    """
    name, code = known_as
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM audit.own_form(%s, %s, %s, %s)",
            [form_id, sorted(answers), before, limit],
        )
        rows = list(cursor)
    found = read_records([(row[0], *row[5:], None) for row in rows])
    acts = {row[0]: row[1:5] for row in rows}
    return [
        Entry(
            id=action,
            at=at,
            who=name if is_own else SOMEBODY,
            roles="",
            verb=verb,
            subject=code,
            reason=reason,
            records=tuple(found[action]),
        )
        for action, (at, verb, is_own, reason) in acts.items()
    ]


def _entry(
    action: Action,
    records: Iterable[Record],
    *,
    about: Subject | None,
    is_cut: bool = False,
) -> Entry:
    return Entry(
        id=action.id,
        at=action.at,
        who=action.actor_name,
        roles=action.actor_roles,
        verb=action.verb,
        subject=_subject(action, about),
        reason=action.reason,
        records=tuple(records),
        is_cut=is_cut,
        is_on_many=about is None and action.participant_id is None,
    )


def _subject(action: Action, about: Subject | None) -> str:
    if about is None or action.participant_id == about.participant_id:
        return action.subject
    parts = action.subject.split("; ")
    own = [part for part in parts if part.startswith(about.number)]
    return "; ".join(own) if own and len(parts) > 1 else about.number


def of_participant(participant_id: int) -> QuerySet[Action]:
    """Return every act that changed a row of this participant or names them.

    A union, since an OR of the two would read the trail from its end until it had found
    enough: at a million entries, for somebody who left years ago, nearly all of it.
    """
    changed = RowChange.objects.filter(participant_id=participant_id)
    named = Action.objects.filter(participant_id=participant_id)
    ids = changed.values_list("action_id").union(named.values_list("id"))
    return Action.objects.filter(id__in=ids)


def of_row(table: str, row: object) -> QuerySet[Action]:
    """Return every act that changed this one row."""
    changed = RowChange.objects.filter(table_name=table, row_id=str(row))
    return Action.objects.filter(id__in=changed.values("action_id"))


def _first_records(about: Subject | None) -> Func:
    """Return the first records of an act, one more than are shown if there are more.

    One act may hold a hundred thousand rows (an import, a batch): a page that read them
    all for its fifty entries would never come. They come as one text for each act: to
    read a thousand small ones was a quarter of the auditor's page.
    """
    act = OuterRef("id")
    if about is None:
        # A range in place of an equality: with one, the order by the whole index is to
        # the planner the order by `id`, for which it read the trail from its first row
        # and threw away what belongs to other acts (3 s at two million rows).
        rows = RowChange.objects.filter(action_id__gte=act, action_id__lte=act)
    else:
        rows = RowChange.objects.filter(
            action_id=act, participant_id=about.participant_id
        )
    columns = Func(
        *("table_name", "row_id", "operation", "old", "new", "participant_id"),
        function="json_build_array",
        output_field=VerbatimJSON(),
    )
    ordered = rows.order_by("action_id", "id").values_list(columns)
    return Func(
        ArraySubquery(ordered[: MOST_RECORDS + 1]),
        function="to_json",
        output_field=VerbatimJSON(),
    )


def _record(columns: Sequence[Any]) -> Record:
    table, row, operation, old, new, participant = columns
    return Record(table, row, operation, old or _NOTHING, new or _NOTHING, participant)


_NOTHING: Mapping[str, Any] = {}


def read_records(rows: Iterable[Sequence[Any]]) -> dict[int, list[Record]]:
    """Return records by act, of rows (act, table, row, operation, old, new, participant)."""
    found: dict[int, list[Record]] = {}
    for action, table, row, operation, old, new, participant in rows:
        record = Record(
            table, row, operation, _columns(old), _columns(new), participant
        )
        found.setdefault(action, []).append(record)
    return found


def _columns(text: str | None) -> Mapping[str, Any]:
    """Return a row's columns from the text of their JSON."""
    return json.loads(text) if text else {}
