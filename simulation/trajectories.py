"""CAPS-5 totals and SDS sums over the course: drawn, recolored, corrected."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulation import figures
from simulation.figures import Arm
from simulation.moments import deviation, mean, stream, with_moments

LAST = 3  # index of T4
PROPOSALS = 60_000
MARGIN = 0.25  # corrected to a quarter of the tolerance, so that rounding is safe
SDS_BASELINE = 6.2  # assumed; the publication's baseline is not at hand
SDS_BASELINE_SD = 1.9  # assumed


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure that the totals are corrected toward."""

    wanted: float
    tolerance: float

    def miss(self, level: float) -> float:
        """Return the squared distance beyond the margin, in tolerances."""
        beyond = abs(level - self.wanted) / self.tolerance - MARGIN
        return beyond * beyond if beyond > 0 else 0.0


def caps_totals(
    seed: bytes, *, arm: Arm, assessed: Sequence[int]
) -> list[tuple[int, ...]]:
    """Return T1-T4 of each participant of an arm, integers 0-80, T1 from 28.

    `assessed[i]` says how many of the four assessments count for participant i (1-4,
    monotone). Later values exist too, for those assessed after they stopped treatment.
    The draw has exactly the published moments; clipping, rounding and drop-out
    disturb them, and single scores are then moved, a few points at a time, until every
    figure is within a quarter of its tolerance again. No figure chooses the seed.
    """
    rng = stream(seed, f"totals {arm}")
    raw = [[rng.gauss(0, 1) for _ in figures.TIMES] for _ in assessed]
    colored = with_moments(
        raw,
        means=figures.MEANS[arm],
        deviations=figures.DEVIATIONS[arm],
        correlations=figures.CORRELATIONS[arm],
    )
    rows = [[_clip(t, round(v)) for t, v in enumerate(row)] for row in colored]
    _correct(rows, assessed=assessed, arm=arm, rng=rng)
    return [tuple(row) for row in rows]


def _clip(time: int, total: int) -> int:
    return min(80, max(figures.ENTRY_TOTAL if time == 0 else 0, total))


def _goals(arm: Arm) -> list[Goal]:
    goals = [Goal(v, figures.POINTS) for v in figures.MEANS[arm]]
    goals += [Goal(v, figures.POINTS) for v in figures.DEVIATIONS[arm]]
    goals += [Goal(v, figures.POINTS) for v in figures.CHANGES[arm]]
    goals += [Goal(v, figures.COUNT) for v in figures.RESPONDERS[arm]]
    goals += [Goal(v, figures.COUNT) for v in figures.REMITTERS[arm]]
    return goals


def _terms(row: Sequence[int], seen: int) -> list[int]:
    """Return what one participant adds to the sums behind every figure."""
    shown = [*row[:seen], *[0] * (LAST + 1 - seen)]
    change = row[LAST] - row[0] if seen > LAST else 0
    later = range(1, LAST + 1)
    drop = figures.RESPONSE_DROP
    low = figures.REMISSION_TOTAL
    return [
        *shown,
        *(v * v for v in shown),
        change,
        change * change,
        *(int(t < seen and row[0] - row[t] >= drop) for t in later),
        *(int(t < seen and row[t] <= low) for t in later),
    ]


def _levels(sums: Sequence[int], counts: Sequence[int]) -> list[float]:
    """Return the figures, in the order of `_goals`, from the sums."""
    pairs = [(sums[t], sums[t + 4], counts[t]) for t in range(4)]
    pairs.append((sums[8], sums[9], counts[LAST]))
    means = [first / n for first, _, n in pairs]
    spreads = [
        math.sqrt(max(0.0, second - first * first / n) / (n - 1))
        for first, second, n in pairs
    ]
    return [*means[:4], *spreads[:4], means[4], spreads[4], *sums[10:]]


def _correct(
    rows: list[list[int]], *, assessed: Sequence[int], arm: Arm, rng: random.Random
) -> None:
    """Move single scores until every goal is met, or the proposals are used up."""
    goals = _goals(arm)
    counts = [sum(seen > t for seen in assessed) for t in range(4)]
    terms = [_terms(row, seen) for row, seen in zip(rows, assessed, strict=True)]
    sums = [sum(column) for column in zip(*terms, strict=True)]
    miss = _miss(goals, _levels(sums, counts))
    for _ in range(PROPOSALS):
        if miss == 0:
            return
        who = rng.randrange(len(rows))
        time = rng.randrange(assessed[who])
        old = rows[who][time]
        rows[who][time] = _clip(time, old + rng.choice((-4, -3, -2, -1, 1, 2, 3, 4)))
        new_terms = _terms(rows[who], assessed[who])
        new_sums = [
            s - a + b for s, a, b in zip(sums, terms[who], new_terms, strict=True)
        ]
        new_miss = _miss(goals, _levels(new_sums, counts))
        if new_miss <= miss:
            sums, miss, terms[who] = new_sums, new_miss, new_terms
        else:
            rows[who][time] = old


def _miss(goals: Sequence[Goal], levels: Sequence[float]) -> float:
    return math.fsum(
        goal.miss(level) for goal, level in zip(goals, levels, strict=True)
    )


def sds_sums(
    seed: bytes, *, arm: Arm, totals: Sequence[Sequence[int]], assessed: Sequence[int]
) -> list[tuple[int, ...]]:
    """Return the sum of the three adapted SDS items (0-30) at T1-T4.

    The change to T4 of the mean item has the published mean and spread among those
    whose T4 counts, and goes with the change in CAPS-5; T2 and T3 lie between.
    """
    rng = stream(seed, f"sds {arm}")
    wanted_mean, wanted_sd = figures.SDS_CHANGES[arm]
    start = _related([row[0] for row in totals], share=0.5, rng=rng)
    first = [
        min(30, max(6, round(3 * (SDS_BASELINE + SDS_BASELINE_SD * z)))) for z in start
    ]
    drop = _related([row[LAST] - row[0] for row in totals], share=0.65, rng=rng)
    last = [
        min(30, max(0, a + round(3 * (wanted_mean + wanted_sd * z))))
        for a, z in zip(first, drop, strict=True)
    ]
    counted = [i for i, seen in enumerate(assessed) if seen > LAST]
    _settle(first, last, counted=counted, goal=(wanted_mean, wanted_sd))
    return [
        (
            ends[0],
            _between(ends, totals=row, time=1, rng=rng),
            _between(ends, totals=row, time=2, rng=rng),
            ends[1],
        )
        for ends, row in zip(zip(first, last, strict=True), totals, strict=True)
    ]


def _related(
    values: Sequence[float], *, share: float, rng: random.Random
) -> list[float]:
    """Return standardized values that correlate with those given."""
    center, spread = mean(values), deviation(values)
    mixed = [
        share * (v - center) / spread + math.sqrt(1 - share**2) * rng.gauss(0, 1)
        for v in values
    ]
    center, spread = mean(mixed), deviation(mixed)
    return [(v - center) / spread for v in mixed]


def _settle(
    first: Sequence[int],
    last: list[int],
    *,
    counted: Sequence[int],
    goal: tuple[float, float],
) -> None:
    """Stretch and shift the last sums until their change has the wanted moments."""
    wanted_mean, wanted_sd = goal
    for _ in range(20):
        changes = [(last[i] - first[i]) / 3 for i in counted]
        center, spread = mean(changes), deviation(changes)
        for i in counted:
            z = ((last[i] - first[i]) / 3 - center) / spread
            moved = first[i] + round(3 * (wanted_mean + wanted_sd * z))
            last[i] = min(30, max(0, moved))


def _between(
    ends: tuple[int, int], *, totals: Sequence[int], time: int, rng: random.Random
) -> int:
    """Return a sum on the way from the first to the last, with noise.

    Where the CAPS-5 total lies above its own straight way, so does the sum.
    """
    way = (0.0, 0.4, 0.7, 1.0)[time]
    expected = totals[0] + way * (totals[LAST] - totals[0])
    moved = ends[0] + way * (ends[1] - ends[0]) + 0.1 * (totals[time] - expected)
    return min(30, max(0, round(moved + rng.gauss(0, 2))))
