"""Which assessments a person may see, and how much of each."""

from assessments.access.expecting import (
    ExpectedForm,
    OutstandingForm,
    expected_forms,
    outstanding_forms,
)
from assessments.access.outcomes import caps_rule, caps_rules, scores_of, trajectory
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
    "ExpectedForm",
    "OutstandingForm",
    "Standing",
    "assessments_for",
    "caps_rule",
    "caps_rules",
    "definitions_of",
    "edition_of",
    "expected_forms",
    "is_for_rater",
    "may_give",
    "outstanding_forms",
    "rater_queue",
    "row_of",
    "scores_of",
    "signable_by",
    "standings",
    "trajectory",
]
