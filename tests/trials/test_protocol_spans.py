"""Lengths of time in words: calendar arithmetic, and what is refused."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trials.protocol.spans import (
    NO_LIMIT_DAY,
    Span,
    SpanError,
    add_months,
    is_in_order,
    read_minutes,
    read_span,
)

DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(2150, 12, 31))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("same day", Span()),
        ("next morning", Span(days=1)),
        ("1 day", Span(days=1)),
        ("4 weeks", Span(days=28)),
        ("12 months", Span(months=12)),
        ("2 years", Span(months=24)),
        ("no limit", Span(unlimited=True)),
    ],
)
def test_a_length_of_time_is_read_from_its_words(text: str, span: Span) -> None:
    assert read_span(text) == span
    assert str(read_span(text)) == text


@pytest.mark.parametrize(
    "text",
    ["28", "28d", "4  weeks", "-3 days", "1.5 weeks", "a week", "", "99999 days"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SpanError):
        read_span(text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("90 min", 90), ("8 h", 480), ("1.5 h", 90), ("-15 min", -15)]
)
def test_minutes_of_a_dosing_day(text: str, minutes: int) -> None:
    assert read_minutes(text) == minutes


@pytest.mark.parametrize("text", ["90", "8 hours", "0.01 h", "1 day"])
def test_other_times_of_day_are_refused(text: str) -> None:
    with pytest.raises(SpanError):
        read_minutes(text)


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(9999, 12, 1), 1, date.max),
        (date(1, 1, 1), -1, date.min),
    ],
)
def test_a_month_ends_on_its_last_day(day: date, months: int, result: date) -> None:
    assert add_months(day, months) == result


def test_no_limit_reaches_the_end_of_the_calendar() -> None:
    assert Span(unlimited=True).after(date(2026, 1, 1)) == NO_LIMIT_DAY
    assert Span(unlimited=True).before(date(2026, 1, 1)) == date.min


@given(DAYS, DAYS, st.integers(0, 60))
def test_adding_months_keeps_the_order_of_days(a: date, b: date, months: int) -> None:
    first, second = min(a, b), max(a, b)
    assert add_months(first, months) <= add_months(second, months)


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_more_months_are_never_sooner(day: date, fewer: int, more: int) -> None:
    assert add_months(day, min(fewer, more)) <= add_months(day, max(fewer, more))


@given(DAYS, st.integers(1, 40))
def test_months_stay_within_their_shortest_and_longest(day: date, months: int) -> None:
    span = Span(months=months)
    assert span.shortest_days <= (span.after(day) - day).days <= span.longest_days


SPANS = st.one_of(
    st.builds(Span, days=st.integers(0, 800)),
    st.builds(Span, months=st.integers(1, 26)),
)


@given(SPANS, SPANS, DAYS)
def test_a_certain_order_holds_from_every_day(a: Span, b: Span, day: date) -> None:
    in_order = is_in_order(a, b)
    if in_order is not None:
        assert (a.after(day) <= b.after(day)) is in_order or a.after(day) == b.after(
            day
        )


@pytest.mark.parametrize(
    ("first", "second", "in_order"),
    [
        ("30 days", "1 month", None),
        ("28 days", "1 month", True),
        ("32 days", "1 month", False),
        ("31 days", "1 month", None),
        ("12 months", "no limit", True),
        ("no limit", "12 months", False),
        ("365 days", "1 year", True),
        ("366 days", "1 year", None),
        ("5 weeks", "1 month", False),
    ],
)
def test_days_and_months_are_in_order_only_when_certain(
    first: str, second: str, *, in_order: bool | None
) -> None:
    assert is_in_order(read_span(first), read_span(second)) is in_order


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Asia/Jerusalem", "Europe/Oslo", "Australia/Lord_Howe"]
)
@given(day=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_next_morning_is_the_next_day_across_daylight_saving(
    zone: str, day: date
) -> None:
    evening = datetime(day.year, day.month, day.day, 23, tzinfo=ZoneInfo(zone))
    morning = evening.astimezone(ZoneInfo("UTC")) + timedelta(hours=10)
    assert morning.astimezone(ZoneInfo(zone)).date() == read_span("next morning").after(
        day
    )
