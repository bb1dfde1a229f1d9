"""Drafts: each answer is kept as it is given, by one statement, off the trail.

Only that a form was begun is on it: the first answer to an assigned form starts it.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from assessments.access import definitions_of, standings, without_blanks
from assessments.actions.records import (
    NOBODY_BUT_THE_RATER,
    fetched,
    move,
    names_of,
    place_of,
)
from assessments.answers import Answer
from assessments.instruments import instrument
from assessments.instruments.base import MissingReason
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
# shared lock waits for a completion in progress, which then refuses the late answer.
_SAVE = """
INSERT INTO assessments_draft AS draft (assessment_id, user_id, answers, saved_at)
SELECT id, %(user)s, jsonb_build_object(%(item)s::text, %(answer)s::jsonb), %(now)s
FROM assessments_assessment
WHERE id = %(assessment)s AND state IN ('assigned', 'in_progress')
FOR SHARE
ON CONFLICT (assessment_id, user_id) DO UPDATE SET
    answers = CASE
        WHEN coalesce((draft.answers -> %(item)s ->> 'sequence')::bigint, 0)
            > %(sequence)s
        THEN draft.answers ELSE draft.answers || excluded.answers END,
    saved_at = excluded.saved_at
RETURNING answers::text
"""


class DraftClosed(Refused):
    """The form is completed; from now on a change is a correction."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The server's time of an answer, and the whole draft with it."""

    at: datetime
    answers: dict[str, Answer]


def save_answer(
    *,
    assessment: Assessment,
    item: str,
    value: int | str | None,
    missing: str,
    by: Actor,
    sequence: int = 0,
) -> datetime:
    """Keep one answer of the acting person's draft and return the server's time."""
    given = GivenAnswer(item, value, missing, sequence)
    return keep_answer(assessment=assessment, given=given, by=by).at


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer as it was given; `sequence` grows with every answer of a person."""

    item: str
    value: int | str | None
    missing: str
    sequence: int = 0


def keep_answer(*, assessment: Assessment, given: GivenAnswer, by: Actor) -> Kept:
    """Keep one answer and return the draft as it stands now.

    An answer with a lower `sequence` than the kept one was overtaken on its way and
    changes nothing. Raises `DraftClosed` for a form that is complete.
    """
    _require(assessment, by)
    _check(assessment, given)
    if assessment.state == State.ASSIGNED:
        _begin(assessment, by)
    now = timezone.now()
    answer = {
        "value": given.value,
        "missing": given.missing,
        "at": now.isoformat(),
        "sequence": given.sequence,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE,
            {
                "user": by.user_id,
                "item": given.item,
                "answer": json.dumps(answer),
                "now": now,
                "assessment": assessment.pk,
                "sequence": given.sequence,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise DraftClosed(
            "Somebody completed this form meanwhile. Send yours to compare the two."
        )
    return Kept(now, without_blanks(json.loads(row[0])))


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
    visit = assessment.visit
    row = definitions_of([visit])[visit.protocol_version_id].row(assessment.code)
    standing = standings(by.user_id, [(assessment, row)])[0]
    if not (standing.may_enter or standing.may_transcribe):
        raise NotPermitted(NOBODY_BUT_THE_RATER)


def _check(assessment: Assessment, given: GivenAnswer) -> None:
    value, missing = given.value, given.missing
    if given.item in BESIDE_THE_ITEMS:
        if (
            missing
            or not isinstance(value, str | None)
            or len(value or "") > LONGEST_TEXT
        ):
            raise Refused("That text is too long to be kept.")
        return
    edition = instrument(assessment.instrument, assessment.version)
    known = {each.code: each for each in edition.items}.get(given.item)
    if known is None:
        raise Refused(f"{edition.short_title} has no item {given.item}.")
    if missing and (value is not None or missing not in set(MissingReason)):
        raise Refused("Choose an answer, or why there is none.")
    if value is None:
        return
    if not isinstance(value, int) or not known.scale.allows(value):
        raise Refused(f"{value} is no answer; use {known.scale.in_words()}.")
