"""What is news, and what is history of a trial that was taken over."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from notices.vocabulary import WORDS, Kind, is_news

BEGINS_ON = date(2026, 3, 3)


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (datetime(2026, 3, 3, 12, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 23, tzinfo=UTC), True),  # the evening before
        (datetime(2026, 3, 2, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 6, 30, tzinfo=UTC), False),  # the 1st, in Denver
        (datetime(2025, 3, 3, 12, tzinfo=UTC), False),
    ],
)
def test_what_happened_before_the_trials_messages_begin_is_not_news(
    occurred_at: datetime, expected: bool
) -> None:
    zone = ZoneInfo("America/Denver")
    assert is_news(occurred_at, zone=zone, begins_on=BEGINS_ON) is expected


def test_every_kind_has_words_and_fits_its_column() -> None:
    assert set(WORDS) == set(Kind)
    assert all(len(kind) <= 30 for kind in Kind)
