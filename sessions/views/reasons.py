"""The reason box of a form that changes saved values, and the reasons it offers."""

from collections.abc import Sequence
from typing import Any

from django import forms

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
