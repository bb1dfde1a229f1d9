"""Correcting a record, and voiding one that should not have been entered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from medical.actions.batch import SHORTEST_REASON, as_it_stands, held_still, subject
from medical.actions.checking import check, refuse_after_leaving
from medical.actions.feeding import feed
from medical.actions.recording import FIELDS
from medical.models import DAYS, Record, ReviewedRecord, kind_of
from medical.vocabulary import KIND_WORDS
from participants.access import allowed_after_leaving
from participants.actions.batch import place_of
from trials.access import protocol_versions, require, today_at


def correct(
    *, record: Record, changes: Mapping[str, Any], reason: str = "", by: AnyActor
) -> Record:
    """Change what is saved of a record, with a reason; a review of it is taken back.

    To fill in what was open (the last dose of a drug that was taken until now) is new
    data and needs none.
    """
    kind = kind_of(record)
    if unknown := changes.keys() - FIELDS[kind]:
        raise ValueError(f"A {kind} has nothing called {sorted(unknown)}.")
    require(by=by, permission=Permission.RECORD_MEDICAL, site_ids={record.site_id})
    with acting(
        f"correct {KIND_WORDS[kind]}",
        by=by,
        reason=reason,
        subject=subject(records=[record]),
        place=place_of(participants=[record.participant]),
    ):
        people = held_still(participants=[record.participant])
        row = as_it_stands(record=record)
        row.participant = people[row.participant_id]
        before = {name: getattr(row, name) for name in FIELDS[kind]}
        for name, value in changes.items():
            setattr(row, name, value)
        if getattr(row, DAYS[kind]) != before[DAYS[kind]]:
            allowed = allowed_after_leaving(people).get(row.participant_id, ())
            refuse_after_leaving(record=row, allows=allowed)
        _check(row)
        changed = [name for name in before if getattr(row, name) != before[name]]
        if not changed:
            raise Refused("Nothing was changed.")
        _take_back_review(row, {before[name] for name in changed}, reason)
        row.save()
        feed(participants=people, kinds=[kind], by=by)
    return row


def _check(row: Record) -> None:
    version = row.participant.protocol_version_id
    check(
        record=row,
        definition=protocol_versions([version])[version],
        today=today_at(row.participant.site),
    )


def _take_back_review(row: Record, replaced: set[object], reason: str) -> None:
    """Ask for the reason where saved values change; what was reviewed is read again."""
    is_reviewed = isinstance(row, ReviewedRecord) and row.reviewed_at is not None
    is_correction = is_reviewed or bool(replaced - {None, ""})
    if is_correction and len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Saved data is changed: say why, in a few words.")
    if isinstance(row, ReviewedRecord):
        row.reviewed_by = row.reviewed_at = None
        row.significance = row.review_note = ""


def void(*, record: Record, reason: str, at: datetime, by: AnyActor) -> Record:
    """Void a record that should not have been entered; it stays to be read."""
    kind = kind_of(record)
    require(by=by, permission=Permission.RECORD_MEDICAL, site_ids={record.site_id})
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Say why the record is voided, in a few words.")
    with acting(
        f"void {KIND_WORDS[kind]}",
        by=by,
        reason=reason,
        subject=subject(records=[record]),
        place=place_of(participants=[record.participant]),
    ):
        people = held_still(participants=[record.participant])
        row = as_it_stands(record=record)
        row.voided_at, row.void_reason = at, reason.strip()
        row.save(update_fields=["voided_at", "void_reason"])
        feed(participants=people, kinds=[kind], by=by)
    return row
