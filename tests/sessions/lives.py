"""Generated lives of participants: what may happen to them, day by day."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from sessions.schedule import WINDOWED, PlannedVisit, Record, State, plan
from trials.protocol import ProtocolDefinition, VisitKind

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
    record, today = Record(), START
    snapshots: list[Snapshot] = []
    for _ in range(random.randint(12, 45)):
        today += timedelta(days=random.choice((0, 1, 1, 3, 7, 7, 16, 40)))
        planned = plan(definition, record, today)
        snapshots.append(Snapshot(record, today, planned))
        record = _step(definition, snapshots[-1], random)
    planned = plan(definition, record, today)
    return [*snapshots, Snapshot(record, today, planned)]


def _step(definition: ProtocolDefinition, now: Snapshot, random: Random) -> Record:
    record = now.record
    if "consent" not in record.events:
        return _with_event(record, "consent", now.today)
    event = _event(now, random)
    if event is not None:
        return event
    ready = [x for x in now.planned.values() if _can_be_decided(x)]
    if not ready:
        return record
    # Mostly the next visit, as in life; sometimes any, since people skip ahead.
    ready.sort(key=lambda x: x.target or date.max)
    visit = ready[0] if random.random() < 0.75 else random.choice(ready)
    return _decide(definition, now, visit, random=random)


def _can_be_decided(visit: PlannedVisit) -> bool:
    return visit.state in WINDOWED or visit.state in {State.NO_DAY, State.TOO_LATE}


EVENTS = {
    "treatment_stopped": 0.015,
    "study_left": 0.01,
    "randomization": 0.025,
    "database_lock": 0.01,
    "unblinding": 0.08,
    "consent to stage 2": 0.03,
    "decline": 0.006,
    "": 0.824,
}


def _event(now: Snapshot, random: Random) -> Record | None:
    record = now.record
    (event,) = random.choices(list(EVENTS), weights=list(EVENTS.values()))
    if not event or not _can_happen(event, record):
        return None
    if event == "consent to stage 2":
        return replace(record, consents={**record.consents, "stage_2": now.today})
    if event == "decline":
        return replace(record, declined=frozenset({"open"}))
    if event == "unblinding":
        record = replace(record, revealed=random.choice(("low", "low", "active")))
    return _with_event(record, event, now.today)


def _can_happen(event: str, record: Record) -> bool:
    """Nobody is randomized to an ended treatment, or unblinded twice or too early."""
    if event == "randomization":
        return "treatment_stopped" not in record.events
    if event == "unblinding":
        return event not in record.events and _held_any(record, "endpoint")
    return True


def _held_any(record: Record, code: str) -> bool:
    return code in record.held or code in record.missed


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
