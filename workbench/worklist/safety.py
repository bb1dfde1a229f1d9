"""Safety on the worklist: clocks that run, events to judge, and unblindings."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from accounts.vocabulary import Permission
from adverse_events.access import (
    DueReport,
    events_without_causality,
    events_without_determination,
    events_without_receipt,
    reports_due,
)
from adverse_events.models import AdverseEvent
from adverse_events.reporting import ReportKind
from randomization.access import UnblindingLine, unblindings_at
from trials.access import local_time
from workbench.vocabulary import Kind
from workbench.worklist.lines import AHEAD, Address, Clock, Here, Line

_P = Permission


def _event(uuid: UUID) -> Address:
    return Address("adverse_events:event", uuid)


def reports(here: Here) -> Iterator[Line]:
    due: Iterable[DueReport] = reports_due(here.sites, now=here.now)
    for report in due:
        site = here.sites[report.site_id]
        is_ours = report.kind is ReportKind.SITE_TO_SPONSOR
        at = _event(report.event_uuid)
        clock = Clock(
            label=f"{report.label}: {report.term}, {report.participant_number}",
            url=str(at),
            due_at=local_time(site, report.due_at),
            now=local_time(site, here.now),
            tone="late" if report.is_overdue else "due",
            responsible=f"Site {site.number}" if is_ours else "Sponsor",
            since=local_time(site, report.runs_from),
        )
        yield Line(
            kind=Kind.SAFETY,
            what=report.label,
            at=at,
            participant=report.participant_number,
            why=report.term,
            clock=clock,
            order=(report.due_at,),
        )


def events(here: Here) -> Iterator[Line]:
    asked = (
        (_P.ASSESS_CAUSALITY, events_without_causality, "Judge causality"),
        (_P.RECEIVE_REPORTS, events_without_receipt, "Record receipt"),
        (_P.RECEIVE_REPORTS, events_without_determination, "Determine the event"),
    )
    for permission, find, what in asked:
        if not here.may_somewhere(permission):
            continue
        ids = [pk for pk in here.sites if here.may(permission, pk)]
        events: Iterable[AdverseEvent] = find(ids)
        for event in events:
            yield Line(
                kind=Kind.CAUSALITY,
                what=f"{what}: {event.term}",
                at=_event(event.uuid),
                participant=event.participant.number,
                person=event.participant.uuid,
                why="Serious event" if event.is_serious else "Waits since its onset",
                order=(not event.is_serious, event.onset_on),
            )


def unblindings(here: Here) -> Iterator[Line]:
    found: Iterable[UnblindingLine] = unblindings_at(here.sites, since=here.now - AHEAD)
    for line in found:
        yield Line(
            kind=Kind.UNBLINDING,
            what=f"{line.kind} unblinding, to {line.name}",
            at=Address("workbench:participants", end=f"?q={line.participant_number}"),
            participant=line.participant_number,
            why=line.why,
            order=(-line.at.timestamp(),),
        )
