"""What every act on events begins and ends with: rows held still, reports in step."""

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import prefetch_related_objects

from adverse_events.access import known_of
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import Report, reports_due
from audit.actors import AnyActor, Place
from audit.refusal import Refused
from notices.actions import NewNotice, notify
from notices.vocabulary import Kind
from participants.models import Participant
from sessions.actions.statements import update_rows

NAMED_AT_MOST = 12


def place_of(*, participants: Iterable[Participant]) -> Place:
    """Return what the participants have in common: trial, site, or being one person."""
    rows = list(participants)
    trials = {row.trial_id for row in rows}
    sites = {row.site_id for row in rows}
    people = {row.pk for row in rows}
    return Place(
        trial_id=trials.pop() if len(trials) == 1 else None,
        site_id=sites.pop() if len(sites) == 1 else None,
        participant_id=people.pop() if len(people) == 1 else None,
    )


def in_words(*, names: Iterable[str]) -> str:
    """Return names for an entry's subject, a long list cut short."""
    known = list(dict.fromkeys(names))
    more = len(known) - NAMED_AT_MOST
    shown = "; ".join(known[:NAMED_AT_MOST])
    return f"{shown}; and {more} more" if more > 0 else shown


def subject_of(*, events: Sequence[AdverseEvent]) -> str:
    """Return the events in words, as in "01-001-7, event 2"."""
    prefetch_related_objects(list(events), "participant")
    return in_words(
        names=(
            f"{event.participant.number}, event {event.sequence}" for event in events
        )
    )


def held_still(*, participants: Iterable[Participant]) -> dict[int, Participant]:
    """Return the participants as they stand now, locked until the act ends.

    Two reports at once would otherwise both take the next number. Locked in one order,
    so that two batches never wait for each other.
    """
    wanted = {row.pk for row in participants}
    rows = (
        Participant.objects.select_for_update(of=("self",))
        .select_related("trial", "site")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def locked(*, events: Iterable[AdverseEvent]) -> dict[int, AdverseEvent]:
    """Return the events as they stand now, held until the act ends; none of them void."""
    wanted = {event.pk for event in events}
    rows = (
        AdverseEvent.objects.select_for_update(of=("self",))
        .select_related("participant", "trial", "site")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    found = {row.pk: row for row in rows}
    for row in found.values():
        if row.voided_at is not None:
            raise Refused(
                f"{name_of(event=row)} was voided: nothing more is recorded of it."
            )
    return found


def name_of(*, event: AdverseEvent) -> str:
    """Return what a refusal calls an event."""
    return f"Event {event.sequence} of {event.participant.number}"


def tell_sponsor(*, events: Sequence[AdverseEvent], by: AnyActor) -> None:
    """Have the sponsor's safety staff told of serious events, once the act is saved."""
    notify(
        notices=[
            NewNotice(
                kind=Kind.SERIOUS_EVENT,
                about=event.uuid,
                trial=event.trial,
                site=event.participant.site,
                participant_id=event.participant_id,
                occurred_at=event.site_aware_at,
            )
            for event in events
            if event.site_aware_at is not None
        ],
        by=by,
    )


def keep_reports(*, events: Sequence[AdverseEvent]) -> None:
    """Bring the reports of some events to what the three moments call for now.

    A report that was due once stays on record. The number of statements does not
    depend on the number of events.
    """
    wanted: dict[tuple[int, str], Report] = {}
    for event in events:
        known = known_of(event)
        zone = zoneinfo.ZoneInfo(event.trial.sponsor_time_zone)
        for report in reports_due(known, zone=zone) if known else ():
            wanted[event.pk, report.kind.value] = report
    rows = SafetyReport.objects.filter(event__in=[event.pk for event in events])
    on_record = {(row.event_id, row.kind): row for row in rows}
    by_id = {event.pk: event for event in events}
    SafetyReport.objects.bulk_create(
        _row(by_id[event_id], report)
        for (event_id, kind), report in wanted.items()
        if (event_id, kind) not in on_record
    )
    _move(on_record, wanted)


def _row(event: AdverseEvent, report: Report) -> SafetyReport:
    return SafetyReport(
        trial_id=event.trial_id,
        site_id=event.site_id,
        participant_id=event.participant_id,
        event=event,
        kind=report.kind.value,
        runs_from=report.ran_from_at,
        due_at=report.due_at,
    )


def _move(
    rows: Mapping[tuple[int, str], SafetyReport],
    wanted: Mapping[tuple[int, str], Report],
) -> None:
    """Give the reports on record the moments that stand now."""
    moved = []
    for key, row in rows.items():
        report = wanted.get(key)
        if report is not None and row.runs_from != report.ran_from_at:
            row.runs_from, row.due_at = report.ran_from_at, report.due_at
            moved.append(row)
    update_rows(rows=moved, fields=["runs_from", "due_at"])
