"""Every verb of the medical record; the only writers of its tables."""

from medical.actions.correcting import correct, void
from medical.actions.recording import NewRecord, record
from medical.actions.reviewing import Review, review

__all__ = ["NewRecord", "Review", "correct", "record", "review", "void"]
