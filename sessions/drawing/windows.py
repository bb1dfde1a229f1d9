"""A visit's window as a small bar: where its marks stand, and the same in words."""

from dataclasses import dataclass, field
from datetime import date, timedelta

MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def day_text(day: date) -> str:
    """Returns a date as 23 Nov 2026, whatever the server's locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def between_text(first: date, last: date) -> str:
    """Returns the first and the last day of a window, or its only day once."""
    if first == last:
        return f"{day_text(first)} only"
    return f"{day_text(first)} to {day_text(last)}"


def days_text(days: int) -> str:
    """Returns a number of days with its unit: 1 day, 12 days."""
    return f"{days} day" if days == 1 else f"{days} days"


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """The first day, the target and the last day of a visit; both ends belong to it."""

    opens_on: date
    target_on: date
    closes_on: date

    def __post_init__(self) -> None:
        """Refuses a window whose dates are out of order: it would be drawn mirrored."""
        if not self.opens_on <= self.target_on <= self.closes_on:
            message = (
                f"{self.opens_on}, {self.target_on}, {self.closes_on} are not in order"
            )
            raise ValueError(message)

    def holds(self, day: date) -> bool:
        """Says whether a visit on this day is inside the window."""
        return self.opens_on <= day <= self.closes_on

    @property
    def days(self) -> int:
        """The number of days in the window, both ends counted."""
        return (self.closes_on - self.opens_on).days + 1

    def text(self) -> str:
        """Returns the window in words, without repeating a single day."""
        if self.opens_on == self.closes_on:
            return f"Window is {between_text(self.opens_on, self.closes_on)}"
        return (
            f"Window {between_text(self.opens_on, self.closes_on)}, "
            f"target {day_text(self.target_on)}"
        )


def standing_text(window: PlannedWindow, day: date) -> str:
    """Returns where a day stands: "inside the window", "3 days after the window"."""
    if day < window.opens_on:
        return f"{days_text((window.opens_on - day).days)} before the window"
    if day > window.closes_on:
        return f"{days_text((day - window.closes_on).days)} after the window"
    return "inside the window"


def today_text(window: PlannedWindow, today: date) -> str:
    """Returns what the window asks of today: how long until it opens or closes."""
    if today < window.opens_on:
        return f"opens in {days_text((window.opens_on - today).days)}"
    if today > window.closes_on:
        return f"closed {days_text((today - window.closes_on).days)} ago"
    left = (window.closes_on - today).days
    return "closes today" if left == 0 else f"closes in {days_text(left)}"


@dataclass(frozen=True, slots=True)
class Scale:
    """Days to pixels: a day is a column, and its mark stands in the middle of it."""

    first_on: date
    last_on: date
    left: float
    right: float
    per_day: float = field(init=False)  # pixels

    def __post_init__(self) -> None:
        """Works the pixels of a day out once: a drawing asks hundreds of times."""
        days = (self.last_on - self.first_on).days + 1
        object.__setattr__(self, "per_day", (self.right - self.left) / days)

    def starts(self, day: date) -> float:
        """Returns the left edge of a day's column, held inside the drawing."""
        x = self.left + (day - self.first_on).days * self.per_day
        return round(min(max(x, self.left), self.right), 1)

    def ends(self, day: date) -> float:
        """Returns the right edge of a day's column."""
        return self.starts(day + timedelta(days=1))

    def middle(self, day: date) -> float:
        """Returns the middle of a day's column, held inside the drawing."""
        x = self.left + ((day - self.first_on).days + 0.5) * self.per_day
        return round(min(max(x, self.left), self.right), 1)


@dataclass(frozen=True, slots=True)
class WindowBar:
    """A small drawing of one window; pixels, x from the left, y from the top.

    Where today lies outside the drawn days, `today_end` is an arrowhead's path; a
    visit that was held has no today.
    """

    width: int
    height: int
    top: float
    middle: float
    bottom: float
    thickness: float
    opens_x: float
    window_width: float
    target_x: float
    closes_x: float
    today_x: float | None
    today_end: str
    booked_x: float | None
    held_x: float | None
    held_inside: bool
    sentence: str


def window_bar(
    window: PlannedWindow,
    *,
    today: date,
    booked_on: date | None = None,
    held_on: date | None = None,
    width: int = 120,
    height: int = 16,
) -> WindowBar:
    """Returns the drawing of a window with today, the booking and the day held.

    The window always takes about half of the width, so that bars in a column of a
    table can be compared; what lies further out is held at the edge, and the
    sentence says how far out it is.
    """
    sentence = window_sentence(
        window, today=today, booked_on=booked_on, held_on=held_on
    )
    scale = _bar_scale(window, width)
    thickness = 8.0
    middle = height / 2
    opens_x, closes_x = scale.starts(window.opens_on), scale.ends(window.closes_on)
    return WindowBar(
        width=width,
        height=height,
        top=middle - thickness / 2,
        middle=middle,
        bottom=middle + thickness / 2,
        thickness=thickness,
        opens_x=opens_x,
        window_width=round(closes_x - opens_x, 1),
        target_x=scale.middle(window.target_on),
        closes_x=closes_x,
        today_x=None if held_on else scale.middle(today),
        today_end="" if held_on else _arrowhead(scale, today, middle),
        booked_x=None if booked_on is None or held_on else scale.middle(booked_on),
        held_x=None if held_on is None else scale.middle(held_on),
        held_inside=held_on is None or window.holds(held_on),
        sentence=sentence,
    )


def _bar_scale(window: PlannedWindow, width: int) -> Scale:
    margin = timedelta(days=max(1, round(window.days / 2)))
    inset = 6.0
    return Scale(
        window.opens_on - margin, window.closes_on + margin, inset, width - inset
    )


def _arrowhead(scale: Scale, today: date, middle: float) -> str:
    if today < scale.first_on:
        return f"M{scale.left - 6} {middle} l5 -4 v8 z"
    if today > scale.last_on:
        return f"M{scale.right + 6} {middle} l-5 -4 v8 z"
    return ""


def window_sentence(
    window: PlannedWindow,
    *,
    today: date,
    booked_on: date | None = None,
    held_on: date | None = None,
    is_missed: bool = False,
) -> str:
    """Returns everything that a window's drawing shows, in one or two sentences."""
    if held_on is not None:
        standing = standing_text(window, held_on)
        return f"Held {day_text(held_on)}, {standing}. {window.text()}."
    if is_missed:
        return f"Missed. {window.text()}."
    booking = "Not booked"
    if booked_on is not None:
        booking = (
            f"Booked for {day_text(booked_on)}, {standing_text(window, booked_on)}"
        )
    return f"{booking}. {window.text()}, {today_text(window, today)}."
