"""Live participants stand where their state says, on whatever day it is."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.live import LivePlan, LiveState, live_plans
from simulation.schedule import SATURDAY, SLOTS

days = st.dates(date(2024, 1, 1), date(2032, 12, 31))
TODAY = date(2026, 3, 8)
MONDAY = date(2026, 3, 9)


def plan_of(state: LiveState, today: date = TODAY) -> LivePlan:
    """Return the live plan in a state."""
    return next(live for live in live_plans(today) if live.state is state)


@settings(deadline=None, max_examples=30)
@given(today=days, seed=st.binary(max_size=8))
def test_nothing_held_lies_ahead_and_nothing_booked_lies_behind(
    today: date, seed: bytes
) -> None:
    for live in live_plans(today, seed=seed):
        for visit in live.plan.visits:
            assert live.day_zero_on + timedelta(days=visit.day) < today
        for visit in live.booked:
            assert live.day_zero_on + timedelta(days=visit.day) >= today
        for event in live.plan.events:
            assert live.day_zero_on + timedelta(days=event.aware_day) < today


@settings(deadline=None, max_examples=30)
@given(today=days, seed=st.binary(max_size=8))
def test_every_state_is_there_once_with_milestones_in_order(
    today: date, seed: bytes
) -> None:
    plans = live_plans(today, seed=seed)
    assert [live.state for live in plans] == list(LiveState)
    for live in plans:
        plan = live.plan
        if plan.randomized_day is not None:
            assert plan.confirmed_day == plan.randomized_day
        if any(visit.dose for visit in plan.visits):
            assert plan.randomized_day is not None
        assert plan.arm is None


@settings(deadline=None, max_examples=30)
@given(today=days, seed=st.binary(max_size=8))
def test_visits_fall_on_working_days_where_the_window_lets_them(
    today: date, seed: bytes
) -> None:
    yesterday = today - timedelta(days=1)
    sessions = {LiveState.DOSING_TODAY: today, LiveState.MORNING_AFTER: yesterday}
    for live in live_plans(today, seed=seed):
        if sessions.get(live.state, MONDAY).weekday() >= SATURDAY:
            continue
        for visit in (*live.plan.visits, *live.booked):
            slot = SLOTS.get(visit.code)
            if slot is None or slot.falls_on_any_day:
                continue
            day = live.day_zero_on + timedelta(days=visit.day)
            assert day.weekday() < SATURDAY, (live.state, visit.code)


def test_a_person_without_consent_has_no_name() -> None:
    plan = plan_of(LiveState.SCREENING).plan
    assert (plan.name, plan.email, plan.consent_day, plan.visits) == ("", "", None, ())


def test_dosing_is_today() -> None:
    live = plan_of(LiveState.DOSING_TODAY)
    [first, *_] = live.booked
    assert first.code == "dosing_1"
    assert live.day_zero_on + timedelta(days=first.day) == TODAY


def test_a_confirmed_participant_is_not_randomized() -> None:
    plan = plan_of(LiveState.CONFIRMED).plan
    assert plan.confirmed_day is not None
    assert plan.randomized_day is None


def test_the_overdue_visit_is_past_its_window() -> None:
    live = plan_of(LiveState.VISIT_OVERDUE)
    dosing = live.plan.visit("dosing_1")
    assert dosing is not None
    assert live.plan.visit("t2") is None
    assert (TODAY - live.day_zero_on).days - dosing.day > 32


def test_the_endpoint_is_due_and_not_held() -> None:
    live = plan_of(LiveState.ENDPOINT_DUE)
    dosing = live.plan.visit("dosing_3")
    assert dosing is not None
    assert live.plan.visit("t4") is None
    assert 35 <= (TODAY - live.day_zero_on).days - dosing.day <= 77


def test_who_withdrew_has_left_and_who_finished_is_complete() -> None:
    left = plan_of(LiveState.WITHDRAWN)
    assert left.plan.withdrawn is not None
    assert left.booked == ()
    done = plan_of(LiveState.AWAITING_FOLLOW_UP).plan
    assert done.completed_day is not None
    assert done.visit("termination") is not None
    booked = plan_of(LiveState.AWAITING_FOLLOW_UP).booked
    assert [visit.code for visit in booked] == ["follow_up"]
