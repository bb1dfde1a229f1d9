"""The published MAPP2 figures that the demonstration cohort is constructed to show.

Source of the effect rows: "Mitchell 2023" in the extraction of the Metapsy and
SYPRES projects (`data-ptsd-mdmactr`), made available under the Open Data Commons
Attribution License (ODC-BY) 1.0. The baseline standard deviations of that file are
back-calculated from standard errors and contradict the publication; the values here
are those of Table 1 of Mitchell et al. 2023 (Nat Med, 10.1038/s41591-023-02565-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Arm(StrEnum):
    """The two arms, by their codes in the shipped definition of MAPP2."""

    ACTIVE = "active"
    COMPARATOR = "comparator"


class Provenance(StrEnum):
    """How a figure is known; the words are those of the protocol language."""

    SOURCED = "sourced"
    DERIVED = "derived"
    UNVERIFIED = "unverified"


class Measure(StrEnum):
    """What a figure counts or measures."""

    ASSESSED = "assessed"
    TOTAL_MEAN = "total_mean"
    TOTAL_SD = "total_sd"
    CHANGE_MEAN = "change_mean"
    CHANGE_SD = "change_sd"
    RESPONDERS = "responders"
    REMISSION = "remission"
    LOSS_OF_DIAGNOSIS = "loss_of_diagnosis"
    SDS_CHANGE_MEAN = "sds_change_mean"
    SDS_CHANGE_SD = "sds_change_sd"
    WITH_EVENT = "with_event"
    WITH_SEVERE_EVENT = "with_severe_event"


TIMES = ("T1", "T2", "T3", "T4")
SIZES: Mapping[Arm, int] = MappingProxyType({Arm.ACTIVE: 53, Arm.COMPARATOR: 51})
PARTICIPANTS = sum(SIZES.values())
SITES = 13
WOMEN = 74  # 71.2 percent of 104 (extraction, "Mitchell 2023")
MEAN_AGE = 39.1  # extraction, "Mitchell 2023"
ENTRY_TOTAL = 28  # CAPS-5 total that admits to MAPP2 (Mitchell 2023, Methods)
RESPONSE_DROP = 10
REMISSION_TOTAL = 11

POINTS = 1.5  # tolerance of means and standard deviations, in CAPS-5 points
COUNT = 2.0  # tolerance of counts, in participants
TENTHS = 0.5  # tolerance of the adapted SDS, whose scale is 0-10

EXTRACTION = "Metapsy/SYPRES extraction, ODC-BY 1.0: Mitchell 2023"
TABLE_1 = "Mitchell 2023, Table 1"
ABSTRACT = "Mitchell 2023, abstract"
PERCENT_QUOTED = "71.2 % and 47.6 % as quoted, times 52 and 42"
INTERVAL = "95 % confidence interval in the abstract, times the root of n"
RECALLED = "adverse-event table as recalled; not checked against the publication"

# Correlations between T1 and T4 follow from the published change SDs; the others are
# assumed, since no publication gives them.
CORRELATIONS: Mapping[Arm, tuple[tuple[float, ...], ...]] = MappingProxyType(
    {
        arm: (
            (1.00, 0.55, 0.48, first_last),
            (0.55, 1.00, 0.70, 0.60),
            (0.48, 0.70, 1.00, 0.75),
            (first_last, 0.60, 0.75, 1.00),
        )
        for arm, first_last in ((Arm.ACTIVE, 0.31), (Arm.COMPARATOR, 0.45))
    }
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number: what, in which arm, when, how exactly, and from where.

    `time` is T1-T4, or empty for figures over the whole course; `term` names the
    adverse event of a `WITH_EVENT` figure and is empty otherwise.
    """

    measure: Measure
    arm: Arm
    value: float
    tolerance: float
    source: str
    provenance: Provenance
    time: str = ""
    term: str = ""

    @property
    def name(self) -> str:
        """Return the figure's name for a table row or a message."""
        parts = (self.measure.replace("_", " "), self.term, self.time, self.arm)
        return ", ".join(part for part in parts if part)


MEANS: Mapping[Arm, tuple[float, ...]] = MappingProxyType(
    {Arm.ACTIVE: (39.4, 28.1, 20.8, 15.8), Arm.COMPARATOR: (38.7, 31.5, 27.7, 23.3)}
)
DEVIATIONS: Mapping[Arm, tuple[float, ...]] = MappingProxyType(
    {
        Arm.ACTIVE: (6.6, 13.832, 13.104, 12.259),
        Arm.COMPARATOR: (6.7, 9.192, 11.940, 12.961),
    }
)
ASSESSED: Mapping[Arm, tuple[int, ...]] = MappingProxyType(
    {Arm.ACTIVE: (53, 53, 53, 52), Arm.COMPARATOR: (51, 50, 44, 42)}
)
RESPONDERS: Mapping[Arm, tuple[int, ...]] = MappingProxyType(
    {Arm.ACTIVE: (28, 41, 45), Arm.COMPARATOR: (21, 25, 29)}
)
REMITTERS: Mapping[Arm, tuple[int, ...]] = MappingProxyType(
    {Arm.ACTIVE: (5, 14, 24), Arm.COMPARATOR: (1, 5, 9)}
)
LOST_DIAGNOSIS: Mapping[Arm, int] = MappingProxyType(
    {Arm.ACTIVE: 37, Arm.COMPARATOR: 20}
)
CHANGES: Mapping[Arm, tuple[float, float]] = MappingProxyType(
    {Arm.ACTIVE: (-23.7, 11.957), Arm.COMPARATOR: (-14.8, 11.573)}
)
SDS_CHANGES: Mapping[Arm, tuple[float, float]] = MappingProxyType(
    {Arm.ACTIVE: (-3.3, 2.63), Arm.COMPARATOR: (-2.1, 2.58)}
)
WITH_EVENT: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "Tight muscles": (31, 13),
        "Nausea": (24, 11),
        "Less appetite": (19, 5),
        "Sweating": (18, 3),
    }
)
WITH_SEVERE_EVENT: Mapping[Arm, int] = MappingProxyType(
    {Arm.ACTIVE: 5, Arm.COMPARATOR: 2}
)


def published_figures() -> tuple[Figure, ...]:
    """Return every figure the cohort is measured against, in the table's order."""
    rows: list[Figure] = []
    for arm in Arm:
        rows += _totals_of(arm)
    for arm in Arm:
        rows += _outcomes_of(arm)
    for arm in Arm:
        rows += _changes_of(arm)
    for arm in Arm:
        rows += _events_of(arm)
    return tuple(rows)


def _totals_of(arm: Arm) -> list[Figure]:
    rows = []
    for t, time in enumerate(TIMES):
        source = TABLE_1 if t == 0 else EXTRACTION
        for measure, values, tolerance in (
            (Measure.ASSESSED, ASSESSED[arm], 0.0),
            (Measure.TOTAL_MEAN, MEANS[arm], POINTS),
            (Measure.TOTAL_SD, DEVIATIONS[arm], POINTS),
        ):
            figure = Figure(
                measure, arm, values[t], tolerance, source, Provenance.SOURCED, time
            )
            rows.append(figure)
    return rows


def _outcomes_of(arm: Arm) -> list[Figure]:
    rows = []
    for measure, counts in (
        (Measure.RESPONDERS, RESPONDERS[arm]),
        (Measure.REMISSION, REMITTERS[arm]),
    ):
        for time, count in zip(TIMES[1:], counts, strict=True):
            rows.append(
                Figure(measure, arm, count, COUNT, EXTRACTION, Provenance.SOURCED, time)
            )
    lost = LOST_DIAGNOSIS[arm]
    measure = Measure.LOSS_OF_DIAGNOSIS
    rows.append(
        Figure(measure, arm, lost, COUNT, PERCENT_QUOTED, Provenance.DERIVED, "T4")
    )
    return rows


def _changes_of(arm: Arm) -> list[Figure]:
    mean, deviation = CHANGES[arm]
    sds_mean, sds_deviation = SDS_CHANGES[arm]
    sourced, derived = Provenance.SOURCED, Provenance.DERIVED
    return [
        Figure(Measure.CHANGE_MEAN, arm, mean, POINTS, EXTRACTION, sourced, "T4"),
        Figure(Measure.CHANGE_SD, arm, deviation, POINTS, EXTRACTION, derived, "T4"),
        Figure(Measure.SDS_CHANGE_MEAN, arm, sds_mean, TENTHS, ABSTRACT, sourced, "T4"),
        Figure(
            Measure.SDS_CHANGE_SD, arm, sds_deviation, TENTHS, INTERVAL, derived, "T4"
        ),
    ]


def _events_of(arm: Arm) -> list[Figure]:
    column = 0 if arm is Arm.ACTIVE else 1
    rows = [
        Figure(
            Measure.WITH_EVENT,
            arm,
            counts[column],
            COUNT,
            RECALLED,
            Provenance.UNVERIFIED,
            term=term,
        )
        for term, counts in WITH_EVENT.items()
    ]
    severe = WITH_SEVERE_EVENT[arm]
    measure = Measure.WITH_SEVERE_EVENT
    rows.append(Figure(measure, arm, severe, COUNT, ABSTRACT, Provenance.SOURCED))
    return rows
