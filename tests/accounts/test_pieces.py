"""Template filters: dates in the trial's form, and time left in words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template

from accounts.templatetags.pieces import (
    day,
    icon,
    moment,
    moment_with_zone,
    planned_day,
    time_left,
)

NOW = datetime(2026, 11, 25, 14, 3, tzinfo=UTC)


def test_a_day_is_written_as_the_trial_writes_it() -> None:
    assert day(date(2026, 11, 23)) == "23 Nov 2026"
    assert planned_day(date(2026, 11, 23)) == "Mon 23 Nov 2026"
    assert moment_with_zone(NOW) == "25 Nov 2026 14:03 UTC"


def test_no_date_is_nothing() -> None:
    assert [each(None) for each in (day, planned_day, moment, moment_with_zone)] == [
        *("", "", "", "")
    ]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=6, hours=4, minutes=59), "6 d 4 h left"),
        (timedelta(days=2), "2 d left"),
        (timedelta(hours=3, minutes=12), "3 h 12 min left"),
        (timedelta(hours=3), "3 h left"),
        (timedelta(seconds=59), "0 min left"),
        (timedelta(0), "0 min left"),
        (timedelta(minutes=-14), "14 min overdue"),
        (timedelta(days=-1, hours=-6), "1 d 6 h overdue"),
    ],
)
def test_time_left_is_said_in_the_two_largest_units(
    left: timedelta, words: str
) -> None:
    assert time_left(NOW + left, NOW) == words


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icon("lock")
    assert "#lock" in icon("lock")


@pytest.mark.parametrize(
    ("level", "tone"),
    [("success", "good"), ("warning", "due"), ("error", "late"), ("info", "plain")],
)
def test_a_message_is_shown_in_the_tone_of_its_level(level: str, tone: str) -> None:
    template = Template("{% load pieces %}{{ level|message_tone }}")

    assert template.render(Context({"level": level})) == tone
