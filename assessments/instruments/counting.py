"""Sums, counts and three-valued rules over answers that may be missing."""

from collections.abc import Iterable

from assessments.instruments.base import Responses

NO, YES = 0, 1


def total_of(codes: Iterable[str], responses: Responses) -> int | None:
    """The sum, or None while any of the answers is missing."""
    total = 0
    for code in codes:
        value = responses.get(code)
        if value is None:
            return None
        total += value
    return total


def observed_of(codes: Iterable[str], responses: Responses) -> int:
    """The sum of the answers that are there."""
    return sum(responses.get(code) or 0 for code in codes)


def missing_of(codes: Iterable[str], responses: Responses) -> tuple[str, ...]:
    """The codes without an answer, in order."""
    return tuple(code for code in codes if responses.get(code) is None)


def prorated(
    codes: tuple[str, ...], responses: Responses, *, at_most_missing: int
) -> float | None:
    """The observed sum times items over items answered; a sensitivity value only."""
    missing = len(missing_of(codes, responses))
    if missing > at_most_missing:
        return None
    answered = len(codes) - missing
    return observed_of(codes, responses) * len(codes) / answered


def at_least(needed: int, *, certain: int, possible: int) -> bool | None:
    """Yes when even the worst case reaches it, no when even the best does not."""
    if certain >= needed:
        return True
    return None if possible >= needed else False


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Kleene's "and": one no decides, otherwise one unknown leaves it open."""
    known = tuple(values)
    if False in known:
        return False
    return None if None in known else True


def yes_no(value: int | None) -> bool | None:
    """A yes/no answer as a truth value."""
    return None if value is None else value == YES
