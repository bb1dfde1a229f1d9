"""Which events a person may see, what is known of them, and the reports that are due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.vocabulary import Permission
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import (
    KIND_WORDS,
    Determination,
    Known,
    ReportKind,
)
from adverse_events.vocabulary import (
    Outcome,
    SeriousnessCriterion,
    is_fatal_or_life_threatening,
)
from trials.access import sites_for

# Which column holds which criterion: one yes or no each, as the export has them.
CRITERION_FIELDS = {
    SeriousnessCriterion.DEATH: "is_fatal",
    SeriousnessCriterion.LIFE_THREATENING: "is_life_threatening",
    SeriousnessCriterion.HOSPITALIZATION: "is_hospitalization",
    SeriousnessCriterion.DISABILITY: "is_disabling",
    SeriousnessCriterion.CONGENITAL_ANOMALY: "is_congenital",
    SeriousnessCriterion.IMPORTANT_MEDICAL_EVENT: "is_medically_important",
}
_REGULATOR = [ReportKind.URGENT.value, ReportKind.EXPEDITED.value]


class Judgment(TypedDict):
    """What the investigator signs of an event, in the form that is digested."""

    participant: str
    sequence: int
    term: str
    onset_on: str
    relatedness: str
    relatedness_at: str


@dataclass(frozen=True, slots=True)
class DueReport:
    """One unsent report for a worklist: whose event, by when, and whether it is late.

    `zone` is the time zone of whoever sends it: the site's, or the sponsor's.
    """

    event_uuid: UUID
    term: str
    participant_number: str
    site_id: int
    kind: ReportKind
    label: str
    runs_from: datetime
    due_at: datetime
    is_overdue: bool
    zone: str


def events_for(
    user_id: int, permission: Permission = Permission.VIEW_PARTICIPANTS
) -> QuerySet[AdverseEvent]:
    """Return the events at the sites where this person has a permission today.

    Voided events stay visible, with the reason. A rater has no such permission.
    """
    return (
        AdverseEvent.objects.filter(site__in=sites_for(user_id, permission))
        .select_related(
            "trial", "site", "participant__site", "dosing_visit", "relatedness_by"
        )
        .order_by("participant__number", "sequence")
    )


def criteria_of(event: AdverseEvent) -> frozenset[SeriousnessCriterion]:
    """Return what makes the event serious; nothing for one that is not."""
    return frozenset(
        criterion
        for criterion, field in CRITERION_FIELDS.items()
        if getattr(event, field)
    )


def known_of(event: AdverseEvent) -> Known | None:
    """Return the moments of an event that is or was serious; None where none began."""
    if event.site_aware_at is None:
        return None
    return Known(
        is_serious=event.is_serious,
        site_aware_at=event.site_aware_at,
        sponsor_received_at=event.sponsor_received_at,
        determination=_determination(event),
    )


def _determination(event: AdverseEvent) -> Determination | None:
    if event.sponsor_determined_at is None:
        return None
    return Determination(
        at=event.sponsor_determined_at,
        is_serious=event.is_serious,
        is_unexpected=bool(event.is_unexpected),
        is_suspected=bool(event.is_suspected),
        is_fatal_or_life_threatening=is_fatal_or_life_threatening(criteria_of(event)),
    )


def signed_content(event: AdverseEvent) -> Judgment:
    """Return what a signature on causality covers (21 CFR 11.70).

    The moment is written in UTC: the database gives it back so, and a judgment signed in
    another zone would look changed as soon as it was read again.
    """
    at = event.relatedness_at
    return Judgment(
        participant=event.participant.number,
        sequence=event.sequence,
        term=event.term,
        onset_on=event.onset_on.isoformat(),
        relatedness=event.relatedness,
        relatedness_at=at.astimezone(UTC).isoformat() if at else "",
    )


def unsent_reports() -> QuerySet[SafetyReport]:
    """Return the reports that an event still calls for, the earliest first.

    A report stays on record when its event is voided, is no longer serious, or is
    judged again, but nobody waits for it then. Between an amendment of the seriousness
    and the next determination the sponsor's clocks go on.
    """
    serious = (
        Q(event__is_fatal=True)
        | Q(event__is_life_threatening=True)
        | Q(event__is_hospitalization=True)
        | Q(event__is_disabling=True)
        | Q(event__is_congenital=True)
        | Q(event__is_medically_important=True)
    )
    urgent = Q(event__is_fatal=True) | Q(event__is_life_threatening=True)
    judged_again = Q(event__sponsor_determined_at__isnull=True)
    qualifies = serious & Q(event__is_unexpected=True, event__is_suspected=True)
    called_for = (
        (Q(kind=ReportKind.SITE_TO_SPONSOR.value) & serious)
        | (Q(kind__in=_REGULATOR) & judged_again)
        | (Q(kind=ReportKind.URGENT.value) & qualifies & urgent)
        | (Q(kind=ReportKind.EXPEDITED.value) & qualifies & ~urgent)
    )
    return SafetyReport.objects.filter(
        called_for, sent_at__isnull=True, event__voided_at__isnull=True
    ).order_by("due_at", "id")


def reports_due(
    site_ids: Iterable[int],
    *,
    now: datetime | None = None,
    kinds: Iterable[ReportKind] = tuple(ReportKind),
) -> list[DueReport]:
    """Return the unsent reports of some sites, the earliest first, in one query."""
    at = now or timezone.now()
    reports = unsent_reports().filter(
        site_id__in=set(site_ids), kind__in=[kind.value for kind in kinds]
    )
    return [_due(*row, now=at) for row in reports.values_list(*_OF_DUE)]


# Columns and not records: a worklist reads nothing else of the event, the site, the trial.
_OF_DUE = (
    *("event__uuid", "event__term", "event__participant__number", "site_id", "kind"),
    *("runs_from", "due_at", "site__time_zone", "trial__sponsor_time_zone"),
)


def _due(*row: Any, now: datetime) -> DueReport:
    uuid, term, number, site_id, kind, runs_from, due_at, site_zone, sponsor_zone = row
    is_ours = kind == ReportKind.SITE_TO_SPONSOR.value
    return DueReport(
        event_uuid=uuid,
        term=term,
        participant_number=number,
        site_id=site_id,
        kind=ReportKind(kind),
        label=KIND_WORDS[ReportKind(kind)],
        runs_from=runs_from,
        due_at=due_at,
        is_overdue=due_at < now,
        zone=site_zone if is_ours else sponsor_zone,
    )


def events_without_causality(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    """Return the events that wait for the investigator's judgment, oldest first."""
    return _standing(site_ids).filter(relatedness="")


def events_without_receipt(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    """Return the serious events that the sponsor has not said to have received."""
    return _serious(site_ids).filter(sponsor_received_at__isnull=True)


def events_without_determination(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    """Return the received serious events on which the sponsor has not decided."""
    return _serious(site_ids).filter(
        sponsor_received_at__isnull=False, sponsor_determined_at__isnull=True
    )


def events_without_end(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    """Return the serious events that are neither over nor said to stay as they are."""
    return _serious(site_ids).filter(
        ended_on__isnull=True, outcome=Outcome.RECOVERING.value
    )


def _standing(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    return (
        AdverseEvent.objects.filter(site_id__in=set(site_ids), voided_at__isnull=True)
        .select_related("participant", "site")
        .order_by("onset_on", "id")
    )


def _serious(site_ids: Iterable[int]) -> QuerySet[AdverseEvent]:
    criteria = Q()
    for field in CRITERION_FIELDS.values():
        criteria |= Q(**{field: True})
    return _standing(site_ids).filter(criteria)
