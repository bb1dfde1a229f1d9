"""Lint of the dosing session: effects, vital signs, gates, what follows each dose."""

from collections.abc import Iterator

from trials.protocol.conditions import WashoutsOver, leaves_of
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expectations import Expectation
from trials.protocol.lint_reading import Shortfall, codes_of, lacking, listed, words_of
from trials.protocol.observations import Gate
from trials.protocol.parts import VisitDefinition
from trials.protocol.spans import is_in_order
from trials.protocol.vocabulary import VisitKind


def effects_recorded(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    effects = definition.acute_effects
    if definition.dosing_visits and (effects is None or not effects.terms):
        visits = codes_of(definition.dosing_visits)
        yield Shortfall("No list of effects is asked at any session.", visits)


def _effects_not_asked(
    definition: ProtocolDefinition, moment: str
) -> Iterator[Shortfall]:
    effects = definition.acute_effects
    if effects is not None and moment not in {x.text for x in effects.times}:
        yield Shortfall(f"The effects are not asked {moment}.")


def effects_before_dose(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    yield from _effects_not_asked(definition, "before dose")


def effects_before_supplement(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    if definition.dosing is not None and definition.dosing.supplement is not None:
        yield from _effects_not_asked(definition, "before supplement")


def effects_late(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    effects = definition.acute_effects
    if effects is None:
        return
    late = expectation.minutes("late")
    if all(moment.minutes is None or moment.minutes < late for moment in effects.times):
        text = expectation.text("late")
        yield Shortfall(f"The effects are asked at no stated time from {text} on.")


def effects_of_abuse(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    effects = definition.acute_effects
    if effects is not None and not any(term.abuse_signal for term in effects.terms):
        yield Shortfall("No term of the effects is marked as a signal of abuse.")


def required_before_dose(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """A gate for the form, reviewed, and within the span, before every dose."""
    form, within = expectation.text("form"), expectation.span("within")
    guarded = {
        code
        for gate in definition.gates
        if gate.form == form and gate.reviewed and gate.within is not None
        if is_in_order(gate.within, within)
        for code in gate.before
    }
    visits = _unguarded(definition, guarded)
    if visits:
        what = f"No {words_of(form)} within {within}"
        yield Shortfall(f"{what} is required before {listed(visits)}.", visits)


def _unguarded(definition: ProtocolDefinition, guarded: set[str]) -> tuple[str, ...]:
    return tuple(x for x in codes_of(definition.dosing_visits) if x not in guarded)


def done_after_dose(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    """The form at a visit whose whole window lies between two spans after the dose."""
    visits = tuple(
        dosing.code
        for dosing in definition.dosing_visits
        if not _is_done_after(dosing, definition, expectation)
    )
    if visits:
        form = words_of(expectation.text("form"))
        span = f"from {expectation.text('earliest')} to {expectation.text('latest')}"
        yield Shortfall(
            f"No {form} is scheduled {span} after {listed(visits)}.", visits
        )


def _is_done_after(
    dosing: VisitDefinition, definition: ProtocolDefinition, expectation: Expectation
) -> bool:
    earliest, latest = expectation.span("earliest"), expectation.span("latest")
    rows = definition.rows_of(expectation.text("form"))
    if earliest.days == 0 and any(
        dosing.code in row.at and moment.minutes and moment.minutes > 0
        for row in rows
        for moment in row.times
    ):
        return True
    timings = [definition.visit(code).when for row in rows for code in row.at]
    return any(
        when.anchor == dosing.code
        and not when.is_ahead
        and is_in_order(earliest, when.earliest)
        and is_in_order(when.latest, latest)
        for when in timings
        if when is not None
    )


def done_at_dosing(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    form = expectation.text("form")
    visits = lacking(definition.dosing_visits, definition.rows_of(form))
    if visits:
        yield Shortfall(
            f"No {words_of(form)} is scheduled at {listed(visits)}.", visits
        )


def vitals_often(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    if not definition.dosing_visits:
        return
    vitals, least = definition.vitals, expectation.whole("least")
    times = vitals.times if vitals else ()
    planned = [moment for moment in times if moment.text != "when symptomatic"]
    if len(planned) < least:
        sentence = (
            f"Vital signs are planned {len(planned)} times a session, not {least}."
        )
        yield Shortfall(sentence)


def vitals_long(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    if not definition.dosing_visits:
        return
    until = expectation.minutes("until")
    times = definition.vitals.times if definition.vitals else ()
    if not any(moment.minutes and moment.minutes >= until for moment in times):
        text = expectation.text("until")
        yield Shortfall(f"No vital sign is planned at {text} after the dose or later.")


def vitals_block(definition: ProtocolDefinition, _: Expectation) -> Iterator[Shortfall]:
    if definition.dosing is None or definition.dosing.supplement is None:
        return
    limits = definition.vitals.limits if definition.vitals else ()
    if not any("block_supplement" in limit.then for limit in limits):
        yield Shortfall("No limit of a vital sign blocks the supplemental dose.")


def stay_long(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    least = expectation.minutes("least")
    if definition.dosing is not None and (definition.dosing.stay_minutes or 0) < least:
        yield Shortfall(f"No stay of {expectation.text('least')} or more is required.")


def calls_after_dose(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    calls = definition.visits_of_kind(VisitKind.CALL)
    called = {call.when.anchor for call in calls if call.when is not None}
    visits = tuple(x for x in codes_of(definition.dosing_visits) if x not in called)
    if visits:
        yield Shortfall(f"No call follows {listed(visits)}.", visits)


def people_present(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    least = expectation.whole("least")
    if (
        definition.dosing is not None
        and (definition.dosing.people_present or 0) < least
    ):
        yield Shortfall(f"The presence of {least} people is not required at sessions.")


def washout_classes(
    definition: ProtocolDefinition, expectation: Expectation
) -> Iterator[Shortfall]:
    if not definition.dosing_visits:
        return
    class_of = {drug.code: drug.drug_class for drug in definition.drugs}
    known = {x.drug_class or class_of.get(x.drug, "") for x in definition.washouts}
    missing = [x for x in expectation.texts("classes") if x not in known]
    if missing:
        yield Shortfall(f"There is no washout for {listed(missing)}.")


def washouts_required(
    definition: ProtocolDefinition, _: Expectation
) -> Iterator[Shortfall]:
    guarded = {
        code
        for gate in definition.gates
        if _asks_washouts(gate)
        for code in gate.before
    }
    visits = _unguarded(definition, guarded)
    if visits:
        sentence = f"{listed(visits)} may be held before the washouts are over."
        yield Shortfall(sentence, visits)


def _asks_washouts(gate: Gate) -> bool:
    if gate.rule is None:
        return False
    return any(
        isinstance(leaf, WashoutsOver) and not leaf.washouts
        for leaf in leaves_of(gate.rule)
    )
