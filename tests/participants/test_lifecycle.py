"""A participant's course and treatment, which end apart from one another."""

import pytest

from audit.refusal import ReasonNeeded, Refused
from participants.lifecycle import (
    BEFORE_RANDOMIZATION,
    HAS_LEFT,
    MOVE_WORDS,
    MOVES,
    TREATMENT_MOVE_WORDS,
    TREATMENT_MOVES,
    TREATMENT_WORDS,
    WORDS,
    Move,
    State,
    Treatment,
    TreatmentMove,
    allowed,
    moved,
    moves_where,
    treatment_moved,
)


def test_without_randomization_people_complete_and_withdraw_where_they_are_treated() -> (
    None
):
    for settled in (State.ENROLLED, State.CONFIRMED, State.RANDOMIZED):
        assert set(allowed(settled, settled)) == {Move.COMPLETE, Move.WITHDRAW}
        ends = {at for (at, move) in moves_where(settled) if move is Move.WITHDRAW}
        assert ends == {settled}
    with pytest.raises(Refused, match="The next step is completion or withdrawal"):
        moved(State.CONFIRMED, Move.RANDOMIZE, settled=State.CONFIRMED)


def test_the_plain_course_runs_from_screening_to_completion() -> None:
    state = State.SCREENING
    for move in (Move.ENROLL, Move.CONFIRM, Move.RANDOMIZE, Move.COMPLETE):
        state = moved(state, move)
    assert state is State.COMPLETED


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_step_outside_the_table_is_refused(state: State, move: Move) -> None:
    if (state, move) in MOVES:
        assert moved(state, move, reason="own wish") is MOVES[state, move]
    else:
        with pytest.raises(Refused, match=WORDS[state]):
            moved(state, move, reason="own wish")


def test_screen_failure_is_open_exactly_before_randomization() -> None:
    failing = {state for state in State if Move.FAIL_SCREENING in allowed(state)}
    assert failing == BEFORE_RANDOMIZATION


def test_nobody_returns_after_leaving() -> None:
    assert [state for state in State if not allowed(state)] == sorted(
        HAS_LEFT, key=list(State).index
    )


@pytest.mark.parametrize(
    ("state", "move"),
    [(State.RANDOMIZED, Move.WITHDRAW), (State.ENROLLED, Move.FAIL_SCREENING)],
)
def test_leaving_needs_a_reason(state: State, move: Move) -> None:
    with pytest.raises(ReasonNeeded, match="Say why"):
        moved(state, move)


@pytest.mark.parametrize("treatment", Treatment)
@pytest.mark.parametrize("move", TreatmentMove)
def test_treatment_moves_only_along_its_table(
    treatment: Treatment, move: TreatmentMove
) -> None:
    if (treatment, move) in TREATMENT_MOVES:
        after = treatment_moved(treatment, move, reason="pregnancy")
        assert after is TREATMENT_MOVES[treatment, move]
    else:
        with pytest.raises(Refused, match=TREATMENT_WORDS[treatment]):
            treatment_moved(treatment, move, reason="pregnancy")


def test_discontinuing_treatment_needs_a_reason() -> None:
    with pytest.raises(ReasonNeeded):
        treatment_moved(Treatment.ON, TreatmentMove.DISCONTINUE)


def test_every_state_and_move_has_words() -> None:
    assert set(WORDS) == set(State)
    assert set(MOVE_WORDS) == set(Move)
    assert set(TREATMENT_WORDS) == set(Treatment)
    assert set(TREATMENT_MOVE_WORDS) == set(TreatmentMove)
