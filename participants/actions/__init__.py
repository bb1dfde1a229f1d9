"""Every verb of participants; the only writers of their tables."""

from participants.actions.confirming import Confirmation, confirm_eligibility
from participants.actions.consenting import (
    ConsentDecision,
    NewConsent,
    decide_consent_items,
    record_consents,
)
from participants.actions.course import (
    Step,
    Withdrawal,
    complete,
    discontinue_treatment,
    enroll,
    fail_screening,
    finish_treatment,
    mark_randomized,
    mark_unblinded,
    start_treatment,
    withdraw,
)
from participants.actions.deviations import NewDeviation, record_deviations
from participants.actions.door import KnownIdentity
from participants.actions.facts import (
    FactRetraction,
    NewFact,
    record_facts,
    retract_facts,
)
from participants.actions.identities import (
    NewIdentity,
    address_of,
    record_identities,
    show_identity,
)
from participants.actions.parents import set_parent
from participants.actions.readings import FactReading, take_readings
from participants.actions.rotating import Rotation, rotate_identities
from participants.actions.screening import (
    NewScreening,
    correct_screening,
    screen,
)
from participants.actions.waiving import NewWaiver, end_waiver, grant_waivers

__all__ = [
    "Confirmation",
    "ConsentDecision",
    "FactReading",
    "FactRetraction",
    "KnownIdentity",
    "NewConsent",
    "NewDeviation",
    "NewFact",
    "NewIdentity",
    "NewScreening",
    "NewWaiver",
    "Rotation",
    "Step",
    "Withdrawal",
    "address_of",
    "complete",
    "confirm_eligibility",
    "correct_screening",
    "decide_consent_items",
    "discontinue_treatment",
    "end_waiver",
    "enroll",
    "fail_screening",
    "finish_treatment",
    "grant_waivers",
    "mark_randomized",
    "mark_unblinded",
    "record_consents",
    "record_deviations",
    "record_facts",
    "record_identities",
    "retract_facts",
    "rotate_identities",
    "screen",
    "set_parent",
    "show_identity",
    "start_treatment",
    "take_readings",
    "withdraw",
]
