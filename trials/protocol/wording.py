"""Values of a definition in words, as people read them in a list of changes."""

from collections.abc import Mapping
from dataclasses import fields
from functools import singledispatch

from trials.protocol.conditions import AllOf, AnyOf, FactTest, Not, WashoutsOver
from trials.protocol.observations import EffectTerm, Moment
from trials.protocol.parts import Choice, Constraint, Part, Timing


@singledispatch
def in_words(value: object) -> str:
    """The value in words; nothing for a value that is not given."""
    return "" if value is None else str(value)


@in_words.register
def _(value: bool) -> str:  # noqa: FBT001 - the argument chooses the function
    return "yes" if value else "no"


@in_words.register(tuple)
def _(value: tuple[object, ...]) -> str:
    return ", ".join(map(in_words, value))


@in_words.register(Mapping)
def _(value: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {in_words(inner)}" for key, inner in value.items())


@in_words.register
def _(value: Part) -> str:
    words = {x.name: in_words(getattr(value, x.name)) for x in fields(value)}
    return in_words({key: text for key, text in words.items() if text})


@in_words.register
def _(value: Timing) -> str:
    side = "before" if value.is_ahead else "after"
    return f"{value.target} {side} {value.anchor} ({value.earliest} to {value.latest})"


@in_words.register
def _(value: Constraint) -> str:
    side = "before" if value.is_before else "after"
    spans = {"at least": value.at_least, "at most": value.at_most}
    bounds = " and ".join(f"{word} {span}" for word, span in spans.items() if span)
    return f"{bounds} {side} {value.anchor}".strip()


@in_words.register
def _(value: Choice) -> str:
    return f"{value.code} ({value.label})"


@in_words.register
def _(value: EffectTerm) -> str:
    signal = ", signal of abuse" if value.abuse_signal else ""
    return f"{value.code} ({value.label}{signal})"


@in_words.register
def _(value: Moment) -> str:
    return value.text


@in_words.register
def _(value: FactTest) -> str:
    operator = value.operator.value.replace("_", " ")
    return f"{value.fact} {operator} {in_words(value.value)}"


@in_words.register
def _(value: AllOf) -> str:
    return f"({' and '.join(map(in_words, value.parts))})"


@in_words.register
def _(value: AnyOf) -> str:
    return f"({' or '.join(map(in_words, value.parts))})"


@in_words.register
def _(value: Not) -> str:
    return f"not {in_words(value.part)}"


@in_words.register
def _(value: WashoutsOver) -> str:
    words = f"washouts over: {in_words(value.washouts) or 'all'}"
    if value.where_not_known:
        words += f", or {value.where_not_known} where that is not known"
    return words
