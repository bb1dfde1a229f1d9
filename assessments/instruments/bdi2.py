"""BDI-II: 21 self-rated items of depression; fields, own short labels and the sum."""

from assessments.instruments.base import (
    Instrument,
    Item,
    Option,
    Responses,
    Scale,
    Score,
    Scores,
)
from assessments.instruments.cssrs_slc import Urgency
from assessments.instruments.lists import numbered

_FOUR = Scale("bdi2_0_3", tuple(Option(value, str(value)) for value in range(4)))
# Two items have two answers for each grade above none; both count the same.
_SEVEN = Scale(
    "bdi2_0_3b",
    tuple(
        Option(value, label)
        for value, label in enumerate(("0", "1a", "1b", "2a", "2b", "3a", "3b"))
    ),
)
_OF_SEVEN = frozenset({"bdi16", "bdi18"})
LABELS = (
    *("Mood", "Outlook", "Failure", "Pleasure", "Guilt", "Punishment", "View of self"),
    *("Self-criticism", "Suicidal thoughts", "Tears", "Restlessness", "Interest"),
    *("Decisions", "Worth", "Energy", "Sleep", "Irritability", "Appetite"),
    *("Concentration", "Tiredness", "Interest in sex"),
)
SUICIDAL_THOUGHTS = "bdi09"
PHYSICIAN_FROM = 2


def _with_seven(item: Item) -> Item:
    if item.code not in _OF_SEVEN:
        return item
    return Item(item.code, item.label, _SEVEN, number=item.number, cdisc=item.cdisc)


ITEMS = tuple(
    _with_seven(item)
    for item in numbered("bdi", _FOUR, LABELS, testcd="BDI2", test="BDI2")
)


def grade(code: str, value: int) -> int:
    """What an answer counts, 0 to 3: the second answer of a grade as the first."""
    return (value + 1) // 2 if code in _OF_SEVEN else value


def urgency(responses: Responses) -> Urgency:
    """What the answer about suicidal thoughts calls for: a C-SSRS today, or a physician.

    Whatever the total is. Derived, not sourced.
    """
    answer = responses.get(SUICIDAL_THOUGHTS) or 0
    if answer >= PHYSICIAN_FROM:
        return Urgency.IMMEDIATE
    return Urgency.SAME_DAY_REVIEW if answer else Urgency.NONE


def score_bdi2(responses: Responses) -> Scores:
    """The sum 0-63, None while an answer is missing: no proration has a source."""
    total: int | None = 0
    for item in ITEMS:
        value = responses.get(item.code)
        total = (
            None if value is None or total is None else total + grade(item.code, value)
        )
    return {
        "total": total,
        "suicidal_thoughts": responses.get(SUICIDAL_THOUGHTS),
    }


BDI2 = Instrument(
    code="bdi2",
    version="1996",
    title="Beck Depression Inventory, second edition",
    short_title="BDI-II",
    completed_by="participant",
    domain="QS",
    category="BECK DEPRESSION INVENTORY-II",
    license="Pearson; a license is needed. Fields and own short labels only.",
    items=ITEMS,
    scores=(
        Score("total", "Total", 0, 63, cdisc=("BDI2TOT", "BDI2-Total")),
        Score("suicidal_thoughts", "Item 9", 0, 3),
    ),
    scoring=score_bdi2,
    recall=("past two weeks",),
    notes=("How many answers may be missing is unverified; here none may.",),
)
