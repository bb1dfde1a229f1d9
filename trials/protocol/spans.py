"""Lengths of time in words: calendar spans of a schedule, minutes of a dosing day."""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

NO_LIMIT_DAY: Final = date.max
EXAMPLES: Final = 'write for example "3 days", "4 weeks", "12 months" or "next morning"'

_SPAN = re.compile(r"(\d+) (day|week|month|year)s?")
_WORDS = {"same day": 0, "next morning": 1}
_MINUTES = re.compile(r"(-?\d+(?:\.\d+)?) (min|h)")


class SpanError(ValueError):
    """The text is not a length of time; the message is a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in calendar days or calendar months, or no limit.

    Exactly one of ``days`` and ``months`` is used; ``text`` is what the file says and
    takes no part in comparison ("4 weeks" equals "28 days").
    """

    days: int = 0
    months: int = 0
    unlimited: bool = False
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text or _in_words(self)

    def after(self, day: date) -> date:
        """The day this long after `day`; `NO_LIMIT_DAY` for "no limit"."""
        if self.unlimited:
            return NO_LIMIT_DAY
        if self.months:
            return add_months(day, self.months)
        return shift(day, self.days)

    def before(self, day: date) -> date:
        """The day this long before `day`; `date.min` for "no limit"."""
        if self.unlimited:
            return date.min
        if self.months:
            return add_months(day, -self.months)
        return shift(day, -self.days)

    @property
    def shortest_days(self) -> int:
        """The fewest days this can be, over all days it may be counted from."""
        return _month_days(self.months)[0] if self.months else self.days

    @property
    def longest_days(self) -> int:
        """The most days this can be, over all days it may be counted from."""
        return _month_days(self.months)[1] if self.months else self.days


def read_span(text: str) -> Span:
    """The span that `text` names; raises `SpanError` with a sentence otherwise."""
    if text == "no limit":
        return Span(unlimited=True, text=text)
    if text in _WORDS:
        return Span(days=_WORDS[text], text=text)
    match = _SPAN.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a length of time; {EXAMPLES}."
        raise SpanError(message)
    count, unit = int(match[1]), match[2]
    if count > 10_000:
        message = f"{text!r} is longer than any trial."
        raise SpanError(message)
    if unit in {"month", "year"}:
        return Span(months=count * (12 if unit == "year" else 1), text=text)
    return Span(days=count * (7 if unit == "week" else 1), text=text)


def read_minutes(text: str) -> int:
    """Minutes of a dosing day: ``"90 min"`` or ``"1.5 h"``; may be negative."""
    match = _MINUTES.fullmatch(text)
    if match is None:
        message = f'{text!r} is not a time of day; write for example "90 min" or "8 h".'
        raise SpanError(message)
    minutes = float(match[1]) * (60 if match[2] == "h" else 1)
    if not minutes.is_integer():
        message = f"{text!r} is not a whole number of minutes."
        raise SpanError(message)
    return int(minutes)


def add_months(day: date, months: int) -> date:
    """`day` moved by calendar months, clamped to the last day of the month.

    31 August plus six months is the last day of February. Raises nothing: a result
    outside the calendar is its first or last day.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def shift(day: date, days: int) -> date:
    """`day` moved by days; a result outside the calendar is its first or last day."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def is_in_order(first: Span, second: Span) -> bool | None:
    """Whether `first` is at most `second` from every day; None when that differs."""
    if second.unlimited or first.unlimited:
        return second.unlimited
    if bool(first.months) == bool(second.months):
        return (first.months, first.days) <= (second.months, second.days)
    is_certain = first.longest_days <= second.shortest_days
    return True if is_certain else _certainly_not(first, second)


def _certainly_not(first: Span, second: Span) -> bool | None:
    return False if first.shortest_days > second.longest_days else None


@cache
def _month_days(months: int) -> tuple[int, int]:
    # Eight years around 1900 hold every pattern of leap years, the skipped leap
    # year of a century included, so no start date is shorter or longer than these.
    lengths = [
        (add_months(start, months) - start).days
        for year in range(1894, 1906)
        for month in range(1, 13)
        for day in (1, 28, 29, 30, 31)
        if day <= monthrange(year, month)[1]
        for start in (date(year, month, day),)
    ]
    return min(lengths), max(lengths)


def _in_words(span: Span) -> str:
    if span.unlimited:
        return "no limit"
    count, unit = (span.months, "month") if span.months else (span.days, "day")
    if unit == "day" and count == 0:
        return "same day"
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
