"""Adverse events, favorable ones included, at the published and assumed rates."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adverse_events.vocabulary import (
    ActionTaken,
    Relatedness,
    SeriousnessCriterion,
    Severity,
    Valence,
)
from simulation import figures
from simulation.course import Course
from simulation.figures import Arm
from simulation.leaving import Defect
from simulation.moments import stream
from simulation.plan import EventPlan, VisitPlan

RELATED = (Relatedness.POSSIBLE, Relatedness.PROBABLE, Relatedness.RELATED)
DUPLICATE_REASON = "Entered twice: two members of the team reported the same event"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event around dosing and the percentage of each arm that has it.

    `minutes` is when it begins after the initial dose and `days` how long it may
    last.
    """

    term: str
    percent: tuple[float, float]
    valence: Valence
    minutes: tuple[int, int]
    days: tuple[int, int]


def _unpleasant(term: str, active: float, comparator: float) -> Kind:
    return Kind(term, (active, comparator), Valence.UNPLEASANT, (35, 240), (0, 2))


# Rates of MAPP1 as recalled (unverified); the four of MAPP2 are in `figures`.
OTHERS: tuple[Kind, ...] = (
    _unpleasant("Feeling cold", 20, 7),
    _unpleasant("Restlessness", 15, 1),
    _unpleasant("Wide pupils", 15, 0),
    _unpleasant("Dizzy on standing", 13, 5),
    _unpleasant("Clenched jaw", 13, 2),
    _unpleasant("Eye movements out of control", 13, 0),
    _unpleasant("Feeling jittery", 11, 0),
    _unpleasant("Tightness in the chest", 11, 2),
    _unpleasant("Dry mouth", 11, 5),
    _unpleasant("Blurred vision", 9, 2),
    _unpleasant("Intrusive thoughts", 9, 2),
    _unpleasant("Headache", 30, 24),
    # Favorable and neutral effects were not recorded in the trials, so no rate is
    # published: these are assumed.
    Kind("Euphoric mood", (42, 8), Valence.PLEASANT, (45, 180), (0, 0)),
    Kind("Unusual closeness to others", (36, 10), Valence.PLEASANT, (60, 200), (0, 1)),
    Kind("Deep calm", (30, 16), Valence.PLEASANT, (60, 240), (0, 1)),
    Kind("Time seemed to slow down", (21, 4), Valence.NEUTRAL, (40, 160), (0, 0)),
    Kind("Colors seemed brighter", (13, 2), Valence.NEUTRAL, (40, 160), (0, 0)),
)
BETWEEN = (
    ("Common cold", Relatedness.UNRELATED),
    ("Trouble sleeping", Relatedness.POSSIBLE),
    ("Fatigue", Relatedness.POSSIBLE),
    ("Back pain", Relatedness.UNRELATED),
    ("Low mood for a day", Relatedness.POSSIBLE),
)


def counts_of(arm: Arm) -> dict[str, int]:
    """Return how many participants of an arm have each kind of event."""
    column = 0 if arm is Arm.ACTIVE else 1
    found = {term: counts[column] for term, counts in figures.WITH_EVENT.items()}
    size = figures.SIZES[arm]
    return found | {
        kind.term: round(kind.percent[column] * size / 100) for kind in OTHERS
    }


def events_of_arm(
    seed: bytes,
    *,
    arm: Arm,
    courses: Mapping[int, Course],
    defects: Mapping[int, frozenset[Defect]],
) -> dict[int, tuple[EventPlan, ...]]:
    """Return the events of every participant of an arm, in the order of their onset.

    The published numbers of participants with a kind of event, and with a severe
    event, are met exactly; who has them is drawn.
    """
    rng = stream(seed, f"events {arm}")
    kinds = {kind.term: kind for kind in OTHERS}
    kinds |= {term: _unpleasant(term, 0, 0) for term in figures.WITH_EVENT}
    found: dict[int, list[EventPlan]] = {index: [] for index in courses}
    for term, count in counts_of(arm).items():
        for index in rng.sample(sorted(courses), count):
            found[index] += _around_dosing(rng, kinds[term], courses[index])
    for index, course in courses.items():
        if rng.random() < 0.35:
            found[index].append(_between_sessions(rng, course))
    serious = [i for i in courses if Defect.SERIOUS_EVENT in defects.get(i, ())]
    for index in serious:
        found[index].append(_serious_event(courses[index]))
    _make_severe(rng, found, count=figures.WITH_SEVERE_EVENT[arm] - len(serious))
    for index in courses:
        if Defect.DOUBLE_ENTRY in defects.get(index, ()):
            found[index] = _doubled(rng, found[index], courses[index])
    return {index: _in_order(events) for index, events in found.items()}


def events_of_one(rng: random.Random, course: Course) -> tuple[EventPlan, ...]:
    """Return a few events for somebody whose arm is not known: rates are not met."""
    if not _dosings(course):
        return ()
    chosen = rng.sample(OTHERS, 3)
    found = [event for kind in chosen for event in _around_dosing(rng, kind, course)]
    return _in_order(found)


def _dosings(course: Course) -> list[VisitPlan]:
    return [visit for visit in course.visits if visit.dose and visit.is_held]


def _around_dosing(rng: random.Random, kind: Kind, course: Course) -> list[EventPlan]:
    """Return a kind of event at one or more of the sessions held."""
    sessions = _dosings(course)
    chosen = rng.sample(sessions, min(len(sessions), rng.choice((1, 1, 2, 3))))
    return [
        EventPlan(
            term=kind.term,
            day=visit.day,
            severity=rng.choices((Severity.MILD, Severity.MODERATE), weights=(7, 3))[0],
            valence=kind.valence,
            # The site is blind: relatedness is judged alike in both arms.
            relatedness=rng.choice(RELATED),
            duration_days=rng.randint(*kind.days),
            aware_day=visit.day,
            dosing=visit.code,
            minutes_after_dose=rng.randint(*kind.minutes),
        )
        for visit in chosen
    ]


def _between_sessions(rng: random.Random, course: Course) -> EventPlan:
    term, relatedness = rng.choice(BETWEEN)
    held = [
        visit for visit in course.visits if visit.is_held and visit.code != "follow_up"
    ]
    day = rng.randint(_dosings(course)[0].day + 1, held[-1].day)
    aware = next(visit.day for visit in held if visit.day >= day)
    return EventPlan(
        term=term,
        day=day,
        severity=rng.choice((Severity.MILD, Severity.MODERATE)),
        valence=Valence.UNPLEASANT,
        relatedness=relatedness,
        duration_days=rng.randint(1, 8),
        aware_day=aware,
    )


def _serious_event(course: Course) -> EventPlan:
    """Return the planted serious event: an operation that needed the allocation.

    MAPP2 reported no serious event; this one is there for its three moments.
    """
    stopped = course.stopped_day or 0
    return EventPlan(
        term="Acute appendicitis",
        day=stopped - 1,
        severity=Severity.SEVERE,
        valence=Valence.UNPLEASANT,
        relatedness=Relatedness.UNRELATED,
        duration_days=6,
        aware_day=stopped,
        serious=(SeriousnessCriterion.HOSPITALIZATION,),
        action=ActionTaken.WITHDRAWN,
        determined_day=stopped + 3,
    )


def _make_severe(
    rng: random.Random, found: dict[int, list[EventPlan]], *, count: int
) -> None:
    """Raise one unpleasant event to severe in so many participants without one."""
    able = [
        index
        for index, events in found.items()
        if all(event.severity is not Severity.SEVERE for event in events)
        and any(event.valence is Valence.UNPLEASANT for event in events)
    ]
    for index in rng.sample(able, count):
        events = found[index]
        places = [
            place
            for place, event in enumerate(events)
            if event.valence is Valence.UNPLEASANT
        ]
        place = rng.choice(places)
        events[place] = replace(events[place], severity=Severity.SEVERE)


def _doubled(
    rng: random.Random, events: list[EventPlan], course: Course
) -> list[EventPlan]:
    """Return the events with the first entered twice, and the second entry voided."""
    kept = list(_in_order(events)) or [_between_sessions(rng, course)]
    first = kept[0]
    twin = replace(
        first,
        aware_day=first.aware_day + 1,
        duplicate_of=0,
        voided_day=first.aware_day + 9,
        voided_reason=DUPLICATE_REASON,
    )
    return [*kept, twin]


def _in_order(events: Sequence[EventPlan]) -> tuple[EventPlan, ...]:
    """Return the events by onset, a repeated entry last so that its pointer holds."""
    return tuple(
        sorted(
            events,
            key=lambda event: (
                event.duplicate_of is not None,
                event.day,
                event.minutes_after_dose or 0,
            ),
        )
    )
