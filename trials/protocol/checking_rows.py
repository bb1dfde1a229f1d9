"""Checks what is observed: assessment rows, gates, adverse events, endpoints."""

from collections.abc import Iterable, Iterator, Mapping

from trials.protocol.checking_visits import References
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.instrument_facts import InstrumentFacts
from trials.protocol.observations import AssessmentRow, Endpoint
from trials.protocol.problems import Problem, meant
from trials.protocol.records import PROCEDURES
from trials.protocol.vocabulary import RATERS, VisitKind

Instruments = Mapping[str, InstrumentFacts]


def row_problems(
    definition: ProtocolDefinition, instruments: Instruments | None
) -> Iterator[Problem]:
    """Rows against the registry (where one is given), raters and signing order."""
    postponed = {item.code for item in definition.not_yet}
    for row in definition.assessments:
        place = f"Assessment {row.code}"
        yield from _rater_problems(row.by, place)
        if row.form in postponed:
            yield Problem("is both scheduled and listed in not_yet.", place)
        if instruments is not None:
            for sentence in _registry_sentences(row, instruments):
                yield Problem(sentence, place)
    yield from _signing_problems(definition)


def _rater_problems(raters: Iterable[str], place: str) -> Iterator[Problem]:
    for rater in raters:
        if rater not in RATERS:
            near = meant(rater, RATERS) or f" Use one of {', '.join(RATERS)}."
            yield Problem(f"'{rater}' cannot complete a form.{near}", place)


def _registry_sentences(row: AssessmentRow, instruments: Instruments) -> Iterator[str]:
    facts = instruments.get(row.form)
    if facts is None:
        near = meant(row.form, instruments)
        yield f"the instrument '{row.form}' is not known.{near}"
        return
    versions = ", ".join(facts.versions)
    if row.version and row.version not in facts.versions:
        what = f"version '{row.version}' of {row.form}"
        yield f"{what} is not known; there is {versions}."
    if facts.versions and not row.version:
        yield f"says no version; of {row.form} there is {versions}."
    if row.recall and row.recall not in facts.recall:
        yield f"{row.form} is not made for '{row.recall}'."
    if len(facts.recall) > 1 and not row.recall:
        yield f"says no recall; {row.form} has {', '.join(facts.recall)}."


def _signing_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    rows = {row.code: row for row in definition.assessments}
    for row in definition.assessments:
        place = f"Assessment {row.code}"
        for later in row.before:
            if later not in rows:
                near = meant(later, rows)
                yield Problem(f"'{later}' is not an assessment.{near}", place)
            elif not set(row.at) & set(rows[later].at):
                sentence = f"must come before {later}, but they never meet at a visit."
                yield Problem(sentence, place)
    cycle = _signing_cycle(rows)
    if cycle:
        chain = " before ".join(cycle)
        yield Problem(f"These forms wait for one another: {chain}.")


def _signing_cycle(rows: Mapping[str, AssessmentRow]) -> list[str]:
    """A chain of rows that begins and ends with the same one, or nothing."""
    for start in rows:
        path, seen = [start], {start}
        while following := [x for x in rows[path[-1]].before if x in rows]:
            if start in following:
                return [*path, start]
            unseen = next((x for x in following if x not in seen), None)
            if unseen is None:
                break
            path.append(unseen)
            seen.add(unseen)
    return []


def effect_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Who records acute effects, and terms that occur twice."""
    effects = definition.acute_effects
    if effects is None:
        return
    yield from _rater_problems(effects.by, "Acute effects")
    codes = [term.code for term in effects.terms]
    for code in dict.fromkeys(codes):
        if codes.count(code) > 1:
            yield Problem(f"the term '{code}' occurs twice.", "Acute effects")


def gate_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Gates that stand before no dose, or that no dose could ever pass."""
    scheduled = {row.form for row in definition.assessments if row.at}
    for gate in definition.gates:
        place = f"Gate {gate.code}"
        for code in gate.before:
            visit = definition.visits_by_code.get(code)
            if visit is not None and visit.kind is not VisitKind.DOSING:
                sentence = f"stands before {code}, which is not a dosing visit."
                yield Problem(sentence, place)
        if gate.form and gate.form not in scheduled | PROCEDURES.keys():
            yield Problem(
                "is required before a dose but never scheduled, so no dose could "
                "ever be given.",
                place,
            )


def event_window_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """The references of `[[adverse_events]]`."""
    references = References(definition)
    for window in definition.adverse_events:
        for reference in (*window.start, *filter(None, [window.end])):
            sentence = references.problem(reference)
            if sentence:
                yield Problem(sentence, "Adverse events")


def endpoint_problems(
    definition: ProtocolDefinition, instruments: Instruments | None
) -> Iterator[Problem]:
    """Endpoints that are never measured, and what refers to unknown endpoints."""
    for endpoint in definition.endpoints:
        place = f"Endpoint {endpoint.code}"
        for code in filter(None, (endpoint.start, endpoint.end)):
            if not is_scheduled(endpoint.form, code, definition):
                yield Problem(f"{endpoint.form} is not scheduled at {code}.", place)
        for sentence in _score_sentences(endpoint, instruments):
            yield Problem(sentence, place)
    codes = [endpoint.code for endpoint in definition.endpoints]
    for place, endpoint_code in _uses_of_endpoints(definition):
        if endpoint_code not in codes:
            near = meant(endpoint_code, codes)
            yield Problem(f"'{endpoint_code}' is not an endpoint.{near}", place)


def _uses_of_endpoints(definition: ProtocolDefinition) -> Iterator[tuple[str, str]]:
    for outcome in definition.outcome_classes:
        yield f"Outcome class {outcome.code}", outcome.endpoint
    for estimand in definition.estimands:
        yield f"Estimand {estimand.code}", estimand.endpoint


def _score_sentences(
    endpoint: Endpoint, instruments: Instruments | None
) -> Iterator[str]:
    facts = (instruments or {}).get(endpoint.form)
    if facts is not None and endpoint.score not in facts.scores:
        near = meant(endpoint.score, facts.scores)
        yield f"{endpoint.form} has no score '{endpoint.score}'.{near}"


def is_scheduled(form: str, visit: str, definition: ProtocolDefinition) -> bool:
    """Whether any row asks for `form` at `visit`."""
    return any(visit in row.at for row in definition.rows_of(form))
