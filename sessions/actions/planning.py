"""Windows of many participants, computed by the planner and stored set by set."""

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Min

from audit.actors import AnyActor
from audit.trail import acting
from participants.actions.batch import place_of, subject_of
from participants.lifecycle import State
from participants.models import Consent, ConsentItem, Participant
from sessions.actions.entries import locked
from sessions.actions.statements import update_rows
from sessions.models import DoseAdministration, Visit
from sessions.schedule import PlannedVisit, Record, plan
from sessions.schedule import State as Planned
from trials.access import protocol_versions
from trials.protocol import Event, ProtocolDefinition, VisitKind

WINDOW = ("plan", "opens", "target", "closes", "why")
LONGEST_WHY = 300

_STORED = {
    Planned.UPCOMING: "firm",
    Planned.OPEN: "firm",
    Planned.OVERDUE: "firm",
    Planned.HELD: "recorded",
    Planned.MISSED: "recorded",
}


@dataclass(slots=True)
class _Known:
    """What is on record of one participant, gathered query by query."""

    visits: dict[str, Visit] = field(default_factory=dict)
    doses: dict[str, date] = field(default_factory=dict)
    consented_on: date | None = None
    consents: dict[str, date] = field(default_factory=dict)


# One day for everybody, or each participant's own by id: a batch reaches over months.
Today = date | Mapping[int, date] | None


def latest_days(*, days: Iterable[tuple[int, date]]) -> dict[int, date]:
    """Return the latest of the days named for each participant id."""
    found: dict[int, date] = {}
    for participant_id, day in days:
        found[participant_id] = max(day, found.get(participant_id, day))
    return found


def replan(*, participants: Sequence[Participant], today: Today, by: AnyActor) -> None:
    """Bring the stored windows of some participants to what the planner says today.

    Without `today` each participant is planned as of the last day on their record.
    Visits that the plan has and the record lacks are added; windows that changed are
    rewritten. A held or missed visit keeps the window under which it was held. Nobody
    is planned before consent. The number of statements does not depend on the number of
    participants.
    """
    with acting(
        "plan visits",
        by=by,
        subject=subject_of(participants=participants),
        place=place_of(participants=participants),
    ):
        people = locked(participants=participants)
        definitions = protocol_versions(
            person.protocol_version_id for person in people.values()
        )
        known = _known(people)
        added: list[Visit] = []
        moved: list[Visit] = []
        for person in people.values():
            on_record = known[person.pk]
            if on_record.consented_on is None:
                continue
            definition = definitions[person.protocol_version_id]
            record = _record(person, on_record)
            day = today.get(person.pk) if isinstance(today, Mapping) else today
            planned = plan(definition, record, day or _latest(record))
            if person.state == State.SCREEN_FAILURE:
                planned = _nothing_more(planned)
            added += _missing(
                person, definition, visits=on_record.visits, planned=planned
            )
            moved += _moved(on_record.visits, planned)
        Visit.objects.bulk_create(added)
        update_rows(rows=moved, fields=WINDOW)


def _known(people: Mapping[int, Participant]) -> dict[int, _Known]:
    known = {pk: _Known() for pk in people}
    # What no plan foresees (turn 1, 2, …) is neither planned anew nor counted from.
    for visit in Visit.objects.filter(participant_id__in=people, turn=0):
        known[visit.participant_id].visits[visit.code] = visit
    given = DoseAdministration.objects.filter(
        participant_id__in=people, given_at__isnull=False
    ).select_related("visit")
    for dose in given.order_by("-given_at"):
        zone = zoneinfo.ZoneInfo(people[dose.participant_id].site.time_zone)
        if dose.given_at is not None:
            day = dose.given_at.astimezone(zone).date()
            known[dose.participant_id].doses[dose.visit.code] = day
    signed = Consent.objects.filter(participant_id__in=people)
    for person, first in signed.values_list("participant_id").annotate(
        Min("signed_on")
    ):
        known[person].consented_on = first
    items = ConsentItem.objects.filter(participant_id__in=people, is_given=True)
    for item in items:
        known[item.participant_id].consents[item.code] = item.decided_on
    return known


def _record(person: Participant, known: _Known) -> Record:
    visits = known.visits.values()
    return Record(
        held={visit.code: visit.held_on for visit in visits if visit.held_on},
        missed={
            visit.code: visit.target
            for visit in visits
            if visit.state == "missed" and visit.target
        },
        booked={
            visit.code: visit.booked_on
            for visit in visits
            if visit.state == "booked" and visit.booked_on
        },
        doses=known.doses,
        events=_events(person, known.consented_on),
        consents={
            code: on for code, on in known.consents.items() if code != "participation"
        },
    )


def _latest(record: Record) -> date:
    """Return the last day on which something is on record; consent at the earliest."""
    days = (record.held, record.doses, record.events)
    return max(day for known in days for day in known.values())


def _events(person: Participant, consented_on: date | None) -> dict[str, date]:
    """Return the participant's dated events, as the definition's anchors name them."""
    has_left = person.state in {State.WITHDRAWN, State.SCREEN_FAILURE}
    days = {
        Event.CONSENT: consented_on,
        Event.ENROLLMENT: person.enrolled_on,
        Event.RANDOMIZATION: person.randomized_on,
        Event.TREATMENT_STOPPED: person.treatment_stopped_on,
        Event.STUDY_LEFT: person.ended_on if has_left else None,
    }
    return {event.value: day for event, day in days.items() if day is not None}


def _nothing_more(planned: Mapping[str, PlannedVisit]) -> dict[str, PlannedVisit]:
    """Cancel what the protocol keeps for those who leave: nobody left before treatment."""
    why = "Screening failed, so no further visit is due."
    return {code: PlannedVisit(code, Planned.CANCELLED, why=why) for code in planned}


def _missing(
    person: Participant,
    definition: ProtocolDefinition,
    *,
    visits: Mapping[str, Visit],
    planned: Mapping[str, PlannedVisit],
) -> list[Visit]:
    """Return rows for the visits of the plan that the participant does not have yet."""
    return [
        _with_window(
            Visit(
                trial_id=person.trial_id,
                site_id=person.site_id,
                participant_id=person.pk,
                protocol_version_id=person.protocol_version_id,
                code=visit.code,
                number=visit.number,
                label=visit.label,
                kind=visit.kind.value,
                stage=visit.stage,
                position=position,
            ),
            planned[visit.code],
        )
        for position, visit in enumerate(definition.visits)
        if visit.code not in visits
        and visit.code in planned
        and not visit.repeatable
        and visit.kind is not VisitKind.UNSCHEDULED
    ]


def _moved(
    visits: Mapping[str, Visit], planned: Mapping[str, PlannedVisit]
) -> list[Visit]:
    """Return the rows whose window is another one now, with the new window set."""
    moved = []
    for code, visit in visits.items():
        if code not in planned or visit.state in {"held", "missed"}:
            continue
        before = [getattr(visit, name) for name in WINDOW]
        _with_window(visit, planned[code])
        if [getattr(visit, name) for name in WINDOW] != before:
            moved.append(visit)
    return moved


def _with_window(visit: Visit, planned: PlannedVisit) -> Visit:
    visit.plan = _STORED.get(planned.state, planned.state.value)
    visit.opens, visit.target, visit.closes = (
        planned.opens,
        planned.target,
        planned.closes,
    )
    visit.why = planned.why[:LONGEST_WHY]
    return visit
