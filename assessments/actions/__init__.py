"""The verbs of assessments: the only place that changes them."""

from assessments.actions.assigning import (
    NotDone,
    RatingRequest,
    Start,
    mark_not_done,
    request_ratings,
    start,
)
from assessments.actions.choosing import Candidate, Choice, candidates
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
    keep_answers,
)
from assessments.actions.finishing import complete_trial
from assessments.actions.reassigning import Reassignment, reassign_ratings
from assessments.actions.signing import reopen, sign

__all__ = [
    "ActionNeeded",
    "Candidate",
    "Choice",
    "Completion",
    "DraftClosed",
    "GivenAnswer",
    "NotDone",
    "NotWhole",
    "RatingRequest",
    "Reassignment",
    "Start",
    "candidates",
    "complete",
    "complete_trial",
    "correct",
    "keep_answers",
    "mark_not_done",
    "reassign_ratings",
    "reopen",
    "request_ratings",
    "sign",
    "start",
]
