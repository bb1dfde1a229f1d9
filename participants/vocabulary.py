"""The closed lists of words that participants' records use."""

from collections.abc import Mapping

SEXES: Mapping[str, str] = {
    "female": "Female",
    "male": "Male",
    "intersex": "Intersex",
}

PARTICIPATION = "participation"
CONSENT_ITEMS: Mapping[str, str] = {
    PARTICIPATION: "Taking part in the trial",
    "recording": "Video recording of sessions and interviews",
    "reminders_email": "Reminders by email",
    "follow_up_contact": "Contact for long-term follow-up",
}

RATER_DEVIATION = "rater"
WAIVER_DEVIATION = "waiver"
DEVIATION_KINDS: Mapping[str, str] = {
    "out_of_window": "Visit outside its window",
    "missed_visit": "Visit missed",
    "dosing": "Dosing not as planned",
    RATER_DEVIATION: "Rater saw the participant before",
    WAIVER_DEVIATION: "Eligibility criterion waived",
    "procedure": "Procedure not as planned",
    "other": "Other",
}

# Milestones of the protocol definition to which steps of the course belong.
ENROLLMENT = "enrollment"
CONFIRMATION = "confirmation"
