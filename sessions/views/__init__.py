"""Pages that change a participant's course, a visit, a session or a dose."""

from sessions.views.agreements import agreements
from sessions.views.course import (
    confirm,
    consent,
    enroll,
    fail_screening,
    stop_treatment,
    withdraw,
)
from sessions.views.dosing import dosing, give_dose, withhold_dose
from sessions.views.parents import parent
from sessions.views.unscheduled import cancel, unscheduled
from sessions.views.visits import book, hold, miss, reinstate, session, unbook

__all__ = [
    "agreements",
    "book",
    "cancel",
    "confirm",
    "consent",
    "dosing",
    "enroll",
    "fail_screening",
    "give_dose",
    "hold",
    "miss",
    "parent",
    "reinstate",
    "session",
    "stop_treatment",
    "unbook",
    "unscheduled",
    "withdraw",
    "withhold_dose",
]
