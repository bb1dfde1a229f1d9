"""A fact is kept as JSON and comes back as what the rules compare."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusal import Refused
from participants.facts import shown, stored, typed
from trials.protocol import Choice, Fact, FactType


def fact(kind: FactType, unit: str = "") -> Fact:
    choices = (Choice("none", "None"), Choice("mild", "Mild, current"))
    return Fact(code="f", label="A fact", type=kind, unit=unit, choices=choices)


@given(st.decimals(-10_000, 10_000, places=2))
def test_a_number_comes_back_equal(number: Decimal) -> None:
    known = fact(FactType.NUMBER)
    assert typed(known, stored(known, number)) == number


@given(st.dates())
def test_a_date_comes_back_equal(day: date) -> None:
    known = fact(FactType.DATE)
    assert typed(known, stored(known, day)) == day
    assert stored(known, day.isoformat()) == day.isoformat()


@given(st.booleans(), st.sampled_from([FactType.YES_NO, FactType.DIAGNOSIS]))
def test_yes_and_no_come_back_as_they_are(answer: bool, kind: FactType) -> None:
    assert typed(fact(kind), stored(fact(kind), answer)) is answer


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FactType.YES_NO, 1),
        (FactType.YES_NO, "yes"),
        (FactType.WHOLE, True),
        (FactType.WHOLE, 1.5),
        (FactType.NUMBER, "12"),
        (FactType.NUMBER, float("nan")),
        (FactType.NUMBER, True),
        (FactType.DATE, "3 May"),
        (FactType.DATE, 20),
        (FactType.CHOICE, "severe"),
        (FactType.SCORE, None),
        (FactType.DIAGNOSIS, 0),
    ],
)
def test_an_answer_of_another_kind_is_refused(kind: FactType, value: object) -> None:
    with pytest.raises(Refused, match="not an answer to “A fact”"):
        stored(fact(kind), value)


@pytest.mark.parametrize(
    ("kind", "kept", "words"),
    [
        (FactType.YES_NO, True, "Yes"),
        (FactType.YES_NO, False, "No"),
        (FactType.NUMBER, 61.5, "61.5 kg"),
        (FactType.WHOLE, 12, "12 kg"),
        (FactType.DATE, "2025-03-03", "3 Mar 2025"),
        (FactType.CHOICE, "mild", "Mild, current"),
    ],
)
def test_a_kept_fact_is_read_in_words(kind: FactType, kept: object, words: str) -> None:
    assert shown(fact(kind, unit="kg"), kept) == words
