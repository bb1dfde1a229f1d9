"""The words, tones and icons in which pages show states, and the order of the worklist."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from assessments.lifecycle import WORDS as FORM_WORDS
from assessments.lifecycle import State as FormState
from participants.lifecycle import WORDS as STATE_WORDS
from participants.lifecycle import State
from sessions.lifecycle import WORDS as VISIT_WORDS
from sessions.lifecycle import State as VisitState
from sessions.lifecycle import is_late


@dataclass(frozen=True, slots=True)
class Chip:
    """A state as the chip shows it: always a word and an icon, never color alone."""

    word: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do from a page. `why` says why it cannot be done yet.

    `is_post` marks an act that is a form of its own and not a link.
    """

    label: str
    url: str = ""
    why: str = ""
    unlock_url: str = ""
    is_post: bool = False


_STATE_LOOKS: Mapping[State, tuple[str, str]] = {
    State.SCREENING: ("plain", "search"),
    State.ENROLLED: ("accent", "person"),
    State.CONFIRMED: ("accent", "clipboard-check"),
    State.RANDOMIZED: ("accent", "arrow-right"),
    State.COMPLETED: ("good", "check-circle"),
    State.WITHDRAWN: ("due", "box-arrow-right"),
    State.SCREEN_FAILURE: ("plain", "x-circle"),
}
_VISIT_LOOKS: Mapping[VisitState, tuple[str, str]] = {
    VisitState.PLANNED: ("plain", "circle"),
    VisitState.BOOKED: ("accent", "calendar-check"),
    VisitState.HELD: ("good", "check-circle"),
    VisitState.MISSED: ("late", "x-circle"),
    VisitState.CANCELLED: ("plain", "slash-circle"),
}
_FORM_LOOKS: Mapping[FormState, tuple[str, str]] = {
    FormState.ASSIGNED: ("accent", "person"),
    FormState.IN_PROGRESS: ("due", "pencil"),
    FormState.COMPLETE: ("due", "clipboard-check"),
    FormState.SIGNED: ("good", "check-circle"),
    FormState.NOT_DONE: ("plain", "dash-circle"),
    FormState.LOCKED: ("plain", "lock"),
}
NOT_STARTED = Chip("Not started", "plain", "circle")
OVERDUE = Chip("Overdue", "late", "exclamation-circle")
# What the planner says of a visit that is neither booked nor recorded.
PLAN_CHIPS: Mapping[str, Chip] = {
    "firm": Chip("Planned", "plain", "circle"),
    "provisional": Chip("Forecast", "plain", "hourglass-split"),
    "waiting": Chip("Waiting", "plain", "hourglass-split"),
    "if_needed": Chip("If needed", "plain", "question-circle"),
    "not_for": Chip("Not for this participant", "plain", "slash-circle"),
    "cancelled": Chip("Cancelled", "plain", "slash-circle"),
    "too_late": Chip("Too late", "late", "exclamation-circle"),
    "no_day": Chip("No day is left", "late", "exclamation-triangle"),
    "recorded": Chip("Recorded", "plain", "check-circle"),
}


def state_chip(state: str) -> Chip:
    """Return the chip of a participant's state."""
    known = State(state)
    return Chip(STATE_WORDS[known], *_STATE_LOOKS[known])


def form_chip(state: str) -> Chip:
    """Return the chip of a form's state; a form without a record is not started."""
    if state == "not_started":
        return NOT_STARTED
    known = FormState(state)
    return Chip(FORM_WORDS[known], *_FORM_LOOKS[known])


def visit_chip(state: str, plan: str, *, closes: date | None, today: date) -> Chip:
    """Return the chip of a visit: its record, else its booking, else its plan."""
    known = VisitState(state)
    if is_late(known, plan, closes=closes, today=today):
        return OVERDUE
    if known is VisitState.PLANNED:
        return PLAN_CHIPS[plan]
    return Chip(VISIT_WORDS[known], *_VISIT_LOOKS[known])


class Kind(StrEnum):
    """What kinds of work the worklist knows, in order of consequence."""

    SAFETY = "safety"
    CAUSALITY = "causality"
    UNBLINDING = "unblinding"
    SIGNATURES = "signatures"
    DECISIONS = "decisions"
    OVERDUE = "overdue"
    TODAY = "today"
    CLOSING = "closing"
    FORMS = "forms"
    ELIGIBILITY = "eligibility"
    STEPS = "steps"
    REMINDERS = "reminders"
    COMING = "coming"
    WAITING = "waiting"


TITLES: Mapping[Kind, str] = {
    Kind.SAFETY: "Safety reports due",
    Kind.CAUSALITY: "Events to judge",
    Kind.UNBLINDING: "Unblinded in the last seven days",
    Kind.SIGNATURES: "Changed since you signed",
    Kind.DECISIONS: "Visits to decide since an amendment",
    Kind.OVERDUE: "Overdue visits",
    Kind.TODAY: "Today",
    Kind.CLOSING: "Windows closing within seven days",
    Kind.FORMS: "Forms to complete or sign",
    Kind.ELIGIBILITY: "Eligibility to confirm",
    Kind.STEPS: "Ready for the next step",
    Kind.REMINDERS: "Reminders not sent",
    Kind.COMING: "Booked in the next seven days",
    Kind.WAITING: "Waiting for others",
}
KIND_CHIPS: Mapping[Kind, Chip] = {
    Kind.SAFETY: Chip("Safety report", "stop", "shield-exclamation"),
    Kind.CAUSALITY: Chip("Event", "due", "heart-pulse"),
    Kind.UNBLINDING: Chip("Unblinding", "sealed", "unlock"),
    Kind.SIGNATURES: Chip("Signature broken", "late", "pencil"),
    Kind.DECISIONS: Chip("To decide", "due", "flag"),
    Kind.OVERDUE: Chip("Overdue", "late", "exclamation-circle"),
    Kind.TODAY: Chip("Today", "accent", "calendar-event"),
    Kind.CLOSING: Chip("Closing", "due", "hourglass-split"),
    Kind.FORMS: Chip("Form", "due", "clipboard2-data"),
    Kind.ELIGIBILITY: Chip("Eligibility", "accent", "clipboard-check"),
    Kind.STEPS: Chip("Next step", "accent", "arrow-right"),
    Kind.REMINDERS: Chip("Reminder", "late", "envelope"),
    Kind.COMING: Chip("Booked", "plain", "calendar-check"),
    Kind.WAITING: Chip("Waiting", "plain", "clock"),
}

LANES: Mapping[str, str] = {
    "screening": "Preparatory",
    "preparatory": "Preparatory",
    "dosing": "Dosing",
    "integration": "Integration",
    "baseline": "Assessments",
    "assessment": "Assessments",
    "termination": "Assessments",
    "early_termination": "Assessments",
    "call": "Calls",
    "safety": "Calls",
    "unscheduled": "Unscheduled",
    "follow_up": "Follow-up",
}
LANE_ORDER = tuple(dict.fromkeys(LANES.values()))


def visit_name(number: str, label: str) -> str:
    """Return a visit's number and label, or the label alone where it has no number."""
    return f"{number} {label}".strip()
