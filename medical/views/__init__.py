"""The forms of the medical record; it is read on the participant's own page."""

from medical.views.acting import review, void
from medical.views.recording import correct, record

__all__ = ["correct", "record", "review", "void"]
