"""A visit's states and moves."""

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
    moved,
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
