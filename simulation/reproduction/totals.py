"""Total scores over the course, for any published arm: drawn, recolored, corrected.

Who is assessed and what each scores is made so that every published figure of the arm is
met; nothing is sampled until it fits, and no seed is chosen for its result.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.moments import deviation, mean, stream, with_moments
from simulation.reproduction.targets import TOLERANCES, Arm, Measure, Point, Target
from simulation.trajectories import Goal

PROPOSALS = 6_000  # a few hundred do as a rule
STEPS = (-8, -5, -3, -2, -1, 1, 2, 3, 5, 8)
# Assumed where no change SD was published: with baseline, and between later visits.
WITH_BASELINE = 0.5
NEXT, LATER = 0.7, 0.6
MOST = {"caps4": 136, "caps5": 80}
# The lowest total with a diagnosis: CAPS-IV one, three and two symptoms at three points
# (frequency 1, intensity 2); CAPS-5 one, one, two and two symptoms at two points.
LEAST_DIAGNOSABLE = {"caps4": 18, "caps5": 12}


@dataclass(frozen=True, slots=True)
class Scored:
    """The totals that one participant has at the visits they came to, baseline first."""

    totals: tuple[int, ...]

    @property
    def seen(self) -> int:
        """Return at how many visits the participant was assessed."""
        return len(self.totals)


def arm_totals(seed: bytes, target: Target, arm: Arm) -> list[Scored]:
    """Return the totals of each participant of an arm.

    As many are assessed at each visit as published; who leaves stays away. Means,
    standard deviations, changes and counts are within a quarter of their tolerances, or
    as near as the proposals reach.
    """
    rng = stream(seed, f"totals {target.key} {arm.code}")
    raw = [[rng.gauss(0, 1) for _ in arm.points] for _ in range(arm.randomized)]
    colored = with_moments(
        raw,
        means=[_known(point, Measure.MEAN) for point in arm.points],
        deviations=[_known(point, Measure.SD) for point in arm.points],
        correlations=correlations(arm),
    )
    seen = [sum(i < n for n in arm.assessed) for i in range(arm.randomized)]
    rng.shuffle(seen)
    rows = [
        [_clip(target, time=t, total=round(v)) for t, v in enumerate(row[:count])]
        for row, count in zip(colored, seen, strict=True)
    ]
    _correct(rows, target=target, arm=arm, rng=rng)
    return [Scored(tuple(row)) for row in rows]


def _known(point: Point, measure: Measure) -> float:
    return point.figures[measure].value


def correlations(arm: Arm) -> list[list[float]]:
    """Return the correlations between visits: with baseline from the spread of change.

    The others are assumed, since no publication gives them.
    """
    size = len(arm.points)
    matrix = [
        [1.0 if i == j else NEXT if abs(i - j) == 1 else LATER for j in range(size)]
        for i in range(size)
    ]
    first = _known(arm.points[0], Measure.SD)
    for time, point in enumerate(arm.points[1:], start=1):
        spread, change = _known(point, Measure.SD), point.aim(Measure.CHANGE_SD)
        shared = WITH_BASELINE
        if change is not None:
            shared = (first**2 + spread**2 - change**2) / (2 * first * spread)
        matrix[0][time] = matrix[time][0] = shared
    return matrix


def _clip(target: Target, *, time: int, total: int) -> int:
    least = target.entry if time == 0 else 0
    return min(MOST[target.form], max(least, total))


def levels(
    rows: Sequence[Sequence[int]], target: Target, time: int
) -> dict[Measure, float]:
    """Return what the totals show at one visit, of those assessed then."""
    there = [row for row in rows if len(row) > time]
    totals = [row[time] for row in there]
    changes = [row[time] - row[0] for row in there]
    response = target.response
    return {
        Measure.MEAN: mean(totals),
        Measure.SD: deviation(totals),
        Measure.CHANGE: mean(changes),
        Measure.CHANGE_SD: deviation(changes),
        Measure.RESPONDERS: sum(
            response.is_met(first=row[0], now=row[time]) for row in there
        ),
        Measure.REMISSION: sum(total <= (target.remission or -1) for total in totals),
    }


def _correct(
    rows: list[list[int]], *, target: Target, arm: Arm, rng: random.Random
) -> None:
    """Move single totals until every figure is met, or the proposals are used up."""
    miss = [
        _miss(rows, target, point, time=time) for time, point in enumerate(arm.points)
    ]
    for _ in range(PROPOSALS):
        if not any(miss):
            return
        who = rng.randrange(len(rows))
        time = rng.randrange(len(rows[who]))
        old = rows[who][time]
        rows[who][time] = _clip(target, time=time, total=old + rng.choice(STEPS))
        # A baseline moves every change that is counted from it.
        times = range(len(arm.points)) if time == 0 else (time,)
        new = {t: _miss(rows, target, arm.points[t], time=t) for t in times}
        if math.fsum(new.values()) <= math.fsum(miss[t] for t in times):
            for t, level in new.items():
                miss[t] = level
        else:
            rows[who][time] = old


def _miss(
    rows: Sequence[Sequence[int]], target: Target, point: Point, *, time: int
) -> float:
    found = levels(rows, target, time)
    misses = [
        Goal(wanted, TOLERANCES[measure]).miss(found[measure])
        for measure in found
        if (wanted := point.aim(measure)) is not None
    ]
    return math.fsum([*misses, _undiagnosable(rows, target, point, time=time)])


def _undiagnosable(
    rows: Sequence[Sequence[int]], target: Target, point: Point, *, time: int
) -> float:
    """Return how many more cannot carry a diagnosis than are to lose theirs."""
    lost = point.aim(Measure.LOST)
    if lost is None:
        return 0.0
    least = LEAST_DIAGNOSABLE[target.form]
    low = sum(row[time] < least for row in rows if len(row) > time)
    return max(0.0, low - lost)
