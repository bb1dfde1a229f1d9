"""An event's trail in sentences."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from accounts.templatetags.pieces import day, moment_with_zone
from adverse_events.actions.judging import TABLE
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.vocabulary import (
    ACTION_WORDS,
    OUTCOME_WORDS,
    RELATEDNESS_WORDS,
    SEVERITY_WORDS,
    SPECIAL_INTEREST_WORDS,
    VALENCE_WORDS,
)
from audit import history
from audit.history import FieldChange

_DID = {
    "report adverse event": "reported",
    "amend adverse event": "amended",
    "void adverse event": "voided",
    "assess causality": "judged the causality of",
    "receive safety report": "received the report of",
    "determine adverse event": "decided on",
    "send safety report": "sent a report of",
}
_LABELS = {
    "term": "What happened",
    "description": "More about it",
    "valence": "How it felt",
    "severity": "How strong",
    "onset_on": "Began on",
    "onset_time": "Began at",
    "ended_on": "Ended on",
    "dosing_visit_id": "Dosing session",
    "outcome": "How it stands",
    "action_taken": "Treatment",
    "special_interest": "Special interest",
    "is_fatal": "Death",
    "is_life_threatening": "Life-threatening",
    "is_hospitalization": "Hospitalization",
    "is_disabling": "Disability",
    "is_congenital": "Congenital anomaly",
    "is_medically_important": "Important medical event",
    "relatedness": "Causality",
    "site_aware_at": "The site became aware",
    "sponsor_received_at": "The sponsor received it",
    "sponsor_determined_at": "The sponsor decided",
    "is_unexpected": "Unexpected",
    "is_suspected": "Suspected",
    "voided_at": "Voided",
    "sent_at": "Report sent",
    "due_at": "Report due",
}
_WORDS: dict[str, dict[str, str]] = {
    field: {str(code): word for code, word in words.items()}
    for field, words in (
        ("valence", VALENCE_WORDS),
        ("severity", SEVERITY_WORDS),
        ("outcome", OUTCOME_WORDS),
        ("action_taken", ACTION_WORDS),
        ("relatedness", RELATEDNESS_WORDS),
        ("special_interest", SPECIAL_INTEREST_WORDS),
    )
}
_MOMENTS = frozenset(field for field in _LABELS if field.endswith("_at"))
_DAYS = frozenset({"onset_on", "ended_on"})


def story_of(
    event: AdverseEvent, reports: Iterable[SafetyReport], zone: ZoneInfo
) -> list[dict[str, Any]]:
    """Return every act on the event and its reports, newest first, as sentences."""
    acts = history.of_row(TABLE, event.pk)
    for report in reports:
        acts |= history.of_row(SafetyReport._meta.db_table, report.pk)  # noqa: SLF001 - Django's public name
    return [
        {
            "at": entry.at.astimezone(zone),
            "who": entry.who,
            "role": entry.roles.replace("_", " "),
            "did": _DID.get(entry.verb, f"({entry.verb})"),
            "record": f"event {event.sequence}",
            "changes": _changes(entry.changes, zone),
            "why": entry.reason,
        }
        for entry in history.entries(acts)
    ]


def _changes(changes: Iterable[FieldChange], zone: ZoneInfo) -> list[dict[str, str]]:
    """Return what was changed; what was first reported stands above, as the event."""
    return [
        {
            "label": _LABELS[change.field],
            "before": _said(change.field, change.old, zone),
            "after": _said(change.field, change.new, zone),
        }
        for change in changes
        if change.field in _LABELS and change.operation == "U"
    ]


def _said(field: str, value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not value:
        return ""
    if field in _MOMENTS:
        return moment_with_zone(datetime.fromisoformat(value).astimezone(zone))
    known = _WORDS.get(field, {}).get(str(value), str(value))
    return day(date.fromisoformat(value)) if field in _DAYS else known
