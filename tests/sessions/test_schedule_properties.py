"""Properties of the planner over generated lives, in every shipped definition.

`LIVES=60 ./run test tests/sessions/test_schedule_properties.py` looks at more lives.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sessions.schedule import WINDOWED, PlannedVisit, Record, State, plan
from tests.sessions.definitions import DEFINITIONS
from tests.sessions.lives import Snapshot
from tests.sessions.many_lives import (
    EXAMPLES,
    LIVES,
    entry_of,
    last_day,
    lived,
    window_of,
    windowed,
)
from trials.protocol import Otherwise, ProtocolDefinition, VisitDefinition


def _turned(days: Mapping[str, date]) -> dict[str, date]:
    return dict(reversed(list(days.items())))


def states_of(planned: dict[str, PlannedVisit], state: State) -> set[str]:
    return {code for code, visit in planned.items() if visit.state is state}


@EXAMPLES
@given(**LIVES)
def test_opening_target_and_closing_are_in_order(name: str, seed: int) -> None:
    for snapshot in lived(name, seed):
        for visit in windowed(snapshot):
            opens, target, closes = window_of(visit)
            assert opens <= target <= closes, visit


@EXAMPLES
@given(**LIVES)
def test_a_window_says_whether_today_is_before_in_or_after_it(
    name: str, seed: int
) -> None:
    for snapshot in lived(name, seed):
        for visit in windowed(snapshot):
            opens, _, closes = window_of(visit)
            expected = {
                State.UPCOMING: snapshot.today < opens,
                State.OPEN: opens <= snapshot.today <= closes,
                State.OVERDUE: closes < snapshot.today,
                State.PROVISIONAL: True,
            }
            assert expected[visit.state]
            assert visit.firm is (visit.state is not State.PROVISIONAL)


@EXAMPLES
@given(**LIVES)
def test_held_and_missed_visits_never_move(name: str, seed: int) -> None:
    for snapshot in lived(name, seed):
        for code, day in snapshot.record.held.items():
            visit = snapshot.planned[code]
            assert (visit.state, visit.target) == (State.HELD, day)
        for code, day in snapshot.record.missed.items():
            visit = snapshot.planned[code]
            assert (visit.state, visit.target) == (State.MISSED, day)


@EXAMPLES
@given(**LIVES)
def test_the_same_record_gives_the_same_plan_in_whatever_order_it_was_made(
    name: str, seed: int
) -> None:
    snapshot = lived(name, seed)[-1]
    record = snapshot.record
    turned = replace(
        record,
        held=_turned(record.held),
        missed=_turned(record.missed),
        events=_turned(record.events),
        doses=_turned(record.doses),
    )
    assert plan(DEFINITIONS[name], turned, snapshot.today) == snapshot.planned
    assert plan(DEFINITIONS[name], record, snapshot.today) == snapshot.planned


def _delayed(
    definition: ProtocolDefinition, snapshot: Snapshot, days: int
) -> tuple[str, Record] | None:
    """The same record with its latest visit, a dosing visit, held `days` later."""
    held = snapshot.record.held
    dosing = [x.code for x in definition.dosing_visits if x.code in held]
    if not dosing:
        return None
    code = max(dosing, key=lambda x: held[x])
    later = held[code] + timedelta(days=days)
    others = [day for other, day in held.items() if other != code]
    others += snapshot.record.events.values()
    others += snapshot.record.missed.values()
    if later > snapshot.today or max(others, default=date.min) > held[code]:
        return None
    record = replace(snapshot.record, held={**held, code: later})
    if code in record.doses:
        record = replace(record, doses={**record.doses, code: later})
    return code, record


def _follows_directly(visit: VisitDefinition, code: str) -> bool:
    if visit.when is None or visit.when.is_ahead or visit.constraints:
        return False
    return visit.when.anchor == code


@EXAMPLES
@given(days=st.integers(1, 30), **LIVES)
def test_a_later_dosing_moves_nothing_earlier(name: str, seed: int, days: int) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        delayed = _delayed(definition, snapshot, days)
        if delayed is None:
            continue
        code, record = delayed
        after = plan(definition, record, snapshot.today)
        if states_of(after, State.NO_DAY) != states_of(snapshot.planned, State.NO_DAY):
            continue  # without a day a visit's dependants count from elsewhere
        for visit in windowed(snapshot):
            moved = after[visit.code]
            if moved.state not in WINDOWED:
                continue
            opens, _, closes = window_of(visit)
            assert moved.opens is not None
            assert moved.opens >= opens
            assert last_day(moved) >= closes
            if _follows_directly(definition.visit(visit.code), code):
                assert moved.opens - opens == timedelta(days=days)


@EXAMPLES
@given(**LIVES)
def test_a_missed_visit_does_not_block(name: str, seed: int) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        for visit in snapshot.planned.values():
            given_as = definition.visit(visit.code)
            if given_as.when is None or given_as.constraints:
                continue
            if entry_of(definition, given_as) is not None:
                continue  # waits for unblinding, not for the missed visit
            if given_as.otherwise is not Otherwise.FROM_TARGET:
                continue
            if given_as.when.anchor in snapshot.record.missed:
                assert visit.state not in {State.WAITING, State.PROVISIONAL}, visit


@EXAMPLES
@given(days=st.integers(1, 200), **LIVES)
def test_time_alone_moves_no_firm_window_and_no_forecast_backwards(
    name: str, seed: int, days: int
) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed)[::2]:
        later = snapshot.today + timedelta(days=days)
        # A booking that lapses is news in itself; it has a test of its own.
        booked = {x: d for x, d in snapshot.record.booked.items() if d >= later}
        record = replace(snapshot.record, booked=booked)
        before = plan(definition, record, snapshot.today)
        after = plan(definition, record, later)
        lost_day = states_of(after, State.NO_DAY) - states_of(before, State.NO_DAY)
        for code, visit in before.items():
            if visit.state not in WINDOWED:
                continue
            if visit.firm:
                assert window_of(after[code]) == window_of(visit), (visit, after[code])
                assert after[code].firm
            elif after[code].state in WINDOWED and not lost_day:
                pairs = zip(window_of(after[code]), window_of(visit), strict=True)
                assert all(new >= old for new, old in pairs), (visit, after[code])


@EXAMPLES
@given(**LIVES)
def test_a_booking_that_has_passed_counts_for_nothing(name: str, seed: int) -> None:
    for snapshot in lived(name, seed):
        record = snapshot.record
        current = {x: d for x, d in record.booked.items() if d >= snapshot.today}
        without = replace(record, booked=current)
        assert plan(DEFINITIONS[name], without, snapshot.today) == snapshot.planned


@EXAMPLES
@given(**LIVES)
def test_a_firm_window_counted_from_the_last_dose_is_final(
    name: str, seed: int
) -> None:
    definition = DEFINITIONS[name]
    from_last_dose = [
        visit.code
        for visit in definition.visits
        if visit.when is not None and visit.when.anchor == "last_dose"
    ]
    seen: dict[str, date] = {}
    for snapshot in lived(name, seed):
        for code in from_last_dose:
            visit = snapshot.planned[code]
            if visit.state in WINDOWED and visit.firm:
                # The closing tells the anchor: a constraint raises the opening, and a
                # constraint that falls away, its visit missed, lowers it again.
                opens, _, closes = window_of(visit)
                assert closes == seen.setdefault(code, closes)
                if not definition.visit(code).constraints:
                    assert opens == seen.setdefault(f"{code} opens", opens)
            elif code in seen:
                assert visit.state is not State.PROVISIONAL


@EXAMPLES
@given(**LIVES)
def test_before_means_before(name: str, seed: int) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        for visit in windowed(snapshot):
            for constraint in definition.visit(visit.code).constraints:
                if not constraint.is_before:
                    continue
                other = snapshot.planned[constraint.anchor]
                assert other.state is not State.HELD
                booked = snapshot.record.booked.get(other.code, date.min)
                if booked >= snapshot.today and other.state in WINDOWED:
                    assert last_day(visit) < booked
                elif other.state in WINDOWED and other.firm:
                    assert last_day(visit) < last_day(other)


@EXAMPLES
@given(**LIVES)
def test_forecasts_do_not_lie_in_the_past(name: str, seed: int) -> None:
    for snapshot in lived(name, seed):
        for visit in windowed(snapshot):
            if visit.state is not State.PROVISIONAL:
                continue
            assert last_day(visit) >= snapshot.today, visit
            when = DEFINITIONS[name].visit(visit.code).when
            assert when is not None
            if when.anchor in snapshot.planned and snapshot.planned[
                when.anchor
            ].state not in {State.HELD, State.MISSED}:
                assert visit.target is not None
                assert visit.target >= snapshot.today, visit


def _without_forecasts(
    definition: ProtocolDefinition, snapshot: Snapshot, code: str
) -> ProtocolDefinition:
    """The definition, the visit's constraints on forecasts taken away.

    A booking is exact, so it is no forecast.
    """
    visit = definition.visit(code)
    kept = tuple(
        constraint
        for constraint in visit.constraints
        if constraint.anchor not in snapshot.planned
        or snapshot.planned[constraint.anchor].state is not State.PROVISIONAL
        or snapshot.record.booked.get(constraint.anchor, date.min) >= snapshot.today
    )
    changed = replace(visit, constraints=kept)
    visits = tuple(changed if x is visit else x for x in definition.visits)
    return replace(definition, visits=visits)


@EXAMPLES
@given(**LIVES)
def test_what_is_uncertain_never_causes_no_day(name: str, seed: int) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        for code in states_of(snapshot.planned, State.NO_DAY):
            certain = _without_forecasts(definition, snapshot, code)
            planned = plan(certain, snapshot.record, snapshot.today)
            assert planned[code].state is State.NO_DAY, snapshot.planned[code]


@EXAMPLES
@given(**LIVES)
def test_states_without_dates_have_none(name: str, seed: int) -> None:
    undated = set(State) - WINDOWED - {State.HELD, State.MISSED, State.NO_DAY}
    for snapshot in lived(name, seed):
        for visit in snapshot.planned.values():
            assert visit.why
            if visit.state in undated:
                assert (visit.opens, visit.target, visit.closes) == (None, None, None)


@EXAMPLES
@given(**LIVES)
def test_who_left_the_study_is_asked_for_nothing_but_what_is_kept(
    name: str, seed: int
) -> None:
    definition = DEFINITIONS[name]
    kept = definition.stopping.on_leaving_keeps if definition.stopping else ()
    for snapshot in lived(name, seed):
        if "study_left" not in snapshot.record.events:
            continue
        for visit in windowed(snapshot):
            given_as = definition.visit(visit.code)
            assert given_as.when is not None
            hangs_on_it = given_as.when.anchor == "study_left"
            assert given_as.kind in kept or hangs_on_it
