"""Washouts: when they are over by the records, and what an answer adds to that."""

from datetime import date

import pytest

from participants.eligibility import (
    Evidence,
    FactValue,
    StoppedDrug,
    asked_in,
    truth_of,
    washout_of,
)
from tests.trials.definitions import SMALL, changed
from trials.protocol import ProtocolDefinition, WashoutsOver, parse

STOPPED_ON = date(2026, 1, 1)

WASHOUTS = """
[[drugs]]
code = "fluoxetine"
drug_class = "ssri"
half_life_h = 96

[[drugs]]
code = "sertraline"
drug_class = "ssri"
half_life_h = 26

[[drugs]]
code = "paroxetine"
drug_class = "ssri"

[[drugs]]
code = "melatonin"
drug_class = "hypnotic"

[[washouts]]
code = "ssri"
drug_class = "ssri"
half_lives = 5
plus = "1 week"
before = "baseline"

[[washouts]]
code = "fluoxetine"
drug = "fluoxetine"
at_least = "6 weeks"
before = "baseline"

[[endpoints]]
"""


def washout_definition() -> ProtocolDefinition:
    return parse(changed(("[[endpoints]]\n", WASHOUTS), base=SMALL))


@pytest.mark.parametrize(
    ("drug", "stopped_on", "ends_on", "is_known"),
    [
        # 5 x 96 h is 20 days, and a week: 27; its own rule says 42, the later wins.
        ("fluoxetine", STOPPED_ON, date(2026, 2, 12), True),
        # 5 x 26 h is 5.4 days, rounded up to 6, and a week.
        ("sertraline", STOPPED_ON, date(2026, 1, 14), True),
        ("paroxetine", STOPPED_ON, None, False),
        ("melatonin", STOPPED_ON, None, True),
        ("melatonin", None, None, True),
        ("sertraline", None, None, False),
        ("unlisted", STOPPED_ON, None, False),
    ],
)
def test_the_latest_end_of_a_washout_wins(
    drug: str, stopped_on: date | None, ends_on: date | None, *, is_known: bool
) -> None:
    definition = washout_definition()
    stopped = StoppedDrug(drug, stopped_on)
    found = washout_of(stopped, definition, definition.washouts)
    assert (found.ends_on, not found.why) == (ends_on, is_known)


@pytest.mark.parametrize(
    ("drugs", "on", "expected"),
    [
        (None, date(2026, 3, 1), None),
        ((), date(2026, 3, 1), True),
        ((StoppedDrug("fluoxetine", STOPPED_ON),), date(2026, 2, 11), False),
        ((StoppedDrug("fluoxetine", STOPPED_ON),), date(2026, 2, 12), True),
        ((StoppedDrug("unlisted", STOPPED_ON),), date(2026, 3, 1), None),
        (
            (StoppedDrug("unlisted"), StoppedDrug("sertraline", STOPPED_ON)),
            date(2026, 1, 13),
            False,
        ),
    ],
)
def test_a_washout_that_is_not_known_never_counts_as_over(
    drugs: tuple[StoppedDrug, ...] | None, on: date, *, expected: bool | None
) -> None:
    evidence = Evidence(drugs=drugs, on=on)
    assert truth_of(WashoutsOver(), washout_definition(), evidence) is expected


def test_only_the_named_washouts_are_asked() -> None:
    evidence = Evidence(
        drugs=(StoppedDrug("fluoxetine", STOPPED_ON),), on=date(2026, 1, 30)
    )
    definition = washout_definition()
    assert truth_of(WashoutsOver(("ssri",)), definition, evidence) is True
    assert truth_of(WashoutsOver(("fluoxetine",)), definition, evidence) is False


@pytest.mark.parametrize(
    ("drugs", "answer", "expected", "asks"),
    [
        # What the records leave open, the answer settles.
        (None, None, None, True),
        (None, True, True, True),
        (None, False, False, True),
        ((StoppedDrug("paroxetine", STOPPED_ON),), True, True, True),
        # What they settle is not asked; and where one of the two says no, it is no.
        ((), None, True, False),
        ((), False, False, True),
        ((StoppedDrug("fluoxetine", STOPPED_ON),), None, False, False),
        ((StoppedDrug("fluoxetine", STOPPED_ON),), True, False, True),
    ],
)
def test_an_answer_counts_beside_the_records_and_never_against_them(
    drugs: tuple[StoppedDrug, ...] | None,
    *,
    answer: bool | None,
    expected: bool | None,
    asks: bool,
) -> None:
    facts: dict[str, FactValue] = {} if answer is None else {"pregnant": answer}
    evidence = Evidence(facts=facts, drugs=drugs, on=date(2026, 1, 30))
    rule = WashoutsOver(where_not_known="pregnant")
    assert truth_of(rule, washout_definition(), evidence) is expected
    asked = asked_in(rule, washout_definition(), evidence)
    assert asked == (("pregnant",) if asks else ())
