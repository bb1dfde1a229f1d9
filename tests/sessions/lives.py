"""Generated lives of participants: what may happen to them, day by day."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from sessions.schedule import WINDOWED, PlannedVisit, Record, State, plan
from trials.protocol import Event, ProtocolDefinition, VisitKind

START = date(2026, 1, 31)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A participant on one day, and the plan of that day."""

    record: Record
    today: date
    planned: dict[str, PlannedVisit]


def life(definition: ProtocolDefinition, seed: int) -> list[Snapshot]:
    """A life of 12 to 45 steps; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - a life is made up, nothing is kept secret
    record, today = born(definition), START
    snapshots: list[Snapshot] = []
    for _ in range(random.randint(12, 45)):
        today += timedelta(days=random.choice((0, 1, 1, 3, 7, 7, 16, 40)))
        planned = plan(definition, record, today)
        snapshots.append(Snapshot(record, today, planned))
        record = _step(definition, snapshots[-1], random)
    planned = plan(definition, record, today)
    return [*snapshots, Snapshot(record, today, planned)]


def born(definition: ProtocolDefinition) -> Record:
    """Somebody about whom nothing is known but the dates of a parent study."""
    if definition.parent is None:
        return Record()
    ago = {
        "first_dose": 300,
        "last_dose": 200,
        "primary_endpoint": 150,
        "completed": 140,
    }
    days = {f"parent.{x}": START - timedelta(days=n) for x, n in ago.items()}
    return Record(events=days)


def _step(definition: ProtocolDefinition, now: Snapshot, random: Random) -> Record:
    record = now.record
    if Event.CONSENT not in record.events:
        return _with_event(record, "consent", now.today)
    event = _event(definition, now, random)
    if event is not None:
        return event
    ready = [x for x in now.planned.values() if _can_be_decided(x)]
    ready.sort(key=lambda x: x.target or date.max)
    # A long protocol would not get past its calls with one decision a day.
    for _ in range(random.randint(1, 1 + len(definition.visits) // 20)):
        if not ready:
            break
        # Mostly the next visit, as in life; sometimes any, since people skip ahead.
        visit = ready[0] if random.random() < 0.75 else random.choice(ready)
        ready.remove(visit)
        now = replace(now, record=record)
        record = _decide(definition, now, visit, random=random)
    return record


def _can_be_decided(visit: PlannedVisit) -> bool:
    return visit.state in WINDOWED or visit.state in {State.NO_DAY, State.TOO_LATE}


EVENTS = {
    "treatment_stopped": 0.015,
    "study_left": 0.01,
    "randomization": 0.025,
    "database_lock": 0.01,
    "unblinding": 0.1,
    "consent to a stage": 0.03,
    "decline": 0.006,
    "": 0.804,
}


def _event(
    definition: ProtocolDefinition, now: Snapshot, random: Random
) -> Record | None:
    record = now.record
    (event,) = random.choices(list(EVENTS), weights=list(EVENTS.values()))
    entered = [stage for stage in definition.stages if stage.enter is not None]
    if not event or not _can_happen(event, definition, record):
        return None
    if event == "consent to a stage":
        items = [x.enter.consent for x in entered if x.enter and x.enter.consent]
        given = dict.fromkeys(items, now.today)
        return replace(record, consents={**given, **record.consents})
    if event == "decline":
        declined = {random.choice(entered).code} if entered else set()
        return replace(record, declined=record.declined | declined)
    if event == "unblinding":
        told = random.choice(definition.revealed_names or ("",))
        record = replace(record, revealed=told or None)
    return _with_event(record, event, now.today)


def _can_happen(event: str, definition: ProtocolDefinition, record: Record) -> bool:
    """Nobody is randomized to an ended treatment, or unblinded twice or too early."""
    if event == "randomization":
        return definition.randomization is not None and (
            Event.TREATMENT_STOPPED not in record.events
        )
    if event == "unblinding":
        unblinding = definition.unblinding
        if unblinding is None or event in record.events:
            return False
        happened = {*record.held, *record.missed, *record.events}
        return (unblinding.at or unblinding.after) in happened
    return True


def _with_event(record: Record, event: str, day: date) -> Record:
    return replace(record, events={event: day, **record.events})


def _decide(
    definition: ProtocolDefinition,
    now: Snapshot,
    visit: PlannedVisit,
    *,
    random: Random,
) -> Record:
    record, chance = now.record, random.random()
    if visit.state is State.TOO_LATE or chance < 0.12:
        missed = {**record.missed, visit.code: visit.target or now.today}
        return replace(record, missed=missed)
    if chance < 0.3:
        day = now.today + timedelta(days=random.choice((0, 2, 9, 30, 90)))
        return replace(record, booked={**record.booked, visit.code: day})
    if chance < 0.42:
        return record
    held = {**record.held, visit.code: now.today}
    doses = dict(record.doses)
    if definition.visit(visit.code).kind is VisitKind.DOSING and random.random() < 0.9:
        doses[visit.code] = now.today
    return replace(record, held=held, doses=doses)
