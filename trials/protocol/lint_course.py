"""Lint of the course: blinding, durability, what is asked when, events, sources."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from trials.protocol.checking_sources import parts_in
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expectations import Expectation
from trials.protocol.lint_reading import (
    Shortfall,
    blinded_visits,
    codes_of,
    lacking,
    listed,
    primary_rows,
    words_of,
)
from trials.protocol.observations import AdverseEventWindow, AssessmentRow
from trials.protocol.ordering import ties_of
from trials.protocol.parts import Part, Timing, VisitDefinition
from trials.protocol.spans import Span, is_in_order
from trials.protocol.vocabulary import Event, Provenance, VisitKind

_LAST_DOSES = frozenset({Event.LAST_DOSE.value, "parent.last_dose"})
_MAY_NOT_COME = (VisitKind.EARLY_TERMINATION, VisitKind.UNSCHEDULED)


def _is_blinded(definition: ProtocolDefinition) -> bool:
    return any(stage.blinded for stage in definition.stages)


def guess_at_dosing(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    rows = [
        row
        for row in definition.rows_of(expectation.text("form"))
        if "participant" in row.by
    ]
    visits = lacking(blinded_visits(definition, definition.dosing_visits), rows)
    if visits:
        sentence = f"The participant guesses no treatment at {listed(visits)}."
        yield Shortfall(sentence, visits)


def guess_before_outcome(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """The assessor's guess at the end of each primary endpoint, signed before it."""
    if not _is_blinded(definition):
        return
    guesses = [
        row
        for row in definition.rows_of(expectation.text("form"))
        if "independent_assessor" in row.by
    ]
    for endpoint in definition.endpoints:
        if endpoint.role != "primary":
            continue
        forms = {row.code for row in definition.rows_of(endpoint.form)}
        if not any(endpoint.end in x.at and forms & set(x.before) for x in guesses):
            sentence = f"The assessor guesses no treatment before {endpoint.form}"
            yield Shortfall(f"{sentence} at {endpoint.end}.", (endpoint.end,))


def assessor_alone(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    role = expectation.text("role")
    for row in primary_rows(definition) if _is_blinded(definition) else ():
        if row.by != (role,):
            yield Shortfall(f"{row.code} is completed by {listed(row.by)}.", row.at)


def hidden_from_site(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    for row in primary_rows(definition) if _is_blinded(definition) else ():
        if not row.hidden_from_site:
            yield Shortfall(f"{row.code} is not hidden from the site.", row.at)


def stays_blind(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    role = expectation.text("role")
    unblinding = definition.unblinding
    if unblinding is not None and role not in unblinding.stays_blind:
        yield Shortfall(
            f"Unblinding does not say that the {words_of(role)} stays blind."
        )


def done_at_kinds(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """The form at every visit of the kinds, in a trial that gives a treatment."""
    if not definition.dosing_visits:
        return
    form, kinds = expectation.text("form"), expectation.texts("kinds")
    concerned = [visit for visit in definition.visits if visit.kind in kinds]
    visits = lacking(concerned, definition.rows_of(form))
    if visits:
        yield Shortfall(
            f"No {words_of(form)} is scheduled at {listed(visits)}.", visits
        )


def done_at_follow_up(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    form = expectation.text("form")
    concerned = definition.visits_of_kind(VisitKind.FOLLOW_UP)
    visits = lacking(concerned, definition.rows_of(form))
    if visits:
        yield Shortfall(
            f"No {words_of(form)} is scheduled at {listed(visits)}.", visits
        )


def _by_participant(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[AssessmentRow]:
    rows = definition.rows_of(expectation.text("form"))
    return (row for row in rows if row.by == ("participant",))


def asked_of_participant(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    if definition.dosing_visits and not any(_by_participant(definition, expectation)):
        form = words_of(expectation.text("form"))
        yield Shortfall(f"The participant is given no {form}.")


def asked_of_participant_alone(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """The form by the participant alone, at a visit that follows each dose."""
    rows = _by_participant(definition, expectation)
    visits = [definition.visit(code) for row in rows for code in row.at]
    asked = {x.code for x in visits}
    asked |= {visit.when.anchor for visit in visits if visit.when is not None}
    missing = tuple(x for x in codes_of(definition.dosing_visits) if x not in asked)
    if missing:
        form = words_of(expectation.text("form"))
        sentence = f"The participant alone is given no {form} after {listed(missing)}."
        yield Shortfall(sentence, missing)


def assessed_after_last_dose(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """The primary form in a closed window that holds the span after the last dose."""
    if not definition.dosing_visits and definition.parent is None:
        return
    span = expectation.span("after")
    at = {code for row in primary_rows(definition) for code in row.at}
    follow_ups = [visit for visit in definition.visits if _counts_from_last_dose(visit)]
    if not any(x.code in at and x.when and _holds(x.when, span) for x in follow_ups):
        sentence = f"The primary outcome is not assessed {span} after the last dose"
        yield Shortfall(f"{sentence} in a closed window.", codes_of(follow_ups))


def _counts_from_last_dose(visit: VisitDefinition) -> bool:
    return visit.when is not None and visit.when.anchor in _LAST_DOSES


def _holds(when: Timing, span: Span) -> bool:
    if when.latest.unlimited:
        return False
    return bool(is_in_order(when.earliest, span) and is_in_order(span, when.latest))


def windows_closed(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    for visit in definition.visits:
        timings = [x for x in (visit.when, visit.otherwise) if isinstance(x, Timing)]
        if any(timing.latest.unlimited for timing in timings):
            sentence = f"The window of {visit.code} has no limit."
            yield Shortfall(sentence, (visit.code,))


def asked_before_randomization(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    if definition.randomization is None:
        return
    form, codes = expectation.text("form"), codes_of(definition.visits)
    tied = ties_of(definition)[Event.RANDOMIZATION.value]
    before = set(codes[: codes.index(tied) + 1])
    if not any(before & set(row.at) for row in definition.rows_of(form)):
        yield Shortfall(
            f"No {words_of(form)} is scheduled up to randomization ({tied})."
        )


def prior_use_frozen(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    if definition.randomization is None:
        return
    if not any(x.frozen_by == Event.RANDOMIZATION for x in definition.facts):
        yield Shortfall("No fact is frozen by randomization, so earlier use is not.")


def rated_independently(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    role = expectation.text("role")
    if definition.dosing_visits and not any(
        role in row.by for row in definition.assessments
    ):
        yield Shortfall(f"No form is completed by an {words_of(role)}.")


def all_events(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    least = expectation.span("least")
    windows = [x for x in definition.adverse_events if "all" in x.collect]
    codes = codes_of(definition.visits)
    visits = tuple(
        code
        for code in codes_of(definition.dosing_visits)
        if not any(_lasts(x, code, least) or _spans(x, code, codes) for x in windows)
    )
    if visits:
        sentence = f"Not all adverse events are collected for {least} after"
        yield Shortfall(f"{sentence} {listed(visits)}.", visits)


def _lasts(window: AdverseEventWindow, code: str, least: Span) -> bool:
    """Whether the window begins at this session and lasts long enough."""
    if window.lasting is None or code not in window.start:
        return False
    return bool(is_in_order(least, window.lasting))


def _spans(window: AdverseEventWindow, code: str, codes: Sequence[str]) -> bool:
    """Whether the window begins before this session and ends at a later visit."""
    if window.end not in codes or codes.index(window.end) <= codes.index(code):
        return False
    starts = [x for x in window.start if x in codes]
    # An event as the start (consent, enrollment) comes before every dose.
    return not starts or codes.index(starts[0]) <= codes.index(code)


def serious_events(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    if not definition.dosing_visits:
        return
    planned = [x.code for x in definition.visits if x.kind not in _MAY_NOT_COME]
    windows = [
        x for x in definition.adverse_events if {"all", "serious"} & {*x.collect}
    ]
    if planned[-1] not in {window.end for window in windows}:
        sentence = f"Serious adverse events are not collected up to {planned[-1]}."
        yield Shortfall(sentence, (planned[-1],))


def rules_sourced(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    rules = [
        rule for item in fields(definition) for rule in _rules(definition, item.name)
    ]
    silent = [rule for rule in rules if not _says_its_source(rule, definition)]
    if silent:
        sentence = (
            f"{len(silent)} of {len(rules)} rules do not say where they come from."
        )
        yield Shortfall(sentence)


def _rules(definition: ProtocolDefinition, name: str) -> Iterator[Part]:
    value = getattr(definition, name)
    for rule in value if isinstance(value, tuple) else (value,):
        if isinstance(rule, Part):
            yield rule


def _says_its_source(rule: Part, definition: ProtocolDefinition) -> bool:
    """Whether the rule, or anything inside it, leads to a known source."""
    marks = {
        mark
        for _, part in parts_in(rule, "")
        for mark in (part.source, *part.source_of.values())
    }
    sources = [definition.sources[mark] for mark in marks if mark in definition.sources]
    return any(source.provenance is not Provenance.UNVERIFIED for source in sources)
