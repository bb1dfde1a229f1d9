"""A participant's timeline: lanes of visits over study weeks, and the same in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import NamedTuple

from sessions.drawing.windows import (
    PlannedWindow,
    Scale,
    day_text,
    window_sentence,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the study, shaded behind the visits; the last day belongs to it."""

    label: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class PlannedMark:
    """One visit; without a window, a booking or a date held it is not drawn."""

    lane: str
    code: str
    title: str
    href: str
    window: PlannedWindow | None = None
    booked_on: date | None = None
    held_on: date | None = None
    is_missed: bool = False

    def days(self) -> list[date]:
        """Returns the days that the drawing of this visit must reach."""
        days = [day for day in (self.held_on or self.booked_on,) if day is not None]
        if self.window is not None:
            days += [self.window.opens_on, self.window.closes_on]
        return days


@dataclass(frozen=True, slots=True)
class DrawnStage:
    """A stage's shading."""

    label: str
    x: float
    width: float
    label_x: float
    is_even: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A week's line and its number."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """A lane's upper edge and where its name stands."""

    label: str
    y: float
    height: float
    label_y: float


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """One visit drawn; `standing`: planned, booked, late, held, outside, missed."""

    code: str
    href: str
    sentence: str
    standing: str
    x: float
    y: float
    width: float
    height: float
    middle_x: float
    label_y: float
    window_x: float | None
    window_y: float
    window_width: float
    booked_x: float | None
    booked_top: float
    booked_bottom: float
    held_x: float | None
    held_y: float
    reach: tuple[float, float] | None
    cross: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A participant's visits over study weeks; lengths in pixels.

    A wide one is wider than asked for, and must be scrolled and not shrunk.
    """

    width: float
    height: float
    is_wide: bool
    left: float
    top: float
    foot_y: float
    today_x: float | None
    today_anchor: str
    stages: list[DrawnStage]
    ticks: list[Tick]
    lanes: list[DrawnLane]
    marks: list[DrawnMark]
    sentence: str


LABEL_WIDTH = 112.0
HEAD_HEIGHT = 34.0
FOOT_HEIGHT = 18.0
ROW_HEIGHT = 30.0
LEAST_TARGET = 26.0
LEAST_PER_WEEK = 13.0


def timeline(
    lanes: Sequence[str],
    marks: Iterable[PlannedMark],
    *,
    today: date,
    first_on: date,
    last_on: date,
    stages: Sequence[Stage] = (),
    width: float = 1118.0,
) -> Timeline:
    """Returns the drawing of visits from first_on (day 0 of study week 0) to last_on.

    It is at least `width` pixels wide, and wider where a week would get too narrow
    to read: the page scrolls it.
    Lanes keep their order; a lane without a visit is not drawn.
    """
    drawable = [mark for mark in marks if mark.days()]
    reached = [day for mark in drawable for day in mark.days()]
    scale = _timeline_scale(min([first_on, *reached]), max([last_on, *reached]), width)
    drawn_lanes, drawn_marks, y = _drawn_lanes(lanes, drawable, scale, today=today)
    today_x = scale.middle(today) if scale.first_on <= today <= scale.last_on else None
    return Timeline(
        width=round(scale.right + 8, 1),
        height=y + FOOT_HEIGHT,
        is_wide=scale.right + 8 > width,
        left=LABEL_WIDTH,
        top=HEAD_HEIGHT,
        foot_y=y + 13,
        today_x=today_x,
        today_anchor=_anchor(today_x, scale),
        stages=_drawn_stages(stages, scale),
        ticks=_ticks(first_on, scale),
        lanes=drawn_lanes,
        marks=drawn_marks,
        sentence=_timeline_sentence(drawable, today),
    )


def _drawn_lanes(
    lanes: Sequence[str], marks: Sequence[PlannedMark], scale: Scale, *, today: date
) -> tuple[list[DrawnLane], list[DrawnMark], float]:
    """Returns the lanes that hold a visit, all marks, and where the last lane ends."""
    drawn_lanes: list[DrawnLane] = []
    drawn_marks: list[DrawnMark] = []
    y = HEAD_HEIGHT
    for label in lanes:
        here = [mark for mark in marks if mark.lane == label]
        if not here:
            continue
        placed = _stack(here, scale)
        rows = 1 + max(each.row for each in placed)
        drawn_lanes.append(DrawnLane(label, y, rows * ROW_HEIGHT, y + 19))
        drawn_marks += [_drawn(each, scale, today=today, lane_y=y) for each in placed]
        y += rows * ROW_HEIGHT
    return drawn_lanes, drawn_marks, y


def _timeline_scale(first_on: date, last_on: date, width: float) -> Scale:
    days = (last_on - first_on).days + 1
    room = max(width - LABEL_WIDTH - 8, days / 7 * LEAST_PER_WEEK)
    return Scale(first_on, last_on, LABEL_WIDTH, LABEL_WIDTH + room)


def _anchor(today_x: float | None, scale: Scale) -> str:
    if today_x is not None and today_x > scale.right - 24:
        return "end"
    return "middle"


def _extent(mark: PlannedMark, scale: Scale) -> tuple[float, float]:
    """Returns the left and right of a visit's link, at least 24 pixels (WCAG 2.5.8)."""
    days = mark.days()
    left, right = scale.starts(min(days)), scale.ends(max(days))
    least = max(LEAST_TARGET, 7.0 * len(mark.code) + 8)
    if right - left < least:
        middle = (left + right) / 2
        middle = min(max(middle, scale.left + least / 2), scale.right - least / 2)
        left, right = middle - least / 2, middle + least / 2
    return round(left, 1), round(right, 1)


class _Placed(NamedTuple):
    """A visit's link in its lane: its left and right, and the row it stands in."""

    mark: PlannedMark
    left: float
    right: float
    row: int


def _stack(marks: Sequence[PlannedMark], scale: Scale) -> list[_Placed]:
    """Puts each visit into the first row of its lane where it covers no other."""
    ends: list[float] = []
    placed = []
    reaching = [(*_extent(mark, scale), mark) for mark in marks]
    for left, right, mark in sorted(reaching, key=itemgetter(0, 1)):
        row = next((row for row, end in enumerate(ends) if end <= left), len(ends))
        if row == len(ends):
            ends.append(right)
        else:
            ends[row] = right
        placed.append(_Placed(mark, left, right, row))
    return placed


def _standing(mark: PlannedMark, today: date) -> str:
    if mark.is_missed:
        return "missed"
    if mark.held_on is not None:
        inside = mark.window is None or mark.window.holds(mark.held_on)
        return "held" if inside else "outside"
    if mark.window is not None and today > mark.window.closes_on:
        return "late"
    return "planned" if mark.booked_on is None else "booked"


def _drawn(placed: _Placed, scale: Scale, *, today: date, lane_y: float) -> DrawnMark:
    mark, left, right, row = placed
    y = lane_y + row * ROW_HEIGHT
    window = mark.window
    held_x = None if mark.held_on is None else scale.middle(mark.held_on)
    is_open = mark.held_on is None and not mark.is_missed
    bar_y = y + 17
    window_x = None if window is None else scale.starts(window.opens_on)
    window_end = 0.0 if window is None else scale.ends(window.closes_on)
    center = (left + right) / 2
    return DrawnMark(
        code=mark.code,
        href=mark.href,
        sentence=f"{mark.title}. {_mark_sentence(mark, today)}",
        standing=_standing(mark, today),
        x=left,
        y=y + 2,
        width=round(right - left, 1),
        height=ROW_HEIGHT - 4,
        middle_x=round(center, 1),
        label_y=y + 13,
        window_x=window_x,
        window_y=bar_y,
        window_width=round(max(window_end - (window_x or 0.0), 2.0), 1),
        booked_x=scale.middle(mark.booked_on) if mark.booked_on and is_open else None,
        booked_top=bar_y - 2,
        booked_bottom=bar_y + 10,
        held_x=held_x,
        held_y=bar_y + 4,
        reach=_reach(mark, scale),
        cross=_cross(center, bar_y + 4) if mark.is_missed else "",
    )


def _reach(mark: PlannedMark, scale: Scale) -> tuple[float, float] | None:
    """Returns the line from the window's nearer end to a visit held outside it."""
    if mark.window is None or mark.held_on is None or mark.window.holds(mark.held_on):
        return None
    held_x = scale.middle(mark.held_on)
    if mark.held_on < mark.window.opens_on:
        return held_x, scale.starts(mark.window.opens_on)
    return scale.ends(mark.window.closes_on), held_x


def _cross(x: float, y: float) -> str:
    return f"M{x - 4:.1f} {y - 4:.1f} l8 8 m0 -8 l-8 8"


def _mark_sentence(mark: PlannedMark, today: date) -> str:
    if mark.window is not None:
        return window_sentence(
            mark.window,
            today=today,
            booked_on=mark.booked_on,
            held_on=mark.held_on,
            is_missed=mark.is_missed,
        )
    if mark.held_on is not None:
        return f"Held {day_text(mark.held_on)}."
    if mark.is_missed:
        return "Missed."
    return f"Booked for {day_text(mark.booked_on)}." if mark.booked_on else ""


def _drawn_stages(stages: Sequence[Stage], scale: Scale) -> list[DrawnStage]:
    drawn = []
    for number, stage in enumerate(stages):
        x, end = scale.starts(stage.starts_on), scale.ends(stage.ends_on)
        # A name longer than its stage would run into the next one.
        room = int((end - x - 8) / 6.6)
        label = stage.label if len(stage.label) <= room else ""
        drawn.append(DrawnStage(label, x, round(end - x, 1), x + 6, number % 2 == 1))
    return drawn


def _ticks(first_on: date, scale: Scale) -> list[Tick]:
    """Returns week lines, thinned until their numbers have room."""
    step = next(
        (weeks for weeks in (1, 2, 4, 8, 13, 26) if weeks * 7 * scale.per_day >= 32), 52
    )
    last = (scale.last_on - first_on).days // 7
    ticks = []
    for week in range(0, last + 1, step):
        x = scale.starts(first_on + timedelta(weeks=week))
        ticks.append(Tick(x, str(week)))
    return ticks


def _timeline_sentence(marks: Sequence[PlannedMark], today: date) -> str:
    if not marks:
        return "No visit is planned yet."
    standings = [_standing(mark, today) for mark in marks]
    held = standings.count("held") + standings.count("outside")
    visits = "1 visit" if len(marks) == 1 else f"{len(marks)} visits"
    return (
        f"{visits}: {held} held, {standings.count('outside')} outside the window, "
        f"{standings.count('missed')} missed, {standings.count('booked')} booked, "
        f"{standings.count('late')} late, {standings.count('planned')} not booked."
    )
