"""Checks rules over facts: facts, criteria, gates' rules, washouts, outcome classes."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from trials.protocol.checking_rows import Instruments, is_scheduled
from trials.protocol.checking_visits import References
from trials.protocol.conditions import (
    Condition,
    FactTest,
    WashoutsOver,
    facts_in,
    leaves_of,
)
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.instrument_facts import ScoreFacts
from trials.protocol.observations import Criterion, Fact, OutcomeClass
from trials.protocol.problems import Problem, meant
from trials.protocol.records import record_problems
from trials.protocol.vocabulary import (
    CHANGE_FACTS,
    FACT_TYPE_WORDS,
    OPERATORS_OF,
    OUTCOME_FACTS,
    PARENT_EVENTS,
    FactType,
    Operator,
)

_FORM_TYPES = (FactType.SCORE, FactType.DIAGNOSIS)


def fact_problems(
    definition: ProtocolDefinition, instruments: Instruments | None
) -> Iterator[Problem]:
    """Facts that lack what their type needs, or come from a form never given."""
    references = References(definition)
    yield from record_problems(definition.facts)
    for fact in definition.facts:
        place = f"Fact {fact.code}"
        if fact.type is FactType.CHOICE and not fact.choices:
            yield Problem("is a choice and lacks choices.", place)
        if fact.frozen_by and (sentence := references.problem(fact.frozen_by)):
            yield Problem(sentence, place)
        for sentence in _event_sentences(fact, definition):
            yield Problem(sentence, place)
        for sentence in _bound_sentences(fact):
            yield Problem(sentence, place)
        for sentence in _form_sentences(fact, definition, instruments):
            yield Problem(sentence, place)


def _event_sentences(fact: Fact, definition: ProtocolDefinition) -> Iterator[str]:
    """What is wrong with a fact that is the day of an event of a parent study."""
    if not fact.event:
        return
    if definition.parent is None:
        yield "is the day of an event, and this trial has no [parent]."
    elif fact.event not in PARENT_EVENTS:
        near = meant(fact.event, PARENT_EVENTS)
        yield f"'{fact.event}' is no event of a parent study.{near}"
    elif fact.type is not FactType.DATE:
        yield "is the day of an event and no date."
    if any(x.event == fact.event and x.code < fact.code for x in definition.facts):
        yield f"is the second day of {fact.event}."


def _bound_sentences(fact: Fact) -> Iterator[str]:
    bounds = {"usual": fact.usual, "possible": fact.possible}
    for key, bound in bounds.items():
        if bound and fact.type not in {FactType.NUMBER, FactType.WHOLE}:
            yield f"has {key}, but is no number that is typed."
        elif bound and (len(bound) != 2 or bound[0] >= bound[1]):
            yield f"{key} must be two numbers, the least first."
    if fact.usual and fact.possible and not _lies_within(fact.usual, fact.possible):
        yield "calls usual what is not possible."


def _lies_within(inner: tuple[Decimal, ...], outer: tuple[Decimal, ...]) -> bool:
    return outer[0] <= inner[0] and inner[-1] <= outer[-1]


def _form_sentences(
    fact: Fact, definition: ProtocolDefinition, instruments: Instruments | None
) -> Iterator[str]:
    if fact.type not in _FORM_TYPES:
        return
    needed = {"form": fact.form, "visit": fact.visit}
    if fact.type is FactType.SCORE:
        needed["score"] = fact.score
    missing = [key for key, value in needed.items() if not value]
    if missing:
        yield f"is {FACT_TYPE_WORDS[fact.type]} and lacks {', '.join(missing)}."
        return
    if not is_scheduled(fact.form, fact.visit, definition):
        yield f"{fact.form} is not scheduled at {fact.visit}."
    known = (instruments or {}).get(fact.form)
    if known is not None and score_of(fact) not in known.scores:
        near = meant(score_of(fact), known.scores)
        yield f"{fact.form} has no score '{score_of(fact)}'.{near}"


def score_of(fact: Fact) -> str:
    """The registry's score that a fact reads; a diagnosis may leave it out."""
    return fact.score or ("diagnosis" if fact.type is FactType.DIAGNOSIS else "")


def criterion_problems(
    definition: ProtocolDefinition, instruments: Instruments | None
) -> Iterator[Problem]:
    """Criteria, gate rules and outcome classes: every test in them, and its time."""
    checker = _Checker(definition, instruments)
    for criterion in definition.criteria:
        place = f"Criterion {criterion.code}"
        for condition in (criterion.rule, criterion.only_if):
            if condition is not None:
                yield from checker.problems(condition, place)
        yield from _milestone_problems(criterion, definition, place)
        yield from _early_problems(criterion, definition, place)
    for gate in definition.gates:
        if gate.rule is not None:
            yield from checker.problems(gate.rule, f"Gate {gate.code}")
    for outcome in definition.outcome_classes:
        yield from _outcome_problems(outcome.rule, f"Outcome class {outcome.code}")
        yield from _baseline_problems(outcome, definition)


class _Checker:
    """Checks single tests against the facts and washouts of one definition."""

    def __init__(
        self, definition: ProtocolDefinition, instruments: Instruments | None
    ) -> None:
        self.facts = definition.facts_by_code
        self.washouts = [washout.code for washout in definition.washouts]
        self.instruments = instruments or {}

    def problems(self, condition: Condition, place: str) -> Iterator[Problem]:
        for test in leaves_of(condition):
            for sentence in self._sentences(test):
                yield Problem(sentence, place)

    def _sentences(self, test: FactTest | WashoutsOver) -> Iterator[str]:
        if isinstance(test, WashoutsOver):
            for code in test.washouts:
                if code not in self.washouts:
                    near = meant(code, self.washouts)
                    yield f"the washout '{code}' is not defined.{near}"
            yield from self._answer_sentences(test)
            return
        fact = self.facts.get(test.fact)
        if fact is None:
            near = meant(test.fact, self.facts)
            yield f"the fact '{test.fact}' is not defined.{near}"
            return
        yield from _test_sentences(test, fact.type)
        if fact.type is FactType.CHOICE:
            yield from _choice_sentences(test, fact)
        if fact.type is FactType.SCORE:
            yield from self._range_sentences(test, fact)

    def _answer_sentences(self, test: WashoutsOver) -> Iterator[str]:
        """The fact that stands in for washouts is a yes or a no that a person gives."""
        if not test.where_not_known:
            return
        fact = self.facts.get(test.where_not_known)
        if fact is None:
            near = meant(test.where_not_known, self.facts)
            yield f"the fact '{test.where_not_known}' is not defined.{near}"
        elif fact.type is not FactType.YES_NO or fact.record:
            yield f"where_not_known needs a fact that is typed as yes or no, not {fact.code}."

    def _range_sentences(self, test: FactTest, fact: Fact) -> Iterator[str]:
        form = self.instruments.get(fact.form)
        score = form.scores.get(score_of(fact)) if form else None
        if score is None or not isinstance(test.value, int | Decimal):
            return
        if not _can_decide(test.operator, test.value, score):
            least, most = f"{score.least:g}", f"{score.most:g}"
            reach = f"{fact.form} {fact.score} runs from {least} to {most}"
            yield f"{reach}; {test.value} can never be reached."


def _can_decide(operator: Operator, value: int | Decimal, score: ScoreFacts) -> bool:
    """Whether the bound lies in the range, so that the test can go either way."""
    least, most = Decimal(str(score.least)), Decimal(str(score.most))
    if operator in {Operator.MORE_THAN, Operator.AT_MOST}:
        return least <= value < most
    return least < value <= most


def _test_sentences(test: FactTest, kind: FactType) -> Iterator[str]:
    operators = OPERATORS_OF[kind]
    if test.operator not in operators:
        names = ", ".join(operator.value for operator in operators)
        what = FACT_TYPE_WORDS[kind]
        yield (
            f"'{test.operator.value}' cannot be asked of {test.fact}, which is "
            f"{what}; use {names}."
        )
    elif not _has_right_value(test, kind):
        shown = str(test.value).lower() if isinstance(test.value, bool) else test.value
        what = FACT_TYPE_WORDS[kind]
        yield f"'{shown}' is no value for {test.fact}, which is {what}."


def _has_right_value(test: FactTest, kind: FactType) -> bool:
    value = test.value
    if kind in {FactType.YES_NO, FactType.DIAGNOSIS}:
        return isinstance(value, bool)
    if kind is FactType.CHOICE:
        return isinstance(value, tuple | str)
    if kind is FactType.DATE:
        return True
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return is_number and (kind is not FactType.WHOLE or isinstance(value, int))


def _choice_sentences(test: FactTest, fact: Fact) -> Iterator[str]:
    choices = [choice.code for choice in fact.choices]
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    for value in values:
        if isinstance(value, str) and value not in choices:
            near = meant(value, choices)
            yield f"'{value}' is not a choice of {fact.code}.{near}"


def _milestone_problems(
    criterion: Criterion, definition: ProtocolDefinition, place: str
) -> Iterator[Problem]:
    milestones = {item.code: item for item in definition.milestones}
    for code in criterion.at:
        if code not in milestones:
            near = meant(code, milestones)
            yield Problem(f"'{code}' is not a milestone.{near}", place)
        elif milestones[code].asks != "eligibility":
            sentence = f"is asked at {code}, which does not ask eligibility."
            yield Problem(sentence, place)


def _early_problems(
    criterion: Criterion, definition: ProtocolDefinition, place: str
) -> Iterator[Problem]:
    """A criterion asked before the visit at which one of its facts becomes known."""
    position = {visit.code: index for index, visit in enumerate(definition.visits)}
    visit_of = {item.code: item.at for item in definition.milestones}
    for fact in _facts_of(criterion, definition.facts_by_code):
        for code in criterion.at:
            asked = visit_of.get(code, "")
            if position.get(fact.visit, -1) > position.get(asked, len(position)):
                yield Problem(
                    f"is asked at {code} ({asked}), but {fact.code} is only known "
                    f"at {fact.visit}, which comes later.",
                    place,
                )


def _facts_of(criterion: Criterion, facts: Mapping[str, Fact]) -> Iterator[Fact]:
    for condition in (criterion.rule, criterion.only_if):
        for test in leaves_of(condition) if condition is not None else ():
            if isinstance(test, FactTest) and test.fact in facts:
                yield facts[test.fact]


def _outcome_problems(rule: Condition, place: str) -> Iterator[Problem]:
    for test in leaves_of(rule):
        kind = OUTCOME_FACTS.get(test.fact) if isinstance(test, FactTest) else None
        if kind is None or isinstance(test, WashoutsOver):
            known = ", ".join(OUTCOME_FACTS)
            name = test.fact if isinstance(test, FactTest) else "washouts_over"
            yield Problem(f"'{name}' is not known here; there are {known}.", place)
            continue
        for sentence in _test_sentences(test, kind):
            yield Problem(sentence, place)


def _baseline_problems(
    outcome: OutcomeClass, definition: ProtocolDefinition
) -> Iterator[Problem]:
    """A class that asks for a change of an endpoint that has no baseline."""
    without = {item.code for item in definition.endpoints if not item.start}
    changes = CHANGE_FACTS & set(facts_in(outcome.rule))
    if outcome.endpoint in without and changes:
        sentence = f"asks for {min(changes)}, but {outcome.endpoint} has no from"
        yield Problem(
            f"{sentence}, so nothing can change.", f"Outcome class {outcome.code}"
        )


def washout_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Washouts of drugs and classes that nothing else in the file knows."""
    references = References(definition)
    drugs = {drug.code for drug in definition.drugs}
    classes = {drug.drug_class for drug in definition.drugs}
    for washout in definition.washouts:
        place = f"Washout {washout.code}"
        if sentence := references.problem(washout.before):
            yield Problem(sentence, place)
        if washout.drug and washout.drug not in drugs:
            near = meant(washout.drug, drugs)
            yield Problem(
                f"the drug '{washout.drug}' is not in [[drugs]].{near}", place
            )
        if washout.drug_class and washout.drug_class not in classes:
            near = meant(washout.drug_class, classes)
            sentence = f"no drug in [[drugs]] is of the class '{washout.drug_class}'"
            yield Problem(f"{sentence}.{near}", place)
