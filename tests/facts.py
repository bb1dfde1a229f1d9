"""What a person recorded of somebody who may take part, and a rater at baseline."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from participants.actions import NewFact
from participants.models import Participant

ASKED_ON = date(2025, 3, 3)
_NOTHING: Mapping[str, object] = MappingProxyType({})

# What somebody who may take part says and has: one answer to every fact that a person
# records by hand. Scores and diagnoses come from signed forms.
ELIGIBLE: dict[str, object] = {
    "age": 34,
    "speaks_site_language": True,
    "swallows_capsules": True,
    "agrees_to_recording": True,
    "has_support_contact": True,
    "will_report_conditions": True,
    "childbearing_potential": False,
    "keeps_fasting_rules": True,
    "no_other_trial": True,
    "stays_overnight": True,
    "ptsd_by_interview": True,
    "symptom_months": 60,
    "washout_complete": True,
    "cannot_consent": False,
    "excluded_disorder": False,
    "alcohol_use_disorder": "none",
    "cannabis_use_disorder": "none",
    "other_substance_use_disorder": False,
    "pregnant_or_lactating": False,
    "uncontrolled_hypertension": False,
    "arrhythmia_history": False,
    "sex_at_birth": "female",
    "qtc_ms": 420,
    "other_cardiovascular_disease": False,
    "liver_disease": False,
    "hyponatremia_or_hyperthermia": False,
    "weight_kg": Decimal("61.5"),
    "imminent_suicide_risk": False,
    "needs_prohibited_medication": False,
    "ketamine_or_ect_ever": False,
    "prior_use_over_limit": False,
    "compensation_litigation": False,
    "risk_to_others": False,
}
BASELINE_SCORES: dict[str, object] = {
    "caps5_baseline": 69,
    "caps5_baseline_diagnosis": True,
}


def eligible_facts(
    participant: Participant,
    *,
    on: date = ASKED_ON,
    but: Mapping[str, object] = _NOTHING,
) -> list[NewFact]:
    """Return the facts of somebody eligible, but for those that `but` gives.

    A fact given as None is left out.
    """
    values = ELIGIBLE | dict(but)
    return [
        NewFact(participant, code, value, on, "screening interview")
        for code, value in values.items()
        if value is not None
    ]


def baseline_facts(
    participant: Participant, *, on: date, but: Mapping[str, object] = _NOTHING
) -> list[NewFact]:
    """Return what a signed CAPS-5 at baseline found; a rater records it."""
    values = BASELINE_SCORES | dict(but)
    return [
        NewFact(participant, code, value, on, "CAPS-5, visit V3", is_outcome=True)
        for code, value in values.items()
    ]
