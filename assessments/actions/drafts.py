"""Drafts: each answer is kept as it is given, by one statement, off the trail."""

import json
from datetime import datetime

from django.db import connection
from django.utils import timezone

from assessments.access import definitions_of, standings
from assessments.actions.records import NOBODY_BUT_THE_RATER
from assessments.answers import Answer
from assessments.instruments import instrument
from assessments.instruments.base import MissingReason
from assessments.models import Assessment, Draft
from audit.actors import Actor
from audit.refusal import NotPermitted, Refused

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
RETURNING id
"""


class DraftClosed(Refused):
    """The form is completed; from now on a change is a correction."""


def save_answer(
    *,
    assessment: Assessment,
    item: str,
    value: int | str | None,
    missing: str,
    by: Actor,
    sequence: int = 0,
) -> datetime:
    """Keep one answer of the acting person's draft and return the server's time.

    An answer with a lower `sequence` than the kept one was overtaken on its way and
    changes nothing. Raises `DraftClosed` for a form that is complete.
    """
    _require(assessment, by)
    _check(assessment, item, value=value, missing=missing)
    now = timezone.now()
    answer = {
        "value": value,
        "missing": missing,
        "at": now.isoformat(),
        "sequence": sequence,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE,
            {
                "user": by.user_id,
                "item": item,
                "answer": json.dumps(answer),
                "now": now,
                "assessment": assessment.pk,
                "sequence": sequence,
            },
        )
        if cursor.fetchone() is None:
            raise DraftClosed(
                "This form was completed meanwhile. Reload the page to see it."
            )
    return now


def draft_of(assessment: Assessment, user_id: int) -> dict[str, int | str]:
    """Return what this person has typed and not completed, by item; blanks left out."""
    kept = (
        Draft.objects.filter(assessment=assessment, user_id=user_id)
        .values_list("answers", flat=True)
        .first()
    )
    found: dict[str, Answer] = {}
    for item, answer in (kept or {}).items():
        if answer["missing"]:
            found[item] = answer["missing"]
        elif answer["value"] is not None:
            found[item] = answer["value"]
    return found


def _require(assessment: Assessment, by: Actor) -> None:
    visit = assessment.visit
    row = definitions_of([visit])[visit.protocol_version_id].row(assessment.code)
    standing = standings(by.user_id, [(assessment, row)])[0]
    if not (standing.may_enter or standing.may_transcribe):
        raise NotPermitted(NOBODY_BUT_THE_RATER)


def _check(
    assessment: Assessment, item: str, *, value: int | str | None, missing: str
) -> None:
    if item in BESIDE_THE_ITEMS:
        if (
            missing
            or not isinstance(value, str | None)
            or len(value or "") > LONGEST_TEXT
        ):
            raise Refused("That text is too long to be kept.")
        return
    edition = instrument(assessment.instrument, assessment.version)
    known = {each.code: each for each in edition.items}.get(item)
    if known is None:
        raise Refused(f"{edition.short_title} has no item {item}.")
    if missing and (value is not None or missing not in set(MissingReason)):
        raise Refused("Choose an answer, or why there is none.")
    if value is None:
        return
    if not isinstance(value, int) or not known.scale.allows(value):
        raise Refused(f"{value} is no answer; use {known.scale.in_words()}.")
