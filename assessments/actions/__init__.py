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
    complete,
    correct,
)
from assessments.actions.drafts import (
    DraftClosed,
    GivenAnswer,
    keep_answer,
    save_answer,
)
from assessments.actions.signing import reopen, sign

__all__ = [
    "ActionNeeded",
    "Completion",
    "DraftClosed",
    "GivenAnswer",
    "NotDone",
    "NotWhole",
    "RatingRequest",
    "Start",
    "complete",
    "correct",
    "keep_answer",
    "mark_not_done",
    "reopen",
    "request_ratings",
    "save_answer",
    "sign",
    "start",
]
