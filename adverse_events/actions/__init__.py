"""Every verb of adverse events; the only writers of their tables."""

from adverse_events.actions.judging import Causality, assess_causality
from adverse_events.actions.recording import (
    NewEvent,
    amend_event,
    report_events,
    void_event,
)
from adverse_events.actions.sponsoring import (
    Determination,
    Receipt,
    SentReport,
    determine,
    receive,
    send_reports,
)

__all__ = [
    "Causality",
    "Determination",
    "NewEvent",
    "Receipt",
    "SentReport",
    "amend_event",
    "assess_causality",
    "determine",
    "receive",
    "report_events",
    "send_reports",
    "void_event",
]
