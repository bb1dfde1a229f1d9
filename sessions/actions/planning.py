"""Windows of many participants, computed by the planner and stored set by set."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from audit.actors import AnyActor
from audit.trail import acting
from participants.actions.batch import place_of, subject_of
from participants.lifecycle import State
from participants.models import Participant
from participants.vocabulary import SAFETY_AFTER_LEAVING
from sessions.access import sites_held_back
from sessions.actions.entries import locked
from sessions.actions.recorded import SETTLED, Known, known_of, record_of
from sessions.actions.statements import update_rows
from sessions.models import Visit
from sessions.schedule import PlannedVisit, Record, plan
from sessions.schedule import State as Planned
from trials.access import protocol_versions
from trials.protocol import ProtocolDefinition, VisitDefinition, VisitKind

WINDOW = ("plan", "opens", "target", "closes", "why")
# What a version of the protocol says of a visit beside its window.
PLACE = ("protocol_version", "code", "number", "label", "kind", "stage", "position")
BOOKING = ("state", "booked_on", "booked_time")
LONGEST_WHY = 300

_STORED = {
    Planned.UPCOMING: "firm",
    Planned.OPEN: "firm",
    Planned.OVERDUE: "firm",
    Planned.HELD: "recorded",
    Planned.MISSED: "recorded",
}


# One day for everybody, or each participant's own by id: a batch reaches over months.
Today = date | Mapping[int, date] | None


def latest_days(*, days: Iterable[tuple[int, date]]) -> dict[int, date]:
    """Return the latest of the days named for each participant id."""
    found: dict[int, date] = {}
    for participant_id, day in days:
        found[participant_id] = max(day, found.get(participant_id, day))
    return found


def replan(
    *,
    participants: Sequence[Participant],
    today: Today,
    by: AnyActor,
    revealed: Mapping[int, str] | None = None,
) -> None:
    """Bring the stored windows of some participants to what the planner says today.

    Without `today` each participant is planned as of the last day on their record.
    Visits that the plan has and the record lacks are added; windows that changed are
    rewritten. A held or missed visit keeps the window under which it was held. Nobody
    is planned before consent. Visits of an earlier version of the protocol than the
    participant's are brought to it, or closed where it has them no more. The number of
    statements does not depend on the number of participants.

    `revealed` is by id what a planned unblinding told just now; afterwards the stored
    visits say it. What is held back from `by`, who sees no row of it, stays as it is.
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
        known = known_of(people=people, definitions=definitions)
        _tell(known, people, definitions, revealed=revealed or {})
        changed = _Changed()
        for person in people.values():
            if known[person.pk].consented_on is not None:
                definition = definitions[person.protocol_version_id]
                day = today.get(person.pk) if isinstance(today, Mapping) else today
                changed.add(person, known[person.pk], definition, day=day)
        Visit.objects.bulk_create(changed.added)
        update_rows(rows=changed.brought, fields=(*PLACE, *WINDOW, *BOOKING))
        update_rows(rows=changed.moved, fields=WINDOW)


@dataclass(slots=True)
class _Changed:
    """The rows in which a plan differs from what is stored."""

    added: list[Visit] = field(default_factory=list)
    brought: list[Visit] = field(default_factory=list)
    moved: list[Visit] = field(default_factory=list)

    def add(
        self,
        person: Participant,
        known: Known,
        definition: ProtocolDefinition,
        *,
        day: date | None,
    ) -> None:
        planned = _planned(person, known, definition, day=day)
        self.added += _missing(person, definition, visits=known.visits, planned=planned)
        self.brought += _brought(person, definition, known.visits)
        self.moved += _moved(known.visits, planned)


def _tell(
    known: Mapping[int, Known],
    people: Mapping[int, Participant],
    definitions: Mapping[int, ProtocolDefinition],
    *,
    revealed: Mapping[int, str],
) -> None:
    """Add what unblinding revealed just now, and of whom whoever plans is not told it."""
    for pk, told in revealed.items():
        known[pk].revealed = told
    has_hidden = any(
        definitions[person.protocol_version_id].held_back.visits
        for person in people.values()
    )
    hidden = sites_held_back() if has_hidden else frozenset()
    for pk, person in people.items():
        known[pk].is_told = person.site_id not in hidden


def _planned(
    person: Participant,
    known: Known,
    definition: ProtocolDefinition,
    *,
    day: date | None,
) -> dict[str, PlannedVisit]:
    """Return the plan as of a day, or of the last one on record."""
    record = record_of(person=person, known=known)
    planned = plan(definition, record, day or _latest(record))
    if not known.is_told:
        hidden = definition.held_back.visits
        planned = {code: each for code, each in planned.items() if code not in hidden}
    if person.state == State.SCREEN_FAILURE:
        return _nothing_more(planned, "Screening failed, so no further visit is due.")
    if person.state == State.WITHDRAWN and SAFETY_AFTER_LEAVING not in known.consents:
        return _nothing_more(planned, "Left, and allowed nothing after it.")
    return planned


def _latest(record: Record) -> date:
    """Return the last day on which something is on record; consent at the earliest."""
    days = (record.held, record.doses, record.events)
    return max(day for known in days for day in known.values())


def _nothing_more(
    planned: Mapping[str, PlannedVisit], why: str
) -> dict[str, PlannedVisit]:
    """Cancel what the protocol keeps for those who leave."""
    return {code: PlannedVisit(code, Planned.CANCELLED, why=why) for code in planned}


def _missing(
    person: Participant,
    definition: ProtocolDefinition,
    *,
    visits: Mapping[str, Visit],
    planned: Mapping[str, PlannedVisit],
) -> list[Visit]:
    """Return rows for the visits of the plan that the participant does not have yet."""
    wanted = planned.keys() - visits.keys()
    return [
        _with_window(row, planned[row.code])
        for row in rows_of(person=person, definition=definition, codes=wanted)
    ]


def rows_of(
    *, person: Participant, definition: ProtocolDefinition, codes: Collection[str]
) -> Iterator[Visit]:
    """Yield rows without a window, for the visits of some codes that a plan has once."""
    for position, visit in enumerate(definition.visits):
        if visit.code in codes and comes_once(visit=visit):
            yield _placed(
                Visit(
                    trial_id=person.trial_id,
                    site_id=person.site_id,
                    participant_id=person.pk,
                ),
                visit,
                version_id=person.protocol_version_id,
                position=position,
            )


def comes_once(*, visit: VisitDefinition) -> bool:
    """Tell whether a visit stands in the plan, not held whenever it is needed."""
    return not visit.repeatable and visit.kind is not VisitKind.UNSCHEDULED


def _placed(
    row: Visit, visit: VisitDefinition, *, version_id: int, position: int
) -> Visit:
    row.protocol_version_id = version_id
    row.code, row.number, row.label = visit.code, visit.number, visit.label
    row.kind, row.stage, row.position = visit.kind.value, visit.stage, position
    return row


def _brought(
    person: Participant, definition: ProtocolDefinition, visits: Mapping[str, Visit]
) -> list[Visit]:
    """Return the rows of an earlier version, brought to the participant's.

    What was held, missed or closed stays what it was, but for its place in the order.
    What the version has no more is closed.
    """
    version_id = person.protocol_version_id
    older = {
        code: row
        for code, row in visits.items()
        if row.protocol_version_id != version_id
    }
    if not older:
        return []
    positions = {each.code: n for n, each in enumerate(definition.visits)}
    brought = []
    for code, row in older.items():
        position = positions.get(code, row.position)
        if row.state not in SETTLED:
            brought.append(row)
            if code in positions:
                visit = definition.visits_by_code[code]
                _placed(row, visit, version_id=version_id, position=position)
            else:
                close(row=row, why=f"Removed by version {definition.version}.")
        elif row.position != position:
            brought.append(row)
            row.position = position
    return brought


def close(*, row: Visit, why: str, target: date | None = None) -> Visit:
    """Close a visit for good: nobody holds, books or misses it, and no plan opens it.

    What counts from it counts from its target.
    """
    row.state, row.plan, row.why = "cancelled", "cancelled", why
    row.opens = row.closes = row.booked_on = row.booked_time = None
    row.target = target
    return row


def _moved(
    visits: Mapping[str, Visit], planned: Mapping[str, PlannedVisit]
) -> list[Visit]:
    """Return the rows whose window is another one now, with the new window set."""
    moved = []
    for code, visit in visits.items():
        if code not in planned or visit.state in SETTLED:
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
