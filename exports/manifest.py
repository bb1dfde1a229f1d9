"""The manifest: what each dataset holds, how many rows, and the hash of its CSV.

With it a receiver can show that nothing was lost on the way, and that one export equals
another; what is kept back is listed, so that "no right" never looks like "no data".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exports.vocabulary import Dataset

FORMAT_VERSION = "1"
STANDARD = "SDTM Implementation Guide 3.4; controlled terminology 2024-03-29"
INERT = (
    "Free text that begins with = + - @, a tab or a carriage return is preceded by an "
    "apostrophe, so that a spreadsheet does not run it; `free_text` says which columns "
    "hold such text. JSON holds it as it is."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one dataset's CSV; `rows` does not count the header."""

    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """A version of the protocol, and the hash of its definition.

    `visits_held_back` names the visits of which no dataset has a row before the lock:
    that somebody has them tells what a planned unblinding revealed.
    """

    version: str
    sha256: str
    visits_held_back: tuple[str, ...] = ()


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return the data dictionary of one dataset."""
    return {
        "name": dataset.name,
        "label": dataset.label,
        "structure": dataset.structure,
        "keys": list(dataset.keys),
        "columns": [
            {
                "name": variable.name,
                "label": variable.label,
                "type": variable.kind.value,
                "origin": variable.origin,
                "free_text": variable.is_free_text,
                "disclosure": variable.disclosure.value,
                "note": variable.note,
            }
            for variable in dataset.columns
        ],
        "restricted": [
            {
                "name": variable.name,
                "label": variable.label,
                "disclosure": variable.disclosure.value,
                "why": variable.note,
            }
            for variable in dataset.restricted
        ],
    }


def manifest(
    *,
    trial: str,
    protocols: Iterable[Protocol],
    measured: Iterable[tuple[Dataset, Measured]],
    at: datetime,
) -> dict[str, Any]:
    """Return the manifest of a trial's datasets as they stood at a moment."""
    return {
        "manifest": FORMAT_VERSION,
        "trial": trial,
        "made_at": at.isoformat(timespec="seconds"),
        "scope": "blinded",
        "standard": STANDARD,
        "csv": INERT,
        "protocols": [
            {
                "version": each.version,
                "sha256": each.sha256,
                "visits_held_back": list(each.visits_held_back),
            }
            for each in protocols
        ],
        "datasets": [
            describe(dataset)
            | {"rows": found.rows, "bytes": found.size, "sha256": found.sha256}
            for dataset, found in measured
        ],
    }
