"""What the protocol language needs to know about an instrument, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ScoreFacts:
    """A score that a definition may name.

    `least` and `most` bound a number; a yes/no score runs from 0 to 1.
    """

    kind: Literal["number", "yes_no"]
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """The versions, recall periods and scores of one instrument code.

    `recall` is empty where the instrument has no recall period to choose.
    """

    versions: tuple[str, ...]
    recall: tuple[str, ...]
    scores: Mapping[str, ScoreFacts]
