"""The verbs of assessments: the only place that changes them."""

from assessments.actions.assigning import (
    NotDone,
    RatingRequest,
    Start,
    mark_not_done,
    request_ratings,
    start,
)
from assessments.actions.completing import (
    ActionNeeded,
    Completion,
    NotWhole,
    answers_of,
    complete,
    correct,
)
from assessments.actions.drafts import DraftClosed, draft_of, save_answer
from assessments.actions.signing import is_signature_intact, reopen, sign

__all__ = [
    "ActionNeeded",
    "Completion",
    "DraftClosed",
    "NotDone",
    "NotWhole",
    "RatingRequest",
    "Start",
    "answers_of",
    "complete",
    "correct",
    "draft_of",
    "is_signature_intact",
    "mark_not_done",
    "reopen",
    "request_ratings",
    "save_answer",
    "sign",
    "start",
]
