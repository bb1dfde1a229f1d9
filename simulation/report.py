"""What the cohort shows beside what was published, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adverse_events.vocabulary import Severity
from assessments.instruments.caps5 import score_caps5
from assessments.instruments.sds_adapted import score_sds_adapted
from simulation import figures
from simulation.figures import Figure, Measure
from simulation.moments import deviation, mean
from simulation.plan import Cohort, ParticipantPlan

VISIT_OF = {"T1": "baseline", "T2": "t2", "T3": "t3", "T4": "t4"}


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure, what the cohort shows, and whether it is near enough."""

    figure: Figure
    published: float
    obtained: float
    within: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What one assessment says: CAPS-5 total, diagnosis, and mean of the SDS."""

    total: int
    has_diagnosis: bool
    sds: float


Readings = dict[str, Reading]


def published_table(cohort: Cohort) -> list[Row]:
    """Return each published figure beside the cohort's own, computed from its items.

    Assessments after treatment was discontinued do not count (de jure).
    """
    readings = {p.index: readings_of(p) for p in cohort.participants}
    rows = []
    for figure in figures.published_figures():
        members = [p for p in cohort.participants if p.arm is figure.arm]
        obtained = _obtained(figure, members, [readings[p.index] for p in members])
        within = abs(obtained - figure.value) <= figure.tolerance
        rows.append(Row(figure, figure.value, obtained, within))
    return rows


def not_reproduced(cohort: Cohort) -> list[str]:
    """Return a sentence for each figure outside of its tolerance."""
    return [
        f"{row.figure.name}: published {row.published:g}, "
        f"obtained {row.obtained:.2f}, tolerance {row.figure.tolerance:g}"
        for row in published_table(cohort)
        if not row.within
    ]


def readings_of(participant: ParticipantPlan, *, de_facto: bool = False) -> Readings:
    """Return a participant's readings by time point, scored from the items.

    With `de_facto` those after treatment was discontinued are included. An assessment
    whose total is undetermined has no reading.
    """
    found: Readings = {}
    for time, code in VISIT_OF.items():
        visit = participant.visit(code)
        if visit is None or not visit.is_held or not (visit.counts or de_facto):
            continue
        caps, sds = visit.answers
        scores = score_caps5(caps.values)
        total, average = scores["total"], score_sds_adapted(sds.values)["mean"]
        if total is None or average is None:
            continue
        found[time] = Reading(int(total), scores["diagnosis"] is True, float(average))
    return found


def _obtained(
    figure: Figure, members: Sequence[ParticipantPlan], readings: Sequence[Readings]
) -> float:
    if figure.measure in {Measure.WITH_EVENT, Measure.WITH_SEVERE_EVENT}:
        return sum(_has_event(member, figure) for member in members)
    pairs = [(own["T1"], own[figure.time]) for own in readings if figure.time in own]
    return COMPUTED[figure.measure](pairs)


def _has_event(participant: ParticipantPlan, figure: Figure) -> bool:
    events = [event for event in participant.events if event.voided_day is None]
    if figure.measure is Measure.WITH_EVENT:
        return any(event.term == figure.term for event in events)
    return any(event.severity is Severity.SEVERE for event in events)


Pairs = Sequence[tuple[Reading, Reading]]


def _totals(pairs: Pairs) -> list[float]:
    return [float(now.total) for _, now in pairs]


def _changes(pairs: Pairs) -> list[float]:
    return [float(now.total - first.total) for first, now in pairs]


def _sds_changes(pairs: Pairs) -> list[float]:
    return [now.sds - first.sds for first, now in pairs]


def _responders(pairs: Pairs) -> float:
    return sum(change <= -figures.RESPONSE_DROP for change in _changes(pairs))


def _losses(pairs: Pairs) -> float:
    return sum(not now.has_diagnosis for _, now in pairs)


def _remissions(pairs: Pairs) -> float:
    low = figures.REMISSION_TOTAL
    return sum(not now.has_diagnosis and now.total <= low for _, now in pairs)


COMPUTED: dict[Measure, Callable[[Pairs], float]] = {
    Measure.ASSESSED: lambda pairs: float(len(pairs)),
    Measure.TOTAL_MEAN: lambda pairs: mean(_totals(pairs)),
    Measure.TOTAL_SD: lambda pairs: deviation(_totals(pairs)),
    Measure.CHANGE_MEAN: lambda pairs: mean(_changes(pairs)),
    Measure.CHANGE_SD: lambda pairs: deviation(_changes(pairs)),
    Measure.SDS_CHANGE_MEAN: lambda pairs: mean(_sds_changes(pairs)),
    Measure.SDS_CHANGE_SD: lambda pairs: deviation(_sds_changes(pairs)),
    Measure.RESPONDERS: _responders,
    Measure.REMISSION: _remissions,
    Measure.LOSS_OF_DIAGNOSIS: _losses,
}
