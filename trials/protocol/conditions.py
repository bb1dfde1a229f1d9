"""Rules over facts: a tree of tests, without any text that a program evaluates."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from trials.protocol.spans import Span
from trials.protocol.vocabulary import Operator

Operand = bool | int | Decimal | str | tuple[str, ...] | Span


@dataclass(frozen=True, slots=True)
class FactTest:
    """One operator asked of one fact, such as `age at_least 18`."""

    fact: str
    operator: Operator
    value: Operand


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class WashoutsOver:
    """True when the named washouts (all, when none is named) have ended.

    `where_not_known` is the fact that a person answers where the medication that is
    recorded leaves it open; empty where then it stays open.
    """

    washouts: tuple[str, ...] = ()
    where_not_known: str = ""


Condition = FactTest | AllOf | AnyOf | Not | WashoutsOver


def leaves_of(condition: Condition) -> Iterator[FactTest | WashoutsOver]:
    """Every leaf of the rule, in the order in which the file gives them."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves_of(part)
        case Not(part):
            yield from leaves_of(part)
        case FactTest() | WashoutsOver():
            yield condition


def facts_in(condition: Condition) -> tuple[str, ...]:
    """Codes of the facts that the rule asks for, each once, in order."""
    leaves = (
        leaf.fact if isinstance(leaf, FactTest) else leaf.where_not_known
        for leaf in leaves_of(condition)
    )
    return tuple(dict.fromkeys(fact for fact in leaves if fact))
