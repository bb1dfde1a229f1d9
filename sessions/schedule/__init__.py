"""The planner: what is due when, from a definition and what has happened."""

from sessions.schedule.planner import plan
from sessions.schedule.records import WINDOWED, PlannedVisit, Record, State

__all__ = ["WINDOWED", "PlannedVisit", "Record", "State", "plan"]
