"""Window bars and timelines: marks stand where their days are, and the words say the same."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.drawing.timeline import PlannedMark, Stage, Timeline, timeline
from sessions.drawing.windows import (
    PlannedWindow,
    Scale,
    day_text,
    standing_text,
    window_bar,
    window_sentence,
)

NOVEMBER = PlannedWindow(date(2026, 11, 16), date(2026, 11, 23), date(2026, 11, 30))
TODAY = date(2026, 11, 25)
START = date(2026, 7, 1)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@st.composite
def windows(draw: st.DrawFn) -> PlannedWindow:
    """Draws a window of one day to about four months."""
    opens_on = draw(days)
    before = draw(st.integers(0, 60))
    after = draw(st.integers(0, 60))
    target_on = opens_on + timedelta(days=before)
    return PlannedWindow(opens_on, target_on, target_on + timedelta(days=after))


@st.composite
def marks(draw: st.DrawFn) -> PlannedMark:
    """Draws one visit within a year and a half of the start."""
    opens_on = START + timedelta(days=draw(st.integers(0, 500)))
    closes_on = opens_on + timedelta(days=draw(st.integers(0, 40)))
    near = st.none() | st.integers(-20, 60).map(lambda n: opens_on + timedelta(days=n))
    return PlannedMark(
        lane=draw(st.sampled_from(["Dosing", "Integration"])),
        code=draw(st.sampled_from(["V1", "V12", "FU12"])),
        title="V1 · Visit",
        href="/visits/1/",
        window=PlannedWindow(opens_on, opens_on, closes_on),
        booked_on=draw(near),
        held_on=draw(near),
        is_missed=draw(st.booleans()),
    )


def drawn(*planned: PlannedMark, today: date = TODAY) -> Timeline:
    """Draws visits over the half year from July 2026."""
    return timeline(
        ["Preparation", "Dosing", "Integration"],
        planned,
        today=today,
        first_on=START,
        last_on=date(2026, 12, 31),
    )


def visit(**changes: object) -> PlannedMark:
    """Returns the dosing visit of November, with changes."""
    fields: dict[str, object] = {
        "lane": "Dosing",
        "code": "V10",
        "title": "V10 · Dosing session 2",
        "href": "/visits/10/",
        "window": NOVEMBER,
    }
    return PlannedMark(**(fields | changes))  # type: ignore[arg-type] # mixed fields


def test_a_date_is_written_the_same_in_every_locale() -> None:
    assert day_text(date(2026, 11, 3)) == "3 Nov 2026"


def test_a_window_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="not in order"):
        PlannedWindow(date(2026, 1, 2), date(2026, 1, 1), date(2026, 1, 3))


def test_both_ends_belong_to_a_window() -> None:
    assert NOVEMBER.holds(NOVEMBER.opens_on)
    assert NOVEMBER.holds(NOVEMBER.closes_on)
    assert not NOVEMBER.holds(NOVEMBER.closes_on + timedelta(days=1))
    assert NOVEMBER.days == 15


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 16), "inside the window"),
        (date(2026, 11, 30), "inside the window"),
        (date(2026, 11, 15), "1 day before the window"),
        (date(2026, 12, 3), "3 days after the window"),
    ],
)
def test_words_say_where_a_day_stands(day: date, words: str) -> None:
    assert standing_text(NOVEMBER, day) == words


def test_an_open_visit_says_booking_window_and_days_left() -> None:
    assert window_sentence(NOVEMBER, today=TODAY, booked_on=date(2026, 12, 2)) == (
        "Booked for 2 Dec 2026, 2 days after the window. "
        "Window 16 Nov 2026 to 30 Nov 2026, target 23 Nov 2026, closes in 5 days."
    )


def test_a_held_visit_says_whether_it_was_inside_and_nothing_of_today() -> None:
    sentence = window_sentence(NOVEMBER, today=TODAY, held_on=date(2026, 11, 20))

    assert sentence == (
        "Held 20 Nov 2026, inside the window. "
        "Window 16 Nov 2026 to 30 Nov 2026, target 23 Nov 2026."
    )


def test_a_window_of_one_day_is_not_written_as_a_range() -> None:
    day = date(2026, 11, 25)
    window = PlannedWindow(day, day, day)

    assert window_sentence(window, today=TODAY) == (
        "Not booked. Window is 25 Nov 2026 only, closes today."
    )


@given(windows(), days, st.none() | days, st.none() | days)
def test_a_bar_keeps_every_mark_inside_and_the_window_in_order(
    window: PlannedWindow, today: date, booked_on: date | None, held_on: date | None
) -> None:
    bar = window_bar(window, today=today, booked_on=booked_on, held_on=held_on)

    marks = [bar.opens_x, bar.target_x, bar.closes_x]
    assert marks == sorted(marks)
    assert bar.window_width >= 20
    for x in (*marks, bar.today_x, bar.booked_x, bar.held_x):
        assert x is None or 0 <= x <= bar.width
    assert bar.held_inside == (held_on is None or window.holds(held_on))


@given(windows(), days)
def test_today_stands_inside_the_drawn_window_exactly_when_it_is_inside(
    window: PlannedWindow, today: date
) -> None:
    bar = window_bar(window, today=today)

    assert bar.today_x is not None
    assert (bar.opens_x < bar.today_x < bar.closes_x) == window.holds(today)


def test_an_arrowhead_points_to_a_today_beyond_the_drawing() -> None:
    early = window_bar(NOVEMBER, today=date(2026, 6, 1))
    late = window_bar(NOVEMBER, today=date(2027, 6, 1))

    assert early.today_end.startswith("M0.0 ")
    assert late.today_end.startswith("M120.0 ")
    assert window_bar(NOVEMBER, today=TODAY).today_end == ""


def test_a_held_visit_shows_neither_today_nor_its_old_booking() -> None:
    bar = window_bar(NOVEMBER, today=TODAY, booked_on=TODAY, held_on=TODAY)

    assert (bar.today_x, bar.today_end, bar.booked_x) == (None, "", None)


@given(days, st.integers(0, 900), st.integers(0, 900))
def test_a_scale_keeps_the_order_of_days(first_on: date, one: int, other: int) -> None:
    scale = Scale(first_on, first_on + timedelta(days=900), 10, 510)
    low, high = sorted((one, other))

    earlier = scale.middle(first_on + timedelta(days=low))
    later = scale.middle(first_on + timedelta(days=high))
    assert 10 <= earlier <= later <= 510


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "planned"),
        ({"booked_on": TODAY}, "booked"),
        ({"held_on": TODAY}, "held"),
        ({"held_on": date(2026, 12, 4)}, "outside"),
        ({"held_on": date(2026, 11, 1)}, "outside"),
        ({"is_missed": True}, "missed"),
    ],
)
def test_a_mark_stands_as_its_visit_does(
    changes: dict[str, object], standing: str
) -> None:
    (mark,) = drawn(visit(**changes)).marks

    assert mark.standing == standing
    assert mark.sentence.startswith("V10 · Dosing session 2. ")


def test_a_visit_whose_window_passed_unheld_is_late() -> None:
    (mark,) = drawn(visit(), today=date(2026, 12, 1)).marks

    assert mark.standing == "late"


def test_a_visit_outside_its_window_is_tied_to_the_nearer_end() -> None:
    (after,) = drawn(visit(held_on=date(2026, 12, 10))).marks
    (before,) = drawn(visit(held_on=date(2026, 11, 1))).marks

    assert after.reach is not None
    assert before.reach is not None
    assert after.window_x is not None
    assert after.reach[0] == pytest.approx(after.window_x + after.window_width, abs=0.2)
    assert before.reach[1] == before.window_x


def test_a_visit_with_a_date_and_no_window_is_drawn_by_its_date() -> None:
    (held,) = drawn(visit(window=None, held_on=TODAY)).marks
    (booked,) = drawn(visit(window=None, booked_on=TODAY)).marks

    assert held.window_x is None
    assert held.sentence.endswith("Held 25 Nov 2026.")
    assert booked.sentence.endswith("Booked for 25 Nov 2026.")


def test_a_visit_without_any_date_and_a_lane_without_visits_are_left_out() -> None:
    drawing = drawn(visit(), visit(window=None, lane="Integration"))

    assert [lane.label for lane in drawing.lanes] == ["Dosing"]
    assert len(drawing.marks) == 1


def test_nothing_planned_is_said_and_not_drawn() -> None:
    drawing = drawn()

    assert drawing.sentence == "No visit is planned yet."
    assert drawing.marks == []


def test_today_beyond_the_study_is_not_drawn() -> None:
    assert drawn(visit(), today=date(2028, 1, 1)).today_x is None


def test_a_visit_outside_the_asked_range_widens_it() -> None:
    drawing = drawn(visit(held_on=date(2027, 3, 1)))

    (mark,) = drawing.marks
    assert mark.held_x is not None
    assert mark.held_x < drawing.width


@given(st.lists(marks(), max_size=25))
def test_no_two_visits_cover_each_other_and_each_can_be_touched(
    planned: list[PlannedMark],
) -> None:
    drawing = drawn(*planned)

    rows: dict[float, list[tuple[float, float]]] = {}
    for mark in drawing.marks:
        assert mark.width >= 24
        assert mark.height >= 24
        assert mark.x >= 0
        assert mark.x + mark.width <= drawing.width
        rows.setdefault(mark.y, []).append((mark.x, mark.x + mark.width))
    for extents in rows.values():
        extents.sort()
        ends = [end for _, end in extents[:-1]]
        starts = [start for start, _ in extents[1:]]
        # A tenth of a pixel is what rounding may add.
        assert all(e <= s + 0.11 for e, s in zip(ends, starts, strict=True))


@given(st.lists(marks(), min_size=1, max_size=25))
def test_every_visit_is_drawn_once_and_counted_once(planned: list[PlannedMark]) -> None:
    drawing = drawn(*planned)

    assert len(drawing.marks) == len(planned)
    visits = "visit" if len(planned) == 1 else "visits"
    assert drawing.sentence.startswith(f"{len(planned)} {visits}: ")


def test_a_long_study_is_drawn_wider_so_that_weeks_stay_readable() -> None:
    short = drawn(visit())
    long = timeline(
        ["Dosing"], [visit()], today=TODAY, first_on=START, last_on=date(2029, 7, 1)
    )

    assert not short.is_wide
    assert long.is_wide
    assert len({tick.x for tick in long.ticks}) == len(long.ticks)


def test_week_lines_stand_a_whole_number_of_weeks_apart() -> None:
    ticks = drawn(visit()).ticks

    assert [tick.label for tick in ticks[:3]] == ["0", "1", "2"]
    steps = {round(b.x - a.x, 0) for a, b in itertools.pairwise(ticks)}
    assert len(steps) <= 2


def test_a_stage_too_short_for_its_name_is_shaded_without_it() -> None:
    drawing = timeline(
        ["Dosing"],
        [visit()],
        today=TODAY,
        first_on=START,
        last_on=date(2026, 12, 31),
        stages=[
            Stage("Screening", START, date(2026, 9, 30)),
            Stage("Open-label treatment", date(2026, 10, 1), date(2026, 10, 4)),
        ],
    )

    assert [stage.label for stage in drawing.stages] == ["Screening", ""]
    assert [stage.is_even for stage in drawing.stages] == [False, True]
