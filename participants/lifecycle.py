"""A participant's course through the trial, and apart from it, their treatment."""

from collections.abc import Mapping
from enum import StrEnum

from audit.refusal import ReasonNeeded, Refused


class State(StrEnum):
    """Where a participant stands in the trial."""

    SCREENING = "screening"
    ENROLLED = "enrolled"
    CONFIRMED = "confirmed"
    RANDOMIZED = "randomized"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    SCREEN_FAILURE = "screen_failure"


class Move(StrEnum):
    """A step in the participant's course."""

    ENROLL = "enroll"
    CONFIRM = "confirm"
    RANDOMIZE = "randomize"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"
    FAIL_SCREENING = "fail_screening"


class Treatment(StrEnum):
    """Where treatment stands; stopping it does not stop assessments."""

    NOT_STARTED = "not_started"
    ON = "on"
    DISCONTINUED = "discontinued"
    FINISHED = "finished"


class TreatmentMove(StrEnum):
    """A step in the participant's treatment."""

    START = "start"
    DISCONTINUE = "discontinue"
    FINISH = "finish"


WORDS: Mapping[State, str] = {
    State.SCREENING: "In screening",
    State.ENROLLED: "Enrolled",
    State.CONFIRMED: "Enrollment confirmed",
    State.RANDOMIZED: "Randomized",
    State.COMPLETED: "Completed",
    State.WITHDRAWN: "Withdrawn",
    State.SCREEN_FAILURE: "Screen failure",
}
# The step that brings somebody into a state in which a protocol treats people.
STEP_WORDS: Mapping[State, str] = {
    State.ENROLLED: "Enrollment",
    State.CONFIRMED: "Confirmation of eligibility",
    State.RANDOMIZED: "Randomization",
}
MOVE_WORDS: Mapping[Move, str] = {
    Move.ENROLL: "enrolled",
    Move.CONFIRM: "confirmed",
    Move.RANDOMIZE: "randomized",
    Move.COMPLETE: "recorded as having completed the trial",
    Move.WITHDRAW: "withdrawn",
    Move.FAIL_SCREENING: "recorded as a screen failure",
}
# What somebody in such a state was.
TAKEN_WORDS: Mapping[State, str] = {
    State.ENROLLED: MOVE_WORDS[Move.ENROLL],
    State.CONFIRMED: MOVE_WORDS[Move.CONFIRM],
    State.RANDOMIZED: MOVE_WORDS[Move.RANDOMIZE],
}
TREATMENT_WORDS: Mapping[Treatment, str] = {
    Treatment.NOT_STARTED: "Treatment not started",
    # The record says that it is finished only at completion; until then, and in a
    # follow-up of years, it is true that it was started.
    Treatment.ON: "Treatment started",
    Treatment.DISCONTINUED: "Treatment discontinued",
    Treatment.FINISHED: "Treatment finished",
}
TREATMENT_MOVE_WORDS: Mapping[TreatmentMove, str] = {
    TreatmentMove.START: "started",
    TreatmentMove.DISCONTINUE: "discontinued",
    TreatmentMove.FINISH: "finished",
}

# Leaving before randomization is a screen failure, whatever its reason: only
# somebody randomized belongs to the analysis and can withdraw from it.
MOVES: Mapping[tuple[State, Move], State] = {
    (State.SCREENING, Move.ENROLL): State.ENROLLED,
    (State.SCREENING, Move.FAIL_SCREENING): State.SCREEN_FAILURE,
    (State.ENROLLED, Move.CONFIRM): State.CONFIRMED,
    (State.ENROLLED, Move.FAIL_SCREENING): State.SCREEN_FAILURE,
    (State.CONFIRMED, Move.RANDOMIZE): State.RANDOMIZED,
    (State.CONFIRMED, Move.FAIL_SCREENING): State.SCREEN_FAILURE,
    (State.RANDOMIZED, Move.COMPLETE): State.COMPLETED,
    (State.RANDOMIZED, Move.WITHDRAW): State.WITHDRAWN,
}
TREATMENT_MOVES: Mapping[tuple[Treatment, TreatmentMove], Treatment] = {
    (Treatment.NOT_STARTED, TreatmentMove.START): Treatment.ON,
    (Treatment.NOT_STARTED, TreatmentMove.DISCONTINUE): Treatment.DISCONTINUED,
    (Treatment.ON, TreatmentMove.DISCONTINUE): Treatment.DISCONTINUED,
    (Treatment.ON, TreatmentMove.FINISH): Treatment.FINISHED,
}
NEEDS_REASON = frozenset({Move.WITHDRAW, Move.FAIL_SCREENING})
TREATMENT_NEEDS_REASON = frozenset({TreatmentMove.DISCONTINUE})
HAS_LEFT = frozenset({State.COMPLETED, State.WITHDRAWN, State.SCREEN_FAILURE})
BEFORE_RANDOMIZATION = frozenset({State.SCREENING, State.ENROLLED, State.CONFIRMED})

_WHAT_TO_DO: Mapping[State, str] = {
    State.SCREENING: "The next step is enrollment, or a screen failure.",
    State.ENROLLED: "The next step is confirming eligibility, or a screen failure.",
    State.CONFIRMED: "The next step is randomization, or a screen failure.",
    State.RANDOMIZED: "The next step is completion or withdrawal.",
    State.COMPLETED: "The course in the trial has ended.",
    State.WITHDRAWN: "The course in the trial has ended.",
    State.SCREEN_FAILURE: "The course in the trial has ended.",
}


_STEPS = (State.SCREENING, State.ENROLLED, State.CONFIRMED, State.RANDOMIZED)


def moves_where(settled: State) -> Mapping[tuple[State, Move], State]:
    """The table of a protocol whose last step before treatment is `settled`.

    Not every protocol randomizes, and a follow-up confirms nobody: there people are
    treated in that state, and complete or withdraw from it.
    """
    if settled is State.RANDOMIZED:
        return MOVES
    before = _STEPS[: _STEPS.index(settled)]
    ends = {(settled, Move.COMPLETE): State.COMPLETED}
    ends[settled, Move.WITHDRAW] = State.WITHDRAWN
    kept = {(at, move): after for (at, move), after in MOVES.items() if at in before}
    return kept | ends


def allowed(state: State, settled: State = State.RANDOMIZED) -> tuple[Move, ...]:
    """The moves open from a state, in the order of the table."""
    return tuple(move for at, move in moves_where(settled) if at == state)


def moved(
    state: State, move: Move, *, reason: str = "", settled: State = State.RANDOMIZED
) -> State:
    """The state after a move, in a protocol whose last step before treatment is `settled`.

    Raises Refused for a move not in the table, and ReasonNeeded where one that needs
    a reason has none.
    """
    after = moves_where(settled).get((state, move))
    if after is None:
        what = _WHAT_TO_DO[State.RANDOMIZED if state is settled else state]
        raise Refused(
            f"A participant in the state “{WORDS[state]}” cannot be "
            f"{MOVE_WORDS[move]}. {what}"
        )
    if move in NEEDS_REASON and not reason.strip():
        raise ReasonNeeded(f"Say why the participant is {MOVE_WORDS[move]}.")
    return after


def treatment_moved(
    treatment: Treatment, move: TreatmentMove, *, reason: str = ""
) -> Treatment:
    """Treatment after a move; refusals as for `moved`.

    A discontinued treatment is not taken up again: later doses would count for a
    participant whose outcome was already classed as off treatment.
    """
    after = TREATMENT_MOVES.get((treatment, move))
    if after is None:
        raise Refused(
            f"{TREATMENT_WORDS[treatment]}: it cannot be {TREATMENT_MOVE_WORDS[move]}."
        )
    if move in TREATMENT_NEEDS_REASON and not reason.strip():
        raise ReasonNeeded("Say why treatment is discontinued.")
    return after
