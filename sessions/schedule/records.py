"""What the planner reads of a participant, and what it says of each visit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class State(StrEnum):
    """Where a visit stands on the day of the plan."""

    HELD = "held"
    MISSED = "missed"
    UPCOMING = "upcoming"
    OPEN = "open"
    OVERDUE = "overdue"
    PROVISIONAL = "provisional"
    WAITING = "waiting"
    IF_NEEDED = "if_needed"
    NOT_FOR = "not_for"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    NO_DAY = "no_day"


# States whose dates make a window: opens ≤ target ≤ closes holds in these.
WINDOWED = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE, State.PROVISIONAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What has happened to one participant. It never holds the arm.

    `held`, `booked` and `doses` are days by visit code (`doses`: the day on which a
    dose was given at that dosing visit); `missed` gives the target that stood when
    the visit was declared missed. `events` are days by event; `revealed` is what the
    planned unblinding told (a group or an arm); `consents` are days by consent item
    other than the consent to take part; `declined` are stages refused.
    """

    held: Mapping[str, date] = field(default_factory=dict)
    missed: Mapping[str, date] = field(default_factory=dict)
    booked: Mapping[str, date] = field(default_factory=dict)
    doses: Mapping[str, date] = field(default_factory=dict)
    events: Mapping[str, date] = field(default_factory=dict)
    revealed: str | None = None
    consents: Mapping[str, date] = field(default_factory=dict)
    declined: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit of a plan, as of a day.

    `opens` to `closes` is the window, both days included; `closes` is None where
    there is no limit. They are None for held and missed visits, whose stored window
    is the truth and is never recomputed: `target` is then the day on which the visit
    was held, or the target that stood. With the state `no_day` they are the two
    bounds that contradict each other. States without dates have None throughout.
    `firm` is False for a forecast, which calls for no reminder and no deviation.
    `why` is a sentence for people.
    """

    code: str
    state: State
    opens: date | None = None
    target: date | None = None
    closes: date | None = None
    firm: bool = False
    why: str = ""
