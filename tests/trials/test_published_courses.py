"""Each published trial from screening to its last visit, in every branch it has."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.schedule import WINDOWED, PlannedVisit, Record, State, plan
from tests.sessions.lives import START, born
from tests.trials.published import published
from trials.protocol import Event, ProtocolDefinition, VisitKind
from trials.protocol.ordering import ties_of

BRANCHES = [
    (name, told)
    for name, definition in sorted(published().items())
    for told in (
        definition.revealed_names
        if definition.unblinding and definition.unblinding.at
        else ("",)
    )
]
FINISHED = {State.HELD, State.NOT_FOR, State.IF_NEEDED, State.CANCELLED, State.MISSED}

Day = Callable[[PlannedVisit], date]


def on_target(visit: PlannedVisit) -> date:
    assert visit.target is not None
    return visit.target


def course(definition: ProtocolDefinition, told: str, *, day: Day) -> Record:
    """Holds visit after visit, each on the day that `day` chooses in its window.

    A visit that the rules leave no day is declared missed. Ends when nothing is left.
    """
    born_as = born(definition)
    events = {**born_as.events, Event.CONSENT.value: START}
    record, today = replace(born_as, events=events), START
    for _ in range(3 * len(definition.visits)):
        planned = plan(definition, record, today)
        due = [x for x in planned.values() if x.state in WINDOWED]
        lost = [
            x for x in planned.values() if x.state in {State.NO_DAY, State.TOO_LATE}
        ]
        if lost:
            missed = {**record.missed, lost[0].code: lost[0].target or today}
            record = replace(record, missed=missed)
        elif due:
            chosen = min(due, key=on_target)
            today = max(today, day(chosen))
            record = _held(definition, record, chosen.code, today, told)
        else:
            return record
    message = f"{definition.identifier} does not come to an end"
    raise AssertionError(message)


def _held(
    definition: ProtocolDefinition, record: Record, code: str, today: date, told: str
) -> Record:
    events = dict(record.events)
    for event, tied in ties_of(definition).items():
        if tied == code and event in set(Event):
            events[event] = today
    is_dosing = definition.visit(code).kind is VisitKind.DOSING
    return replace(
        record,
        held={**record.held, code: today},
        doses={**record.doses, code: today} if is_dosing else record.doses,
        events=events,
        revealed=told if Event.UNBLINDING in events else None,
    )


@pytest.mark.parametrize(("name", "told"), BRANCHES)
def test_a_participant_comes_from_screening_to_the_last_visit(
    name: str, told: str
) -> None:
    definition = published()[name]
    record = course(definition, told, day=on_target)
    planned = plan(definition, record, max(record.held.values()))
    for visit in definition.visits:
        stage = definition.stage(visit.stage) if visit.stage else definition.stages[0]
        is_for_them = stage.enter is None or told in stage.enter.revealed
        if planned[visit.code].state is State.IF_NEEDED:
            continue
        expected = State.HELD if is_for_them else State.NOT_FOR
        assert planned[visit.code].state is expected, visit.code


@pytest.mark.parametrize(("name", "told"), BRANCHES)
def test_sessions_and_assessments_come_in_their_order(name: str, told: str) -> None:
    definition = published()[name]
    held = course(definition, told, day=on_target).held
    days = [held[x.code] for x in definition.dosing_visits if x.code in held]
    assert days == sorted(days)
    for endpoint in definition.endpoints:
        assert held[endpoint.end] >= held.get(endpoint.start, START)
    for visit in definition.visits:
        if visit.when and visit.when.anchor == "last_dose" and visit.code in held:
            assert held[visit.code] > max(days)


@settings(max_examples=25, deadline=None)
@given(branch=st.sampled_from(BRANCHES), seed=st.integers(0, 2**20))
def test_whoever_keeps_to_the_windows_comes_to_an_end(
    branch: tuple[str, str], seed: int
) -> None:
    name, told = branch
    random = Random(seed)  # noqa: S311 - a life is made up, nothing is kept secret

    def day(visit: PlannedVisit) -> date:
        assert visit.opens is not None
        length = ((visit.closes or visit.opens) - visit.opens).days
        return visit.opens + timedelta(days=random.randint(0, length))

    definition = published()[name]
    record = course(definition, told, day=day)
    planned = plan(definition, record, max(record.held.values()))
    assert {visit.state for visit in planned.values()} <= FINISHED
    sessions = {visit.code for visit in definition.dosing_visits}
    unheld = {x for x in sessions if planned[x].state is not State.HELD}
    assert all(planned[x].state in {State.NOT_FOR, State.MISSED} for x in unheld)


def test_the_largest_protocol_is_planned_in_less_than_two_milliseconds() -> None:
    definition = max(published().values(), key=lambda item: len(item.visits))
    record = course(definition, definition.revealed_names[0], day=on_target)
    last = max(record.held.values())
    took = []
    for offset in range(30):
        # The thread's own time, and the best of it: other work is not the planner's.
        start = time.thread_time()
        plan(definition, record, last - timedelta(days=10 * offset))
        plan(definition, Record(), START + timedelta(days=offset))
        took.append((time.thread_time() - start) / 2)
    assert min(took) < 0.002
