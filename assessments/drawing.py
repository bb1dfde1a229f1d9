"""An instrument's course over the visits: where its marks stand, and it in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sessions.drawing.windows import Scale, day_text


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """One administration; a total of None was assessed but is not determined."""

    label: str
    on: date
    total: float | None


@dataclass(frozen=True, slots=True)
class CourseWindow:
    """A visit's window behind the points; both ends belong to it."""

    opens_on: date
    closes_on: date


@dataclass(frozen=True, slots=True)
class CourseBand:
    """A stretch of totals with a meaning, such as a cut-off's lower side."""

    label: str
    low: float
    high: float
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class DrawnBand:
    """A band's rectangle, the line at its upper end and its name."""

    label: str
    tone: str
    y: float
    height: float
    edge_y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class DrawnWindow:
    """A window's left edge and width."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class DrawnTick:
    """A total on the vertical axis."""

    y: float
    label_y: float
    label: str


@dataclass(frozen=True, slots=True)
class DrawnPoint:
    """One administration's mark, its value above and its visit below."""

    label: str
    value: str
    x: float
    y: float
    value_y: float
    label_y: float
    is_determined: bool


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A line of the table below; change is from the first determined total."""

    label: str
    on: str
    value: str
    change: str


@dataclass(frozen=True, slots=True)
class CoursePlot:
    """An instrument's total over the visits; lengths in pixels."""

    name: str
    width: float
    height: float
    left: float
    right: float
    top: float
    inner_width: float
    inner_height: float
    label_x: float
    tick_x: float
    bands: list[DrawnBand]
    windows: list[DrawnWindow]
    ticks: list[DrawnTick]
    lines: list[str]
    points: list[DrawnPoint]
    rows: list[CourseRow]
    sentence: str


LEFT = 36.0
TOP = 20.0
FOOT = 40.0
BAND_LABELS = 128.0
LABEL_ROOM = 34.0


def figure_text(value: float | None) -> str:
    """Returns a total without a needless decimal; None is "not determined"."""
    if value is None:
        return "not determined"
    return f"{value:.1f}".removesuffix(".0")


def change_text(value: float | None, baseline: float | None) -> str:
    """Returns the change from baseline with its sign, a true minus for a fall."""
    if value is None or baseline is None:
        return ""
    change = value - baseline
    if change == 0:
        return "0"
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{figure_text(abs(change))}"


def course_plot(
    name: str,
    points: Sequence[CoursePoint],
    *,
    lowest: float,
    highest: float,
    bands: Sequence[CourseBand] = (),
    windows: Sequence[CourseWindow] = (),
    size: tuple[float, float] = (720.0, 280.0),
) -> CoursePlot:
    """Returns the drawing of totals between the lowest and highest possible total.

    A total that is not determined breaks the line and is marked at the foot.
    Raises ValueError without points: the page is empty then.
    """
    if not points:
        raise ValueError("a course without points has nothing to draw")
    ordered, (width, height) = sorted(points, key=lambda point: point.on), size
    right, bottom = width - (BAND_LABELS if bands else 12.0), height - FOOT
    axis, scale = _Axis(lowest, highest, TOP, bottom), _days(ordered, windows, right)
    drawn = _drawn_points(ordered, scale, axis)
    return CoursePlot(
        name=name,
        width=width,
        height=height,
        left=LEFT,
        right=right,
        top=TOP,
        inner_width=right - LEFT,
        inner_height=bottom - TOP,
        label_x=right + 6,
        tick_x=LEFT - 6,
        bands=[_drawn_band(band, axis) for band in bands],
        windows=[_drawn_window(window, scale) for window in windows],
        ticks=_drawn_ticks(axis),
        lines=_lines(drawn),
        points=drawn,
        rows=_rows(ordered),
        sentence=_sentence(name, ordered),
    )


def _days(
    points: Sequence[CoursePoint], windows: Sequence[CourseWindow], right: float
) -> Scale:
    days = [point.on for point in points]
    days += [day for each in windows for day in (each.opens_on, each.closes_on)]
    return Scale(min(days), max(days), LEFT + 16, right - 16)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Totals to pixels, the highest on top."""

    lowest: float
    highest: float
    top: float
    bottom: float

    def at(self, total: float) -> float:
        share = (total - self.lowest) / (self.highest - self.lowest)
        y = self.bottom - share * (self.bottom - self.top)
        return round(min(max(y, self.top), self.bottom), 1)


def _drawn_band(band: CourseBand, axis: _Axis) -> DrawnBand:
    high, low = axis.at(band.high), axis.at(band.low)
    return DrawnBand(
        label=band.label,
        tone=band.tone,
        y=high,
        height=round(low - high, 1),
        edge_y=high,
        label_y=round((high + low) / 2 + 4, 1),
    )


def _drawn_window(window: CourseWindow, scale: Scale) -> DrawnWindow:
    x = scale.starts(window.opens_on)
    return DrawnWindow(x, round(max(scale.ends(window.closes_on) - x, 2.0), 1))


def _drawn_ticks(axis: _Axis) -> list[DrawnTick]:
    """Returns up to nine totals at a round distance, beginning with the lowest."""
    span = axis.highest - axis.lowest
    step = next(
        (step for step in (1, 2, 5, 10, 20, 25, 50, 100) if span / step <= 8), span
    )
    count = int(span // step)
    totals = [axis.lowest + step * number for number in range(count + 1)]
    return [DrawnTick(axis.at(t), axis.at(t) + 4, figure_text(t)) for t in totals]


def _drawn_points(
    points: Sequence[CoursePoint], scale: Scale, axis: _Axis
) -> list[DrawnPoint]:
    drawn: list[DrawnPoint] = []
    ends = [float("-inf"), float("-inf")]
    for point in points:
        x = scale.middle(point.on)
        y = axis.bottom if point.total is None else axis.at(point.total)
        # Visits close to each other write their names in two rows, not over each other.
        row = 0 if x - ends[0] >= LABEL_ROOM else 1
        ends[row] = x
        drawn.append(
            DrawnPoint(
                label=point.label,
                value="?" if point.total is None else figure_text(point.total),
                x=x,
                y=y,
                value_y=round(y - 9, 1),
                label_y=axis.bottom + 17 + 14 * row,
                is_determined=point.total is not None,
            )
        )
    return drawn


def _lines(points: Sequence[DrawnPoint]) -> list[str]:
    lines: list[list[str]] = [[]]
    for point in points:
        if point.is_determined:
            lines[-1].append(f"{point.x},{point.y}")
        else:
            lines.append([])
    return [" ".join(line) for line in lines if len(line) > 1]


def _rows(points: Sequence[CoursePoint]) -> list[CourseRow]:
    determined = [p.total for p in points if p.total is not None]
    baseline = determined[0] if determined else None
    return [
        CourseRow(
            point.label,
            day_text(point.on),
            figure_text(point.total),
            "" if number == 0 else change_text(point.total, baseline),
        )
        for number, point in enumerate(points)
    ]


def _sentence(name: str, points: Sequence[CoursePoint]) -> str:
    parts = [
        f"{point.label} on {day_text(point.on)}: {figure_text(point.total)}"
        for point in points
    ]
    return f"{name} over the visits. {'; '.join(parts)}."
