"""What changed in one history since a position of its chain: old and new, by record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from audit.history import Entry, Record, read_records
from audit.models import Action
from audit.naming import Names, names_in
from audit.sentences import Change, sentences
from audit.wording import TECHNICAL, Table, tables

MOST_ACTS = 400  # told on one page; what is after them is told once these are seen
_OF_PARTICIPANT = """
SELECT r.action_id, r.table_name, r.row_id, r.operation, r.old::text, r.new::text,
    r.participant_id
FROM audit_rowchange r
WHERE r.participant_id = %(id)s AND r.action_id = ANY (%(acts)s) ORDER BY r.id
"""
# Each act by the index on acts: as an equality with ANY the planner may well prefer the
# order by id, and then reads the trail from its first row (see audit.history).
_OF_PLACE = """
SELECT c.action_id, c.table_name, c.row_id, c.operation, c.old::text, c.new::text,
    c.participant_id
FROM unnest(%(acts)s::bigint[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT * FROM audit_rowchange r
    WHERE r.action_id >= a.id AND r.action_id <= a.id AND {place} ORDER BY r.action_id, r.id
) c ORDER BY c.id
"""
_PLACES = {
    "participant": _OF_PARTICIPANT,
    "site": _OF_PLACE.format(place="r.site_id = %(id)s AND r.participant_id IS NULL"),
    "trial": _OF_PLACE.format(place="r.trial_id = %(id)s AND r.site_id IS NULL"),
}
_VERBS = {"I": "create", "U": "change", "D": "delete"}


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain has come: the number of its acts, and the hash of the last."""

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Group:
    """What became of a record, or of several of one kind: `taken_back` changed and is as
    it was before."""

    title: str
    changes: tuple[Change, ...]
    taken_back: tuple[str, ...]
    who: tuple[str, ...]
    at: datetime
    acts: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """The groups since a position, up to `position`; `more` acts came after these."""

    groups: tuple[Group, ...]
    position: int
    acts: int
    is_cut: bool


def chain_of(kind: str, pk: int) -> str:
    """Return the name of the chain of a participant, site or trial."""
    return f"{kind}:{pk}"


def heads_of(chains: Iterable[str]) -> dict[str, Head]:
    """Return the heads of those of the chains that the reader may see, in one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit.heads(%s)", [sorted(chains)])
        return {chain: Head(position, digest) for chain, position, digest in cursor}


def changed_since(
    chain: str,
    position: int,
    *,
    titles: Mapping[str, str],
    zone: str,
    sees_outcomes: bool,
) -> Diff:
    """Return what changed after a position, in at most four queries."""
    kind, _, pk = chain.partition(":")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM audit.acts_since(%s, %s, %s)",
            [chain, position, MOST_ACTS + 1],
        )
        links = list(cursor)
        shown = dict(links[:MOST_ACTS])
        cursor.execute(_PLACES[kind], {"id": int(pk), "acts": list(shown.values())})
        records = read_records(cursor)
    acts = Action.objects.in_bulk(records)
    merged = _merged(records, acts)
    entries = [_entry(each) for each in merged]
    names = names_in(entries, titles=titles, joins_facts=False)
    groups = [
        _group(title, of_title, names, zone=zone, sees_outcomes=sees_outcomes)
        for title, of_title in _grouped(merged, names).items()
    ]
    told = [group for group in groups if group.changes or group.taken_back]
    return Diff(
        tuple(sorted(told, key=lambda group: group.at, reverse=True)),
        position=max(shown, default=position),
        acts=len(shown),
        is_cut=len(links) > MOST_ACTS,
    )


@dataclass(slots=True)
class _Merged:
    """One record's changes as one: the first old and the last new value of each column."""

    record: Record
    acts: dict[int, Action]
    taken_back: frozenset[str] = frozenset()


def _merged(
    records: Mapping[int, Sequence[Record]], acts: Mapping[int, Action]
) -> list[_Merged]:
    found: dict[tuple[str, str], _Merged] = {}
    for action, changed in sorted(records.items()):
        for record in changed:
            if action not in acts:
                continue
            known = found.get((record.table, record.row))
            if known is None:
                found[record.table, record.row] = _Merged(
                    record, {action: acts[action]}
                )
                continue
            known.record = _after(known.record, record)
            known.acts[action] = acts[action]
    return [_without_returns(each) for each in found.values()]


def _after(first: Record, then: Record) -> Record:
    operation = then.operation if then.operation == "D" else first.operation
    return Record(
        first.table,
        first.row,
        operation,
        # What was new since then has no old value, however often it changed.
        {} if first.operation == "I" else {**then.old, **first.old},
        {} if operation == "D" else {**first.new, **then.new},
        first.participant_id,
    )


def _without_returns(merged: _Merged) -> _Merged:
    record = merged.record
    same = frozenset(
        name
        for name, value in record.old.items()
        if record.operation == "U" and record.new.get(name) == value
    )
    kept = record._replace(
        old={name: value for name, value in record.old.items() if name not in same},
        new={name: value for name, value in record.new.items() if name not in same},
    )
    return _Merged(kept, merged.acts, same)


def _grouped(
    merged: Iterable[_Merged], names: Names
) -> dict[tuple[str, ...], list[_Merged]]:
    found: dict[tuple[str, ...], list[_Merged]] = {}
    for each in merged:
        table = tables().get(each.record.table)
        found.setdefault(_title(each.record, table, names), []).append(each)
    return found


def _title(record: Record, table: Table | None, names: Names) -> tuple[str, ...]:
    """Return what a record is told under: its form or event, its visit, or its kind."""
    if table is None:
        return ("Sealed records",)
    within = names.within(record, table)
    if table.parent in {"assessment_id", "event_id"} and within:
        return within
    own = names.own(record, table)
    if within or (own and record.operation != "I"):
        return (*within, own or table.label)
    # What is new of one kind is told together: the facts of a screening, a course.
    return (table.plural[:1].upper() + table.plural[1:],)


def _group(
    title: tuple[str, ...],
    merged: Sequence[_Merged],
    names: Names,
    *,
    zone: str,
    sees_outcomes: bool,
) -> Group:
    acts = {pk: act for each in merged for pk, act in each.acts.items()}
    changes: list[Change] = []
    (sentence,) = sentences(
        [_entry(*merged)], names=names, zone=zone, sees_outcomes=sees_outcomes
    )
    called = f"{', '.join(title)} · "
    for change in sentence.changes:
        label = change.label.removeprefix(called)
        changes.append(replace(change, label=label[:1].upper() + label[1:]))
    return Group(
        title=", ".join(title),
        changes=tuple(changes),
        taken_back=tuple(sorted(set(_labels(merged)))),
        who=tuple(dict.fromkeys(act.actor_name for act in acts.values())),
        at=max(act.at for act in acts.values()),
        acts=len(acts),
        reasons=tuple(dict.fromkeys(act.reason for act in acts.values() if act.reason)),
    )


def _labels(merged: Iterable[_Merged]) -> Iterable[str]:
    for each in merged:
        table = tables().get(each.record.table)
        for name in each.taken_back:
            if table and name in table.columns and name not in TECHNICAL:
                yield table.columns[name].label


def _entry(*merged: _Merged) -> Entry:
    """Return records as one entry of the trail, for the words that the trail has."""
    first = next(iter(merged[0].acts.values()))
    return Entry(
        id=first.id,
        at=first.at,
        who="",
        roles="",
        verb=_VERBS[merged[0].record.operation],
        subject="",
        reason="",
        records=tuple(each.record for each in merged),
    )
