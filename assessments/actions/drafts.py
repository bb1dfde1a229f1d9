"""Drafts: each answer is kept as it is given, by one statement, off the trail.

Only that a form was begun is on it: the first answer to an assigned form starts it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from assessments.access import row_of, standings, without_blanks
from assessments.actions.records import (
    NOBODY_BUT_THE_RATER,
    fetched,
    move,
    names_of,
    place_of,
)
from assessments.answers import Answer
from assessments.instruments import instrument
from assessments.instruments.base import MissingReason, Scale
from assessments.lifecycle import Move, State
from assessments.models import Assessment
from audit.actors import Actor
from audit.refusal import NotPermitted, Refused
from audit.seeing import transaction_of
from audit.trail import acting
from sessions.actions.statements import update_rows

# What is typed on the page beside the items; kept as text, never scored.
BESIDE_THE_ITEMS = frozenset({"assessed_on", "source", "action_taken", "reason"})
LONGEST_TEXT = 2000

# One statement, so that answers given at the same moment cannot undo each other: a
# read-modify-write of this column once stored 13 of 30 and showed all as saved. The
# shared lock waits for a completion in progress, which then refuses the late answers.
_SAVE = """
INSERT INTO assessments_draft AS draft (assessment_id, user_id, answers, saved_at)
SELECT id, %(user)s, %(answers)s::jsonb, %(now)s
FROM assessments_assessment
WHERE id = %(assessment)s AND state IN ('assigned', 'in_progress')
FOR SHARE
ON CONFLICT (assessment_id, user_id) DO UPDATE SET
    answers = draft.answers || (
        SELECT coalesce(jsonb_object_agg(item, answer), '{}')
        FROM jsonb_each(excluded.answers) AS given (item, answer)
        WHERE (answer ->> 'sequence')::bigint
            >= coalesce((draft.answers -> item ->> 'sequence')::bigint, 0)),
    saved_at = excluded.saved_at
RETURNING answers::text
"""


class DraftClosed(Refused):
    """The form is completed; from now on a change is a correction."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer as it was given; `sequence` grows with every answer of a person."""

    item: str
    value: int | str | None
    missing: str
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """The server's time of the answers, the whole draft with them, and what is none.

    `refused` has a sentence for each item whose answer its scale does not know.
    """

    at: datetime
    answers: dict[str, Answer]
    refused: dict[str, str]


def keep_answers(
    *, assessment: Assessment, given: Sequence[GivenAnswer], by: Actor
) -> Kept:
    """Keep the answers that are answers, and return the draft as it stands now.

    Several at a time, so that somebody who types faster than the line carries one
    request per answer is never further behind than one request. An answer with a
    lower `sequence` than the kept one was overtaken on its way and changes nothing.
    Raises `DraftClosed` for a form that is complete, `NotPermitted` for another's, and
    `Refused` where none of the answers is one.
    """
    _require(assessment, by)
    refused = _refused(assessment, given)
    if len(refused) == len(given):
        raise Refused(next(iter(refused.values()), "There is no answer to keep."))
    if assessment.state == State.ASSIGNED:
        _begin(assessment, by)
    now = timezone.now()
    newest_last = sorted(given, key=lambda answer: answer.sequence)
    kept = [answer for answer in newest_last if answer.item not in refused]
    answers = {each.item: _stored(each, now) for each in kept}
    draft = _save(assessment, answers, at=now, by=by)
    return Kept(now, without_blanks(draft), refused)


def _stored(answer: GivenAnswer, at: datetime) -> dict[str, Any]:
    return {
        "value": answer.value,
        "missing": answer.missing,
        "at": at.isoformat(),
        "sequence": answer.sequence,
    }


def _save(
    assessment: Assessment, answers: dict[str, Any], *, at: datetime, by: Actor
) -> dict[str, Any]:
    """Add answers to the person's draft, and return all of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE,
            {
                "user": by.user_id,
                "answers": json.dumps(answers),
                "now": at,
                "assessment": assessment.pk,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise DraftClosed(
            "Somebody completed this form meanwhile. Send yours to compare the two."
        )
    draft: dict[str, Any] = json.loads(row[0])
    return draft


def _begin(assessment: Assessment, by: Actor) -> None:
    """Start an assigned form, once, however many first answers arrive together."""
    records = fetched(assessments=[assessment], by=by)
    rows = Assessment.objects.select_for_update().filter(pk=assessment.pk)
    with transaction_of(by):
        if rows.values_list("state", flat=True).get() != State.ASSIGNED:
            return
        with acting(
            "start assessment",
            by=by,
            subject=names_of(records=records),
            place=place_of(rows=[assessment]),
        ):
            states = move(records=records, to=Move.START)
            assessment.state = states[assessment.pk].value
            update_rows(rows=[assessment], fields=["state"])


def _require(assessment: Assessment, by: Actor) -> None:
    standing = standings(by.user_id, [(assessment, row_of(assessment))])[0]
    if not (standing.may_enter or standing.may_transcribe):
        raise NotPermitted(NOBODY_BUT_THE_RATER)


def _refused(assessment: Assessment, given: Sequence[GivenAnswer]) -> dict[str, str]:
    edition = instrument(assessment.instrument, assessment.version)
    items = {item.code: item for item in edition.items}
    refused = {}
    for answer in given:
        if answer.item in BESIDE_THE_ITEMS:
            why = _why_no_text(answer)
        elif answer.item in items:
            why = _why_no_answer(answer, items[answer.item].scale)
        else:
            why = f"{edition.short_title} has no item {answer.item}."
        if why:
            refused[answer.item] = why
    return refused


def _why_no_text(given: GivenAnswer) -> str:
    text = given.value if given.value is not None else ""
    if given.missing or not isinstance(text, str) or len(text) > LONGEST_TEXT:
        return "That text is too long to be kept."
    return ""


def _why_no_answer(given: GivenAnswer, scale: Scale) -> str:
    value, missing = given.value, given.missing
    if missing and (value is not None or missing not in set(MissingReason)):
        return "Choose an answer, or why there is none."
    if value is None or (isinstance(value, int) and scale.allows(value)):
        return ""
    return f"{value} is no answer; use {scale.in_words()}."
