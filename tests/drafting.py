"""One answer of a draft, kept as the page keeps it, or its refusal raised."""

from datetime import datetime

from assessments.actions import GivenAnswer, keep_answers
from assessments.models import Assessment
from audit.actors import Actor


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
    given = [GivenAnswer(item, value, missing, sequence)]
    return keep_answers(assessment=assessment, given=given, by=by).at
