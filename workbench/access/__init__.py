"""Who somebody is where, and what they may read beside the data."""

from workbench.access.desks import Desk, desk_of, open_items
from workbench.access.looks import Unseen, unseen
from workbench.access.records import OF_RATERS, Reading, reading

__all__ = [
    "OF_RATERS",
    "Desk",
    "Reading",
    "Unseen",
    "desk_of",
    "open_items",
    "reading",
    "unseen",
]
