"""An assessment's states and moves."""

import pytest

from assessments.lifecycle import (
    IS_FINISHED,
    MOVE_WORDS,
    MOVES,
    NEEDS_REASON,
    WORDS,
    Move,
    State,
    allowed,
    moved,
)
from audit.refusal import ReasonNeeded, Refused


def test_the_plain_course_ends_signed() -> None:
    state = State.ASSIGNED
    for move in (Move.START, Move.COMPLETE, Move.SIGN):
        state = moved(state, move)
    assert state is State.SIGNED


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_move_outside_the_table_is_refused_with_what_to_do(
    state: State, move: Move
) -> None:
    if (state, move) in MOVES:
        assert moved(state, move, reason="source corrected") is MOVES[state, move]
    else:
        with pytest.raises(Refused, match=rf"is {WORDS[state].lower()} and cannot"):
            moved(state, move, reason="source corrected")


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (State.SIGNED, Move.REOPEN),
        (State.COMPLETE, Move.CORRECT),
        (State.ASSIGNED, Move.MARK_NOT_DONE),
    ],
)
def test_undoing_or_leaving_out_needs_a_reason(state: State, move: Move) -> None:
    assert move in NEEDS_REASON
    with pytest.raises(ReasonNeeded, match="Say why"):
        moved(state, move, reason="  ")


def test_a_signed_assessment_is_reopened_before_anything_else() -> None:
    assert allowed(State.SIGNED) == (Move.REOPEN, Move.LOCK)
    with pytest.raises(Refused, match="Reopen it with a reason first"):
        moved(State.SIGNED, Move.CORRECT, reason="typing error")
    assert moved(State.SIGNED, Move.REOPEN, reason="typo") is State.IN_PROGRESS


def test_a_locked_assessment_does_not_move() -> None:
    assert allowed(State.LOCKED) == ()


def test_only_signed_or_missed_assessments_can_be_locked() -> None:
    lockable = {state for state in State if Move.LOCK in allowed(state)}
    assert lockable == IS_FINISHED - {State.LOCKED}


def test_every_state_and_move_has_words() -> None:
    assert set(WORDS) == set(State)
    assert set(MOVE_WORDS) == set(Move)
