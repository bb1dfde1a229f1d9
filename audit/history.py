"""Reading the trail: the acts on one row, one participant or one trial, newest first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audit.models import Action, RowChange

MOST_RECORDS = 60  # read of one act for its entry: a CAPS-5, a whole course of visits

# A range in place of an equality: with `action_id = a.id` the order by the whole index is
# to the planner the order by `id`, for which it read the trail from its first row and
# threw away what belongs to other acts (3 s at two million rows).
_OF_EVERYBODY = """
SELECT c.* FROM unnest(%(actions)s::bigint[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT * FROM audit_rowchange r
    WHERE r.action_id >= a.id AND r.action_id <= a.id
    ORDER BY r.action_id, r.id LIMIT %(most)s
) c ORDER BY c.id
"""
_OF_ONE = """
SELECT c.* FROM unnest(%(actions)s::bigint[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT * FROM audit_rowchange r
    WHERE r.participant_id = %(participant)s AND r.action_id = a.id
    ORDER BY r.id LIMIT %(most)s
) c ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record: from what, to what (None where there was or is none)."""

    table: str
    row: str
    field: str
    old: Any
    new: Any
    operation: str


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
    changes: tuple[FieldChange, ...]
    # Whether the act changed more records than are read for one entry.
    is_cut: bool = False


def entries(
    actions: QuerySet[Action],
    *,
    before: int | None = None,
    limit: int = 50,
    about: Subject | None = None,
) -> list[Entry]:
    """Return up to `limit` entries older than action `before`, in two queries.

    With `about`, an act on many participants tells only what it did to this one: a
    reader of one record must not learn of others, at other sites perhaps.

    Keyset paging by id: a page costs the same at a million entries, and nothing here
    counts the trail.
    """
    if before is not None:
        actions = actions.filter(id__lt=before)
    page = list(actions.order_by("-id")[:limit])
    changes, cut = _changes([action.id for action in page], about)
    return [
        Entry(
            id=action.id,
            at=action.at,
            who=action.actor_name,
            roles=action.actor_roles,
            verb=action.verb,
            subject=_subject(action, about),
            reason=action.reason,
            changes=tuple(changes.get(action.id, ())),
            is_cut=action.id in cut,
        )
        for action in page
    ]


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


def _changes(
    action_ids: Sequence[int], about: Subject | None
) -> tuple[dict[int, list[FieldChange]], set[int]]:
    """Return the first changes of each act, and the acts that have more.

    One act may hold a hundred thousand rows (an import, a batch): a page that read them
    all for its fifty entries would never come.
    """
    rows = RowChange.objects.raw(
        _OF_EVERYBODY if about is None else _OF_ONE,
        {
            "actions": list(action_ids),
            "participant": about.participant_id if about else None,
            "most": MOST_RECORDS + 1,
        },
    )
    read = Counter[int]()
    found: dict[int, list[FieldChange]] = {}
    for row in rows:
        read[row.action_id] += 1
        if read[row.action_id] <= MOST_RECORDS:
            found.setdefault(row.action_id, []).extend(_fields(row))
    return found, {action for action, count in read.items() if count > MOST_RECORDS}


def _fields(row: RowChange) -> Iterable[FieldChange]:
    old, new = row.old or {}, row.new or {}
    for field in sorted(old.keys() | new.keys()):
        yield FieldChange(
            row.table_name,
            row.row_id,
            field,
            old.get(field),
            new.get(field),
            row.operation,
        )
