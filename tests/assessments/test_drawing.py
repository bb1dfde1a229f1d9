"""The course plot: what is not determined is never drawn as a value, and the table agrees."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.drawing import (
    CourseBand,
    CoursePlot,
    CoursePoint,
    CourseWindow,
    change_text,
    course_plot,
    figure_text,
)

START = date(2026, 7, 1)


def plot(*totals: float | None, every: int = 30) -> CoursePlot:
    """Draws totals of a 0 to 80 instrument, one in so many days."""
    points = [
        CoursePoint(f"V{n}", START + timedelta(days=every * n), total)
        for n, total in enumerate(totals)
    ]
    return course_plot("PCL-5 total", points, lowest=0, highest=80)


def test_a_total_that_is_not_determined_breaks_the_line() -> None:
    drawing = plot(61, 48, None, 37, 22)

    assert len(drawing.lines) == 2
    assert [point.is_determined for point in drawing.points] == [
        *(True, True, False, True, True)
    ]
    assert drawing.points[2].value == "?"


def test_the_table_says_the_change_from_the_first_determined_total() -> None:
    drawing = plot(None, 44, 34, 50.5)

    assert [row.value for row in drawing.rows] == [
        *("not determined", "44", "34", "50.5")
    ]
    assert [row.change for row in drawing.rows] == [
        *("", "0", "\N{MINUS SIGN}10", "+6.5")
    ]


def test_the_sentence_has_every_figure_of_the_drawing() -> None:
    assert plot(44, None).sentence == (
        "PCL-5 total over the visits. V0 on 1 Jul 2026: 44; "
        "V1 on 31 Jul 2026: not determined."
    )


def test_points_are_drawn_in_the_order_of_their_days() -> None:
    drawing = course_plot(
        "Total",
        [CoursePoint("late", date(2026, 9, 1), 1), CoursePoint("early", START, 2)],
        lowest=0,
        highest=10,
    )

    assert [point.label for point in drawing.points] == ["early", "late"]


def test_names_of_close_visits_stand_in_two_rows() -> None:
    drawing = plot(10, 20, 30, every=1)
    apart = course_plot(
        "Total",
        [
            CoursePoint("V1", START, 1),
            CoursePoint("V2", START + timedelta(days=1), 2),
            CoursePoint("V9", START + timedelta(days=300), 3),
        ],
        lowest=0,
        highest=10,
    )

    assert len({point.label_y for point in drawing.points}) == 1
    first, second, third = (point.label_y for point in apart.points)
    assert first == third
    assert second > first


def test_a_band_ends_at_its_cut_off() -> None:
    drawing = course_plot(
        "Total",
        [CoursePoint("V1", START, 32)],
        lowest=0,
        highest=80,
        bands=[CourseBand("remission", 0, 32, "good")],
    )

    (band,) = drawing.bands
    assert band.edge_y == drawing.points[0].y
    assert band.y + band.height == drawing.top + drawing.inner_height


def test_a_window_reaches_beyond_the_points() -> None:
    window = CourseWindow(START - timedelta(days=20), START - timedelta(days=10))
    drawing = course_plot(
        "Total",
        [CoursePoint("V1", START, 5)],
        lowest=0,
        highest=10,
        windows=[window],
    )

    assert drawing.windows[0].x < drawing.points[0].x
    assert drawing.windows[0].width > 0


def test_a_course_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        course_plot("Total", [], lowest=0, highest=80)


@pytest.mark.parametrize(
    ("value", "words"), [(40.0, "40"), (7.25, "7.2"), (None, "not determined")]
)
def test_a_figure_has_no_needless_decimal(value: float | None, words: str) -> None:
    assert figure_text(value) == words


def test_no_change_can_be_told_without_both_figures() -> None:
    assert change_text(None, 40) == ""
    assert change_text(40, None) == ""


@given(
    st.lists(st.none() | st.floats(0, 80), min_size=1, max_size=20),
    st.integers(1, 60),
)
def test_every_mark_stays_inside_and_a_higher_total_never_stands_lower(
    totals: list[float | None], every: int
) -> None:
    drawing = plot(*totals, every=every)

    assert len(drawing.points) == len(drawing.rows) == len(totals)
    for point in drawing.points:
        assert drawing.left <= point.x <= drawing.right
        assert drawing.top <= point.y <= drawing.top + drawing.inner_height
    known = [
        (total, point.y)
        for total, point in zip(totals, drawing.points, strict=True)
        if total is not None
    ]
    known.sort()
    heights = [y for _, y in known]
    assert heights == sorted(heights, reverse=True)


@given(st.integers(-20, 20), st.integers(1, 600))
def test_the_axis_has_few_round_figures(lowest: int, span: int) -> None:
    drawing = course_plot(
        "Total",
        [CoursePoint("V1", START, float(lowest))],
        lowest=lowest,
        highest=lowest + span,
    )

    assert 2 <= len(drawing.ticks) <= 9
    assert drawing.ticks[0].label == figure_text(float(lowest))
