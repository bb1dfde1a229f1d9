"""The event's own page, and the safety board."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from adverse_events.access import (
    DueReport,
    criteria_of,
    events_for,
    events_without_causality,
    events_without_determination,
    events_without_receipt,
    known_of,
    reports_due,
    signed_content,
    unsent_reports,
)
from adverse_events.actions.judging import TABLE
from adverse_events.forms import site_zone
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import KIND_WORDS, ReportKind, waits_for
from adverse_events.reporting import reports_due as reports_called_for
from adverse_events.views.story import story_of
from adverse_events.vocabulary import (
    ACTION_WORDS,
    CRITERION_WORDS,
    OUTCOME_WORDS,
    RELATEDNESS_WORDS,
    SEVERITY_WORDS,
    SPECIAL_INTEREST_WORDS,
    VALENCE_WORDS,
    ActionTaken,
    Outcome,
    Relatedness,
    Severity,
    Valence,
)
from audit.signing import digest, signatures_of
from trials.access import may, sites_for

_P = Permission
_SITE = ReportKind.SITE_TO_SPONSOR
_ACTS = (_P.REPORT_EVENTS, _P.ASSESS_CAUSALITY, _P.RECEIVE_REPORTS, _P.READ_TRAIL)
_SHOWN = 100


def event(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show an event: what is known of it, its moments, and the reports it calls for."""
    person = cast(SignedInRequest, request).user
    shown = get_object_or_404(events_for(person.pk), uuid=uuid)
    allowed = {given for given in _ACTS if may(person.pk, given, shown.site)}
    now = timezone.now()
    reports = list(shown.reports.order_by("due_at", "id"))
    sponsor_zone = ZoneInfo(shown.trial.sponsor_time_zone)
    zone = site_zone(shown.site)
    context = {
        "event": shown,
        "state": _state(shown),
        "words": _words(shown),
        "act": _next_act(shown, allowed),
        "may_amend": _P.REPORT_EVENTS in allowed and not shown.voided_at,
        "may_judge": _P.ASSESS_CAUSALITY in allowed and not shown.voided_at,
        "moments": _moments(shown, zone, sponsor_zone),
        "waits_for": _waits_for(shown),
        "cautions": _cautions(shown, sponsor_zone),
        "reports": _reports(
            reports, shown, zones=(zone, sponsor_zone), allowed=allowed, now=now
        ),
        "signature": _signature(shown, zone),
        "trail": story_of(shown, reports, zone) if _P.READ_TRAIL in allowed else [],
    }
    return render(request, "adverse_events/event.html", context)


def _state(shown: AdverseEvent) -> str:
    if shown.voided_at:
        return f"Voided: {shown.void_reason}"
    kind = "Serious" if shown.is_serious else "Not serious"
    judged = (
        RELATEDNESS_WORDS[Relatedness(shown.relatedness)].lower()
        if shown.relatedness
        else "causality not judged yet"
    )
    severity = SEVERITY_WORDS[Severity(shown.severity)].lower()
    return f"{kind}, {severity}, {judged}"


def _words(shown: AdverseEvent) -> dict[str, str]:
    return {
        "valence": VALENCE_WORDS[Valence(shown.valence)],
        "severity": SEVERITY_WORDS[Severity(shown.severity)],
        "outcome": OUTCOME_WORDS[Outcome(shown.outcome)],
        "action_taken": ACTION_WORDS[ActionTaken(shown.action_taken)],
        "special_interest": SPECIAL_INTEREST_WORDS.get(shown.special_interest, ""),
        "relatedness": RELATEDNESS_WORDS[Relatedness(shown.relatedness)]
        if shown.relatedness
        else "",
        "criteria": "; ".join(
            CRITERION_WORDS[one] for one in sorted(criteria_of(shown))
        ),
    }


def _next_act(shown: AdverseEvent, allowed: set[Permission]) -> dict[str, str] | None:
    """Return the one primary act: what this person can do next about the event."""
    if shown.voided_at:
        return None
    waits = (
        (
            _P.RECEIVE_REPORTS,
            shown.is_serious and not shown.sponsor_received_at,
            ("receive", "Record receipt"),
        ),
        (
            _P.RECEIVE_REPORTS,
            shown.is_serious and not shown.sponsor_determined_at,
            ("determine", "Determine the event"),
        ),
        (
            _P.ASSESS_CAUSALITY,
            not shown.relatedness,
            ("causality", "Judge causality"),
        ),
    )
    for permission, is_waiting, (name, label) in waits:
        if permission in allowed and is_waiting:
            return {
                "url": reverse(f"adverse_events:{name}", args=[shown.uuid]),
                "label": label,
            }
    return None


def _moments(
    shown: AdverseEvent, zone: ZoneInfo, sponsor_zone: ZoneInfo
) -> list[dict[str, Any]]:
    if known_of(shown) is None:
        return []
    return [
        {"label": label, "at": at.astimezone(where) if at else None}
        for label, at, where in (
            ("The site became aware", shown.site_aware_at, zone),
            (
                "The sponsor received the report",
                shown.sponsor_received_at,
                sponsor_zone,
            ),
            (
                "The sponsor decided what it is",
                shown.sponsor_determined_at,
                sponsor_zone,
            ),
        )
    ]


def _waits_for(shown: AdverseEvent) -> str:
    known = known_of(shown)
    return waits_for(known) if known and not shown.voided_at else ""


def _cautions(shown: AdverseEvent, zone: ZoneInfo) -> list[str]:
    known = known_of(shown)
    if known is None or shown.voided_at:
        return []
    reports = reports_called_for(known, zone=zone)
    return [report.caution for report in reports if report.caution]


def _reports(
    reports: Sequence[SafetyReport],
    shown: AdverseEvent,
    *,
    zones: tuple[ZoneInfo, ZoneInfo],
    allowed: set[Permission],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return each report with its clock while it is due, and who records it as sent."""
    due = set(unsent_reports().filter(event=shown).values_list("pk", flat=True))
    lines = []
    for report in reports:
        kind = ReportKind(report.kind)
        zone = zones[0] if kind is _SITE else zones[1]
        needs = _P.REPORT_EVENTS if kind is _SITE else _P.RECEIVE_REPORTS
        lines.append(
            {
                "label": KIND_WORDS[kind],
                "since": report.runs_from.astimezone(zone),
                "due_at": report.due_at.astimezone(zone),
                "sent_at": report.sent_at.astimezone(zone) if report.sent_at else None,
                "was_late": bool(report.sent_at and report.sent_at > report.due_at),
                "is_due": report.pk in due,
                "clock": _clock(report.due_at, kind, now=now, zone=zone),
                "url": reverse("adverse_events:send", args=[shown.uuid, kind.value])
                if needs in allowed and not shown.voided_at
                else "",
            }
        )
    return lines


def _clock(
    due_at: datetime, kind: ReportKind, *, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    left = (due_at - now).total_seconds()
    return {
        "label": KIND_WORDS[kind],
        "due_at": due_at.astimezone(zone),
        "now": now.astimezone(zone),
        "tone": "late" if left < 0 else "due",
        "responsible": "the site" if kind is _SITE else "the sponsor",
    }


def _signature(shown: AdverseEvent, zone: ZoneInfo) -> dict[str, Any] | None:
    found = signatures_of(TABLE, [shown.pk]).get(str(shown.pk), [])
    if not found or not shown.relatedness:
        return None
    return {
        "name": found[0].name,
        "meaning": found[0].meaning,
        "at": found[0].signed_at.astimezone(zone),
        "is_whole": found[0].digest == digest(signed_content(shown)),
    }


def board(request: HttpRequest) -> HttpResponse:
    """Show the safety clocks, what waits for a judgment, and the latest events."""
    person = cast(SignedInRequest, request).user
    now = timezone.now()
    reporting = _sites(person.pk, _P.REPORT_EVENTS)
    judging = _sites(person.pk, _P.ASSESS_CAUSALITY)
    receiving = _sites(person.pk, _P.RECEIVE_REPORTS)
    seen = _sites(person.pk, _P.VIEW_PARTICIPANTS)
    recent = events_for(person.pk).order_by("-onset_on", "-id")[:_SHOWN]
    context = {
        "clocks": [
            _board_clock(report, now)
            for report in reports_due({*reporting, *receiving}, now=now)
        ],
        "waiting": [
            *_waiting("Judge causality", events_without_causality(judging)),
            *_waiting("Record receipt", events_without_receipt(receiving)),
            *_waiting("Determine", events_without_determination(receiving)),
        ],
        # Also told to those who cannot judge: a zero above rows "not judged" is wrong.
        "not_judged": events_without_causality(seen).count(),
        "events": [(shown, _words(shown)) for shown in recent],
    }
    return render(request, "adverse_events/board.html", context)


def _sites(user_id: int, permission: Permission) -> list[int]:
    return list(sites_for(user_id, permission).values_list("pk", flat=True))


def _board_clock(report: DueReport, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo(report.zone)
    clock = _clock(report.due_at, report.kind, now=now, zone=zone)
    return clock | {
        "label": f"{report.participant_number} · {report.term} · {report.label}",
        "url": reverse("adverse_events:event", args=[report.event_uuid]),
        "since": report.runs_from.astimezone(zone),
    }


def _waiting(verb: str, events: Iterable[AdverseEvent]) -> list[dict[str, Any]]:
    return [{"verb": verb, "event": event} for event in events]
