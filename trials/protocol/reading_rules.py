"""Reads the parts that hold rules over facts: facts, criteria, washouts, outcomes."""

from collections.abc import Iterator
from decimal import Decimal

from trials.protocol.conditions import (
    AllOf,
    AnyOf,
    Condition,
    FactTest,
    Not,
    Operand,
    WashoutsOver,
)
from trials.protocol.entries import Entry
from trials.protocol.observations import (
    Criterion,
    Drug,
    Endpoint,
    Estimand,
    Fact,
    Gate,
    OutcomeClass,
    Washout,
)
from trials.protocol.parts import Choice
from trials.protocol.vocabulary import CriterionKind, FactType, Operator

NOTHING = AllOf(())
_SPAN_OPERATORS = (Operator.LONGER_AGO_THAN, Operator.WITHIN_LAST)


def read_condition(entry: Entry) -> Condition | None:
    """The rule whose operators stand in this table; None where there is none."""
    found = [*_compounds(entry)]
    if entry.has("washouts_over"):
        found.append(_washouts(entry))
    if entry.has("fact"):
        found.append(_fact_tests(entry))
    elif any(entry.has(operator.value) for operator in Operator):
        entry.wrong("has an operator but no fact.")
    if len(found) > 1:
        entry.wrong("give one of fact, all, any, not or washouts_over, not several.")
    return found[0] if found else None


def _compounds(entry: Entry) -> Iterator[Condition]:
    for key, kind in (("all", AllOf), ("any", AnyOf)):
        if entry.has(key):
            parts = tuple(_inner_condition(inner) for inner in entry.inners(key))
            if not parts:
                entry.wrong("must not be empty.", key)
            yield kind(parts)
    if entry.has("not") and (inner := entry.inner("not")):
        yield Not(_inner_condition(inner))


def _inner_condition(entry: Entry) -> Condition:
    condition = read_condition(entry)
    entry.close()
    if condition is None:
        entry.wrong("says no rule; give a fact and an operator, or all, any, not.")
    return condition or NOTHING


def _washouts(entry: Entry) -> WashoutsOver:
    asked: tuple[str, ...] = ()
    if entry.table["washouts_over"] is not True:
        asked = tuple(entry.texts("washouts_over", needed=True))
    return WashoutsOver(asked, entry.text("where_not_known"))


def _fact_tests(entry: Entry) -> Condition:
    fact = entry.text("fact", needed=True)
    tests = [
        FactTest(fact, operator, _operand(entry, operator))
        for operator in Operator
        if entry.has(operator.value)
    ]
    if not tests:
        entry.wrong(f"asks nothing of {fact}; add an operator such as is or at_least.")
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def _operand(entry: Entry, operator: Operator) -> Operand:
    value = entry.table[operator.value]
    if operator in _SPAN_OPERATORS:
        return entry.span(operator.value) or ""
    if isinstance(value, list):
        return entry.texts(operator.value, needed=True)
    if not isinstance(value, bool | int | Decimal | str):
        entry.wrong("is not a value that a fact can have.", operator.value)
        return ""
    return value


def read_choices(entry: Entry, key: str) -> tuple[Choice, ...]:
    """Choices as codes, or as tables of code and label; a code is its own label."""
    value = entry.table.get(key)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        choices = []
        for inner in entry.inners(key):
            code = inner.text("code", needed=True)
            choices.append(Choice(code, inner.text("label") or code.replace("_", " ")))
            inner.close()
        return tuple(choices)
    return tuple(Choice(code, code.replace("_", " ")) for code in entry.texts(key))


def read_fact(entry: Entry) -> Fact:
    return Fact(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        type=entry.word("type", FactType),
        unit=entry.text("unit"),
        choices=read_choices(entry, "choices"),
        form=entry.text("form"),
        score=entry.text("score"),
        visit=entry.text("visit"),
        record=entry.text("record"),
        frozen_by=entry.text("frozen_by"),
        event=entry.text("event"),
        usual=entry.numbers("usual"),
        possible=entry.numbers("possible"),
        **entry.provenance(),
    )


def read_criterion(entry: Entry) -> Criterion:
    only_if = entry.inner("only_if")
    rule = read_condition(entry)
    if rule is None:
        entry.wrong("says no rule; give a fact and an operator, or all, any, not.")
    return Criterion(
        code=entry.text("code", needed=True),
        kind=entry.word("kind", CriterionKind),
        text=entry.text("text", needed=True),
        at=entry.texts("at", needed=True),
        rule=rule or NOTHING,
        only_if=_inner_condition(only_if) if only_if else None,
        **entry.provenance(),
    )


def read_gate(entry: Entry) -> Gate:
    form = entry.text("form")
    within = entry.span("within")
    rule = read_condition(entry)
    if bool(form) == (rule is not None):
        entry.wrong("needs either a form with within, or a rule.")
    if form and within is None:
        entry.wrong("lacks the key 'within'.")
    return Gate(
        code=entry.text("code") or form,
        before=entry.texts("before", needed=True),
        form=form,
        within=within,
        rule=rule,
        reviewed=entry.flag("reviewed", default=True),
        **entry.provenance(),
    )


def read_drug(entry: Entry) -> Drug:
    return Drug(
        code=entry.text("code", needed=True),
        label=entry.text("label"),
        drug_class=entry.text("drug_class", needed=True),
        half_life_h=entry.number("half_life_h"),
        **entry.provenance(),
    )


def read_washout(entry: Entry) -> Washout:
    washout = Washout(
        code=entry.text("code", needed=True),
        before=entry.text("before", needed=True),
        drug=entry.text("drug"),
        drug_class=entry.text("drug_class"),
        at_least=entry.span("at_least"),
        half_lives=entry.whole("half_lives"),
        plus=entry.span("plus"),
        **entry.provenance(),
    )
    if bool(washout.drug) == bool(washout.drug_class):
        entry.wrong("needs either drug or drug_class.")
    if washout.at_least is None and washout.half_lives is None:
        entry.wrong("says no length; give at_least or half_lives.")
    return washout


def read_outcome_class(entry: Entry) -> OutcomeClass:
    rule = read_condition(entry)
    return OutcomeClass(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        endpoint=entry.text("endpoint", needed=True),
        rule=rule or NOTHING,
        **entry.provenance(),
    )


def read_endpoint(entry: Entry) -> Endpoint:
    return Endpoint(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        form=entry.text("form", needed=True),
        score=entry.text("score", needed=True),
        start=entry.text("from"),
        end=entry.text("to", needed=True),
        role=entry.text("role", needed=True),
        **entry.provenance(),
    )


def read_estimand(entry: Entry) -> Estimand:
    return Estimand(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        endpoint=entry.text("endpoint", needed=True),
        strategy=entry.text("strategy", needed=True),
        text=entry.text("text"),
        **entry.provenance(),
    )
