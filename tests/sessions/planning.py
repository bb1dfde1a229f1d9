"""How tests of the planner ask for one visit of a plan."""

from datetime import date

from sessions.schedule import PlannedVisit, Record, plan
from tests.sessions.definitions import DEFINITIONS

D = date
CONSENT = {"consent": D(2026, 1, 5)}


def planned(
    record: Record, today: date, *, name: str = "OPEN", code: str
) -> PlannedVisit:
    return plan(DEFINITIONS[name], record, today)[code]


def window(visit: PlannedVisit) -> tuple[date | None, date | None, date | None]:
    return visit.opens, visit.target, visit.closes
