"""One participant's visits after randomization: days, doses, raters, deviations."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time

from sessions.dosing import WithheldReason
from simulation.leaving import Defect, Leaving
from simulation.plan import DeviationPlan, DosePlan, VisitPlan
from simulation.schedule import (
    AFTER_ALLOCATION,
    EARLY_TERMINATION,
    FOLLOW_UP,
    LAST_DOSE,
    SESSIONS,
    SLOTS,
    STOPPED,
    T4_FROM_BASELINE,
    Calendar,
    dates_of,
    session_of,
    window_of,
)

RATERS = 16
RATED = ("baseline", "t2", "t3", "t4", "early_termination")
MISSED_SHARE = 0.04
STARTING_SHARE = 0.06
DAYS_LATE = {"dosing_2": 4}
EARLY_MINUTES = 71
MISSED_REASONS = ("Participant could not be reached", "Participant was away")
FULL, STARTING = "full", "starting"


@dataclass(frozen=True, slots=True)
class Course:
    """The visits, and the days on which treatment or participation ended."""

    visits: tuple[VisitPlan, ...]
    stopped_day: int | None
    withdrawn_day: int | None


def run_course(
    rng: random.Random,
    before: Mapping[str, int],
    *,
    leaving: Leaving | None,
    defects: frozenset[Defect],
    first_weekday: int | None = 0,
) -> Course:
    """Return all visits of a participant, those before randomization included.

    `before` gives the days up to and including prep_3. `first_weekday` is that of day 0,
    a Monday if not said; None where visits fall on any day.
    """
    calendar = Calendar(rng, first_weekday=first_weekday)
    late = DAYS_LATE if Defect.LATE_VISIT in defects else {}
    days = dates_of(AFTER_ALLOCATION, calendar=calendar, known=before, late=late)
    stopped = withdrawn = None
    silent_after = None
    if leaving is not None:
        stopped = days[leaving.stops_after] + rng.randint(*leaving.days_later)
        silent_after = days[leaving.stops_after] if leaving.is_lost else None
        days = _after_stop(days, stopped, leaving=leaving, calendar=calendar)
        withdrawn = None if leaving.stays else max(stopped, *days.values())
    if withdrawn is None:
        days["follow_up"] = _follow_up(days, calendar=calendar)
    visits = _visits(rng, days, stopped=stopped)
    visits = _miss(rng, visits, after=silent_after)
    visits = _rate(rng, visits, repeats=Defect.REPEATED_RATER in defects)
    planted = tuple(_plant(visit, defects) for visit in visits)
    return Course(planted, stopped, withdrawn)


def _last_dose(days: Mapping[str, int]) -> int:
    return max(day for code, day in days.items() if code.startswith("dosing"))


def _follow_up(days: Mapping[str, int], *, calendar: Calendar) -> int:
    known = {LAST_DOSE: _last_dose(days)}
    return dates_of((FOLLOW_UP,), calendar=calendar, known=known)["follow_up"]


def _after_stop(
    days: Mapping[str, int], stopped: int, *, leaving: Leaving, calendar: Calendar
) -> dict[str, int]:
    """Return the days of all visits when treatment stops on a day."""
    if leaving.stays:
        return _without_dosing(days, stopped, calendar=calendar)
    kept = {code: day for code, day in days.items() if day < stopped}
    if leaving.is_seen:
        known = {**kept, STOPPED: stopped}
        kept = dates_of((EARLY_TERMINATION,), calendar=calendar, known=known)
        del kept[STOPPED]
    return kept


def _without_dosing(
    days: Mapping[str, int], stopped: int, *, calendar: Calendar
) -> dict[str, int]:
    """Return the days when dosing stops and assessments go on."""
    dropped = {n for n in SESSIONS if days[f"dosing_{n}"] > stopped}
    kept = {
        code: day
        for code, day in days.items()
        if session_of(code) not in dropped and code not in {"t4", "termination"}
    }
    return dates_of(
        (T4_FROM_BASELINE, SLOTS["termination"]), calendar=calendar, known=kept
    )


def _visits(
    rng: random.Random, days: Mapping[str, int], *, stopped: int | None
) -> list[VisitPlan]:
    visits = []
    for code, day in days.items():
        opens, closes = _window(code, days, stopped)
        visit = VisitPlan(code, day, _starts_at(rng, code), opens, closes)
        if code.startswith("dosing"):
            visit = replace(visit, dose=_dose(rng, code))
        after = stopped is not None and day > stopped
        visits.append(replace(visit, counts=not after))
    return sorted(visits, key=lambda visit: (visit.day, visit.starts_at))


def _window(code: str, days: Mapping[str, int], stopped: int | None) -> tuple[int, int]:
    """Return the window of a visit; that of screening begins with its own day."""
    if code == EARLY_TERMINATION.code and stopped is not None:
        return window_of(EARLY_TERMINATION, {STOPPED: stopped})
    if code == FOLLOW_UP.code:
        return window_of(FOLLOW_UP, {LAST_DOSE: _last_dose(days)})
    if code == "t4" and "dosing_3" not in days:
        return window_of(T4_FROM_BASELINE, days)
    return window_of(SLOTS[code], days) if code in SLOTS else _screening(days)


def _screening(days: Mapping[str, int]) -> tuple[int, int]:
    """Return screening's window: up to six weeks from consent, given that day."""
    return days["screening"], days["screening"] + 42


def _starts_at(rng: random.Random, code: str) -> time:
    if code.startswith("dosing"):
        return time(8, rng.choice((30, 45)))
    if code.endswith("_1") and code.startswith("integration"):
        return time(9, rng.choice((0, 15, 30)))
    return time(rng.randint(9, 16), rng.choice((0, 15, 30, 45)))


def _dose(rng: random.Random, code: str) -> DosePlan:
    """Return the session's two administrations, both in order and in time."""
    is_first = code == "dosing_1"
    step = STARTING if is_first or rng.random() < STARTING_SHARE else FULL
    return DosePlan(step, time(10, rng.randint(0, 50)), rng.randint(92, 118))


def _miss(
    rng: random.Random, visits: list[VisitPlan], *, after: int | None
) -> list[VisitPlan]:
    """Return the visits with a few calls and sessions missed, and those of the lost."""
    found = []
    for visit in visits:
        if after is not None and visit.day > after:
            found.append(replace(visit, missed_reason=MISSED_REASONS[0], dose=None))
        elif _may_be_missed(visit.code) and rng.random() < MISSED_SHARE:
            found.append(replace(visit, missed_reason=rng.choice(MISSED_REASONS)))
        else:
            found.append(visit)
    return found


def _may_be_missed(code: str) -> bool:
    return code.startswith(("call", "follow_up")) or (
        code.startswith("integration") and code.endswith("_3")
    )


def _rate(
    rng: random.Random, visits: list[VisitPlan], *, repeats: bool
) -> list[VisitPlan]:
    """Return the visits with raters, none of whom sees the participant twice."""
    pool = rng.sample(range(RATERS), len(RATED))
    raters = dict(zip(RATED, pool, strict=True))
    if repeats:
        raters["t3"] = raters["baseline"]
    return [
        replace(visit, rater=raters[visit.code])
        if visit.code in raters and visit.is_held
        else visit
        for visit in visits
    ]


def _plant(visit: VisitPlan, defects: frozenset[Defect]) -> VisitPlan:
    """Return the visit with the defect that belongs on it, and its deviation."""
    for defect, (place, planted) in PLANTED.items():
        if defect in defects and place == visit.code:
            return planted(visit)
    return visit


def _held_late(visit: VisitPlan) -> VisitPlan:
    days = visit.day - visit.closes
    note = f"Held {days} days after the window closed: participant had influenza"
    return replace(visit, deviation=DeviationPlan("out_of_window", note))


def _dosed_early(visit: VisitPlan) -> VisitPlan:
    note = f"Supplemental dose given {EARLY_MINUTES} minutes after the initial dose"
    dose = visit.dose and replace(visit.dose, supplement_after=EARLY_MINUTES)
    return replace(visit, dose=dose, deviation=DeviationPlan("dosing", note))


def _withheld(visit: VisitPlan) -> VisitPlan:
    dose = visit.dose and replace(
        visit.dose,
        supplement_after=None,
        withheld_reason=WithheldReason.TOLERABILITY.value,
    )
    return replace(visit, dose=dose)


def _seen_before(visit: VisitPlan) -> VisitPlan:
    note = "The rater of this assessment had also rated the baseline"
    return replace(visit, deviation=DeviationPlan("rater", note))


def _not_fasting(visit: VisitPlan) -> VisitPlan:
    note = "Participant had eaten breakfast before the session"
    return replace(visit, deviation=DeviationPlan("procedure", note))


PLANTED: Mapping[Defect, tuple[str, Callable[[VisitPlan], VisitPlan]]] = {
    Defect.LATE_VISIT: ("dosing_2", _held_late),
    Defect.EARLY_SUPPLEMENT: ("dosing_3", _dosed_early),
    Defect.WITHHELD_SUPPLEMENT: ("dosing_2", _withheld),
    Defect.REPEATED_RATER: ("t3", _seen_before),
    Defect.PROTOCOL_DEVIATION: ("dosing_1", _not_fasting),
}
