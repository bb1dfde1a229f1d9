"""The words that say why a visit stands where it stands in a plan."""

from datetime import date

from sessions.schedule.anchors import Basis, Node
from sessions.schedule.windows import Window
from trials.protocol.parts import Timing
from trials.protocol.vocabulary import Event

EVENT_WORDS = {
    Event.CONSENT: "consent",
    Event.ENROLLMENT: "enrollment",
    Event.RANDOMIZATION: "randomization",
    Event.UNBLINDING: "unblinding",
    Event.DATABASE_LOCK: "database lock",
    Event.TREATMENT_STOPPED: "stopping treatment",
    Event.STUDY_LEFT: "leaving the study",
}


def event_words(reference: str) -> str:
    """An event in words; a date of the parent study names it as such."""
    if reference.startswith("parent."):
        words = reference.removeprefix("parent.").replace("_", " ")
        return f"{words} of the parent study"
    try:
        return EVENT_WORDS[Event(reference)]
    except (ValueError, KeyError):
        return reference.replace("_", " ")


def window_sentence(timing: Timing, node: Node, window: Window) -> str:
    """Where the window comes from, and what narrowed it."""
    side = "before" if timing.is_ahead else "after"
    spans = f"{timing.earliest} to {timing.latest}"
    if timing.earliest == timing.latest:
        spans = str(timing.earliest)
    if node.basis is Basis.HAPPENED:
        text = f"{spans} {side} {node.name} ({node.day})."
    elif node.basis is Basis.LOST:
        text = (
            f"{spans} {side} {node.day}, when {node.name} should have been: "
            "it will not take place."
        )
    elif node.booked:
        text = f"{spans} {side} {node.name}, booked for {node.day}."
    else:
        text = f"Forecast: {spans} {side} {node.name}, expected {node.day}."
    if window.by_opening:
        text += f" Not sooner because of {window.by_opening}."
    if window.by_closing:
        text += f" Not later because of {window.by_closing}."
    return text


def no_day_sentence(node: Node, window: Window) -> str:
    """The two rules that leave no day, each with its bound.

    Where it counts from a visit that is not on record, that visit may have been held all
    the same: then it is only entered late, and nothing is to be declared missed.
    """
    lower = window.by_opening or node.name
    upper = window.by_closing or node.name
    what = "Hold it out of window with a reason, or declare it missed."
    if node.basis is Basis.EXPECTED:
        what = f"If {node.name} took place already, record it first: this counts from its day."
    return (
        f"Not before {window.opens} because of {lower}, yet not after {window.closes} "
        f"because of {upper}. {what}"
    )


def state_sentence(name: str, day: date | None, ending: str) -> str:
    when = f" on {day}" if day else ""
    return f"{name}{when} {ending}"
