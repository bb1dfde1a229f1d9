"""The parts of a definition that say what is observed, asked, and concluded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trials.protocol.conditions import Condition
from trials.protocol.parts import Choice, Part
from trials.protocol.spans import Span
from trials.protocol.vocabulary import CriterionKind, FactType


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the dosing day: minutes from the initial dose, or a named one."""

    text: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRow(Part):
    """A row of the time-and-events table: one form, who gives it, at which visits.

    `at` holds visit codes, written out and in the order of the visits; `before`
    holds codes of rows that may only be signed after this one at the same visit.
    """

    code: str
    form: str
    by: tuple[str, ...]
    at: tuple[str, ...]
    version: str = ""
    recall: str = ""
    times: tuple[Moment, ...] = ()
    before: tuple[str, ...] = ()
    hidden_from_site: bool = False
    from_paper: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Part):
    """What must be present, and reviewed, before a dose: a recent form or a rule."""

    code: str
    before: tuple[str, ...]
    form: str = ""
    within: Span | None = None
    rule: Condition | None = None
    reviewed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Part):
    """Something known of a participant that criteria and gates may ask for.

    `record` says where in the medical record it is read from (`records.py`);
    `frozen_by` names the event after which it stays as it was known then; `event` the
    event of a parent study whose day it is, from which visits are planned. `usual` and
    `possible` are the least and the most of a number that is typed, both included: what
    lies outside the first needs a reason, outside the second it is refused.
    """

    code: str
    label: str
    type: FactType
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    form: str = ""
    score: str = ""
    visit: str = ""
    record: str = ""
    frozen_by: str = ""
    event: str = ""
    usual: tuple[Decimal, ...] = ()
    possible: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion(Part):
    """An eligibility rule beside its text. `at` holds milestone codes."""

    code: str
    kind: CriterionKind
    text: str
    at: tuple[str, ...]
    rule: Condition
    only_if: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug(Part):
    """Half-life in hours: the longest of the drug and its active metabolites."""

    code: str
    drug_class: str
    half_life_h: Decimal | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Washout(Part):
    """How long a drug, or every drug of a class, must have been stopped."""

    code: str
    before: str
    drug: str = ""
    drug_class: str = ""
    at_least: Span | None = None
    half_lives: int | None = None
    plus: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventWindow(Part):
    """Which events are collected from when to when; `start` may be many visits."""

    collect: tuple[str, ...]
    start: tuple[str, ...]
    end: str = ""
    lasting: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalLimit(Part):
    measure: str
    moment: str
    then: tuple[str, ...]
    above: Decimal | None = None
    below: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals(Part):
    measures: tuple[str, ...]
    times: tuple[Moment, ...]
    limits: tuple[VitalLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectTerm:
    code: str
    label: str
    abuse_signal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuteEffects(Part):
    times: tuple[Moment, ...]
    by: tuple[str, ...]
    terms: tuple[EffectTerm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeClass(Part):
    """First match wins: the order of the file is the precedence."""

    code: str
    label: str
    endpoint: str
    rule: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Part):
    """The change of `score` of `form` between visits `start` and `end`.

    Without `start` it is the score at `end` itself, as where the baseline belongs to
    a parent study.
    """

    code: str
    label: str
    form: str
    score: str
    end: str
    role: str
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand(Part):
    """How events after randomization are treated in estimating an endpoint."""

    code: str
    label: str
    endpoint: str
    strategy: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment(Part):
    amends: str
    reason: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    new_consent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(Part):
    expectation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet(Part):
    """Something of the protocol that cannot be scheduled yet, and why."""

    code: str
    reason: str
