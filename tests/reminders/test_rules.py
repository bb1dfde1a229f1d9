"""Which reminders are called for on which day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.rules import (
    WORDS,
    Audience,
    Kind,
    Leads,
    VisitFacts,
    reminders_due,
)
from sessions.lifecycle import State

OPENS_ON, CLOSES_ON = date(2026, 3, 2), date(2026, 3, 16)
BOOKED_ON = date(2026, 3, 10)
PLANNED = VisitFacts(State.PLANNED, opens_on=OPENS_ON, closes_on=CLOSES_ON)
BOOKED = VisitFacts(
    State.BOOKED, opens_on=OPENS_ON, closes_on=CLOSES_ON, booked_on=BOOKED_ON
)


def kinds(visit: VisitFacts, today: date) -> set[Kind]:
    """The kinds called for."""
    return {due.kind for due in reminders_due(visit, today=today)}


@pytest.mark.parametrize(
    ("days_ahead", "expected"),
    [
        (8, set()),
        (7, {Kind.WEEK_BEFORE}),
        (2, {Kind.WEEK_BEFORE}),
        (1, {Kind.DAY_BEFORE}),
        (0, {Kind.DAY_BEFORE}),
        (-1, set()),
    ],
)
def test_a_booked_visit_is_announced_a_week_and_a_day_ahead(
    days_ahead: int, expected: set[Kind]
) -> None:
    assert kinds(BOOKED, BOOKED_ON - timedelta(days=days_ahead)) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 3, 12), set()),
        (date(2026, 3, 13), {Kind.WINDOW_CLOSING}),
        (date(2026, 3, 16), {Kind.WINDOW_CLOSING}),
        (date(2026, 3, 17), {Kind.OVERDUE}),
        (date(2026, 9, 1), {Kind.OVERDUE}),
    ],
)
def test_site_staff_hear_of_a_closing_window_and_then_of_an_overdue_visit(
    today: date, expected: set[Kind]
) -> None:
    assert kinds(PLANNED, today) == expected


def test_a_visit_booked_within_its_window_closes_nothing() -> None:
    booked = VisitFacts(
        State.BOOKED,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=CLOSES_ON,
    )
    assert Kind.WINDOW_CLOSING not in kinds(booked, CLOSES_ON)
    late = VisitFacts(
        State.BOOKED,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=CLOSES_ON + timedelta(days=5),
    )
    assert Kind.WINDOW_CLOSING in kinds(late, CLOSES_ON)


def test_a_window_of_one_day_is_not_announced_before_it_opens() -> None:
    one_day = VisitFacts(State.PLANNED, opens_on=OPENS_ON, closes_on=OPENS_ON)
    assert kinds(one_day, OPENS_ON - timedelta(days=1)) == set()
    assert kinds(one_day, OPENS_ON) == {Kind.WINDOW_CLOSING}


@pytest.mark.parametrize("state", [State.HELD, State.MISSED, State.CANCELLED])
def test_a_visit_that_is_over_calls_for_nothing(state: State) -> None:
    over = VisitFacts(
        state,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=BOOKED_ON,
        is_follow_up=True,
        asks_questionnaire=True,
    )
    days = [OPENS_ON + timedelta(days=offset) for offset in range(-20, 40)]
    assert [kinds(over, day) for day in days] == [set()] * 60


def test_a_forecast_is_no_commitment() -> None:
    forecast = VisitFacts(
        State.PLANNED, opens_on=OPENS_ON, closes_on=CLOSES_ON, is_firm=False
    )
    assert kinds(forecast, CLOSES_ON + timedelta(days=1)) == set()


def test_a_visit_without_dates_calls_for_nothing() -> None:
    assert kinds(VisitFacts(State.PLANNED), CLOSES_ON) == set()


def test_a_follow_up_is_to_be_arranged_from_two_weeks_before_until_booked() -> None:
    visit = VisitFacts(
        State.PLANNED, opens_on=OPENS_ON, closes_on=CLOSES_ON, is_follow_up=True
    )
    assert kinds(visit, OPENS_ON - timedelta(days=15)) == set()
    assert kinds(visit, OPENS_ON - timedelta(days=14)) == {Kind.FOLLOW_UP}
    assert Kind.FOLLOW_UP not in kinds(visit, CLOSES_ON + timedelta(days=1))
    booked = VisitFacts(
        State.BOOKED,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=BOOKED_ON,
        is_follow_up=True,
    )
    assert Kind.FOLLOW_UP not in kinds(booked, OPENS_ON)


def test_a_questionnaire_is_asked_for_while_the_window_is_open() -> None:
    visit = VisitFacts(
        State.PLANNED, opens_on=OPENS_ON, closes_on=CLOSES_ON, asks_questionnaire=True
    )
    assert kinds(visit, OPENS_ON - timedelta(days=1)) == set()
    assert kinds(visit, OPENS_ON) == {Kind.QUESTIONNAIRE}
    assert Kind.QUESTIONNAIRE not in kinds(visit, CLOSES_ON + timedelta(days=1))


def test_an_unsigned_form_is_named_after_three_days_though_the_visit_is_over() -> None:
    visit = VisitFacts(State.HELD, unsigned_since_on=BOOKED_ON)
    assert kinds(visit, BOOKED_ON + timedelta(days=2)) == set()
    (due,) = reminders_due(visit, today=BOOKED_ON + timedelta(days=3))
    assert (due.kind, due.audience) == (Kind.UNSIGNED, Audience.SITE)
    assert due.about_on == BOOKED_ON


def test_a_site_may_choose_other_leads() -> None:
    leads = Leads(week=10)
    (due,) = reminders_due(BOOKED, today=BOOKED_ON - timedelta(days=10), leads=leads)
    assert due.kind is Kind.WEEK_BEFORE


facts = st.builds(
    VisitFacts,
    st.sampled_from(State),
    opens_on=st.just(OPENS_ON),
    closes_on=st.integers(0, 60).map(lambda days: OPENS_ON + timedelta(days=days)),
    booked_on=st.none()
    | st.integers(-5, 80).map(lambda days: OPENS_ON + timedelta(days=days)),
    is_firm=st.booleans(),
    is_follow_up=st.booleans(),
    asks_questionnaire=st.booleans(),
)


@given(facts, st.integers(-30, 120))
def test_looking_again_finds_the_same_reminder_while_it_lasts(
    visit: VisitFacts, offset: int
) -> None:
    today = OPENS_ON + timedelta(days=offset)
    now = {due.kind: due for due in reminders_due(visit, today=today)}
    later = {
        due.kind: due for due in reminders_due(visit, today=today + timedelta(days=1))
    }
    assert all(later[kind] == now[kind] for kind in now.keys() & later.keys())
    assert all(due.due_on <= today for due in now.values())


def test_every_kind_has_words_and_fits_its_column() -> None:
    assert set(WORDS) == set(Kind)
    assert all(len(kind) <= 30 for kind in Kind)
