"""Giving an interview to another rater, whole and at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F

from accounts.models import User
from accounts.vocabulary import Permission
from assessments.access import is_for_rater
from assessments.actions.choosing import (
    NAMED_RATER_WORDS,
    RATER_DEVIATION_WORDS,
    Choice,
    choose_others,
)
from assessments.actions.records import Record, fetched, move, names_of, place_of
from assessments.lifecycle import TAKES_DRAFTS, Move
from assessments.models import Assessment, Draft
from audit.actors import Actor, AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.actions import NewDeviation, record_deviations
from sessions.actions.statements import update_rows
from sessions.models import Visit
from trials.access import require, sites_for


@dataclass(frozen=True, slots=True)
class Reassignment:
    """An interview for another rater of the pool, on another day if one is given."""

    assessment: Assessment
    rater: User | None = None
    due_on: date | None = None


def reassign_ratings(
    *, reassignments: Sequence[Reassignment], reason: str, by: AnyActor
) -> dict[int, Choice]:
    """Give interviews that nobody has completed to other raters; who rates, by visit id.

    All open forms of the visit go along, since one interview is one person's. The former
    rater loses them with this act; what they had typed is set aside: kept on record,
    shown to nobody, and it counts as having met the participant.
    """
    asked = fetched(assessments=[each.assessment for each in reassignments], by=by)
    _check(asked)
    _require(reassignments, by)
    records = _with_siblings(asked, by)
    with acting(
        "reassign rating",
        by=by,
        reason=reason,
        subject=names_of(records=records),
        place=place_of(rows=[record.assessment for record in records]),
    ):
        states = move(records=records, to=Move.REASSIGN, reason=reason)
        choices = choose_others(
            former={x.assessment.visit: x.assessment.rater_id or 0 for x in asked},
            wanted={
                each.assessment.visit_id: each.rater
                for each in reassignments
                if each.rater is not None
            },
        )
        for record in records:
            record.assessment.state = states[record.assessment.pk].value
        _write(records, reassignments, choices)
        _note_repeats(reassignments, choices, by=by)
    return choices


def _check(records: Sequence[Record]) -> None:
    for record in records:
        title = record.instrument.short_title
        if not is_for_rater(record.row) or record.assessment.rater_id is None:
            raise Refused(
                f"{title} is filled in at the site: it has no rater to change."
            )
        if record.assessment.assessed_on is not None:
            raise Refused(
                f"{title} was completed by its rater, who also corrects it. It cannot be "
                "given to another rater."
            )


def _require(reassignments: Sequence[Reassignment], by: AnyActor) -> None:
    """Naming somebody is the data manager's; the pool's choice is the site's as well."""
    sites = {each.assessment.site_id for each in reassignments}
    permission = Permission.ASSIGN_RATERS
    is_named = any(each.rater for each in reassignments)
    if not is_named and isinstance(by, Actor):
        theirs = sites_for(by.user_id, permission).filter(pk__in=sites)
        if theirs.count() < len(sites):
            permission = Permission.ENTER_ASSESSMENTS
    require(by=by, permission=permission, site_ids=sites)


def _with_siblings(records: Sequence[Record], by: AnyActor) -> list[Record]:
    """Return every open form of the same interviews, those asked for among them."""
    raters = {x.assessment.visit_id: x.assessment.rater_id for x in records}
    asked = {record.assessment.pk for record in records}
    rows = Assessment.objects.filter(visit__in=raters, rater__isnull=False)
    whole = [
        row
        for row in rows.order_by("pk")
        if row.pk in asked
        or (
            row.rater_id == raters[row.visit_id]
            and row.state in TAKES_DRAFTS
            and row.assessed_on is None
        )
    ]
    return [
        record
        for record in fetched(assessments=whole, by=by)
        if is_for_rater(record.row)
    ]


def _write(
    records: Sequence[Record],
    reassignments: Sequence[Reassignment],
    choices: Mapping[int, Choice],
) -> None:
    days = {each.assessment.visit_id: each.due_on for each in reassignments}
    rows = [record.assessment for record in records]
    for row in rows:
        row.rater_id = choices[row.visit_id].rater_id
        row.due_on = days[row.visit_id] or row.due_on
    update_rows(rows=rows, fields=("rater", "due_on", "state"))
    drafts = Draft.objects.filter(assessment__in=rows)
    drafts.exclude(user=F("assessment__rater")).update(is_set_aside=True)
    # Whoever gets an interview back goes on where they stopped.
    drafts.filter(user=F("assessment__rater")).update(is_set_aside=False)


def _note_repeats(
    reassignments: Sequence[Reassignment],
    choices: Mapping[int, Choice],
    *,
    by: AnyActor,
) -> None:
    repeated: dict[Visit, Reassignment] = {
        each.assessment.visit: each
        for each in reassignments
        if choices[each.assessment.visit_id].is_repeat
    }
    if not repeated:
        return
    deviations = [
        NewDeviation(
            participant=each.assessment.participant,
            kind="rater",
            occurred_on=_day(each),
            description=NAMED_RATER_WORDS if each.rater else RATER_DEVIATION_WORDS,
            visit_code=visit.code,
        )
        for visit, each in repeated.items()
    ]
    record_deviations(deviations=deviations, by=by)


def _day(each: Reassignment) -> date:
    day = each.due_on or each.assessment.due_on
    if day is None:
        raise Refused("Give the day of the interview.")
    return day
