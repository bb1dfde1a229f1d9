"""Roles and what each may do: the whole policy on one screen."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    COORDINATOR = "coordinator"
    THERAPIST = "therapist"
    RATER = "independent_assessor"
    INVESTIGATOR = "investigator"
    PHARMACIST = "pharmacist"
    MONITOR = "monitor"
    DATA_MANAGER = "data_manager"
    MEDICAL_MONITOR = "medical_monitor"
    SAFETY_OFFICER = "safety_officer"
    STATISTICIAN = "statistician"
    SPONSOR = "sponsor"
    AUDITOR = "irb_auditor"
    IRB_CONTACT = "irb_contact"


class Permission(StrEnum):
    VIEW_PARTICIPANTS = "view participants"
    VIEW_IDENTITY = "view identity"
    SCREEN = "screen and enroll participants"
    RECORD_CONSENT = "record consent"
    RECORD_VISITS = "book and record visits"
    RECORD_DOSE = "record doses"
    WITNESS_DOSE = "witness doses"
    RECORD_FACTS = "record eligibility facts"
    CONFIRM_ELIGIBILITY = "confirm eligibility"
    VIEW_MEDICAL = "view medical records"
    RECORD_MEDICAL = "record medical history, medication, tests, laboratory and ECG"
    REVIEW_MEDICAL = "review medical records"
    RANDOMIZE = "randomize participants"
    DISPENSE = "dispense kits"
    ENTER_ASSESSMENTS = "enter assessments"
    TRANSCRIBE_ASSESSMENTS = "transcribe assessments from paper"
    RATE = "rate interviews"
    SIGN_ASSESSMENTS = "sign assessments"
    ASSIGN_RATERS = "assign raters"
    VIEW_OUTCOMES = "view outcome scores"
    REPORT_EVENTS = "report adverse events"
    ASSESS_CAUSALITY = "assess causality"
    RECEIVE_REPORTS = "receive safety reports as sponsor"
    STOP_TREATMENT = "stop treatment and withdraw"
    UNBLIND = "emergency unblinding"
    UNBLIND_AS_PLANNED = "planned unblinding"
    SEE_REVEALED = "see what planned unblinding revealed"
    RECORD_UNBLINDING = "record accidental unblinding"
    READ_UNBLINDINGS = "read the report of unblindings"
    LOAD_LIST = "load the sealed list and kits"
    MANAGE_TRIAL = "open sites, keep the delegation log, adopt protocols"
    LOCK_TRIAL = "lock the trial, and ask to reopen it"
    AGREE_TO_REOPEN = "agree to reopen a locked trial"
    UNBLIND_TRIAL = "read the arms of a locked trial"
    READ_TRAIL = "read the audit trail"
    OVERSEE = "read everything, in the oversight site"
    EXPORT = "export data"
    MANAGE_TOKENS = "issue and revoke API tokens"


@dataclass(frozen=True, slots=True)
class RoleDescription:
    """A role: its name on pages, who may hold it, and its permissions."""

    label: str
    held_by: str
    permissions: frozenset[Permission]
    is_unblinded: bool = False


_P = Permission
_SITE_STAFF = {
    _P.VIEW_PARTICIPANTS,
    _P.VIEW_MEDICAL,
    _P.REPORT_EVENTS,
    _P.READ_TRAIL,
}

ROLES: dict[Role, RoleDescription] = {
    Role.COORDINATOR: RoleDescription(
        "Coordinator",
        "Runs the trial at a site day by day; prepares, and never signs, eligibility "
        "or causality.",
        frozenset(
            _SITE_STAFF
            | {
                _P.VIEW_IDENTITY,
                _P.SCREEN,
                _P.RECORD_CONSENT,
                _P.RECORD_VISITS,
                _P.RECORD_FACTS,
                _P.RECORD_MEDICAL,
                _P.RANDOMIZE,
                _P.DISPENSE,
                _P.WITNESS_DOSE,
                _P.ENTER_ASSESSMENTS,
                _P.TRANSCRIBE_ASSESSMENTS,
                _P.STOP_TREATMENT,
                _P.SEE_REVEALED,
                _P.RECORD_UNBLINDING,
            }
        ),
    ),
    Role.THERAPIST: RoleDescription(
        "Therapist",
        "One of the two people in the room; records sessions and the effects seen there.",
        frozenset(
            _SITE_STAFF
            | {
                _P.RECORD_VISITS,
                _P.RECORD_DOSE,
                _P.WITNESS_DOSE,
                _P.ENTER_ASSESSMENTS,
                _P.SIGN_ASSESSMENTS,
                _P.SEE_REVEALED,
                _P.RECORD_UNBLINDING,
            }
        ),
    ),
    Role.RATER: RoleDescription(
        "Independent rater",
        "Rates outcome interviews from a pool across sites; sees neither arm nor visit.",
        frozenset({_P.RATE, _P.SIGN_ASSESSMENTS}),
    ),
    Role.INVESTIGATOR: RoleDescription(
        "Investigator",
        "Answers for the trial at a site: eligibility, causality, sign-off, emergency "
        "unblinding.",
        frozenset(
            _SITE_STAFF
            | {
                _P.VIEW_IDENTITY,
                _P.SCREEN,
                _P.RECORD_CONSENT,
                _P.RECORD_VISITS,
                _P.RECORD_FACTS,
                _P.RECORD_MEDICAL,
                _P.REVIEW_MEDICAL,
                _P.CONFIRM_ELIGIBILITY,
                _P.RANDOMIZE,
                _P.DISPENSE,
                _P.RECORD_DOSE,
                _P.WITNESS_DOSE,
                _P.ENTER_ASSESSMENTS,
                _P.SIGN_ASSESSMENTS,
                _P.ASSESS_CAUSALITY,
                _P.STOP_TREATMENT,
                _P.UNBLIND,
                _P.UNBLIND_AS_PLANNED,
                _P.SEE_REVEALED,
                _P.RECORD_UNBLINDING,
            }
        ),
    ),
    Role.PHARMACIST: RoleDescription(
        "Pharmacist",
        "Unblinded; loads and keeps the kits of a site.",
        frozenset({_P.VIEW_PARTICIPANTS, _P.DISPENSE, _P.LOAD_LIST}),
        is_unblinded=True,
    ),
    Role.MONITOR: RoleDescription(
        "Monitor",
        "Compares the record with its sources for the sponsor; changes nothing.",
        frozenset(
            {
                _P.VIEW_PARTICIPANTS,
                _P.VIEW_MEDICAL,
                _P.READ_TRAIL,
                _P.READ_UNBLINDINGS,
            }
        ),
    ),
    Role.DATA_MANAGER: RoleDescription(
        "Data manager",
        "Keeps the trial's data complete; sees outcomes, never the arm.",
        frozenset(
            {
                _P.VIEW_PARTICIPANTS,
                _P.VIEW_MEDICAL,
                _P.VIEW_OUTCOMES,
                _P.READ_TRAIL,
                _P.OVERSEE,
                _P.MANAGE_TRIAL,
                _P.LOCK_TRIAL,
                _P.AGREE_TO_REOPEN,
                _P.ASSIGN_RATERS,
                _P.EXPORT,
                _P.MANAGE_TOKENS,
                _P.RECORD_UNBLINDING,
                _P.READ_UNBLINDINGS,
            }
        ),
    ),
    Role.MEDICAL_MONITOR: RoleDescription(
        "Medical monitor",
        "The sponsor's physician: receives serious events and decides what they are.",
        frozenset(
            {
                _P.VIEW_PARTICIPANTS,
                _P.VIEW_MEDICAL,
                _P.VIEW_OUTCOMES,
                _P.READ_TRAIL,
                _P.RECEIVE_REPORTS,
                _P.UNBLIND,
                _P.RECORD_UNBLINDING,
                _P.AGREE_TO_REOPEN,
            }
        ),
    ),
    Role.SAFETY_OFFICER: RoleDescription(
        "Unblinded safety officer",
        "Prepares expedited reports that name the treatment.",
        frozenset(
            {
                _P.VIEW_PARTICIPANTS,
                _P.VIEW_MEDICAL,
                _P.RECEIVE_REPORTS,
                _P.UNBLIND,
                _P.READ_UNBLINDINGS,
            }
        ),
        is_unblinded=True,
    ),
    Role.STATISTICIAN: RoleDescription(
        "Unblinded statistician",
        "Makes and loads the sealed list; reports to the data monitoring committee.",
        frozenset({_P.LOAD_LIST, _P.UNBLIND_TRIAL, _P.EXPORT}),
        is_unblinded=True,
    ),
    Role.SPONSOR: RoleDescription(
        "Sponsor",
        "Receives the blinded data and the safety reports; enters nothing.",
        frozenset({_P.VIEW_PARTICIPANTS, _P.EXPORT, _P.RECEIVE_REPORTS}),
    ),
    Role.AUDITOR: RoleDescription(
        "IRB auditor",
        "Reads the whole blinded record and its trail in the oversight site.",
        frozenset(
            {
                _P.OVERSEE,
                _P.READ_TRAIL,
                _P.VIEW_PARTICIPANTS,
                _P.VIEW_MEDICAL,
                _P.READ_UNBLINDINGS,
            }
        ),
    ),
    Role.IRB_CONTACT: RoleDescription(
        "IRB contact",
        "Receives reports and the trail's daily anchor; has no pages.",
        frozenset(),
    ),
}


def roles_with(permission: Permission) -> list[str]:
    """Return the role codes that include a permission."""
    return [
        role.value for role, known in ROLES.items() if permission in known.permissions
    ]
