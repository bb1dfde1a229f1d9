"""The visits a simulated course goes through and on which days they may fall.

The windows are those of the MAPP2 reconstruction; the days actually drawn lie well
inside them, so that only what is planted is out of window.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STOPPED = "treatment_stopped"
LAST_DOSE = "last_dose"
SESSIONS = (1, 2, 3)
CALL_DAYS = (2, 4, 6, 7)
SATURDAY = 5
WEEK = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit: its window and the usual days, counted from another visit's day."""

    code: str
    after: str
    opens: int
    closes: int
    first: int
    last: int

    def __post_init__(self) -> None:
        """Refuse usual days outside of the window."""
        if not self.opens <= self.first <= self.last <= self.closes:
            message = f"{self.code}: the usual days lie outside the window"
            raise ValueError(message)

    @property
    def falls_on_any_day(self) -> bool:
        """Tell whether weekends do: calls and the morning after a session."""
        return self.first == self.last


BEFORE_ALLOCATION: tuple[Slot, ...] = (
    # Two to six weeks from consent, which is given on the day of screening.
    Slot("enrollment_visit", "screening", 14, 42, 17, 32),
    Slot("prep_1", "enrollment_visit", 0, 21, 3, 9),
    Slot("prep_2", "prep_1", 1, 63, 6, 9),
    Slot("baseline", "prep_2", 1, 63, 2, 6),
    Slot("prep_3", "baseline", 1, 21, 3, 7),
)


def _around(session: int) -> tuple[Slot, ...]:
    """Return the visits that follow a dosing session, up to the rater's."""
    dosing = f"dosing_{session}"
    slots = [Slot(f"integration_{session}_1", dosing, 1, 1, 1, 1)]
    slots += [
        Slot(f"call_{session}_day_{day}", dosing, day, day, day, day)
        for day in CALL_DAYS
    ]
    slots += [
        Slot(f"integration_{session}_2", dosing, 4, 15, 7, 10),
        Slot(f"integration_{session}_3", dosing, 14, 21, 15, 19),
    ]
    if session < SESSIONS[-1]:
        following = f"dosing_{session + 1}"
        slots += [
            Slot(f"t{session + 1}", dosing, 18, 32, 22, 25),
            Slot(following, dosing, 21, 49, 27, 31),
        ]
    return tuple(slots)


AFTER_ALLOCATION: tuple[Slot, ...] = (
    Slot("dosing_1", "prep_3", 1, 14, 3, 8),
    *_around(1),
    *_around(2),
    *_around(3),
    Slot("t4", "dosing_3", 35, 77, 52, 59),
    Slot("termination", "t4", 0, 14, 3, 9),
)
# Where the third session was never held, the endpoint is counted from the baseline.
T4_FROM_BASELINE = Slot("t4", "baseline", 105, 147, 121, 131)
# Six to twelve calendar months, as the days that any months have.
FOLLOW_UP = Slot("follow_up", LAST_DOSE, 184, 365, 190, 230)
EARLY_TERMINATION = Slot("early_termination", STOPPED, 0, 14, 1, 6)
SLOTS: Mapping[str, Slot] = {
    slot.code: slot for slot in (*BEFORE_ALLOCATION, *AFTER_ALLOCATION)
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Draws days, working days only where it is known which weekday day 0 is.

    `first_weekday` is 0 for a Monday, as in `date.weekday`; None where no day counts
    as a weekend.
    """

    rng: random.Random
    first_weekday: int | None

    def pick(self, first: int, last: int) -> int:
        """Return a day from first to last, a working day if there is one."""
        days = list(range(first, last + 1))
        if self.first_weekday is None:
            return self.rng.choice(days)
        working = [d for d in days if (d + self.first_weekday) % WEEK < SATURDAY]
        return self.rng.choice(working or days)


def dates_of(
    slots: Sequence[Slot],
    *,
    calendar: Calendar,
    known: Mapping[str, int],
    late: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Return the day of each slot's visit, and those already known.

    `late` gives, by code, how many days after its window a visit falls. A slot whose
    anchor has no day is left out.
    """
    days = dict(known)
    for slot in slots:
        if slot.after not in days:
            continue
        anchor = days[slot.after]
        if late and slot.code in late:
            days[slot.code] = anchor + slot.closes + late[slot.code]
        elif slot.falls_on_any_day:
            days[slot.code] = anchor + slot.first
        else:
            days[slot.code] = calendar.pick(anchor + slot.first, anchor + slot.last)
    return days


def window_of(slot: Slot, days: Mapping[str, int]) -> tuple[int, int]:
    """Return the first and the last day of a visit's window."""
    anchor = days[slot.after]
    return anchor + slot.opens, anchor + slot.closes


def session_of(code: str) -> int | None:
    """Return the dosing session that a visit belongs to, None if to none."""
    kind, _, rest = code.partition("_")
    if kind not in {"dosing", "integration", "call"}:
        return None
    return int(rest.partition("_")[0])
