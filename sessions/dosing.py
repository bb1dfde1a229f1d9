"""Dosing at a session: initial before supplement, the supplement's window, gates.

Windows and gates are protocol data; nothing here says how much of what was given.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from accounts.vocabulary import ROLES, Permission, Role, roles_with


class Administration(StrEnum):
    """The two administrations of one dosing session."""

    INITIAL = "initial"
    SUPPLEMENT = "supplement"


class SupplementState(StrEnum):
    """Where the supplement's window stands."""

    NO_INITIAL_DOSE = "no_initial_dose"
    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"


class WithheldReason(StrEnum):
    """Why a planned administration was not given (reasons as used in the field)."""

    TOLERABILITY = "tolerability"
    VITALS = "vitals"
    DECLINED = "declined"
    JUDGMENT = "judgment"
    WINDOW_CLOSED = "window_closed"
    OTHER = "other"


WORDS = {
    Administration.INITIAL: "Initial dose",
    Administration.SUPPLEMENT: "Supplemental dose",
}
SUPPLEMENT_WORDS = {
    SupplementState.NO_INITIAL_DOSE: "Waits for the initial dose",
    SupplementState.NOT_YET: "Not open yet",
    SupplementState.OPEN: "Open",
    SupplementState.CLOSED: "Closed",
}
WITHHELD_WORDS = {
    WithheldReason.TOLERABILITY: "Tolerability",
    WithheldReason.VITALS: "Vital signs outside the limits",
    WithheldReason.DECLINED: "Participant declined",
    WithheldReason.JUDGMENT: "Clinical judgment",
    WithheldReason.WINDOW_CLOSED: "Window closed",
    WithheldReason.OTHER: "Other",
}


@dataclass(frozen=True, slots=True)
class SupplementWindow:
    """The supplement's window in UTC; no times without an initial dose.

    `minutes` counts to the next change: to the opening while not yet open, to the
    closing while open, otherwise None.
    """

    state: SupplementState
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing the protocol wants before a dose; `is_met` is None while unknown."""

    label: str
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a participant may have a dose on a day: gates, and what stopped dosing."""

    gates: tuple[Gate, ...] = ()
    is_stopped_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is recorded of a dosing session so far; times are aware."""

    initial_at: datetime | None = None
    supplement_at: datetime | None = None
    initial_is_withheld: bool = False
    supplement_is_withheld: bool = False
    has_kit: bool = False
    has_second_signature: bool = False
    standing: Standing = Standing()


def who_dispenses() -> str:
    """Return a sentence that names the roles which may dispense a kit."""
    labels = [
        ROLES[Role(each)].label.lower() for each in roles_with(Permission.DISPENSE)
    ]
    return f"The {', '.join(labels[:-1])} or {labels[-1]} dispenses it."


def _in_utc(moment: datetime) -> datetime:
    """The same instant in UTC, where adding minutes is right on a night of 25 hours."""
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be counted from.")
    return moment.astimezone(UTC)


def supplement_state(
    initial_at: datetime | None, now: datetime, *, opens_min: int, closes_min: int
) -> SupplementWindow:
    """The supplement's window, counted in minutes from the actual initial dose.

    Both ends belong to the window. Raises ValueError for a window that closes before
    it opens and for times without a zone.
    """
    if not 0 <= opens_min <= closes_min:
        raise ValueError(f"A window from {opens_min} to {closes_min} minutes is none.")
    now = _in_utc(now)
    if initial_at is None:
        return SupplementWindow(SupplementState.NO_INITIAL_DOSE)
    opens_at = _in_utc(initial_at) + timedelta(minutes=opens_min)
    closes_at = _in_utc(initial_at) + timedelta(minutes=closes_min)
    if now < opens_at:
        state, ahead = SupplementState.NOT_YET, opens_at
    elif now <= closes_at:
        state, ahead = SupplementState.OPEN, closes_at
    else:
        return SupplementWindow(SupplementState.CLOSED, opens_at, closes_at)
    # Rounded up, so that "0 minutes" is never shown before the change.
    minutes = -((now - ahead) // timedelta(minutes=1))
    return SupplementWindow(state, opens_at, closes_at, minutes)


def stands_in_the_way(
    administration: Administration, record: SessionRecord
) -> tuple[str, ...]:
    """A sentence for each thing that must change before this dose may be recorded.

    The supplement's window is not among them: a dose given outside it happened, and
    is recorded as a deviation with a reason.
    """
    found = list(_order(administration, record))
    found.extend(forbidding(record.standing))
    if not record.has_kit:
        found.append("No kit has been dispensed for this dose.")
    if not record.has_second_signature:
        found.append("A second person must sign that the dose was given.")
    return tuple(found)


def forbidding(standing: Standing) -> tuple[str, ...]:
    """A sentence for each gate that is not met, and for each stop; unknown never passes."""
    found = []
    for gate in standing.gates:
        if gate.is_met is None:
            found.append(f"{gate.label} is not recorded yet. Record it first.")
        elif not gate.is_met:
            found.append(f"{gate.label} does not allow a dose.")
    found.extend(f"Dosing is stopped: {reason}." for reason in standing.is_stopped_by)
    return tuple(found)


def _order(administration: Administration, record: SessionRecord) -> tuple[str, ...]:
    is_initial = administration is Administration.INITIAL
    given_at = record.initial_at if is_initial else record.supplement_at
    is_withheld = (
        record.initial_is_withheld if is_initial else record.supplement_is_withheld
    )
    name = WORDS[administration].lower()
    if given_at is not None:
        return (f"The {name} has already been recorded.",)
    if is_withheld:
        return (f"The {name} was recorded as withheld.",)
    if not is_initial and record.initial_at is None:
        return ("The initial dose has not been recorded. It comes first.",)
    return ()


def window_deviation(window: SupplementWindow, given_at: datetime) -> str:
    """What is out of order about the time of a supplement; empty if nothing is."""
    given_at = _in_utc(given_at)
    if window.opens_at is None or window.closes_at is None:
        return "The supplemental dose was given without an initial dose."
    if given_at < window.opens_at:
        early = _minutes(window.opens_at - given_at)
        return f"The supplemental dose was given {early} before its window opened."
    if given_at > window.closes_at:
        late = _minutes(given_at - window.closes_at)
        return f"The supplemental dose was given {late} after its window closed."
    return ""


def _minutes(span: timedelta) -> str:
    count = -(-span // timedelta(minutes=1))
    return "1 minute" if count == 1 else f"{count} minutes"
