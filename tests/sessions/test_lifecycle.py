"""A visit's states and moves."""

from datetime import date, timedelta

import pytest

from audit.refusal import ReasonNeeded, Refused
from sessions.lifecycle import (
    MOVE_WORDS,
    MOVES,
    STILL_TO_COME,
    WORDS,
    Move,
    State,
    allowed,
    is_late,
    modes_of,
    moved,
    usual_mode,
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_move_outside_the_table_is_refused_with_what_to_do(
    state: State, move: Move
) -> None:
    if (state, move) in MOVES:
        assert moved(state, move, reason="snow") is MOVES[state, move]
    else:
        with pytest.raises(Refused, match=rf"is {WORDS[state].lower()} and cannot"):
            moved(state, move, reason="snow")


def test_a_visit_may_be_held_without_a_booking() -> None:
    assert moved(State.PLANNED, Move.HOLD) is State.HELD


def test_a_booking_may_be_changed() -> None:
    assert moved(State.BOOKED, Move.BOOK) is State.BOOKED


@pytest.mark.parametrize("state", [State.HELD, State.MISSED, State.CANCELLED])
def test_what_was_recorded_is_undone_only_with_a_reason(state: State) -> None:
    assert allowed(state) == (Move.REINSTATE,)
    assert state not in STILL_TO_COME
    with pytest.raises(ReasonNeeded, match="Say why the visit is reinstated"):
        moved(state, Move.REINSTATE)


def test_a_missed_visit_needs_a_reason() -> None:
    with pytest.raises(ReasonNeeded):
        moved(State.BOOKED, Move.MARK_MISSED, reason="")


def test_every_state_and_move_has_words() -> None:
    assert set(WORDS) == set(State)
    assert set(MOVE_WORDS) == set(Move)


@pytest.mark.parametrize(
    ("kind", "asked", "mode"),
    [
        ("call", "", "phone"),
        ("call", "phone", "phone"),
        ("screening", "phone or site", "phone"),
        ("integration", "site or video", "in_person"),
        ("assessment", "video", "video"),
        ("preparatory", "", "in_person"),
        ("preparatory", "by carrier pigeon", "in_person"),
        ("dosing", "phone", "in_person"),
    ],
)
def test_a_visit_is_usually_held_as_the_protocol_asks(
    kind: str, asked: str, mode: str
) -> None:
    assert usual_mode(kind, asked) == mode
    assert usual_mode(kind, asked) in modes_of(kind)


@pytest.mark.parametrize(
    ("state", "plan", "days", "late"),
    [
        ("planned", "firm", -1, True),
        ("booked", "firm", -1, True),
        ("planned", "firm", 0, False),
        ("planned", "provisional", -1, False),
        ("held", "firm", -1, False),
    ],
)
def test_only_a_firm_window_that_closed_is_late(
    state: str, plan: str, days: int, late: bool
) -> None:
    today = date(2025, 5, 5)
    closes = today + timedelta(days=days)
    assert is_late(state, plan, closes=closes, today=today) is late
    assert not is_late(state, plan, closes=None, today=today)
