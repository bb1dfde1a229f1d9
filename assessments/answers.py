"""What a person answered on a form: whether it can be completed, and what it calls for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assessments.instruments import bdi2, caps5, cssrs_slc
from assessments.instruments.base import (
    MISSING_REASON_WORDS,
    Instrument,
    Item,
    MissingReason,
    Responses,
)
from assessments.instruments.cssrs_slc import Urgency

# A whole number, or the coded reason why there is none.
Answer = int | str
Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the items that must be settled are."""

    settled: int
    of: int

    @property
    def is_whole(self) -> bool:
        return self.settled == self.of


def values_of(answers: Answers) -> dict[str, int | None]:
    """The numbers by item, None where there is a reason instead: what scoring takes."""
    return {
        code: answer if isinstance(answer, int) else None
        for code, answer in answers.items()
    }


def progress(instrument: Instrument, answers: Answers) -> Progress:
    """Required items that an answer, a reason or another item's answer has settled."""
    required = [item for item in instrument.items if item.required]
    settled = [
        item
        for item in required
        if item.code in answers or is_ruled_out(instrument, item, answers)
    ]
    return Progress(len(settled), len(required))


def is_ruled_out(instrument: Instrument, item: Item, answers: Answers) -> bool:
    """Whether the answers given say that an item is not asked.

    An item whose condition is still unanswered is open, not ruled out.
    """
    if instrument.is_asked(item, values_of(answers)):
        return False
    others = [instrument.item(code) for code, _ in item.conditions]
    return all(
        other.code in answers or is_ruled_out(instrument, other, answers)
        for other in others
    )


def asked_words(instrument: Instrument, item: Item) -> str:
    """When an item is asked; empty: always.

    As "2 is yes", "one of 1 to 5 is yes" (one answer of several items) or "1F is 1 to 4"
    (several answers of one item).
    """
    if not item.conditions:
        return ""
    (first_code, least), (last_code, most) = item.conditions[0], item.conditions[-1]
    first, last = instrument.item(first_code), instrument.item(last_code)
    answer = first.scale.label(least).lower()
    if first != last:
        return f"one of {first.number} to {last.number} is {answer}"
    if least != most:
        answer = f"{answer} to {last.scale.label(most).lower()}"
    return f"{first.number} is {answer}"


def name_of(item: Item) -> str:
    """An item by number and label, as a sentence names it."""
    return f"{item.number} {item.label}".strip()


def problems(instrument: Instrument, answers: Answers) -> dict[str, str]:
    """By item code, a sentence for each answer that keeps the form from completion.

    Blank items that are asked are named; so are numbers off the scale and reasons that
    are unknown or cannot be given for the item.
    """
    values = values_of(answers)
    found: dict[str, str] = {}
    known = {item.code for item in instrument.items}
    for code in answers.keys() - known:
        found[code] = f"{instrument.short_title} has no item {code}."
    for item in instrument.items:
        sentence = _problem(item, answers.get(item.code))
        is_blank = item.code not in answers and item.required
        is_number = isinstance(answers.get(item.code), int)
        if sentence:
            found[item.code] = sentence
        elif is_number and is_ruled_out(instrument, item, answers):
            # Two answers that contradict each other: which one is wrong, a person knows.
            found[item.code] = (
                f"{name_of(item)} is asked only when {asked_words(instrument, item)}. "
                "Clear it, or correct that answer."
            )
        elif is_blank and instrument.is_asked(item, values):
            found[item.code] = (
                f"{name_of(item)} has no answer. Answer it, or choose why there is none."
            )
    return found


def _problem(item: Item, answer: Answer | None) -> str:
    sentence = ""
    if isinstance(answer, int):
        if not item.scale.allows(answer):
            sentence = f"{answer} is no answer; use {item.scale.in_words()}."
    elif answer is not None and answer not in set(MissingReason):
        sentence = "choose why there is no answer."
    elif answer == MissingReason.NOT_APPLICABLE and not _may_not_apply(item):
        words = MISSING_REASON_WORDS[MissingReason.NOT_APPLICABLE].lower()
        sentence = f"applies to everybody and cannot be “{words}”."
    return f"{name_of(item)}: {sentence}" if sentence else ""


def _may_not_apply(item: Item) -> bool:
    return item.may_not_apply or not item.required or bool(item.conditions)


def unanswered_reason(
    instrument: Instrument, item: Item, answers: Answers
) -> MissingReason:
    """The reason kept for an item whose earlier answer was cleared in a correction."""
    if instrument.is_asked(item, values_of(answers)):
        return MissingReason.NOT_DONE
    return MissingReason.NOT_APPLICABLE


def alert_of(instrument: Instrument, answers: Answers) -> Urgency:
    """How urgent the answers are; only what asks about suicide calls for anybody.

    Ideation 4 or 5 and any behavior since last contact call for a clinician the same day
    (Columbia Lighthouse Project's triage); the levels below, and those of BDI-II, are
    derived.
    """
    urgency = _URGENCY.get(instrument.code)
    return urgency(values_of(answers)) if urgency else Urgency.NONE


_URGENCY: Mapping[str, Callable[[Responses], Urgency]] = {
    cssrs_slc.CSSRS_SLC.code: cssrs_slc.urgency,
    bdi2.BDI2.code: bdi2.urgency,
}


def calls_for_action(instrument: Instrument, answers: Answers) -> bool:
    """Whether the form is complete only with what was done about it."""
    return alert_of(instrument, answers) is Urgency.IMMEDIATE


def left_open(instrument: Instrument, answers: Answers) -> str:
    """A question before completion: what is optional, and weighs as the answers stand.

    A CAPS-5 symptom at threshold whose trauma-relatedness nobody rated counts towards
    the diagnosis as if it were related. Empty where there is nothing to ask.
    """
    if instrument.code != caps5.CAPS5.code:
        return ""
    numbers = [
        instrument.item(code).number for code in caps5.unrated(values_of(answers))
    ]
    if not numbers:
        return ""
    listed = " and ".join(filter(None, [", ".join(numbers[:-1]), numbers[-1]]))
    if len(numbers) == 1:
        what, count, them = "item", "is at threshold or worse and counts", "it stays"
    else:
        what, count, them = "items", "are at threshold or worse and count", "they stay"
    return (
        f"Trauma-relatedness is not rated for {what} {listed}, which {count} as related. "
        f"Rate it, or tick that {them} open."
    )


def signed_content(head: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """What a signature covers, in the one shape that its digest is made of."""
    return {**head, "responses": dict(sorted(answers.items()))}
