"""Trying the act of a form: done, or refused with the sentence kept in the form."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from audit.refusal import ReasonNeeded, Refused
from sessions.actions import ExplanationNeeded

# The trial's five most used reasons are not counted yet; these are the field's usual.
USUAL_REASONS = (
    "Transcription error",
    "Source clarified",
    "Entered for the wrong visit",
    "Late information",
)

# A booking moved was seldom wrong: somebody asked for another day.
RESCHEDULING: dict[str, Any] = {
    "reasons": (
        "Participant asked",
        "Site asked",
        "Participant is ill",
        "Therapist is away",
        "Booked on the wrong day",
    ),
    "advice": "Who asked for it, and why.",
}


def attempted(form: forms.Form, act: Callable[[], object]) -> bool:
    """Run the act where the form is valid; a refusal becomes the form's own error."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as refusal:
        form.add_error(_field_for(refusal, form), str(refusal))
        return False
    return True


def _field_for(refusal: Refused, form: forms.Form) -> str | None:
    """Return the field in which what is missing is to be said, if the form has it."""
    name = None
    if isinstance(refusal, ReasonNeeded):
        name = "reason"
    elif isinstance(refusal, ExplanationNeeded):
        name = "explanation"
    return name if name in form.fields else None


def reason_box(
    form: forms.Form, *, reasons: Sequence[str] = USUAL_REASONS, advice: str = ""
) -> dict[str, Any] | None:
    """Return the reason box of a form that changes saved values, else None."""
    if "reason" not in form.fields:
        return None
    return {
        "field": form["reason"],
        "reasons": reasons,
        "always": False,
        "advice": advice,
    }
