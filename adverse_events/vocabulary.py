"""The closed words of an adverse event; severity and seriousness are two things.

`*_TERMS` are the CDISC submission values where the export needs others than ours.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Severity(StrEnum):
    """How intense an event was (three levels)."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class SeriousnessCriterion(StrEnum):
    """What makes an event serious, whatever its severity (21 CFR 312.32(a))."""

    DEATH = "death"
    LIFE_THREATENING = "life_threatening"
    HOSPITALIZATION = "hospitalization"
    DISABILITY = "disability"
    CONGENITAL_ANOMALY = "congenital_anomaly"
    IMPORTANT_MEDICAL_EVENT = "important_medical_event"


class Relatedness(StrEnum):
    """The investigator's judgment of causality."""

    UNRELATED = "unrelated"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    RELATED = "related"


class RelatedTo(StrEnum):
    """What an event may be related to; each is judged by itself."""

    STUDY_DRUG = "study_drug"
    THERAPY = "therapy"
    PROCEDURE = "procedure"
    CONDITION = "condition"


class Expectedness(StrEnum):
    """Whether the reference document names the event; the sponsor's judgment."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"


class Outcome(StrEnum):
    """How the event ended, or stands."""

    RECOVERED = "recovered"
    RECOVERED_WITH_SEQUELAE = "recovered_with_sequelae"
    RECOVERING = "recovering"
    NOT_RECOVERED = "not_recovered"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class ActionTaken(StrEnum):
    """What was done with the study drug."""

    NOT_CHANGED = "not_changed"
    REDUCED = "reduced"
    INTERRUPTED = "interrupted"
    WITHDRAWN = "withdrawn"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class Valence(StrEnum):
    """How it felt: pleasant and neutral effects are recorded like unpleasant ones."""

    PLEASANT = "pleasant"
    NEUTRAL = "neutral"
    UNPLEASANT = "unpleasant"


class Reporter(StrEnum):
    """From whom the site learned of it."""

    PARTICIPANT = "participant"
    THERAPIST = "therapist"
    RATER = "rater"
    SITE_STAFF = "site_staff"
    SUPPORT_PERSON = "support_person"
    OTHER_CLINICIAN = "other_clinician"
    OTHER = "other"


SEVERITY_WORDS: Mapping[Severity, str] = {
    Severity.MILD: "Mild",
    Severity.MODERATE: "Moderate",
    Severity.SEVERE: "Severe",
}
CRITERION_WORDS: Mapping[SeriousnessCriterion, str] = {
    SeriousnessCriterion.DEATH: "Death",
    SeriousnessCriterion.LIFE_THREATENING: "Life-threatening",
    SeriousnessCriterion.HOSPITALIZATION: "Hospitalization, or its prolongation",
    SeriousnessCriterion.DISABILITY: "Persistent or significant disability",
    SeriousnessCriterion.CONGENITAL_ANOMALY: "Congenital anomaly or birth defect",
    SeriousnessCriterion.IMPORTANT_MEDICAL_EVENT: "Other important medical event",
}
CRITERION_VARIABLES: Mapping[SeriousnessCriterion, str] = {
    SeriousnessCriterion.DEATH: "AESDTH",
    SeriousnessCriterion.LIFE_THREATENING: "AESLIFE",
    SeriousnessCriterion.HOSPITALIZATION: "AESHOSP",
    SeriousnessCriterion.DISABILITY: "AESDISAB",
    SeriousnessCriterion.CONGENITAL_ANOMALY: "AESCONG",
    SeriousnessCriterion.IMPORTANT_MEDICAL_EVENT: "AESMIE",
}
RELATEDNESS_WORDS: Mapping[Relatedness, str] = {
    Relatedness.UNRELATED: "Unrelated",
    Relatedness.POSSIBLE: "Possibly related",
    Relatedness.PROBABLE: "Probably related",
    Relatedness.RELATED: "Related",
}
RELATED_TO_WORDS: Mapping[RelatedTo, str] = {
    RelatedTo.STUDY_DRUG: "Study drug",
    RelatedTo.THERAPY: "Therapy",
    RelatedTo.PROCEDURE: "Study procedure",
    RelatedTo.CONDITION: "Underlying condition",
}
EXPECTEDNESS_WORDS: Mapping[Expectedness, str] = {
    Expectedness.EXPECTED: "Expected",
    Expectedness.UNEXPECTED: "Unexpected",
}
OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.RECOVERED: "Recovered",
    Outcome.RECOVERED_WITH_SEQUELAE: "Recovered with sequelae",
    Outcome.RECOVERING: "Recovering",
    Outcome.NOT_RECOVERED: "Not recovered",
    Outcome.FATAL: "Fatal",
    Outcome.UNKNOWN: "Unknown",
}
OUTCOME_TERMS: Mapping[Outcome, str] = {
    Outcome.RECOVERED: "RECOVERED/RESOLVED",
    Outcome.RECOVERED_WITH_SEQUELAE: "RECOVERED/RESOLVED WITH SEQUELAE",
    Outcome.RECOVERING: "RECOVERING/RESOLVING",
    Outcome.NOT_RECOVERED: "NOT RECOVERED/NOT RESOLVED",
    Outcome.FATAL: "FATAL",
    Outcome.UNKNOWN: "UNKNOWN",
}
ACTION_WORDS: Mapping[ActionTaken, str] = {
    ActionTaken.NOT_CHANGED: "Dose not changed",
    ActionTaken.REDUCED: "Dose reduced",
    ActionTaken.INTERRUPTED: "Interrupted or a dose withheld",
    ActionTaken.WITHDRAWN: "Treatment stopped",
    ActionTaken.NOT_APPLICABLE: "Does not apply",
    ActionTaken.UNKNOWN: "Unknown",
}
ACTION_TERMS: Mapping[ActionTaken, str] = {
    ActionTaken.NOT_CHANGED: "DOSE NOT CHANGED",
    ActionTaken.REDUCED: "DOSE REDUCED",
    ActionTaken.INTERRUPTED: "DRUG INTERRUPTED",
    ActionTaken.WITHDRAWN: "DRUG WITHDRAWN",
    ActionTaken.NOT_APPLICABLE: "NOT APPLICABLE",
    ActionTaken.UNKNOWN: "UNKNOWN",
}
VALENCE_WORDS: Mapping[Valence, str] = {
    Valence.PLEASANT: "Pleasant",
    Valence.NEUTRAL: "Neutral",
    Valence.UNPLEASANT: "Unpleasant",
}
REPORTER_WORDS: Mapping[Reporter, str] = {
    Reporter.PARTICIPANT: "Participant",
    Reporter.THERAPIST: "Therapist",
    Reporter.RATER: "Rater",
    Reporter.SITE_STAFF: "Other site staff",
    Reporter.SUPPORT_PERSON: "Support person",
    Reporter.OTHER_CLINICIAN: "Clinician outside the trial",
    Reporter.OTHER: "Other",
}

# Events that phase 3 trials of this treatment followed up whatever their seriousness.
SPECIAL_INTEREST_WORDS: Mapping[str, str] = {
    "suicidality": "Suicidality",
    "cardiac": "Cardiac",
    "abuse_potential": "Abuse potential",
}

FATAL_OR_LIFE_THREATENING = frozenset(
    {SeriousnessCriterion.DEATH, SeriousnessCriterion.LIFE_THREATENING}
)
# A reasonable possibility that the drug caused it (21 CFR 312.32(a)); that "possible"
# is the lowest such category is derived.
SUSPECTED = frozenset({Relatedness.POSSIBLE, Relatedness.PROBABLE, Relatedness.RELATED})
ENDED = frozenset({Outcome.RECOVERED, Outcome.RECOVERED_WITH_SEQUELAE, Outcome.FATAL})


def is_serious(criteria: Iterable[SeriousnessCriterion]) -> bool:
    """One criterion makes an event serious; severity makes none."""
    return any(True for _ in criteria)


def is_fatal_or_life_threatening(criteria: Iterable[SeriousnessCriterion]) -> bool:
    """Whether the shorter clock applies."""
    return not FATAL_OR_LIFE_THREATENING.isdisjoint(criteria)


def is_suspected(relatedness: Relatedness) -> bool:
    """Whether there is a reasonable possibility that the drug caused it."""
    return relatedness in SUSPECTED
