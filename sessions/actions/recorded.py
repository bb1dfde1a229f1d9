"""What is on record of many participants, as the planner reads it."""

import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Min

from participants.lifecycle import State
from participants.models import Consent, ConsentItem, Fact, Participant
from sessions.models import DoseAdministration, Visit
from sessions.schedule import Record
from sessions.schedule import State as Planned
from sessions.schedule.stages import told_by_stages
from trials.access import codes_between
from trials.protocol import Event, ProtocolDefinition

# What no plan changes any more.
SETTLED = frozenset({"held", "missed", "cancelled"})
# A visit that an amendment added too late counts, as a missed one does, by its target.
_LOST = frozenset({"missed", "cancelled"})


@dataclass(slots=True)
class Known:
    """What is on record of one participant, gathered query by query.

    Visits and doses stand under the codes of the participant's version of the protocol:
    what was held under an earlier one keeps its own code in the row alone. `revealed` is
    what the planned unblinding told; `is_told` whether whoever plans may know it.
    """

    visits: dict[str, Visit] = field(default_factory=dict)
    doses: dict[str, date] = field(default_factory=dict)
    consented_on: date | None = None
    consents: dict[str, date] = field(default_factory=dict)
    parent: dict[str, date] = field(default_factory=dict)
    revealed: str | None = None
    is_told: bool = True


def known_of(
    *,
    people: Mapping[int, Participant],
    definitions: Mapping[int, ProtocolDefinition],
) -> dict[int, Known]:
    """Return what is on record of some participants by id, in six queries at most."""
    known = {pk: Known() for pk in people}
    # What no plan foresees (turn 1, 2, …) is neither planned anew nor counted from.
    visits = list(Visit.objects.filter(participant_id__in=people, turn=0))

    def versions(visit: Visit) -> tuple[int, int]:
        person = people[visit.participant_id]
        return visit.protocol_version_id, person.protocol_version_id

    codes = codes_between(map(versions, visits))

    def code_of(visit: Visit) -> str:
        return codes.get(versions(visit), {}).get(visit.code, visit.code)

    for visit in visits:
        known[visit.participant_id].visits[code_of(visit)] = visit
    for visit, day in _doses_of(people):
        known[visit.participant_id].doses[code_of(visit)] = day
    _tell_consents(known)
    _tell_parents(known, people, definitions)
    for pk, person in people.items():
        if person.unblinded_on is not None:
            definition = definitions[person.protocol_version_id]
            known[pk].revealed = _revealed_to(known[pk].visits.values(), definition)
    return known


def _doses_of(people: Mapping[int, Participant]) -> Iterator[tuple[Visit, date]]:
    """Yield the visits at which a dose was given, with its day; the initial dose's last."""
    given = DoseAdministration.objects.filter(
        participant_id__in=people, given_at__isnull=False
    ).select_related("visit")
    for dose in given.order_by("-given_at"):
        zone = zoneinfo.ZoneInfo(people[dose.participant_id].site.time_zone)
        if dose.given_at is not None:
            yield dose.visit, dose.given_at.astimezone(zone).date()


def _tell_consents(known: Mapping[int, Known]) -> None:
    """Add the day of the first consent, and those of what was agreed to beside it."""
    signed = Consent.objects.filter(participant_id__in=known)
    first = signed.values_list("participant_id").annotate(Min("signed_on"))
    for participant_id, day in first:
        known[participant_id].consented_on = day
    items = ConsentItem.objects.filter(participant_id__in=known, is_given=True)
    for item in items:
        known[item.participant_id].consents[item.code] = item.decided_on


def _revealed_to(rows: Iterable[Visit], definition: ProtocolDefinition) -> str | None:
    """Return what the planned unblinding told, by the stages that are not for somebody.

    Not asked behind the wall: a job or a data manager plans too, and neither is told.
    """
    ruled_out = {
        row.stage: row.plan == Planned.NOT_FOR
        for row in rows
        if row.state not in SETTLED
    }
    return told_by_stages(definition, ruled_out)


def _tell_parents(
    known: Mapping[int, Known],
    people: Mapping[int, Participant],
    definitions: Mapping[int, ProtocolDefinition],
) -> None:
    """Add the days of a parent study, which facts tell: a query if a protocol has any."""
    events = {
        (version, fact.code): fact.event
        for version, definition in definitions.items()
        for fact in definition.facts
        if fact.event
    }
    if not events:
        return
    facts = Fact.objects.filter(
        participant_id__in=people,
        code__in={code for _, code in events},
        is_current=True,
    )
    for fact in facts:
        key = (people[fact.participant_id].protocol_version_id, fact.code)
        if key in events and fact.value:
            day = date.fromisoformat(fact.value)
            known[fact.participant_id].parent[events[key]] = day


def record_of(*, person: Participant, known: Known) -> Record:
    """Return what the planner reads of a participant."""
    visits = known.visits.items()
    return Record(
        held={code: visit.held_on for code, visit in visits if visit.held_on},
        missed={
            code: visit.target
            for code, visit in visits
            if visit.state in _LOST and visit.target
        },
        booked={
            code: visit.booked_on
            for code, visit in visits
            if visit.state == "booked" and visit.booked_on
        },
        doses=known.doses,
        events=_events(person, known.consented_on) | known.parent,
        revealed=known.revealed,
        consents={
            code: on for code, on in known.consents.items() if code != "participation"
        },
    )


def _events(person: Participant, consented_on: date | None) -> dict[str, date]:
    """Return the participant's dated events, as the definition's anchors name them."""
    has_left = person.state in {State.WITHDRAWN, State.SCREEN_FAILURE}
    days = {
        Event.CONSENT: consented_on,
        Event.ENROLLMENT: person.enrolled_on,
        Event.RANDOMIZATION: person.randomized_on,
        Event.UNBLINDING: person.unblinded_on,
        Event.TREATMENT_STOPPED: person.treatment_stopped_on,
        Event.STUDY_LEFT: person.ended_on if has_left else None,
    }
    return {event.value: day for event, day in days.items() if day is not None}
