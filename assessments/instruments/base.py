"""What every instrument is made of: scales, items, scores, and how they are asked."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ScoreKind = Literal["number", "yes_no"]
Responses = Mapping[str, int | None]
Scores = dict[str, int | float | bool | None]


class MissingReason(StrEnum):
    """Why an item has no answer; a missing answer is always one of these."""

    NOT_DONE = "not_done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


MISSING_REASON_WORDS: Mapping[MissingReason, str] = {
    MissingReason.NOT_DONE: "Not done",
    MissingReason.REFUSED: "Refused",
    MissingReason.UNKNOWN: "Unknown",
    MissingReason.NOT_APPLICABLE: "Not applicable",
}


class Provenance(StrEnum):
    """Where a rule comes from, shown beside it."""

    SOURCED = "sourced"
    DERIVED = "derived"
    UNVERIFIED = "unverified"


class UnknownCodeError(LookupError):
    """A code that this instrument or registry does not have."""


@dataclass(frozen=True, slots=True)
class Option:
    """One permitted answer: the number stored and the word shown."""

    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Either a list of options, or a range of whole numbers with a unit."""

    code: str
    options: tuple[Option, ...] = ()
    least: int | None = None
    most: int | None = None
    unit: str = ""

    def allows(self, value: int) -> bool:
        """Whether a whole number is an answer on this scale."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        if self.options:
            return any(option.value == value for option in self.options)
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)

    def label(self, value: int) -> str:
        """The word for an answer, or the number with its unit."""
        for option in self.options:
            if option.value == value:
                return option.label
        return f"{value} {self.unit}".strip()

    def in_words(self) -> str:
        """The permitted answers, for a sentence that refuses another one."""
        if self.options:
            return ", ".join(str(option.value) for option in self.options)
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Item:
    """One question, by number and neutral short label; never its wording.

    `is_counted` says that the answer enters a score. `asked_when` names another
    item and the answer to it that makes this one be asked; `asked_after` has several
    such answers, of which one is enough. `may_not_apply` items may be left with the
    reason "does not apply". `cdisc` is (TESTCD, TEST).
    """

    code: str
    label: str
    scale: Scale
    number: str = ""
    section: str = ""
    required: bool = True
    is_counted: bool = True
    asked_when: tuple[str, int] | None = None
    asked_after: tuple[tuple[str, int], ...] = ()
    may_not_apply: bool = False
    cdisc: tuple[str, str] | None = None
    provenance: Provenance = Provenance.SOURCED

    @property
    def conditions(self) -> tuple[tuple[str, int], ...]:
        """Answers of other items of which one makes this one be asked; none: always."""
        first = () if self.asked_when is None else (self.asked_when,)
        return (*first, *self.asked_after)


@dataclass(frozen=True, slots=True)
class Score:
    """A derived value: its name, range and where its rule comes from."""

    code: str
    label: str
    least: float = 0
    most: float = 1
    kind: ScoreKind = "number"
    cdisc: tuple[str, str] | None = None
    provenance: Provenance = Provenance.SOURCED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One published edition of an instrument; never edited after release.

    `recall` lists the periods it may be asked about; which one applies stands on
    the protocol's line. `scorer_version` is stored with every score: it moves when
    a correction makes the same answers score differently. `category_by_recall`
    overrides `category` in an export. What `tells_of_arm` shows how well the blinding
    held, and no blinded receiver has it before the trial is locked.
    """

    code: str
    version: str
    title: str
    short_title: str
    completed_by: str
    domain: Literal["RS", "QS"]
    category: str
    license: str
    items: tuple[Item, ...]
    scores: tuple[Score, ...]
    scoring: Callable[[Responses], Scores]
    scorer_version: str = "1"
    recall: tuple[str, ...] = ()
    category_by_recall: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    tells_of_arm: bool = False

    def item(self, code: str) -> Item:
        """The item of this code; UnknownCodeError if there is none."""
        for item in self.items:
            if item.code == code:
                return item
        raise UnknownCodeError(f"{self.short_title} has no item {code}.")

    def category_for(self, recall: str) -> str:
        """The export's category for a recall period."""
        return dict(self.category_by_recall).get(recall, self.category)

    def is_asked(self, item: Item, responses: Responses) -> bool:
        """Whether the answers so far call for this item."""
        conditions = item.conditions
        return not conditions or any(
            responses.get(code) == value for code, value in conditions
        )

    def missing(self, responses: Responses) -> tuple[str, ...]:
        """Codes of required items that are asked and have no number."""
        return tuple(
            item.code
            for item in self.items
            if item.required
            and self.is_asked(item, responses)
            and responses.get(item.code) is None
        )

    def problems(self, responses: Responses) -> tuple[str, ...]:
        """A sentence for each answer that is off its scale or has no item."""
        known = {item.code: item for item in self.items}
        found = []
        for code, value in responses.items():
            item = known.get(code)
            if item is None:
                found.append(f"{self.short_title} has no item {code}.")
            elif value is not None and not item.scale.allows(value):
                found.append(
                    f"{item.number or item.code} {item.label}: {value} is not an "
                    f"answer; use {item.scale.in_words()}."
                )
        return tuple(found)

    def score(self, responses: Responses) -> Scores:
        """Every score by code; None where the answers do not determine it.

        Answers off the scale raise ValueError: a score of nonsense would look
        like a score.
        """
        problems = self.problems(responses)
        if problems:
            raise ValueError(" ".join(problems))
        return self.scoring(responses)


def fingerprint(instrument: Instrument) -> str:
    """SHA-256 over codes, labels and scales: what a released edition may not change."""
    content = {
        "code": instrument.code,
        "version": instrument.version,
        "items": [
            [
                item.code,
                item.number,
                item.label,
                item.section,
                item.required,
                item.is_counted,
                item.asked_when,
                item.scale.code,
                item.scale.least,
                item.scale.most,
                item.scale.unit,
                [[option.value, option.label] for option in item.scale.options],
                # Only where there are any: an edition without them keeps its print.
                *([item.asked_after] if item.asked_after else []),
            ]
            for item in instrument.items
        ],
        "scores": [
            [score.code, score.label, score.kind, score.least, score.most]
            for score in instrument.scores
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
