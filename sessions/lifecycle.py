"""The states of a visit and the moves between them, and how a visit is held."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from audit.refusal import ReasonNeeded, Refused
from trials.protocol.vocabulary import VisitKind


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


class Mode(StrEnum):
    """How a visit is held."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"


MODE_WORDS: Mapping[Mode, str] = {
    Mode.IN_PERSON: "In person",
    Mode.VIDEO: "By video",
    Mode.PHONE: "By phone",
}
# What a protocol calls the ways in which it asks for a visit.
_MODES_ASKED = {"site": Mode.IN_PERSON, "video": Mode.VIDEO, "phone": Mode.PHONE}

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


def is_late(state: str, plan: str, *, closes: date | None, today: date) -> bool:
    """Whether a visit still to come has a firm window that closed before today."""
    is_open = state in STILL_TO_COME and plan == "firm"
    return is_open and closes is not None and closes < today


def modes_of(kind: str) -> tuple[Mode, ...]:
    """How a visit of this kind may be held: capsules are swallowed under the eyes of two."""
    return (Mode.IN_PERSON,) if kind == VisitKind.DOSING else tuple(Mode)


def usual_mode(kind: str, asked: str) -> Mode:
    """How a visit is held unless somebody says otherwise.

    `asked` is the protocol's own word for it, such as "phone" or "site or video": the
    first counts. Without one a call is made by phone, and people come for the rest.
    """
    usual = Mode.PHONE if kind == VisitKind.CALL else Mode.IN_PERSON
    first = _MODES_ASKED.get(asked.partition(" or ")[0].strip(), usual)
    return first if first in modes_of(kind) else modes_of(kind)[0]


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
