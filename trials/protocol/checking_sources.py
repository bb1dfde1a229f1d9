"""Checks that what a definition cites is there: sources, expectations, parent facts."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expectations import waivable
from trials.protocol.parts import UNVERIFIED_MARK, Part
from trials.protocol.problems import Problem, meant


def source_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """A sentence for every mark that `[sources]` does not have."""
    for item in fields(definition):
        if item.name in {"sources", "visits_by_code"}:
            continue
        for place, part in parts_in(getattr(definition, item.name), item.name):
            marks = [*filter(None, [part.source]), *part.source_of.values()]
            for mark in marks:
                if mark != UNVERIFIED_MARK and mark not in definition.sources:
                    near = meant(mark, definition.sources)
                    sentence = f"the source '{mark}' is not in [sources].{near}"
                    yield Problem(sentence, place)


def waiver_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Waivers of what nobody expects, or without saying why."""
    known = waivable()
    for waiver in definition.waivers:
        place = f"Waiver {waiver.expectation}"
        if waiver.expectation not in known:
            near = meant(waiver.expectation, known)
            yield Problem(f"'{waiver.expectation}' is not an expectation.{near}", place)
        if not waiver.reason.strip():
            yield Problem("gives no reason.", place)


def parent_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Facts carried over from the parent study that this definition does not have."""
    facts = definition.facts_by_code
    for code in definition.parent.carries if definition.parent else ():
        if code not in facts:
            sentence = f"the fact '{code}' is not defined.{meant(code, facts)}"
            yield Problem(sentence, "Parent")


def parts_in(value: object, place: str) -> Iterator[tuple[str, Part]]:
    """Every part inside a value, with the place of the nearest coded part."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from parts_in(inner, place)
    elif isinstance(value, tuple):
        for inner in value:
            code = getattr(inner, "code", "")
            yield from parts_in(inner, f"{place}, {code}" if code else place)
    elif is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Part):
            yield place, value
        for item in fields(value):
            yield from parts_in(getattr(value, item.name), place)
