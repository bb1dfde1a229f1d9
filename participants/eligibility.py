"""Eligibility: each criterion met, not met or unknown, and what stands in the way."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from trials.protocol.conditions import (
    AllOf,
    AnyOf,
    Condition,
    FactTest,
    Not,
    WashoutsOver,
    leaves_of,
)
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.observations import Criterion, Drug, Washout
from trials.protocol.spans import Span, shift
from trials.protocol.vocabulary import CriterionKind, Operator

FactValue = bool | int | float | Decimal | str | date
Truth = bool | None  # None: not known

HOURS_PER_DAY = 24


class Verdict(StrEnum):
    """Where one criterion stands: an exclusion is met where its reason is not there."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


# "Exclusion criterion met" says in clinics that the person has what excludes: on a page
# the word "met" may stand beside an inclusion alone.
VERDICT_WORDS: Mapping[CriterionKind, Mapping[Verdict, str]] = {
    CriterionKind.INCLUSION: {
        Verdict.MET: "Met",
        Verdict.NOT_MET: "Not met",
        Verdict.UNKNOWN: "Not known yet",
    },
    CriterionKind.EXCLUSION: {
        Verdict.MET: "Not present",
        Verdict.NOT_MET: "Present",
        Verdict.UNKNOWN: "Not known yet",
    },
}


@dataclass(frozen=True, slots=True)
class StoppedDrug:
    """A drug taken before; `last_dose_on` is None while it is taken or not known."""

    drug: str
    last_dose_on: date | None = None


@dataclass(frozen=True, slots=True)
class WashoutStatus:
    """When the washout of a drug is over, and why that is not all known.

    `ends_on` is the first day on which it is over as far as it is known, None where no
    rule of the protocol asks for one or none can be computed; `why` is empty where all
    is known.
    """

    ends_on: date | None
    why: str = ""

    def is_over(self, on: date) -> Truth:
        """Tell whether it is over on a day; None where that is not known."""
        if self.ends_on is not None and self.ends_on > on:
            # One matching rule that still runs settles it, whatever the others say.
            return False
        return None if self.why else True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a participant on the day of the question.

    `facts` holds values by fact code; a fact that is not there is not known.
    `drugs` is None while the medication history has not been taken: then no washout
    is known to be over. An empty tuple says that nothing was taken.
    """

    facts: Mapping[str, FactValue] = field(default_factory=dict)
    drugs: tuple[StoppedDrug, ...] | None = None
    on: date


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion: its verdict, the facts it used, and those still missing.

    `missing` are facts that were asked for and are not known, whether or not the
    verdict needs them; a criterion that does not apply asks for none.
    """

    criterion: Criterion
    verdict: Verdict
    used: Mapping[str, FactValue]
    missing: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Whether it stands in nobody's way: met, with every fact that it asks for."""
        return self.verdict is Verdict.MET and not self.missing


@dataclass(frozen=True, slots=True)
class MilestoneResult:
    """Eligibility at one milestone. Confirmation needs both `passes` and `complete`.

    `waived` are codes of criteria that an investigator passed over by a signed waiver:
    they keep their verdict, and stand in nobody's way.
    """

    milestone: str
    results: tuple[CriterionResult, ...]
    waived: frozenset[str] = frozenset()

    @property
    def asked(self) -> tuple[CriterionResult, ...]:
        """The criteria that were not waived."""
        return tuple(x for x in self.results if x.criterion.code not in self.waived)

    @property
    def passes(self) -> bool:
        """Every criterion asked is met; unknown never passes."""
        return all(result.verdict is Verdict.MET for result in self.asked)

    @property
    def missing_facts(self) -> tuple[str, ...]:
        """Codes of facts asked for and not known, each once, in protocol order."""
        missing = (code for result in self.asked for code in result.missing)
        return tuple(dict.fromkeys(missing))

    @property
    def complete(self) -> bool:
        return not self.missing_facts

    @property
    def may_be_confirmed(self) -> bool:
        return all(result.is_settled for result in self.asked)

    @property
    def in_the_way(self) -> tuple[CriterionResult, ...]:
        """What stands in the way: criteria not met first, then those not known."""
        not_met = [x for x in self.asked if x.verdict is Verdict.NOT_MET]
        unknown = [x for x in self.asked if x.verdict is Verdict.UNKNOWN]
        return (*not_met, *unknown)


def evaluate(
    definition: ProtocolDefinition, milestone: str, evidence: Evidence
) -> MilestoneResult:
    """Answer every criterion asked at `milestone`. Raises KeyError if there is none."""
    definition.milestone(milestone)
    criteria = definition.criteria_at(milestone)
    results = tuple(evaluate_criterion(x, definition, evidence) for x in criteria)
    return MilestoneResult(milestone, results)


def evaluate_criterion(
    criterion: Criterion, definition: ProtocolDefinition, evidence: Evidence
) -> CriterionResult:
    """One criterion in three values.

    An inclusion is met when its rule is true, an exclusion when it is false. Where
    `only_if` is false the criterion is met; where it is not known, the rule may still
    settle the verdict, since both answers to `only_if` then lead to "met".
    """
    applies: Truth = True
    asked: list[str] = []
    if criterion.only_if is not None:
        applies = truth_of(criterion.only_if, definition, evidence)
        asked += asked_in(criterion.only_if, definition, evidence)
    holds = truth_of(criterion.rule, definition, evidence)
    if applies is not False:
        asked += asked_in(criterion.rule, definition, evidence)
    verdict = _verdict(criterion.kind, holds)
    if applies is False:
        verdict = Verdict.MET
    elif applies is None and verdict is not Verdict.MET:
        verdict = Verdict.UNKNOWN
    known = {code: evidence.facts[code] for code in asked if code in evidence.facts}
    missing = tuple(dict.fromkeys(code for code in asked if code not in known))
    return CriterionResult(criterion, verdict, known, missing)


def asked_in(
    condition: Condition, definition: ProtocolDefinition, evidence: Evidence
) -> tuple[str, ...]:
    """Codes of the facts that a rule asks for, in its order.

    A part known to be false ends an `all`, one known to be true an `any`, as a person
    stops reading: where "ever had ketamine" is no, its date does not exist, and waiting
    for it would keep out for good everybody who never had any.
    """
    if isinstance(condition, FactTest):
        return (condition.fact,)  # four in five rules: worth no walk through a tree
    if isinstance(condition, Not):
        return asked_in(condition.part, definition, evidence)
    if isinstance(condition, WashoutsOver):
        return _asked_beside(condition, definition, evidence)
    asked: list[str] = []
    for part in condition.parts:
        asked += asked_in(part, definition, evidence)
        if truth_of(part, definition, evidence) is isinstance(condition, AnyOf):
            break
    return tuple(dict.fromkeys(asked))


def _verdict(kind: CriterionKind, holds: Truth) -> Verdict:
    if holds is None:
        return Verdict.UNKNOWN
    wanted = kind is CriterionKind.INCLUSION
    return Verdict.MET if holds is wanted else Verdict.NOT_MET


def truth_of(
    condition: Condition, definition: ProtocolDefinition, evidence: Evidence
) -> Truth:
    """Evaluate a rule. A missing fact is not known, and a verdict may be known yet."""
    truth: Truth
    match condition:
        case AllOf(parts):
            truth = _all([truth_of(part, definition, evidence) for part in parts])
        case AnyOf(parts):
            truth = _any([truth_of(part, definition, evidence) for part in parts])
        case Not(part):
            inner = truth_of(part, definition, evidence)
            truth = None if inner is None else not inner
        case WashoutsOver():
            truth = _with_the_answer(
                condition, _are_washouts_over(condition, definition, evidence), evidence
            )
        case FactTest():
            value = evidence.facts.get(condition.fact)
            truth = None if value is None else _holds(condition, value, evidence.on)
    return truth


def _all(truths: Sequence[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def _any(truths: Sequence[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def _holds(test: FactTest, value: FactValue, on: date) -> bool:
    operand = test.value
    if isinstance(operand, Span):
        return _holds_of_date(test.operator, value, operand.before(on))
    if test.operator in _COMPARISONS:
        return _COMPARISONS[test.operator](_number(test, value), _number(test, operand))
    options = operand if isinstance(operand, tuple) else (operand,)
    is_among = value in options
    return is_among is (test.operator in {Operator.IS, Operator.ONE_OF})


_COMPARISONS: dict[Operator, Callable[[Decimal, Decimal], bool]] = {
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
    Operator.MORE_THAN: operator.gt,
    Operator.LESS_THAN: operator.lt,
}


def _number(test: FactTest, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        message = f"The fact {test.fact} must be a number, not {value!r}."
        raise TypeError(message)
    return Decimal(str(value))


def _holds_of_date(asked: Operator, value: FactValue, limit: date) -> bool:
    """`limit` is as long ago as the rule says: longer ago is before it."""
    if not isinstance(value, date):
        message = f"A rule on a date cannot read {value!r}."
        raise TypeError(message)
    return value < limit if asked is Operator.LONGER_AGO_THAN else value >= limit


def asks_for_washouts(condition: Condition) -> bool:
    """Tell whether a rule asks for washouts anywhere in it."""
    return any(isinstance(each, WashoutsOver) for each in leaves_of(condition))


def answers_for_washouts(definition: ProtocolDefinition) -> tuple[str, ...]:
    """Codes of the facts that a person answers where records leave washouts open."""
    leaves = (
        leaf.where_not_known
        for criterion in definition.criteria
        for leaf in leaves_of(criterion.rule)
        if isinstance(leaf, WashoutsOver) and leaf.where_not_known
    )
    return tuple(dict.fromkeys(leaves))


def _asked_beside(
    test: WashoutsOver, definition: ProtocolDefinition, evidence: Evidence
) -> tuple[str, ...]:
    """Return the fact that a person answers, unless the records settle it already."""
    fact = test.where_not_known
    is_open = _are_washouts_over(test, definition, evidence) is None
    return (fact,) if fact and (is_open or fact in evidence.facts) else ()


def _with_the_answer(test: WashoutsOver, found: Truth, evidence: Evidence) -> Truth:
    """Join what the records say with what a person answered.

    An answer settles what the records leave open. Where one of the two says no, it is
    no: a record that somebody did not complete must not let anybody in.
    """
    answer = evidence.facts.get(test.where_not_known)
    if answer is False or found is False:
        return False
    return found if answer is None else True


def _are_washouts_over(
    test: WashoutsOver, definition: ProtocolDefinition, evidence: Evidence
) -> Truth:
    if evidence.drugs is None:
        return None
    washouts = [
        washout
        for washout in definition.washouts
        if not test.washouts or washout.code in test.washouts
    ]
    statuses = [washout_of(drug, definition, washouts) for drug in evidence.drugs]
    return _all([status.is_over(evidence.on) for status in statuses])


def washout_of(
    stopped: StoppedDrug,
    definition: ProtocolDefinition,
    washouts: Sequence[Washout] | None = None,
) -> WashoutStatus:
    """Return when the washout of a drug is over, by all of the protocol or some of it.

    All matching rules apply and the latest end wins. It is not known for a drug that is
    not in the definition, without a last dose, or with a rule in half-lives and no
    half-life: and what is not known never counts as over.
    """
    drug = next((x for x in definition.drugs if x.code == stopped.drug), None)
    if drug is None:
        return WashoutStatus(None, "The protocol does not list this drug.")
    matching = [
        x
        for x in (definition.washouts if washouts is None else washouts)
        if drug.code == x.drug or drug.drug_class == x.drug_class
    ]
    if not matching:
        return WashoutStatus(None)
    if stopped.last_dose_on is None:
        return WashoutStatus(None, "No last dose is recorded.")
    ends = [_end_of(washout, drug, stopped.last_dose_on) for washout in matching]
    known = [end for end in ends if end is not None]
    why = "" if len(known) == len(ends) else "The protocol gives no half-life for it."
    return WashoutStatus(max(known, default=None), why)


def _end_of(washout: Washout, drug: Drug, last_dose_on: date) -> date | None:
    ends = [washout.at_least.after(last_dose_on)] if washout.at_least else []
    if washout.half_lives is not None:
        if drug.half_life_h is None:
            return None
        days = washout.half_lives * drug.half_life_h / HOURS_PER_DAY
        whole = int(days.to_integral_value(rounding=ROUND_CEILING))
        ends.append(shift(last_dose_on, whole))
    end = max(ends)
    return washout.plus.after(end) if washout.plus else end
