"""The closed lists of words that participants' records use."""

from collections.abc import Mapping
from enum import StrEnum

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

# What somebody who leaves may allow still, or not; asked when they leave (CON-06).
SAFETY_AFTER_LEAVING = "safety_after_leaving"
RECORDS_AFTER_LEAVING = "records_after_leaving"
AFTER_LEAVING: Mapping[str, str] = {
    SAFETY_AFTER_LEAVING: "Safety visits and calls after leaving",
    RECORDS_AFTER_LEAVING: "Reading medical records after leaving",
}
AGREEMENTS: Mapping[str, str] = {**CONSENT_ITEMS, **AFTER_LEAVING}


class EndCause(StrEnum):
    """Why treatment or taking part ended early, beside the reason in words."""

    SUBJECT = "subject"
    ADVERSE_EVENT = "adverse_event"
    NO_BENEFIT = "no_benefit"
    LOST = "lost"
    PREGNANCY = "pregnancy"
    PHYSICIAN = "physician"
    SITE = "site"
    SPONSOR = "sponsor"
    DEATH = "death"
    OTHER = "other"


END_CAUSE_WORDS: Mapping[EndCause, str] = {
    EndCause.SUBJECT: "The participant's decision",
    EndCause.ADVERSE_EVENT: "An adverse event",
    EndCause.NO_BENEFIT: "No benefit",
    EndCause.LOST: "Lost to follow-up",
    EndCause.PREGNANCY: "Pregnancy",
    EndCause.PHYSICIAN: "The investigator's decision",
    EndCause.SITE: "The site closed",
    EndCause.SPONSOR: "The sponsor ended the study",
    EndCause.DEATH: "Death",
    EndCause.OTHER: "Something else",
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
