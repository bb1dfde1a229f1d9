"""Visits that no plan foresees: added when they are needed, cancelled when they are not."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.access import allowed_after_leaving
from participants.actions.batch import place_of, subject_of
from participants.models import Consent, Participant
from sessions.actions.entries import locked, named, placed
from sessions.actions.holding import Holding, after_leaving
from sessions.actions.planning import LONGEST_WHY
from sessions.actions.statements import update_rows
from sessions.actions.visits import Booking, book, hold, to_record
from sessions.lifecycle import Move, State, moved
from sessions.models import Visit
from trials.access import protocol_versions, require
from trials.protocol import ProtocolDefinition, VisitDefinition, VisitKind

SHORTEST_WHY = 3


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """A visit that somebody needs: it took place on that day, or is to be on it.

    `code` is the protocol's; without one it is the protocol's first visit of that kind.
    """

    participant: Participant
    on: datetime.date
    mode: str
    why: str
    took_place: bool = True
    time: datetime.time | None = None
    code: str = ""


def unscheduled_in(*, definition: ProtocolDefinition) -> list[VisitDefinition]:
    """Return the visits that a protocol has for whenever they are needed."""
    return [
        visit
        for visit in definition.visits
        if visit.repeatable or visit.kind is VisitKind.UNSCHEDULED
    ]


def add_unscheduled(
    *,
    additions: Sequence[Unscheduled],
    by: AnyActor,
    today: datetime.date | None = None,
) -> list[Visit]:
    """Add visits that no plan foresees, and hold them or put them on the calendar.

    They count from nothing and nothing counts from them: planning leaves them alone. Each
    keeps the position of the last planned visit held by its day, so that an export can
    number it after that one (SDTMIG 3.4, section 5, SV).
    """
    people = [item.participant for item in additions]
    require(
        by=by,
        permission=Permission.RECORD_VISITS,
        site_ids={person.site_id for person in people},
    )
    with acting(
        "add unscheduled visit",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        _check(additions, rows)
        made = Visit.objects.bulk_create(_made(additions, rows))
        _put(list(zip(additions, made, strict=True)), by=by, today=today)
    return made


def _check(additions: Sequence[Unscheduled], people: Mapping[int, Participant]) -> None:
    consented = set(
        Consent.objects.filter(participant__in=people).values_list(
            "participant_id", flat=True
        )
    )
    allowed = allowed_after_leaving(people)
    for item in additions:
        person = people[item.participant.pk]
        if person.pk not in consented:
            raise Refused(
                f"Consent comes first: {person.number} can have no visit before it is "
                "signed."
            )
        if len(item.why.strip()) < SHORTEST_WHY:
            raise Refused("Say why the visit is needed.")
        obstacle = after_leaving(
            person=person,
            kind=VisitKind.UNSCHEDULED,
            on=item.on,
            allows=allowed.get(person.pk, ()),
        )
        if obstacle:
            raise Refused(obstacle)


def _made(
    additions: Sequence[Unscheduled], people: Mapping[int, Participant]
) -> list[Visit]:
    definitions = protocol_versions(p.protocol_version_id for p in people.values())
    known: dict[int, list[Visit]] = {pk: [] for pk in people}
    for visit in Visit.objects.filter(participant__in=people):
        known[visit.participant_id].append(visit)
    made = []
    for item in additions:
        person = people[item.participant.pk]
        planned = _planned(item, definitions[person.protocol_version_id])
        visit = _row(item, person, planned, before=known[person.pk])
        known[person.pk].append(visit)
        made.append(visit)
    return made


def _planned(item: Unscheduled, definition: ProtocolDefinition) -> VisitDefinition:
    for visit in unscheduled_in(definition=definition):
        if item.code in {"", visit.code}:
            return visit
    raise Refused("The protocol has no visit for whenever it is needed.")


def _row(
    item: Unscheduled,
    person: Participant,
    planned: VisitDefinition,
    *,
    before: Sequence[Visit],
) -> Visit:
    # One count for all such visits of somebody: their numbers and exported numbers must
    # differ, whichever of the protocol's visits they are.
    turn = max((visit.turn for visit in before), default=0) + 1
    return Visit(
        trial_id=person.trial_id,
        site_id=person.site_id,
        participant=person,
        protocol_version_id=person.protocol_version_id,
        code=planned.code,
        number=f"U{turn}",
        label=planned.label,
        kind=planned.kind.value,
        stage=planned.stage,
        position=position_by(visits=before, on=item.on),
        turn=turn,
        plan="firm",
        why=item.why.strip()[:LONGEST_WHY],
    )


def position_by(*, visits: Iterable[Visit], on: datetime.date) -> int:
    """Return the position of the last planned visit held by a day; 0 if there is none."""
    days = [
        (visit.held_on, visit.position)
        for visit in visits
        if visit.turn == 0 and visit.held_on is not None and visit.held_on <= on
    ]
    return max(days)[1] if days else 0


def _put(
    added: Sequence[tuple[Unscheduled, Visit]],
    *,
    by: AnyActor,
    today: datetime.date | None,
) -> None:
    """Hold what took place and book what is to come, by the acts of every visit."""
    holdings = [
        Holding(visit, item.on, item.mode) for item, visit in added if item.took_place
    ]
    bookings = [
        Booking(visit, item.on, item.time, item.mode)
        for item, visit in added
        if not item.took_place
    ]
    if holdings:
        hold(holdings=holdings, by=by, today=today)
    if bookings:
        book(bookings=bookings, by=by, today=today)


def cancel_unscheduled(*, visits: Sequence[Visit], by: AnyActor, reason: str) -> None:
    """Cancel visits that were added and will not be held; that is no deviation."""
    with acting(
        "cancel visit",
        by=by,
        reason=reason,
        subject=named(visits=visits),
        place=placed(visits=visits),
    ):
        rows = to_record(visits=visits, by=by)
        for visit in rows.values():
            if not visit.turn:
                raise Refused(
                    f"{visit.called} is a visit of the protocol. Record it as missed, "
                    "with a reason."
                )
            visit.state = moved(State(visit.state), Move.CANCEL, reason=reason).value
            visit.plan = "cancelled"
            visit.booked_on = visit.booked_time = None
        fields = ("state", "plan", "booked_on", "booked_time")
        update_rows(rows=list(rows.values()), fields=fields)
