"""Which assessments a person may see, and how much of each."""

from assessments.access.expecting import (
    ExpectedForm,
    OutstandingForm,
    expected_forms,
    outstanding_forms,
)
from assessments.access.outcomes import caps_rule, caps_rules, scores_of, trajectory
from assessments.access.reading import (
    TABLE,
    answers_of,
    content_of,
    draft_of,
    is_signature_intact,
    without_blanks,
)
from assessments.access.seeing import (
    Standing,
    assessments_for,
    definitions_of,
    edition_of,
    is_for_rater,
    may_give,
    rater_queue,
    row_of,
    signable_by,
    standings,
)

__all__ = [
    "TABLE",
    "ExpectedForm",
    "OutstandingForm",
    "Standing",
    "answers_of",
    "assessments_for",
    "caps_rule",
    "caps_rules",
    "content_of",
    "definitions_of",
    "draft_of",
    "edition_of",
    "expected_forms",
    "is_for_rater",
    "is_signature_intact",
    "may_give",
    "outstanding_forms",
    "rater_queue",
    "row_of",
    "scores_of",
    "signable_by",
    "standings",
    "trajectory",
    "without_blanks",
]
