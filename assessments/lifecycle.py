"""The states of an assessment and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum

from audit.refusal import ReasonNeeded, Refused


class State(StrEnum):
    """Where one administration of an instrument stands."""

    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    SIGNED = "signed"
    NOT_DONE = "not_done"
    LOCKED = "locked"


class Move(StrEnum):
    """What a person may do to an assessment."""

    START = "start"
    COMPLETE = "complete"
    CORRECT = "correct"
    SIGN = "sign"
    REOPEN = "reopen"
    MARK_NOT_DONE = "mark_not_done"
    REASSIGN = "reassign"
    LOCK = "lock"


WORDS: Mapping[State, str] = {
    State.ASSIGNED: "Assigned",
    State.IN_PROGRESS: "In progress",
    State.COMPLETE: "Complete, not signed",
    State.SIGNED: "Signed",
    State.NOT_DONE: "Not done",
    State.LOCKED: "Locked",
}
MOVE_WORDS: Mapping[Move, str] = {
    Move.START: "started",
    Move.COMPLETE: "completed",
    Move.CORRECT: "corrected",
    Move.SIGN: "signed",
    Move.REOPEN: "reopened",
    Move.MARK_NOT_DONE: "marked as not done",
    Move.REASSIGN: "given to another rater",
    Move.LOCK: "locked",
}
# A signed or missed assessment is taken up again only with a reason; a complete one
# is corrected with a reason and stays complete.
MOVES: Mapping[tuple[State, Move], State] = {
    (State.ASSIGNED, Move.START): State.IN_PROGRESS,
    (State.ASSIGNED, Move.COMPLETE): State.COMPLETE,
    (State.ASSIGNED, Move.MARK_NOT_DONE): State.NOT_DONE,
    (State.ASSIGNED, Move.REASSIGN): State.ASSIGNED,
    (State.IN_PROGRESS, Move.START): State.IN_PROGRESS,
    (State.IN_PROGRESS, Move.COMPLETE): State.COMPLETE,
    (State.IN_PROGRESS, Move.MARK_NOT_DONE): State.NOT_DONE,
    # The new rater has not begun it.
    (State.IN_PROGRESS, Move.REASSIGN): State.ASSIGNED,
    (State.COMPLETE, Move.CORRECT): State.COMPLETE,
    (State.COMPLETE, Move.SIGN): State.SIGNED,
    (State.SIGNED, Move.REOPEN): State.IN_PROGRESS,
    (State.SIGNED, Move.LOCK): State.LOCKED,
    (State.NOT_DONE, Move.REOPEN): State.IN_PROGRESS,
    (State.NOT_DONE, Move.LOCK): State.LOCKED,
}
NEEDS_REASON = frozenset({Move.CORRECT, Move.REOPEN, Move.MARK_NOT_DONE, Move.REASSIGN})
# Drafts are kept only before completion; afterwards each change is a correction.
TAKES_DRAFTS = frozenset({State.ASSIGNED, State.IN_PROGRESS})
IS_FINISHED = frozenset({State.SIGNED, State.NOT_DONE, State.LOCKED})

_WHAT_TO_DO: Mapping[State, str] = {
    State.ASSIGNED: "Start it or mark it as not done.",
    State.IN_PROGRESS: "Complete it first.",
    State.COMPLETE: "Sign it, or correct it with a reason.",
    State.SIGNED: "Reopen it with a reason first.",
    State.NOT_DONE: "Reopen it with a reason first.",
    State.LOCKED: "The trial's data are locked.",
}


def allowed(state: State) -> tuple[Move, ...]:
    """The moves open from a state, in the order of the table."""
    return tuple(move for at, move in MOVES if at == state)


def moved(state: State, move: Move, *, reason: str = "") -> State:
    """The state after a move.

    Raises Refused for a move not in the table, and ReasonNeeded where one that needs
    a reason has none.
    """
    after = MOVES.get((state, move))
    if after is None:
        raise Refused(
            f"This assessment is {WORDS[state].lower()} and cannot be "
            f"{MOVE_WORDS[move]}. {_WHAT_TO_DO[state]}"
        )
    if move in NEEDS_REASON and not reason.strip():
        raise ReasonNeeded(f"Say why this assessment is {MOVE_WORDS[move]}.")
    return after
