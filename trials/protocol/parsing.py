"""From the text of a definition to a `ProtocolDefinition`, or to all that is wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trials.protocol import (
    checking_arms,
    checking_rows,
    checking_rules,
    checking_sources,
    checking_visits,
)
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expansion import (
    Places,
    VisitTemplate,
    in_course_order,
    template_problems,
    write_out,
)
from trials.protocol.held_back import held_back_by
from trials.protocol.instrument_facts import InstrumentFacts
from trials.protocol.ordering import order_of
from trials.protocol.parts import Constraint, VisitDefinition
from trials.protocol.problems import Problem, ProtocolError
from trials.protocol.reading import Reading, read

# First word of a problem's place → the part of the file whose line it is on.
_PART_OF = {
    "Visit": "visits",
    "Stage": "stages",
    "Arm": "arms",
    "Period": "periods",
    "Milestone": "milestones",
    "Assessment": "assessments",
    "Gate": "gates",
    "Fact": "facts",
    "Criterion": "criteria",
    "Washout": "washouts",
    "Endpoint": "endpoints",
    "Estimand": "estimands",
    "Outcome": "outcome_classes",
    "Randomization": "randomization",
    "Unblinding": "unblinding",
    "Dosing": "dosing",
    "Stopping": "stopping",
    "Parent": "parent",
}


def parse(
    text: str,
    *,
    filename: str = "",
    instruments: Mapping[str, InstrumentFacts] | None = None,
) -> ProtocolDefinition:
    """Read and check a definition.

    `instruments` is what the registry knows, by form code; without it nothing is
    checked against instruments. Raises `ProtocolError` with every problem found:
    TOML and keys first, then repetition and codes, then references.
    """
    reading = read(text, filename=filename)
    _raise_any(_repetition_problems(reading.templates), reading, filename)
    definition = _written_out(reading)
    places = Places(definition.visits)
    early = [
        *checking_visits.duplicate_codes(definition),
        *_pattern_problems(definition, places),
    ]
    _raise_any(early, reading, filename)
    definition = _with_places(definition, places)
    problems = list(_reference_problems(definition, reading, instruments))
    _raise_any(problems, reading, filename)
    order, cycle = order_of(definition)
    if cycle:
        chain = " → ".join(cycle)
        sentence = f"These visits wait for one another: {chain}. Drop one of the rules."
        raise ProtocolError([Problem(sentence, file=filename)])
    definition = replace(definition, order=order)
    return replace(definition, held_back=held_back_by(definition))


def _repetition_problems(templates: Iterable[VisitTemplate]) -> Iterator[Problem]:
    for template in templates:
        yield from template_problems(template)


def _written_out(reading: Reading) -> ProtocolDefinition:
    """The definition with repetition written out and periods made constraints."""
    written = [visit for t in reading.templates for visit in write_out(t)]
    visits = in_course_order(reading.templates, written)
    definition = reading.definition
    narrowed = (_with_periods(visit, definition) for visit in visits)
    return replace(definition, visits=tuple(narrowed))


def _with_periods(
    visit: VisitDefinition, definition: ProtocolDefinition
) -> VisitDefinition:
    added = tuple(
        Constraint(
            anchor=period.start,
            at_least=period.at_least,
            at_most=period.at_most,
            why=period.label,
            source=period.source,
        )
        for period in definition.periods
        if period.end == visit.code and (period.at_least or period.at_most)
    )
    if not added:
        return visit
    return replace(visit, constraints=(*visit.constraints, *added))


def _pattern_problems(
    definition: ProtocolDefinition, places: Places
) -> Iterator[Problem]:
    for row in definition.assessments:
        yield from places.problems(row.at, f"Assessment {row.code}")
    for gate in definition.gates:
        yield from places.problems(gate.before, f"Gate {gate.code}")


def _with_places(definition: ProtocolDefinition, places: Places) -> ProtocolDefinition:
    """The definition with `every KIND` and open codes written out as visit codes."""
    return replace(
        definition,
        assessments=tuple(
            replace(row, at=places.codes(row.at)) for row in definition.assessments
        ),
        gates=tuple(
            replace(gate, before=places.codes(gate.before)) for gate in definition.gates
        ),
        adverse_events=tuple(
            replace(window, start=_starts(window.start, places))
            for window in definition.adverse_events
        ),
    )


def _starts(patterns: Sequence[str], places: Places) -> tuple[str, ...]:
    """Visits where the patterns name any; events and mistakes stay as they are."""
    events = tuple(pattern for pattern in patterns if pattern not in places.named)
    return (*events, *places.codes(patterns))


def _reference_problems(
    definition: ProtocolDefinition,
    reading: Reading,
    instruments: Mapping[str, InstrumentFacts] | None,
) -> Iterator[Problem]:
    yield from checking_visits.visit_problems(definition, reading.templates)
    yield from checking_visits.course_problems(definition)
    yield from checking_arms.stage_problems(definition)
    yield from checking_arms.open_dose_problems(definition)
    yield from checking_arms.allocation_problems(definition)
    yield from checking_arms.dose_problems(definition)
    yield from checking_rows.row_problems(definition, instruments)
    yield from checking_rows.effect_problems(definition)
    yield from checking_rows.gate_problems(definition)
    yield from checking_rows.event_window_problems(definition)
    yield from checking_rules.fact_problems(definition, instruments)
    yield from checking_rules.criterion_problems(definition, instruments)
    yield from checking_rules.washout_problems(definition)
    yield from checking_rows.endpoint_problems(definition, instruments)
    yield from checking_sources.waiver_problems(definition)
    yield from checking_sources.parent_problems(definition)
    yield from checking_sources.source_problems(definition)


def _raise_any(problems: Iterable[Problem], reading: Reading, filename: str) -> None:
    placed = [_placed(problem, reading, filename) for problem in problems]
    if placed:
        raise ProtocolError(dict.fromkeys(placed))


def _placed(problem: Problem, reading: Reading, filename: str) -> Problem:
    """The problem with its file, and its line where the place is a coded part."""
    if problem.line is not None:
        return replace(problem, file=filename)
    word, _, code = problem.place.replace(",", " ").partition(" ")
    part = _PART_OF.get(word, word)
    code = code.strip().split(" ")[-1] if word == "Outcome" else code.strip()
    code = code.split(" ")[0]
    line = reading.lines.get((part, code))
    if line is None and part == "visits":
        line = next(
            (
                reading.lines.get(("visits", template.visit.code))
                for template in reading.templates
                if any(visit.code == code for visit in write_out(template))
            ),
            None,
        )
    return replace(problem, line=line or reading.lines.get((part, "0")), file=filename)
