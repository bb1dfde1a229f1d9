"""Synthetic participants who are in the trial today, in every state of the course.

They are left out of the reproduced table: they make worklist, windows and reminders
live, whatever day the demonstration is started on.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from simulation import figures
from simulation.cohort import Scores, answers_for, synthetic_email, synthetic_name
from simulation.course import Course, run_course
from simulation.enrollment import AGES
from simulation.events import events_of_one
from simulation.items import draw_person
from simulation.leaving import WITHDRAWS, Leaving
from simulation.moments import stream
from simulation.plan import Ending, ParticipantPlan, VisitPlan
from simulation.schedule import (
    BEFORE_ALLOCATION,
    SATURDAY,
    WEEK,
    Calendar,
    dates_of,
)


class LiveState(StrEnum):
    """Where in the course somebody stands today."""

    SCREENING = "screening"
    CONSENTED = "consented"
    ENROLLED = "enrolled"
    PREPARED = "prepared"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    CONFIRMED = "confirmed"
    RANDOMIZED = "randomized"
    DOSING_TODAY = "dosing_today"
    MORNING_AFTER = "morning_after"
    BETWEEN_SESSIONS = "between_sessions"
    VISIT_OVERDUE = "visit_overdue"
    ENDPOINT_DUE = "endpoint_due"
    AWAITING_FOLLOW_UP = "awaiting_follow_up"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, told by how many days ago a visit was; `undone` is the next one.

    Nothing from `undone` on has been held, even where its day has come.
    """

    state: LiveState
    visit: str
    days_ago: int
    undone: str = ""
    leaving: Leaving | None = None


STANDINGS = (
    Standing(LiveState.SCREENING, "screening", 2, "screening"),
    Standing(LiveState.CONSENTED, "screening", 6, "enrollment_visit"),
    Standing(LiveState.ENROLLED, "enrollment_visit", 1, "prep_1"),
    Standing(LiveState.PREPARED, "prep_2", 1, "baseline"),
    Standing(LiveState.AWAITING_CONFIRMATION, "baseline", 1, "prep_3"),
    Standing(LiveState.CONFIRMED, "prep_3", 1, "dosing_1"),
    Standing(LiveState.RANDOMIZED, "prep_3", 2, "dosing_1"),
    Standing(LiveState.DOSING_TODAY, "dosing_1", 0, "dosing_1"),
    Standing(LiveState.MORNING_AFTER, "dosing_1", 1, "integration_1_1"),
    Standing(LiveState.BETWEEN_SESSIONS, "dosing_1", 12, "integration_1_3"),
    Standing(LiveState.VISIT_OVERDUE, "dosing_1", 39, "t2"),
    Standing(LiveState.ENDPOINT_DUE, "dosing_3", 57, "t4"),
    Standing(LiveState.AWAITING_FOLLOW_UP, "termination", 20),
    Standing(LiveState.WITHDRAWN, "early_termination", 5, leaving=WITHDRAWS),
)
RANDOMIZED_FROM = LiveState.RANDOMIZED
# A session of today or yesterday is just that, whatever weekday it is.
_TO_THE_DAY = frozenset({LiveState.DOSING_TODAY, LiveState.MORNING_AFTER})
ATTEMPTS = 100
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class LivePlan:
    """Somebody in the trial today: what has happened, and what is booked.

    `plan.visits` holds only what was held or missed before today. `booked` are the
    next visits with their days, today included. Day 0 of both is `day_zero_on`.
    """

    state: LiveState
    day_zero_on: date
    plan: ParticipantPlan
    booked: tuple[VisitPlan, ...]


def live_plans(today: date, *, seed: bytes = b"live") -> tuple[LivePlan, ...]:
    """Return one participant for each live state, placed relative to today.

    Their indexes follow those of the finished cohort and they are spread over the
    sites. The arm is unknown to the plan: the driver randomizes those with a
    `randomized_day` as anybody is randomized.
    """
    return tuple(
        _live_plan(seed, today, index=figures.PARTICIPANTS + place, standing=standing)
        for place, standing in enumerate(STANDINGS)
    )


def _live_plan(seed: bytes, today: date, *, index: int, standing: Standing) -> LivePlan:
    rng, course, now = _placed(seed, today, standing)
    days = {visit.code: visit.day for visit in course.visits}
    held = _happened(course, days, now=now, undone=standing.undone)
    plan = _participant(rng, index, days=days, standing=standing)
    plan = replace(plan, visits=held)
    if (leaving := standing.leaving) is not None:
        why = (leaving.reason, leaving.cause, leaving.allows)
        plan = replace(
            plan,
            treatment_stopped=Ending(course.stopped_day or 0, *why),
            withdrawn=Ending(course.withdrawn_day or 0, *why),
        )
    so_far = replace(course, visits=held)
    events = [event for event in events_of_one(rng, so_far) if event.aware_day < now]
    answers = answers_for(seed, plan, scores=_scores(rng))
    visits = tuple(
        replace(visit, answers=answers(visit)) if visit.is_held else visit
        for visit in held
    )
    return LivePlan(
        standing.state,
        today - timedelta(days=now),
        replace(plan, visits=visits, events=tuple(events)),
        _booked(course, standing, now=now),
    )


def _placed(
    seed: bytes, today: date, standing: Standing
) -> tuple[random.Random, Course, int]:
    """Return the random stream, a course and its day of today.

    Which weekday day 0 is follows only from the days that are drawn, so courses are
    drawn until one fits. Where today itself is a weekend, a session of today is on it.
    """
    days_ago = _days_ago(standing, today)
    if (today - timedelta(days=days_ago)).weekday() < SATURDAY:
        for attempt in range(ATTEMPTS):
            first = attempt % SATURDAY
            rng = stream(seed, f"live {standing.state} {attempt}")
            course = _drawn(rng, standing, first_weekday=first)
            now = _day_of(course, standing.visit) + days_ago
            if (first + now) % WEEK == today.weekday():
                return rng, course, now
    rng = stream(seed, f"live {standing.state}")
    course = _drawn(rng, standing, first_weekday=None)
    return rng, course, _day_of(course, standing.visit) + days_ago


def _days_ago(standing: Standing, today: date) -> int:
    """Return how many days ago the visit was that tells the state, a working day."""
    days_ago = standing.days_ago
    if standing.state in _TO_THE_DAY:
        return days_ago
    weekday = (today - timedelta(days=days_ago)).weekday()
    if weekday == SATURDAY:
        return days_ago + 1
    if weekday == SUNDAY:
        return days_ago - 1 if days_ago > 1 else days_ago + 2
    return days_ago


def _drawn(
    rng: random.Random, standing: Standing, *, first_weekday: int | None
) -> Course:
    calendar = Calendar(rng, first_weekday)
    before = dates_of(BEFORE_ALLOCATION, calendar=calendar, known={"screening": 0})
    return run_course(
        rng,
        before,
        leaving=standing.leaving,
        defects=frozenset(),
        first_weekday=first_weekday,
    )


def _day_of(course: Course, code: str) -> int:
    return next(visit.day for visit in course.visits if visit.code == code)


def _happened(
    course: Course, days: Mapping[str, int], *, now: int, undone: str
) -> tuple[VisitPlan, ...]:
    """Return the visits before today that come before the one still undone."""
    limit = min(now, days[undone]) if undone else now
    return tuple(visit for visit in course.visits if visit.day < limit)


def _booked(course: Course, standing: Standing, *, now: int) -> tuple[VisitPlan, ...]:
    """Return the next two visits from today on, of somebody for whom none is late."""
    unbooked = {LiveState.SCREENING, LiveState.VISIT_OVERDUE, LiveState.ENDPOINT_DUE}
    if standing.state in unbooked:
        return ()
    ahead = [visit for visit in course.visits if visit.day >= now]
    return tuple(replace(visit, missed_reason="") for visit in ahead[:2])


def _participant(
    rng: random.Random, index: int, *, days: Mapping[str, int], standing: Standing
) -> ParticipantPlan:
    """Return the participant with the milestones reached."""
    order = list(LiveState)
    reached = order.index(standing.state)
    consented = standing.state is not LiveState.SCREENING
    confirmed = reached >= order.index(LiveState.CONFIRMED)
    randomized = reached >= order.index(RANDOMIZED_FROM)
    completed = standing.state is LiveState.AWAITING_FOLLOW_UP
    return ParticipantPlan(
        index=index,
        name=synthetic_name(index) if consented else "",
        email=synthetic_email(index) if consented else "",
        site=index % figures.SITES,
        arm=None,
        sex=rng.choice(("female", "female", "male")),
        age=rng.randint(*AGES),
        person=draw_person(rng),
        consent_day=days["screening"] if consented else None,
        visits=(),
        confirmed_day=days["prep_3"] if confirmed else None,
        randomized_day=days["prep_3"] if randomized else None,
        completed_day=days["termination"] if completed else None,
    )


def _scores(rng: random.Random) -> Scores:
    """Return plausible totals of somebody whose arm is unknown; T1 admits."""
    first = max(figures.ENTRY_TOTAL, min(60, round(rng.gauss(39, 6.5))))
    drops = sorted(rng.randint(0, first) for _ in range(3))
    points = rng.randint(14, 24)
    totals = (first, *(first - drop for drop in drops))
    return Scores(totals, tuple(round(points * total / first) for total in totals))
