"""The figures of an exported trial, read from its CSV files and the generator's key.

Nothing here knows the database: what cannot be computed from the export is not computed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulation.moments import deviation, mean
from simulation.reproduction.targets import Measure, Target
from trials.protocol import ProtocolDefinition

TOTALS = {"caps4": "CAPS4TOT", "caps5": "CAPS5TOT"}
DIAGNOSES = {"caps4": "CAPS4DX", "caps5": "CAPS5DX"}
PARTICIPATION = "STUDY PARTICIPATION"


@dataclass(slots=True)
class Person:
    """What the export says of one randomized participant, by visit code."""

    number: str
    arm: str
    totals: dict[str, float] = field(default_factory=dict)
    diagnoses: dict[str, bool] = field(default_factory=dict)
    has_left: bool = False


def read_people(
    folder: Path, target: Target, definition: ProtocolDefinition
) -> list[Person]:
    """Return everybody randomized, joined with their arms.

    KeyError where the export names somebody whom the key does not.
    """
    codes = {f"{v.number} {v.label}".strip(): v.code for v in definition.visits}
    numbers = {row["USUBJID"]: row["SUBJID"] for row in rows_of(folder, "DM")}
    arms = {row["SUBJID"]: row["ARM"] for row in rows_of(folder, "key")}
    people: dict[str, Person] = {}
    for row in rows_of(folder, "DS"):
        who = row["USUBJID"]
        if row["DSDECOD"] == "RANDOMIZED":
            people[who] = Person(numbers[who], arms[numbers[who]])
        if row["DSSCAT"] == PARTICIPATION and row["DSDECOD"] != "COMPLETED":
            people[who].has_left = True
    total, diagnosis = TOTALS[target.form], DIAGNOSES[target.form]
    for row in rows_of(folder, "RS"):
        person, visit = people.get(row["USUBJID"]), codes.get(row["VISIT"], "")
        if person is None or not row["RSSTRESN"]:
            continue
        if row["RSTESTCD"] == total:
            person.totals[visit] = float(row["RSSTRESN"])
        elif row["RSTESTCD"] == diagnosis:
            person.diagnoses[visit] = row["RSSTRESN"] == "1"
    return list(people.values())


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one of the files."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Levels = Mapping[Measure, float]


def levels_at(people: Sequence[Person], target: Target, *, visit: str) -> Levels:
    """Return the figures of some people at a visit, of those assessed there.

    Means and spreads need two of them at least; without, only their number is returned.
    """
    baseline = next(iter(target.visits))
    there = [each for each in people if visit in each.totals]
    found: dict[Measure, float] = {Measure.N: len(there)}
    if len(there) < 2:
        return found
    totals = [each.totals[visit] for each in there]
    found |= {Measure.MEAN: mean(totals), Measure.SD: deviation(totals)}
    if visit == baseline:
        return found
    pairs = [(each.totals[baseline], each.totals[visit]) for each in there]
    changes = [now - first for first, now in pairs]
    response = target.response
    lost = [not each.diagnoses[visit] for each in there]
    found |= {
        Measure.CHANGE: mean(changes),
        Measure.CHANGE_SD: deviation(changes),
        Measure.RESPONDERS: sum(response.is_met(first=a, now=b) for a, b in pairs),
        Measure.LOST: sum(lost),
    }
    if target.remission is not None:
        low = [total <= target.remission for total in totals]
        found[Measure.REMISSION] = sum(a and b for a, b in zip(lost, low, strict=True))
    return found


def effect_of(first: Levels, second: Levels) -> float:
    """Return Cohen's d of two arms' changes: the difference over the pooled spread.

    Positive where the first arm's scores fell more.
    """
    n, m = first[Measure.N], second[Measure.N]
    pooled = (
        (n - 1) * first[Measure.CHANGE_SD] ** 2
        + (m - 1) * second[Measure.CHANGE_SD] ** 2
    ) / (n + m - 2)
    return float((second[Measure.CHANGE] - first[Measure.CHANGE]) / pooled**0.5)
