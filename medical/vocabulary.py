"""The closed lists of words that medical records use."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """One of the tables of the medical record."""

    CONDITION = "condition"
    HISTORY = "history"
    MEDICATION = "medication"
    TEST = "test"
    LAB = "lab"
    ECG = "ecg"


# What one record of a kind is called, in the midst of a sentence.
KIND_WORDS: Mapping[Kind, str] = {
    Kind.CONDITION: "condition",
    Kind.HISTORY: "medication history",
    Kind.MEDICATION: "medication",
    Kind.TEST: "test result",
    Kind.LAB: "laboratory result",
    Kind.ECG: "ECG",
}
CONDITION_KINDS: Mapping[str, str] = {
    "medical": "Medical",
    "psychiatric": "Psychiatric",
    "surgical": "Surgical",
    "substance": "Substance use",
}
RESULTS: Mapping[str, str] = {
    "negative": "Negative",
    "positive": "Positive",
    "invalid": "Invalid",
}
DRUG_SCREEN = "urine_drug_screen"
DRUG_CLASSES: Mapping[str, str] = {
    "amphetamines": "Amphetamines",
    "barbiturates": "Barbiturates",
    "benzodiazepines": "Benzodiazepines",
    "cannabinoids": "Cannabinoids",
    "cocaine": "Cocaine",
    "opioids": "Opioids",
    "phencyclidine": "Phencyclidine",
    "other": "Other",
}
OTHER = "other"

# What a reviewer may find.
SIGNIFICANCES: Mapping[str, str] = {
    "normal": "Normal",
    "not_significant": "Abnormal, not clinically significant",
    "significant": "Clinically significant",
}
READ, NO_WASHOUT = "read", "no_washout"
# Of a medication the question is another: a drug that the protocol does not list counts
# as unknown until somebody who may says that no washout of the protocol is meant for it.
MEDICATION_FINDINGS: Mapping[str, str] = {
    READ: "Read; the protocol's washouts apply",
    NO_WASHOUT: "No washout of the protocol applies to this drug",
}
FINDINGS: Mapping[str, str] = {**SIGNIFICANCES, **MEDICATION_FINDINGS}
REVIEWED_KINDS = frozenset(set(Kind) - {Kind.HISTORY})


def findings_of(kind: Kind) -> Mapping[str, str]:
    """Return what a review of a record of this kind may find, in words."""
    return MEDICATION_FINDINGS if kind is Kind.MEDICATION else SIGNIFICANCES
