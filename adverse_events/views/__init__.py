"""The pages of adverse events."""

from adverse_events.views.judging import causality, determine, receive, send
from adverse_events.views.reading import board, event
from adverse_events.views.recording import amend, report, void

__all__ = [
    "amend",
    "board",
    "causality",
    "determine",
    "event",
    "receive",
    "report",
    "send",
    "void",
]
