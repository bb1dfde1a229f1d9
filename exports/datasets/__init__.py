"""The datasets of an export: THE list of columns, and the SQL that is made from it."""

from collections.abc import Mapping

from exports.datasets.events import AE
from exports.datasets.forms import QS, RS
from exports.datasets.participants import DM, DS
from exports.datasets.statements import (
    complete,
    page,
    view_digest,
    view_statements,
)
from exports.datasets.visits import EC, SV
from exports.vocabulary import Dataset

DATASETS: Mapping[str, Dataset] = {
    each.name: each for each in (DM, SV, RS, QS, AE, DS, EC)
}


def create_views() -> list[str]:
    """Return the statements that make every view of the list anew, as the owner."""
    return view_statements(list(DATASETS.values()))


__all__ = ["DATASETS", "complete", "create_views", "page", "view_digest"]
