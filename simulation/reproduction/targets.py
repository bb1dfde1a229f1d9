"""The published figures of the randomized trials, read from `published/*.toml`.

Each figure has its source and provenance. Rules, definitions and limits that the figures
rest on (entry score, response, remission) are in the same files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simulation.figures import Provenance

FOLDER = Path(__file__).parent / "published"
POINTS = 1.5  # tolerance of means, standard deviations and differences, in scale points
COUNT = 2.0  # tolerance of counts, in participants
EFFECT = 0.15  # tolerance of Cohen's d: 1.5 points are 0.13 of the published spreads
EXACT = 0.0


class Measure(StrEnum):
    """What a figure counts or measures, by its key in the file."""

    N = "n"
    MEAN = "mean"
    SD = "sd"
    CHANGE = "change"
    CHANGE_SD = "change_sd"
    RESPONDERS = "responders"
    LOST = "lost"
    REMISSION = "remission"
    COMPLETED = "completed"
    DIFFERENCE = "difference"
    EFFECT = "effect"


COUNTS = frozenset({Measure.RESPONDERS, Measure.LOST, Measure.REMISSION})
TOLERANCES: Mapping[Measure, float] = MappingProxyType(
    {
        **dict.fromkeys(Measure, POINTS),
        **dict.fromkeys(COUNTS, COUNT),
        Measure.N: EXACT,
        Measure.COMPLETED: EXACT,
        Measure.EFFECT: EFFECT,
    }
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number; `is_aim` where the construction aims at it."""

    value: float
    source: str
    provenance: Provenance
    is_aim: bool = True


Figures = Mapping[Measure, Figure]


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one arm at one visit."""

    visit: str
    figures: Figures

    def value(self, measure: Measure) -> float | None:
        """Return a published number, None where the data hold none."""
        figure = self.figures.get(measure)
        return None if figure is None else figure.value

    def aim(self, measure: Measure) -> float | None:
        """Return the number to construct, None where there is none or it is no aim."""
        figure = self.figures.get(measure)
        return figure.value if figure is not None and figure.is_aim else None

    @property
    def n(self) -> int:
        """Return how many were assessed."""
        return int(self.figures[Measure.N].value)


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: how many are made, and its figures from baseline on."""

    code: str
    label: str
    randomized: int
    points: tuple[Point, ...]

    @property
    def assessed(self) -> tuple[int, ...]:
        """Return how many were assessed at each visit."""
        return tuple(point.n for point in self.points)


@dataclass(frozen=True, slots=True)
class Response:
    """Who counts as a responder: a drop of so many points, or of so many percent."""

    points: int | None = None
    percent: int | None = None

    def is_met(self, *, first: float, now: float) -> bool:
        """Whether a score that was `first` at baseline has dropped enough."""
        if self.points is not None:
            return first - now >= self.points
        return 100 * (first - now) >= (self.percent or 0) * first

    @property
    def words(self) -> str:
        """Return the rule for the table's legend."""
        if self.points is not None:
            return f"a drop of at least {self.points} points"
        return f"a drop of at least {self.percent} %"


@dataclass(frozen=True, slots=True)
class Target:
    """A published trial: what to construct, how to read it, what to compare with."""

    key: str
    name: str
    definition: str
    publication: str
    form: str
    entry: int
    response: Response
    remission: int | None
    sites: int
    primary: str
    last_visit: str
    compare: tuple[str, str]
    visits: Mapping[str, str]
    arms: tuple[Arm, ...]
    contrast: Figures
    notes: tuple[str, ...]
    sources: Mapping[str, str]

    def arm(self, code: str) -> Arm:
        """Return an arm; StopIteration for a code that the trial has not."""
        return next(arm for arm in self.arms if arm.code == code)

    @property
    def participants(self) -> int:
        """Return how many participants are made."""
        return sum(arm.randomized for arm in self.arms)


def known_trials() -> tuple[str, ...]:
    """Return the keys of the trials, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_target(key: str) -> Target:
    """Return a trial's figures; KeyError or ValueError where its file is not whole."""
    text = (FOLDER / f"{key}.toml").read_text("utf-8")
    data = tomllib.loads(text)
    sources = data["sources"]
    first, second = data["compare"]
    contrast = data.get("contrast", {})
    return Target(
        key=key,
        name=data["name"],
        definition=data["definition"],
        publication=data["publication"],
        form=data["form"],
        entry=data["entry"],
        response=Response(**data["response"]),
        remission=data.get("remission"),
        sites=data["sites"],
        primary=data["primary"],
        last_visit=data["after"],
        compare=(first, second),
        visits=data["visits"],
        arms=tuple(_arm(row, data) for row in data["arms"]),
        contrast=_figures(contrast, data["source"], sources),
        notes=tuple(data.get("notes", ())),
        sources={
            code: f"{s['cite']} ({s['provenance']})" for code, s in sources.items()
        },
    )


def _arm(row: Mapping[str, Any], data: Mapping[str, Any]) -> Arm:
    points = tuple(
        Point(each["visit"], _figures(each, data["source"], data["sources"]))
        for each in row["at"]
    )
    if [point.visit for point in points] != list(data["visits"]):
        message = f"{row['code']}: the visits are not those of the trial"
        raise ValueError(message)
    return Arm(row["code"], row["label"], row["randomized"], points)


def _figures(
    row: Mapping[str, Any], usual: str, sources: Mapping[str, Mapping[str, str]]
) -> Figures:
    """Return the figures of a row, each with the source that the file names for it."""
    found = {}
    for measure in Measure:
        if measure.value not in row:
            continue
        own = row.get("source_of", {}).get(measure.value, row.get("source", usual))
        found[measure] = Figure(
            float(row[measure.value]),
            own,
            Provenance(sources[own]["provenance"]),
            is_aim=measure.value not in row.get("not_aimed_at", ()),
        )
    return found
