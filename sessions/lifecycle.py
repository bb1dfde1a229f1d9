"""The states of a visit and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum

from audit.refusal import ReasonNeeded, Refused


class State(StrEnum):
    """What has become of a planned visit."""

    PLANNED = "planned"
    BOOKED = "booked"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What a person may do to a visit."""

    BOOK = "book"
    UNBOOK = "unbook"
    HOLD = "hold"
    MARK_MISSED = "mark_missed"
    CANCEL = "cancel"
    REINSTATE = "reinstate"


WORDS: Mapping[State, str] = {
    State.PLANNED: "Planned",
    State.BOOKED: "Booked",
    State.HELD: "Held",
    State.MISSED: "Missed",
    State.CANCELLED: "Cancelled",
}
MOVE_WORDS: Mapping[Move, str] = {
    Move.BOOK: "booked",
    Move.UNBOOK: "taken off the calendar",
    Move.HOLD: "recorded as held",
    Move.MARK_MISSED: "recorded as missed",
    Move.CANCEL: "cancelled",
    Move.REINSTATE: "reinstated",
}
# A visit may be held without a booking: people come when they come, and the record
# says what happened. What was recorded is undone only by reinstating, with a reason.
MOVES: Mapping[tuple[State, Move], State] = {
    (State.PLANNED, Move.BOOK): State.BOOKED,
    (State.PLANNED, Move.HOLD): State.HELD,
    (State.PLANNED, Move.MARK_MISSED): State.MISSED,
    (State.PLANNED, Move.CANCEL): State.CANCELLED,
    (State.BOOKED, Move.BOOK): State.BOOKED,
    (State.BOOKED, Move.UNBOOK): State.PLANNED,
    (State.BOOKED, Move.HOLD): State.HELD,
    (State.BOOKED, Move.MARK_MISSED): State.MISSED,
    (State.BOOKED, Move.CANCEL): State.CANCELLED,
    (State.HELD, Move.REINSTATE): State.PLANNED,
    (State.MISSED, Move.REINSTATE): State.PLANNED,
    (State.CANCELLED, Move.REINSTATE): State.PLANNED,
}
NEEDS_REASON = frozenset({Move.MARK_MISSED, Move.CANCEL, Move.REINSTATE})
STILL_TO_COME = frozenset({State.PLANNED, State.BOOKED})

_WHAT_TO_DO: Mapping[State, str] = {
    State.PLANNED: "Book it, or record that it was held or missed.",
    State.BOOKED: "Record that it was held or missed, or change its booking.",
    State.HELD: "Reinstate it with a reason if that is wrong.",
    State.MISSED: "Reinstate it with a reason if that is wrong.",
    State.CANCELLED: "Reinstate it with a reason if it is to be held.",
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
            f"This visit is {WORDS[state].lower()} and cannot be {MOVE_WORDS[move]}. "
            f"{_WHAT_TO_DO[state]}"
        )
    if move in NEEDS_REASON and not reason.strip():
        raise ReasonNeeded(f"Say why the visit is {MOVE_WORDS[move]}.")
    return after
