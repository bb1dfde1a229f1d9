"""An investigator reads records and says what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.trail import acting
from medical.actions.batch import SHORTEST_REASON, held_still, subject
from medical.actions.feeding import feed
from medical.models import MODELS, Medication, ReviewedRecord, kind_of
from medical.vocabulary import KIND_WORDS, NO_WASHOUT, Kind, findings_of
from participants.actions.batch import place_of, reason_of, site_ids_of
from trials.access import require

# What is as it should be speaks for itself.
_PLAIN = frozenset({"normal", "read"})


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody finds in a record: a word of `findings_of` its kind, and why."""

    record: ReviewedRecord
    finding: str
    reason: str = ""


def review(*, reviews: Sequence[Review], at: datetime, by: AnyActor) -> None:
    """Record who read records, when, and what they mean clinically.

    Whatever is not plainly normal needs a reason, and so does a second judgment.
    ICH E6(R3) 2.5.1; 21 CFR 312.62(b).
    """
    if not isinstance(by, Actor):
        raise NotPermitted("Medical records are reviewed by a person, never by a job.")
    records = [item.record for item in reviews]
    people = [record.participant for record in records]
    require(
        by=by,
        permission=Permission.REVIEW_MEDICAL,
        site_ids=site_ids_of(participants=people),
    )
    with acting(
        "review medical records",
        by=by,
        reason=reason_of(reasons=[item.reason for item in reviews]),
        subject=subject(records=records),
        place=place_of(participants=people),
    ):
        rows = held_still(participants=people)
        by_kind: dict[Kind, list[Review]] = {}
        for item in reviews:
            by_kind.setdefault(kind_of(item.record), []).append(item)
        for kind, items in by_kind.items():
            _judge(kind, items, at=at, user_id=by.user_id)
        feed(participants=rows, kinds=by_kind, by=by)


def _judge(kind: Kind, items: Sequence[Review], *, at: datetime, user_id: int) -> None:
    model = MODELS[kind]
    wanted = {item.record.pk for item in items}
    found = model.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    rows: dict[int, ReviewedRecord] = {row.pk: row for row in found}
    alike: dict[tuple[str, str], list[int]] = {}
    for item in items:
        _check(kind, rows[item.record.pk], item)
        said = (item.finding, item.reason.strip())
        alike.setdefault(said, []).append(item.record.pk)
    # Mostly all are normal: one statement for what is found alike.
    for (finding, reason), ids in alike.items():
        model.objects.filter(pk__in=ids).update(
            reviewed_by=user_id,
            reviewed_at=at,
            significance=finding,
            review_note=reason,
        )


def _check(kind: Kind, row: ReviewedRecord, item: Review) -> None:
    if row.voided_at is not None:
        raise Refused(
            f"This {KIND_WORDS[kind]} was voided: there is nothing to review."
        )
    if item.finding not in findings_of(kind):
        raise Refused("Choose what the record means from the list.")
    if isinstance(row, Medication) and row.drug and item.finding == NO_WASHOUT:
        raise Refused(
            f"{row.label} is on the protocol's list: its washout follows from there."
        )
    needs_reason = item.finding not in _PLAIN or row.reviewed_at is not None
    if needs_reason and len(item.reason.strip()) < SHORTEST_REASON:
        raise ReasonNeeded("Say why, in a few words.")
