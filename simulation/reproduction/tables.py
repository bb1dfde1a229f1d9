"""Published and obtained figures side by side, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulation.figures import Provenance
from simulation.reproduction.analysis import (
    Levels,
    Person,
    effect_of,
    levels_at,
)
from simulation.reproduction.mixed_model import WORDS, Fit
from simulation.reproduction.targets import TOLERANCES, Figure, Measure, Target

COLUMNS: Mapping[Measure, str] = {
    Measure.N: "n",
    Measure.MEAN: "mean",
    Measure.SD: "SD",
    Measure.CHANGE: "mean change",
    Measure.CHANGE_SD: "SD of change",
    Measure.RESPONDERS: "responders",
    Measure.LOST: "diagnosis lost",
    Measure.REMISSION: "remission",
}
WHOLE = frozenset(
    {Measure.N, Measure.RESPONDERS, Measure.LOST, Measure.REMISSION, Measure.COMPLETED}
)
MARKS = {
    Provenance.SOURCED: "",
    Provenance.DERIVED: "†",
    Provenance.UNVERIFIED: "‡",
}
OUTSIDE = "✗"
MINUS, NO_FIGURE = "\N{MINUS SIGN}", "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure beside what was obtained for it; `figure` None where none is held."""

    name: str
    measure: Measure
    obtained: float
    figure: Figure | None

    @property
    def is_outside(self) -> bool:
        """Whether the figure was not reproduced."""
        if self.figure is None:
            return False
        # Rounding of binary fractions must not decide at the very edge.
        off = abs(self.obtained - self.figure.value)
        return off > TOLERANCES[self.measure] + 1e-9

    @property
    def cell(self) -> str:
        """Return obtained and published, with what is to be known of the latter."""
        if self.figure is None:
            return f"{_number(self.measure, self.obtained)} ({NO_FIGURE})"
        mark = MARKS[self.figure.provenance] + (OUTSIDE if self.is_outside else "")
        published = _number(self.measure, self.figure.value)
        return f"{_number(self.measure, self.obtained)} ({published}){mark}"


def _number(measure: Measure, value: float) -> str:
    if measure in WHOLE:
        return f"{value:.0f}"
    digits = 2 if measure is Measure.EFFECT else 1
    text = f"{value:.{digits}f}"
    # A true minus, and none before a zero.
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def section(target: Target, people: Sequence[Person], fit: Fit | None) -> str:
    """Return a trial's part of the document, from its heading on; the same at every run."""
    visits, ends = _by_visit(target, people), _ends(target, people, fit)
    outside = [each for each in (*visits, *ends) if each.is_outside]
    intro = (
        f"{target.publication}. Definition `{target.definition}`, "
        f"`./run manage reproduce {target.key}`. A responder has {target.response.words}."
    )
    lines = [
        f"## {target.name}",
        "",
        intro,
        "",
        *_visit_table(target, people),
        "",
        *_end_table(ends),
        "",
        _verdict(outside),
        "",
        *([f"The model: {WORDS}.", ""] if fit else []),
        *(f"- {note}" for note in (*target.notes, *_cited(target))),
        "",
    ]
    return "\n".join(lines)


def _by_visit(target: Target, people: Sequence[Person]) -> list[Comparison]:
    return [
        each
        for arm in target.arms
        for point in arm.points
        for each in _row(target, people, arm=arm.code, visit=point.visit)
    ]


def _row(
    target: Target, people: Sequence[Person], *, arm: str, visit: str
) -> list[Comparison]:
    """Return the comparisons of one arm at one visit, in the order of the columns."""
    members = [each for each in people if each.arm == arm]
    found = levels_at(members, target, visit=visit)
    chosen = target.arm(arm)
    (point,) = (point for point in chosen.points if point.visit == visit)
    return [
        Comparison(
            f"{COLUMNS[measure]}, {chosen.label}, {target.visits[visit]}",
            measure,
            found[measure],
            point.figures.get(measure),
        )
        for measure in COLUMNS
        if measure in found
    ]


def _visit_table(target: Target, people: Sequence[Person]) -> Iterator[str]:
    shown = [
        each
        for each in COLUMNS
        if each is not Measure.REMISSION or target.remission is not None
    ]
    yield _line(["arm", "visit", *(COLUMNS[each] for each in shown)])
    yield _line(["---"] * (len(shown) + 2))
    for arm in target.arms:
        for visit, label in target.visits.items():
            row = _row(target, people, arm=arm.code, visit=visit)
            cells = {each.measure: each.cell for each in row}
            values = [cells.get(measure, "") for measure in shown]
            yield _line([arm.label, label, *values])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ends(
    target: Target, people: Sequence[Person], fit: Fit | None
) -> list[Comparison]:
    """Return what is said of the whole course: who stayed, and the contrast."""
    found = []
    for arm in target.arms:
        stayed = sum(each.arm == arm.code and not each.has_left for each in people)
        (end,) = (point for point in arm.points if point.visit == target.primary)
        published = end.figures[Measure.N]
        name = f"still in the trial at its end, {arm.label}, of {arm.randomized}"
        found.append(Comparison(name, Measure.COMPLETED, stayed, published))
    return [*found, *_contrasts(target, people, fit)]


def _contrasts(
    target: Target, people: Sequence[Person], fit: Fit | None
) -> Iterator[Comparison]:
    arms = [target.arm(code).label for code in target.compare]
    first, second = (_at_end(target, people, code) for code in target.compare)
    between = f"{arms[0]} {MINUS} {arms[1]}"
    if fit:
        low, high = (_number(Measure.DIFFERENCE, limit) for limit in fit.limits)
        name = f"least-squares difference, {between} (95 % {low} to {high})"
        yield Comparison(
            name,
            Measure.DIFFERENCE,
            fit.difference,
            target.contrast[Measure.DIFFERENCE],
        )
    yield Comparison(
        f"Cohen's d of the changes, {between}",
        Measure.EFFECT,
        effect_of(first, second),
        target.contrast.get(Measure.EFFECT),
    )


def _at_end(target: Target, people: Sequence[Person], arm: str) -> Levels:
    members = [each for each in people if each.arm == arm]
    return levels_at(members, target, visit=target.primary)


def _end_table(ends: Sequence[Comparison]) -> Iterator[str]:
    yield _line(["figure", "obtained (published)"])
    yield _line(["---"] * 2)
    for each in ends:
        yield _line([each.name, each.cell])


def _verdict(outside: Sequence[Comparison]) -> str:
    if not outside:
        return "Every published figure is within its tolerance."
    words = "; ".join(f"{each.name}: {each.cell.rstrip(OUTSIDE)}" for each in outside)
    return f"**Not reproduced**: {words}."


def _cited(target: Target) -> Iterator[str]:
    """Yield each source that a figure rests on."""
    used = {
        figure.source
        for arm in target.arms
        for point in arm.points
        for figure in point.figures.values()
    } | {figure.source for figure in target.contrast.values()}
    for code, cite in target.sources.items():
        if code in used:
            yield f"Source: {cite}."
