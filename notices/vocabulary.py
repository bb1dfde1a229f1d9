"""What somebody is told of at once, and which of it is too old to be told."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

GRACE = timedelta(days=1)  # what became known the evening before is still news


class Kind(StrEnum):
    """The acts that somebody else must hear of as soon as they are saved."""

    SERIOUS_EVENT = "serious_event"
    UNBLINDING = "unblinding"


WORDS = {
    Kind.SERIOUS_EVENT: "Serious event reported",
    Kind.UNBLINDING: "Emergency unblinding",
}


def is_news(occurred_at: datetime, *, zone: ZoneInfo, begins_on: date) -> bool:
    """Tell whether something is told, in a trial whose messages begin with a day.

    A trial that is taken over with its history must not alarm anybody of what is long
    past. `occurred_at` is aware, `zone` the site's.
    """
    return occurred_at.astimezone(zone).date() + GRACE >= begins_on
