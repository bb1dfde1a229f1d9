"""The sponsor's side of a serious event: receipt, determination, reports sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.vocabulary import Permission
from adverse_events.actions.batch import (
    keep_reports,
    locked,
    name_of,
    place_of,
    subject_of,
)
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import KIND_WORDS, ReportKind
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from sessions.actions.statements import update_rows
from trials.access import require


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sponsor got the site's report of an event (an aware time)."""

    event: AdverseEvent
    at: datetime


@dataclass(frozen=True, slots=True)
class Determination:
    """What the sponsor decides that an event is: the third moment (21 CFR 312.32(c))."""

    event: AdverseEvent
    is_unexpected: bool
    is_suspected: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SentReport:
    """A report left the house at an aware time."""

    report: SafetyReport
    at: datetime


def receive(
    *, receipts: Sequence[Receipt], by: AnyActor, reason: str = ""
) -> list[AdverseEvent]:
    """Record that the sponsor received serious events.

    What was received was sent: the site's report counts as sent then, if the site has
    not said when.
    """
    events = [receipt.event for receipt in receipts]
    _require_sponsor(events, by)
    with acting(
        "receive safety report",
        by=by,
        reason=reason,
        subject=subject_of(events=events),
        place=place_of(participants=[event.participant for event in events]),
    ):
        rows = locked(events=events)
        times = {receipt.event.pk: receipt.at for receipt in receipts}
        for row in rows.values():
            _check_receipt(row, times[row.pk])
            row.sponsor_received_at = times[row.pk]
        update_rows(rows=list(rows.values()), fields=["sponsor_received_at"])
        waiting = SafetyReport.objects.filter(
            event__in=rows,
            kind=ReportKind.SITE_TO_SPONSOR.value,
            sent_at__isnull=True,
        )
        sent = list(waiting)
        for report in sent:
            report.sent_at = times[report.event_id]
        update_rows(rows=sent, fields=["sent_at"])
    return list(rows.values())


def _check_receipt(row: AdverseEvent, at: datetime) -> None:
    if not row.is_serious:
        raise Refused(
            f"{name_of(event=row)} is not serious, so no report of it is due."
        )
    if row.sponsor_determined_at is not None:
        raise Refused(
            f"The sponsor has decided on {name_of(event=row).lower()} already."
        )
    if row.site_aware_at is not None and at < row.site_aware_at:
        raise Refused(
            "The sponsor cannot have received it before the site learned of it."
        )


def determine(
    *, determinations: Sequence[Determination], by: AnyActor, reason: str = ""
) -> list[AdverseEvent]:
    """Record what the sponsor decides on received events, and what is due from then.

    Serious, unexpected and suspected together make a 15-day report, 7 days if it was
    fatal or life-threatening; the days count from this moment and from no earlier one
    (21 CFR 312.32(c)). A second decision needs a reason.
    """
    events = [item.event for item in determinations]
    _require_sponsor(events, by)
    with acting(
        "determine adverse event",
        by=by,
        reason=reason,
        subject=subject_of(events=events),
        place=place_of(participants=[event.participant for event in events]),
    ):
        rows = locked(events=events)
        for item in determinations:
            row = rows[item.event.pk]
            _check_determination(row, item.at)
            row.sponsor_determined_at = item.at
            row.is_unexpected = item.is_unexpected
            row.is_suspected = item.is_suspected
        update_rows(
            rows=list(rows.values()),
            fields=["sponsor_determined_at", "is_unexpected", "is_suspected"],
        )
        keep_reports(events=list(rows.values()))
    return list(rows.values())


def _check_determination(row: AdverseEvent, at: datetime) -> None:
    if not row.is_serious:
        raise Refused(
            f"{name_of(event=row)} is not serious: there is nothing to determine."
        )
    if row.sponsor_received_at is None:
        raise Refused("Record first when the sponsor received the report.")
    if at < row.sponsor_received_at:
        raise Refused("The sponsor cannot have decided before it received the report.")


def send_reports(
    *, reports: Sequence[SentReport], by: AnyActor, reason: str = ""
) -> list[SafetyReport]:
    """Record when reports were sent: the site's by the site, the others by the sponsor.

    A correction of a time that was recorded needs a reason.
    """
    _require_senders([item.report for item in reports], by)
    times = {item.report.pk: item.at for item in reports}
    events = list(
        {item.report.event_id: item.report.event for item in reports}.values()
    )
    with acting(
        "send safety report",
        by=by,
        reason=reason,
        subject=subject_of(events=events),
        place=place_of(participants=[event.participant for event in events]),
    ):
        locked(events=events)
        rows = list(SafetyReport.objects.filter(pk__in=times).order_by("pk"))
        for row in rows:
            if times[row.pk] < row.runs_from:
                raise Refused(
                    f"{KIND_WORDS[ReportKind(row.kind)]}: it cannot have been sent before "
                    "the moment that it runs from."
                )
            row.sent_at = times[row.pk]
        update_rows(rows=rows, fields=["sent_at"])
    return rows


def _require_sponsor(events: Sequence[AdverseEvent], by: AnyActor) -> None:
    require(
        by=by,
        permission=Permission.RECEIVE_REPORTS,
        site_ids={event.site_id for event in events},
    )


def _require_senders(reports: Sequence[SafetyReport], by: AnyActor) -> None:
    for is_sites, permission in (
        (True, Permission.REPORT_EVENTS),
        (False, Permission.RECEIVE_REPORTS),
    ):
        sites = {
            report.site_id
            for report in reports
            if (report.kind == ReportKind.SITE_TO_SPONSOR.value) is is_sites
        }
        if sites:
            require(by=by, permission=permission, site_ids=sites)
