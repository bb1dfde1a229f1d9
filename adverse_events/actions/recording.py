"""Reporting an event, amending it, and voiding one that was entered twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max

from accounts.vocabulary import Permission
from adverse_events.access import CRITERION_FIELDS, criteria_of
from adverse_events.actions.batch import (
    held_still,
    in_words,
    keep_reports,
    locked,
    name_of,
    place_of,
    subject_of,
    tell_sponsor,
)
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import (
    SPECIAL_INTEREST_WORDS,
    ActionTaken,
    Outcome,
    SeriousnessCriterion,
    Severity,
    Valence,
)
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.models import Consent, Participant
from sessions.models import Visit
from trials.access import require
from trials.protocol.vocabulary import VisitKind

_WORDS: Mapping[str, type[StrEnum]] = {
    "severity": Severity,
    "valence": Valence,
    "outcome": Outcome,
    "action_taken": ActionTaken,
}
AMENDABLE = frozenset(
    {
        "term",
        "description",
        "valence",
        "severity",
        "onset_on",
        "onset_time",
        "ended_on",
        "dosing_visit",
        "outcome",
        "action_taken",
        "special_interest",
        "seriousness",
        "site_aware_at",
    }
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is known of an event when it is reported.

    Words are those of `adverse_events.vocabulary`; `onset_time` is local to the site;
    `seriousness` holds criteria, and one of them asks for `site_aware_at` (aware).
    """

    participant: Participant
    term: str
    onset_on: date
    severity: str
    valence: str
    outcome: str
    action_taken: str
    onset_time: time | None = None
    ended_on: date | None = None
    dosing_visit: Visit | None = None
    description: str = ""
    special_interest: str = ""
    seriousness: frozenset[str] = frozenset()
    site_aware_at: datetime | None = None


def report_events(*, events: Sequence[NewEvent], by: AnyActor) -> list[AdverseEvent]:
    """Record events, each with the participant's next number.

    A serious one gets its report to the sponsor in the same act, due 24 hours after the
    site learned of it (21 CFR 312.64(b); the hours are practice of the field). Refused
    before consent, and for a dosing visit of somebody else.
    """
    people = [new.participant for new in events]
    require(
        by=by,
        permission=Permission.REPORT_EVENTS,
        site_ids={person.site_id for person in people},
    )
    with acting(
        "report adverse event",
        by=by,
        subject=in_words(names=(person.number for person in people)),
        place=place_of(participants=people),
    ):
        # Held, so that two reports at once do not both take the next number.
        rows = held_still(participants=people)
        _check_consent(rows)
        taken = _last_sequences(rows)
        made = []
        for new in events:
            taken[new.participant.pk] = taken.get(new.participant.pk, 0) + 1
            event = _row(new, rows[new.participant.pk], taken[new.participant.pk])
            _check(event)
            made.append(event)
        AdverseEvent.objects.bulk_create(made)
        serious = [event for event in made if event.is_serious]
        keep_reports(events=serious)
        tell_sponsor(events=serious, by=by)
    return made


def _check_consent(rows: Mapping[int, Participant]) -> None:
    consented = set(
        Consent.objects.filter(participant_id__in=rows).values_list(
            "participant_id", flat=True
        )
    )
    for row in rows.values():
        if row.pk not in consented:
            raise Refused(
                f"{row.number} has not consented: before consent no event is recorded."
            )


def _last_sequences(participant_ids: Iterable[int]) -> dict[int, int]:
    return dict(
        AdverseEvent.objects.filter(participant_id__in=participant_ids)
        .order_by()
        .values_list("participant_id")
        .annotate(Max("sequence"))
    )


def _row(new: NewEvent, participant: Participant, sequence: int) -> AdverseEvent:
    event = AdverseEvent(
        trial=participant.trial,
        site_id=participant.site_id,
        participant=participant,
        sequence=sequence,
    )
    for name in AMENDABLE:
        _set(event, name, getattr(new, name))
    return event


def _set(event: AdverseEvent, name: str, value: Any) -> None:
    if name != "seriousness":
        setattr(event, name, value.strip() if isinstance(value, str) else value)
        return
    unknown = set(value) - {criterion.value for criterion in SeriousnessCriterion}
    if unknown:
        raise Refused("The event has a criterion of seriousness that is not known.")
    for criterion, field in CRITERION_FIELDS.items():
        setattr(event, field, criterion.value in value)


def _check(event: AdverseEvent) -> None:
    """Refuse what no single column can refuse."""
    if not event.term:
        raise Refused("Say what happened, in the words of whoever told of it.")
    for name, words in _WORDS.items():
        if getattr(event, name) not in {word.value for word in words}:
            raise Refused(f"Choose the event's {name.replace('_', ' ')} from the list.")
    if event.special_interest and event.special_interest not in SPECIAL_INTEREST_WORDS:
        raise Refused("Choose the event's special interest from the list.")
    visit = event.dosing_visit
    if visit and visit.participant_id != event.participant_id:
        raise Refused("That dosing visit is another participant's.")
    if visit and visit.kind != VisitKind.DOSING.value:
        raise Refused("Only a dosing visit can be linked to an event.")
    if (event.outcome == Outcome.FATAL.value) != event.is_fatal:
        raise Refused("A fatal outcome and the criterion “Death” come together.")
    _check_awareness(event)


def _check_awareness(event: AdverseEvent) -> None:
    """Refuse awareness before onset, as far as the onset is known."""
    if event.site_aware_at is None:
        return
    zone = ZoneInfo(event.participant.site.time_zone)
    aware = event.site_aware_at.astimezone(zone).replace(tzinfo=None)
    # Without a time the onset may lie anywhere on its day.
    onset = datetime.combine(event.onset_on, event.onset_time or time.min)
    if aware < onset:
        raise Refused(
            f"The site would have learned of the event on {aware.day} {aware:%b %Y at %H:%M}, "
            f"before it began on {_in_words(event)}. Correct one of the two."
        )


def _in_words(event: AdverseEvent) -> str:
    at = f" at {event.onset_time:%H:%M}" if event.onset_time else ""
    return f"{event.onset_on.day} {event.onset_on:%b %Y}{at}"


def amend_event(
    *, event: AdverseEvent, changes: Mapping[str, Any], reason: str, by: AnyActor
) -> AdverseEvent:
    """Change what is recorded of an event; `changes` maps names of `NewEvent` to values.

    An event that becomes serious, or more so, gets its report to the sponsor, whose
    safety staff are told at once. Another seriousness
    than the sponsor decided on puts the event before the sponsor again.
    """
    if unknown := changes.keys() - AMENDABLE:
        raise ValueError(f"An event has nothing called {sorted(unknown)}.")
    require(by=by, permission=Permission.REPORT_EVENTS, site_ids={event.site_id})
    if len(reason.strip()) < 3:
        raise ReasonNeeded("Saved data is changed: say why, in a few words.")
    with acting(
        "amend adverse event",
        by=by,
        reason=reason,
        subject=subject_of(events=[event]),
        place=place_of(participants=[event.participant]),
    ):
        row = locked(events=[event])[event.pk]
        before = criteria_of(row)
        for name, value in changes.items():
            _set(row, name, value)
        _check(row)
        if criteria_of(row) != before:
            row.sponsor_determined_at = row.is_unexpected = row.is_suspected = None
        row.save()
        keep_reports(events=[row])
        if criteria_of(row) - before:
            tell_sponsor(events=[row], by=by)
    return row


def void_event(
    *, event: AdverseEvent, reason: str, at: datetime, by: AnyActor
) -> AdverseEvent:
    """Void an event that should not have been entered; it stays to be read."""
    require(by=by, permission=Permission.REPORT_EVENTS, site_ids={event.site_id})
    if len(reason.strip()) < 3:
        raise ReasonNeeded("Say why the event is voided, in a few words.")
    with acting(
        "void adverse event",
        by=by,
        reason=reason,
        subject=subject_of(events=[event]),
        place=place_of(participants=[event.participant]),
    ):
        row = locked(events=[event])[event.pk]
        if row.reports.filter(sent_at__isnull=False).exists():
            raise Refused(
                f"{name_of(event=row)} was reported already. Amend it instead, and send a "
                "correction."
            )
        row.voided_at, row.void_reason = at, reason.strip()
        row.save(update_fields=["voided_at", "void_reason"])
    return row
