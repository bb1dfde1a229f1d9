"""Which messages are called for on which day, and at which hour."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.vocabulary import ROLES, Permission, Role
from adverse_events.reporting import (
    EXPEDITED_DAYS,
    URGENT_DAYS,
    ReportKind,
    due_after_days,
)
from reminders.rules import (
    DIGEST_READERS,
    MORNING,
    SPONSORS_SAFETY,
    TOLD_OF_UNBLINDING,
    WORDS,
    Audience,
    Kind,
    Leads,
    Matter,
    ReportClock,
    VisitFacts,
    clock_due,
    digest_due,
    matter_of,
    reminders_due,
    waits_for_signature,
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
        (date(2026, 3, 12), None),
        (date(2026, 3, 13), Matter.WINDOW_CLOSING),
        (date(2026, 3, 16), Matter.WINDOW_CLOSING),
        (date(2026, 3, 17), Matter.OVERDUE),
        (date(2026, 9, 1), Matter.OVERDUE),
    ],
)
def test_site_staff_hear_of_a_closing_window_and_then_of_an_overdue_visit(
    today: date, expected: Matter | None
) -> None:
    assert matter_of(PLANNED, today=today) is expected


def test_a_visit_booked_within_its_window_closes_nothing() -> None:
    booked = VisitFacts(
        State.BOOKED,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=CLOSES_ON,
    )
    assert matter_of(booked, today=CLOSES_ON) is None
    late = VisitFacts(
        State.BOOKED,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        booked_on=CLOSES_ON + timedelta(days=5),
    )
    assert matter_of(late, today=CLOSES_ON) is Matter.WINDOW_CLOSING


def test_a_booked_day_that_passed_unrecorded_is_overdue_within_the_window() -> None:
    assert matter_of(BOOKED, today=BOOKED_ON) is None
    assert matter_of(BOOKED, today=BOOKED_ON + timedelta(days=1)) is Matter.OVERDUE


def test_a_window_of_one_day_is_not_announced_before_it_opens() -> None:
    one_day = VisitFacts(State.PLANNED, opens_on=OPENS_ON, closes_on=OPENS_ON)
    assert matter_of(one_day, today=OPENS_ON - timedelta(days=1)) is None
    assert matter_of(one_day, today=OPENS_ON) is Matter.WINDOW_CLOSING


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
    assert {matter_of(over, today=day) for day in days} == {None}


def test_a_forecast_is_no_commitment() -> None:
    forecast = VisitFacts(
        State.PLANNED, opens_on=OPENS_ON, closes_on=CLOSES_ON, is_firm=False
    )
    assert kinds(forecast, CLOSES_ON + timedelta(days=1)) == set()
    assert matter_of(forecast, today=CLOSES_ON + timedelta(days=1)) is None


def test_a_visit_without_dates_calls_for_nothing() -> None:
    assert kinds(VisitFacts(State.PLANNED), CLOSES_ON) == set()
    assert matter_of(VisitFacts(State.PLANNED), today=CLOSES_ON) is None


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


@pytest.mark.parametrize("is_remote", [False, True])
def test_who_comes_in_person_is_not_asked_for_a_questionnaire_before(
    is_remote: bool,
) -> None:
    visit = replace(BOOKED, asks_questionnaire=True, is_remote=is_remote)
    asked = Kind.QUESTIONNAIRE in kinds(visit, BOOKED_ON - timedelta(days=3))
    assert asked is is_remote


def test_a_form_is_counted_when_it_waited_three_days_for_a_signature() -> None:
    assert not waits_for_signature(BOOKED_ON, today=BOOKED_ON + timedelta(days=2))
    assert waits_for_signature(BOOKED_ON, today=BOOKED_ON + timedelta(days=3))


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
    is_remote=st.booleans(),
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


DENVER = ZoneInfo("America/Denver")
WEDNESDAY = date(2026, 3, 4)


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = DENVER) -> datetime:
    return datetime.combine(day, time(hour, minute), zone)


def test_the_mail_of_the_day_comes_in_the_morning_and_is_that_days_only() -> None:
    assert digest_due(at(WEDNESDAY, 6, 59), country="USA") is None
    due = digest_due(at(WEDNESDAY, 7), country="USA")
    assert due is not None
    assert due == digest_due(at(WEDNESDAY, 23, 59), country="USA")
    assert (due.kind, due.audience, due.due_on) == (
        Kind.DIGEST,
        Audience.SITE,
        WEDNESDAY,
    )
    assert not due.is_called_for(WEDNESDAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("country", "free"), [("USA", {5, 6}), ("ISR", {4, 5}), ("DEU", {5, 6})]
)
def test_there_is_no_mail_on_the_countrys_weekend(country: str, free: set[int]) -> None:
    week = [WEDNESDAY + timedelta(days=days) for days in range(7)]
    quiet = {
        day.weekday()
        for day in week
        if digest_due(at(day, 12), country=country) is None
    }
    assert quiet == free


AWARE_AT = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
SITES_CLOCK = ReportClock(
    ReportKind.SITE_TO_SPONSOR, AWARE_AT, AWARE_AT + timedelta(hours=24), DENVER
)


def called(clock: ReportClock, now: datetime) -> tuple[Kind, date] | None:
    due = clock_due(clock, now=now)
    return (due.kind, due.due_on) if due else None


@pytest.mark.requirement("SAF-02")
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(hours=11, minutes=59), None),
        (timedelta(hours=12), (Kind.REPORT_DUE, date(2026, 3, 4))),
        (timedelta(hours=24), (Kind.REPORT_DUE, date(2026, 3, 4))),
        (timedelta(hours=24, seconds=1), (Kind.REPORT_OVERDUE, date(2026, 3, 5))),
        (timedelta(days=90), (Kind.REPORT_OVERDUE, date(2026, 3, 5))),
    ],
)
def test_the_sites_day_calls_at_half_time_and_when_it_has_run_out(
    after: timedelta, expected: tuple[Kind, date] | None
) -> None:
    assert called(SITES_CLOCK, AWARE_AT + after) == expected


def sponsors_clock(kind: ReportKind, days: int) -> ReportClock:
    due_at = due_after_days(AWARE_AT, days, zone=DENVER)
    return ReportClock(kind, AWARE_AT, due_at, DENVER)


@pytest.mark.requirement("SAF-03")
@pytest.mark.parametrize(
    ("kind", "days", "calling"),
    [
        (ReportKind.URGENT, URGENT_DAYS, (5, 6, 7)),
        (ReportKind.EXPEDITED, EXPEDITED_DAYS, (13, 15)),
    ],
)
def test_a_regulators_report_calls_on_the_last_mornings_and_when_it_is_late(
    kind: ReportKind, days: int, calling: tuple[int, ...]
) -> None:
    clock = sponsors_clock(kind, days)
    seen = []
    # The 15 days pass over the night on which the clocks go forward.
    for day in range(days + 3):
        morning = at(WEDNESDAY + timedelta(days=day), MORNING.hour)
        early = called(clock, morning - timedelta(seconds=1))
        late = called(clock, morning)
        if early != late:
            seen.append(day)
            assert late == (Kind.REPORT_DUE, WEDNESDAY + timedelta(days=day))
    assert tuple(seen) == calling
    last_second = at(WEDNESDAY + timedelta(days=days), 23, 59) + timedelta(seconds=59)
    assert called(clock, last_second) == (
        Kind.REPORT_DUE,
        WEDNESDAY + timedelta(days=days),
    )
    overdue = clock_due(clock, now=last_second + timedelta(seconds=1))
    assert overdue is not None
    assert overdue.kind is Kind.REPORT_OVERDUE
    assert overdue.about_on == WEDNESDAY + timedelta(days=days)


@given(
    st.sampled_from([ReportKind.URGENT, ReportKind.EXPEDITED]),
    st.integers(0, 730 * 24 * 60).map(
        lambda minutes: AWARE_AT + timedelta(minutes=minutes)
    ),
    st.sampled_from(["America/Denver", "Asia/Jerusalem", "Asia/Kolkata", "UTC"]),
    st.integers(-20, 500),
)
def test_a_clock_never_goes_back_to_an_earlier_call(
    kind: ReportKind, began_at: datetime, zone: str, hours: int
) -> None:
    days = URGENT_DAYS if kind is ReportKind.URGENT else EXPEDITED_DAYS
    due_at = due_after_days(began_at, days, zone=ZoneInfo(zone))
    clock = ReportClock(kind, began_at, due_at, ZoneInfo(zone))
    now = began_at + timedelta(hours=hours)
    first, then = (
        clock_due(clock, now=moment) for moment in (now, now + timedelta(hours=1))
    )
    if first is None:
        return
    assert then is not None
    assert (first.due_on, first.kind == Kind.REPORT_OVERDUE) <= (
        then.due_on,
        then.kind == Kind.REPORT_OVERDUE,
    )
    assert (first.kind is Kind.REPORT_OVERDUE) == (now > due_at)


def test_who_is_told_follows_from_the_roles() -> None:
    assert {Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER, Role.SPONSOR} == SPONSORS_SAFETY
    assert {Role.COORDINATOR, Role.THERAPIST, Role.INVESTIGATOR} == DIGEST_READERS
    told = SPONSORS_SAFETY | TOLD_OF_UNBLINDING | DIGEST_READERS
    may_open = Permission.VIEW_PARTICIPANTS
    assert all(may_open in ROLES[role].permissions for role in told)
    assert Role.RATER not in told
