"""Which assessments a person may see, and how much of each."""

from assessments.access.expecting import (
    ExpectedForm,
    Lack,
    OutstandingForm,
    counted,
    expected_forms,
    lacks_of,
    outstanding_forms,
)
from assessments.access.outcomes import caps_rule, caps_rules, scores_of, trajectory
from assessments.access.reading import (
    TABLE,
    answers_of,
    content_of,
    digests_of,
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
    reassignable_by,
    row_of,
    signable_by,
    standings,
)
from assessments.access.signed import BrokenForm, broken_forms

__all__ = [
    "TABLE",
    "BrokenForm",
    "ExpectedForm",
    "Lack",
    "OutstandingForm",
    "Standing",
    "answers_of",
    "assessments_for",
    "broken_forms",
    "caps_rule",
    "caps_rules",
    "content_of",
    "counted",
    "definitions_of",
    "digests_of",
    "draft_of",
    "edition_of",
    "expected_forms",
    "is_for_rater",
    "is_signature_intact",
    "lacks_of",
    "may_give",
    "outstanding_forms",
    "rater_queue",
    "reassignable_by",
    "row_of",
    "scores_of",
    "signable_by",
    "standings",
    "trajectory",
    "without_blanks",
]
