"""The closed lists of words that a protocol definition may use."""

from enum import StrEnum


class Provenance(StrEnum):
    """How well a rule of a definition is known; silence means unverified."""

    SOURCED = "sourced"
    DERIVED = "derived"
    UNVERIFIED = "unverified"


class VisitKind(StrEnum):
    SCREENING = "screening"
    PREPARATORY = "preparatory"
    BASELINE = "baseline"
    DOSING = "dosing"
    INTEGRATION = "integration"
    ASSESSMENT = "assessment"
    CALL = "call"
    SAFETY = "safety"
    FOLLOW_UP = "follow_up"
    TERMINATION = "termination"
    EARLY_TERMINATION = "early_termination"
    UNSCHEDULED = "unscheduled"


class Event(StrEnum):
    """What happens to a participant on a day and is not itself a visit."""

    CONSENT = "consent"
    ENROLLMENT = "enrollment"
    RANDOMIZATION = "randomization"
    UNBLINDING = "unblinding"
    FIRST_DOSE = "first_dose"
    LAST_DOSE = "last_dose"
    DATABASE_LOCK = "database_lock"
    TREATMENT_STOPPED = "treatment_stopped"
    STUDY_LEFT = "study_left"


MAY_NEVER_HAPPEN = frozenset({Event.TREATMENT_STOPPED, Event.STUDY_LEFT})
PARENT_EVENTS = (
    "parent.first_dose",
    "parent.last_dose",
    "parent.completed",
    "parent.primary_endpoint",
)


class Otherwise(StrEnum):
    """What becomes of a visit whose anchor will never happen."""

    SKIP = "skip"
    FROM_TARGET = "from target"


class Assignment(StrEnum):
    """How participants come into an arm: at random, or in the order of joining."""

    RANDOMIZATION = "randomization"
    ORDER = "order"


class ParentLink(StrEnum):
    ROLLOVER = "rollover"
    OBSERVATIONAL = "observational"


class CriterionKind(StrEnum):
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class FactType(StrEnum):
    YES_NO = "yes_no"
    WHOLE = "whole"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    SCORE = "score"
    DIAGNOSIS = "diagnosis"


FACT_TYPE_WORDS = {
    FactType.YES_NO: "a yes/no",
    FactType.WHOLE: "a whole number",
    FactType.NUMBER: "a number",
    FactType.DATE: "a date",
    FactType.CHOICE: "a choice",
    FactType.SCORE: "a score",
    FactType.DIAGNOSIS: "a diagnosis",
}


class Operator(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    LONGER_AGO_THAN = "longer_ago_than"
    WITHIN_LAST = "within_last"


_EQUAL = (Operator.IS, Operator.IS_NOT)
_ORDER = (
    Operator.AT_LEAST,
    Operator.AT_MOST,
    Operator.MORE_THAN,
    Operator.LESS_THAN,
)
OPERATORS_OF: dict[FactType, tuple[Operator, ...]] = {
    FactType.YES_NO: _EQUAL,
    FactType.DIAGNOSIS: _EQUAL,
    FactType.WHOLE: (Operator.IS, *_ORDER),
    FactType.NUMBER: _ORDER,
    FactType.SCORE: _ORDER,
    FactType.CHOICE: (*_EQUAL, Operator.ONE_OF, Operator.NONE_OF),
    FactType.DATE: (Operator.LONGER_AGO_THAN, Operator.WITHIN_LAST),
}

# The only facts that an outcome class may ask: a class must be computable from the
# endpoint's own form and its baseline, or tables of outcomes could not be reproduced.
OUTCOME_FACTS = {
    "total": FactType.NUMBER,
    "change": FactType.NUMBER,
    "percent_change": FactType.NUMBER,
    "diagnosis": FactType.DIAGNOSIS,
}
CHANGE_FACTS = frozenset({"change", "percent_change"})

MOMENTS = (
    "before dose",
    "before supplement",
    "end of session",
    "next morning",
    "when symptomatic",
)

# What a limit of a vital sign brings about.
LIMIT_ACTIONS = (
    "recheck",
    "call_physician",
    "block_supplement",
    "open_adverse_event",
)

# Who may complete a form. Roles of the delegation log where there is one of that
# name; "participant" answers in person.
RATERS = (
    "participant",
    "independent_assessor",
    "coordinator",
    "therapist",
    "investigator",
    "pharmacist",
    "session_monitor",
    "adherence_rater",
)

# Which adverse events a window of `[[adverse_events]]` collects.
COLLECTED = (
    "all",
    "serious",
    "related_serious",
    "special_interest",
    "leading_to_withdrawal",
    "psychiatric",
    "medically_attended",
)
