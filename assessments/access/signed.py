"""Forms that were changed after somebody signed them, for the one who signed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from assessments.access.reading import TABLE, digests_of
from assessments.lifecycle import TAKES_DRAFTS, State
from assessments.models import Assessment
from audit.signing import Became, ChangedSince, changed_since_signed

_OPEN = {*TAKES_DRAFTS, State.COMPLETE}


@dataclass(frozen=True, slots=True)
class BrokenForm:
    """A form that is not any more, or not yet again, what this person signed."""

    assessment: Assessment
    signature: ChangedSince
    became: Became


def broken_forms(
    *, now: datetime, found: Iterable[ChangedSince] | None = None
) -> list[BrokenForm]:
    """Return the forms that the reader signed and that were reopened or changed since.

    In three queries, in one where nothing was changed; `found` spares the first.
    """
    changes = changed_since_signed() if found is None else found
    mine = {int(each.row): each for each in changes if each.table == TABLE}
    if not mine:
        return []
    forms = Assessment.objects.select_related("participant", "visit", "site", "trial")
    rows = forms.in_bulk(mine)
    digests = digests_of(rows.values())
    broken = []
    for key, signature in mine.items():
        if key not in rows:
            continue
        is_open = State(rows[key].state) in _OPEN
        became = signature.became(digests[key], is_open=is_open, now=now)
        if became is not None:
            broken.append(BrokenForm(rows[key], signature, became))
    return broken
