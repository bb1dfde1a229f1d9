"""The planner: what is due when, from a definition and what has happened."""

from sessions.schedule.amending import AmendedVisit, Fate, amend, counted, rehearse
from sessions.schedule.planner import plan
from sessions.schedule.records import WINDOWED, PlannedVisit, Record, State

__all__ = [
    "WINDOWED",
    "AmendedVisit",
    "Fate",
    "PlannedVisit",
    "Record",
    "State",
    "amend",
    "counted",
    "plan",
    "rehearse",
]
