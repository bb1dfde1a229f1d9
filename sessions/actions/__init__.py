"""Everything that changes visits, sessions and doses: the only writers of this app."""

from sessions.actions.amending import (
    apply_amendment,
    obstacles_to,
    rehearse_amendment,
)
from sessions.actions.course import (
    complete,
    confirm_enrollment,
    consent,
    decide_consent_items,
    discontinue_treatment,
    enroll,
    enter_stages,
    fail_screening,
    withdraw,
)
from sessions.actions.dosing import (
    AssignedKit,
    GivenDose,
    WithheldDose,
    assign_kits,
    give_doses,
    withhold_doses,
)
from sessions.actions.entries import ExplanationNeeded
from sessions.actions.holding import Holding
from sessions.actions.parents import link_parent, unlink_parent
from sessions.actions.planning import replan
from sessions.actions.therapy import SESSION_KINDS, NewSession, record_sessions
from sessions.actions.unscheduled import (
    Unscheduled,
    add_unscheduled,
    cancel_unscheduled,
    unscheduled_in,
)
from sessions.actions.visits import Booking, Miss, book, hold, miss, reinstate

__all__ = [
    "SESSION_KINDS",
    "AssignedKit",
    "Booking",
    "ExplanationNeeded",
    "GivenDose",
    "Holding",
    "Miss",
    "NewSession",
    "Unscheduled",
    "WithheldDose",
    "add_unscheduled",
    "apply_amendment",
    "assign_kits",
    "book",
    "cancel_unscheduled",
    "complete",
    "confirm_enrollment",
    "consent",
    "decide_consent_items",
    "discontinue_treatment",
    "enroll",
    "enter_stages",
    "fail_screening",
    "give_doses",
    "hold",
    "link_parent",
    "miss",
    "obstacles_to",
    "record_sessions",
    "rehearse_amendment",
    "reinstate",
    "replan",
    "unlink_parent",
    "unscheduled_in",
    "withdraw",
    "withhold_doses",
]
