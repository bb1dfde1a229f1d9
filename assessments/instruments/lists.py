"""Questionnaires that are one list of items on one scale, scored by sums."""

from collections.abc import Callable, Mapping, Sequence

from assessments.instruments.base import (
    Item,
    Option,
    Provenance,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.counting import total_of


def worded(code: str, *words: str) -> Scale:
    """A scale whose answers are the numbers from 0, each with its word."""
    return Scale(code, tuple(Option(value, word) for value, word in enumerate(words)))


def numbered(
    prefix: str,
    scale: Scale,
    labels: Sequence[str],
    *,
    testcd: str,
    test: str,
    sections: Mapping[str, Sequence[int]] | None = None,
) -> tuple[Item, ...]:
    """Items 1, 2, … of a list, coded "bdi01"; `sections` names those under a title.

    Without terms of their own in controlled terminology they get the sponsor's: `testcd`
    and `test` are how these begin.
    """
    titles = {
        number: title
        for title, numbers in (sections or {}).items()
        for number in numbers
    }
    return tuple(
        Item(
            f"{prefix}{number:02}",
            label,
            scale,
            number=str(number),
            section=titles.get(number, ""),
            cdisc=(f"{testcd}{number:02}", f"{test}-{label}"),
        )
        for number, label in enumerate(labels, 1)
    )


def codes_of(prefix: str, numbers: Sequence[int]) -> tuple[str, ...]:
    """The codes of some numbered items."""
    return tuple(f"{prefix}{number:02}" for number in numbers)


def sum_scores(
    parts: Mapping[str, tuple[str, tuple[str, ...]]],
    *,
    most: int,
    least: int = 0,
    provenance: Provenance = Provenance.SOURCED,
) -> tuple[Score, ...]:
    """A sum for each part: its label and its items, each item worth `least` to `most`."""
    return tuple(
        Score(
            code,
            label,
            least * len(codes),
            most * len(codes),
            provenance=provenance,
        )
        for code, (label, codes) in parts.items()
    )


def sums(
    parts: Mapping[str, tuple[str, tuple[str, ...]]],
) -> Callable[[Responses], Scores]:
    """The scorer of such parts; a sum is None while one of its answers is missing."""

    def score(responses: Responses) -> Scores:
        return {code: total_of(codes, responses) for code, (_, codes) in parts.items()}

    return score
