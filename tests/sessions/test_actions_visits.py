"""Booking, holding, missing and reinstating visits; windows, deviations, sentences."""

from datetime import date, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.models import Action
from audit.refusal import ReasonNeeded, Refused
from participants.actions import Step
from participants.models import Deviation, Participant
from sessions import actions
from sessions.models import Visit
from tests.world import (
    ON_TARGET,
    World,
    confirmed,
    consented,
    enrolled,
    held,
    randomized,
    visit_of,
)

pytestmark = pytest.mark.django_db


def day(text: str) -> date:
    return date.fromisoformat(text)


def hold(
    world: World,
    person: Participant,
    code: str,
    on: str,
    *,
    why: str = "",
    reason: str = "",
    mode: str = "in_person",
    today: str = "",
) -> Visit:
    actions.hold(
        holdings=[actions.Holding(visit_of(person, code), day(on), mode, why)],
        by=world.actor(Role.COORDINATOR),
        reason=reason,
        today=day(today) if today else None,
    )
    return visit_of(person, code)


def test_a_booking_is_kept_and_makes_no_deviation_outside_the_window(
    world: World,
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    actions.book(
        bookings=[actions.Booking(visit, day("2025-05-30"), time(10, 30), "video")],
        by=world.actor(Role.COORDINATOR),
    )
    visit.refresh_from_db()
    assert (visit.state, visit.booked_on, visit.mode) == (
        "booked",
        day("2025-05-30"),
        "video",
    )
    assert not Deviation.objects.exists()


def test_a_booking_moves_the_forecast_of_what_counts_from_it(world: World) -> None:
    [person] = enrolled(world)
    actions.book(
        bookings=[actions.Booking(visit_of(person, "prep_1"), day("2025-04-10"))],
        by=world.actor(Role.COORDINATOR),
    )
    forecast = visit_of(person, "prep_2")
    assert (forecast.plan, forecast.target) == ("provisional", day("2025-04-17"))


def test_a_booking_can_be_moved_and_taken_off(world: World) -> None:
    [person] = enrolled(world)
    by = world.actor(Role.COORDINATOR)
    for on in (day("2025-04-02"), day("2025-04-03"), None):
        actions.book(bookings=[actions.Booking(visit_of(person, "prep_1"), on)], by=by)
    visit = visit_of(person, "prep_1")
    assert (visit.state, visit.booked_on) == ("planned", None)


def test_a_visit_cannot_be_booked_for_a_day_that_has_passed(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(Refused, match=r"24 Mar 2025 has passed"):
        actions.book(
            bookings=[actions.Booking(visit_of(person, "prep_1"), day("2025-03-24"))],
            by=world.actor(Role.COORDINATOR),
            today=day("2025-03-25"),
        )


def test_a_visit_that_hangs_on_something_else_cannot_be_booked(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(Refused, match="ET cannot be booked now"):
        actions.book(
            bookings=[
                actions.Booking(
                    visit_of(person, "early_termination"), day("2025-04-24")
                )
            ],
            by=world.actor(Role.COORDINATOR),
        )


def test_a_held_visit_keeps_its_window(world: World) -> None:
    [person] = enrolled(world)
    visit = hold(world, person, "prep_1", "2025-04-03")
    assert (visit.state, visit.held_on, visit.plan) == (
        "held",
        day("2025-04-03"),
        "recorded",
    )
    hold(world, person, "prep_2", "2025-04-20")
    again = visit_of(person, "prep_1")
    assert (again.opens, again.target, again.closes) == (
        day("2025-03-24"),
        day("2025-03-31"),
        day("2025-04-14"),
    )


def test_outside_its_window_a_visit_needs_an_explanation(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(
        Refused,
        match=r"Held 3 days after the window \(24 Mar 2025 to 14 Apr 2025\)\. Say why",
    ):
        hold(world, person, "prep_1", "2025-04-17")
    assert visit_of(person, "prep_1").state == "planned"
    assert not Deviation.objects.exists()


def test_an_explained_visit_outside_its_window_leaves_a_deviation_in_the_same_act(
    world: World,
) -> None:
    [person] = enrolled(world)
    last = Action.objects.latest("id").pk
    visit = hold(world, person, "prep_1", "2025-04-17", why="Snow closed the road")
    [entry] = Action.objects.filter(pk__gt=last)
    assert (entry.verb, entry.subject) == ("hold visit", f"{person.number}, visit V1")
    [deviation] = Deviation.objects.all()
    assert (deviation.kind, deviation.visit_code) == ("out_of_window", "prep_1")
    assert deviation.occurred_on == day("2025-04-17")
    assert deviation.description == (
        "Held 3 days after the window (24 Mar 2025 to 14 Apr 2025). Snow closed the road"
    )
    assert visit.held_on == day("2025-04-17")
    # What counts from it counts from the actual day.
    assert visit_of(person, "prep_2").opens == day("2025-04-18")


def test_a_visit_is_not_recorded_before_its_day(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(Refused, match="4 Apr 2025 has not come yet"):
        hold(world, person, "prep_1", "2025-04-04", today="2025-04-03")


def test_a_visit_is_not_held_before_consent(world: World) -> None:
    [person] = consented(world)
    with pytest.raises(
        Refused, match="cannot be held before it was signed on 3 Mar 2025"
    ):
        hold(world, person, "screening", "2025-03-02", why="x")


def test_preparation_waits_for_enrollment(world: World) -> None:
    [person] = consented(world)
    held(world, [person], "screening", "enrollment_visit")
    with pytest.raises(
        Refused, match=r"is not enrolled, so V1 cannot be held. Enroll first"
    ):
        hold(world, person, "prep_1", "2025-03-31")


def test_a_visit_waits_for_the_visit_it_counts_from(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(Refused, match="V2 counts from V1, which is not on record"):
        hold(world, person, "prep_2", "2025-04-07")


def test_dosing_waits_for_randomization(world: World) -> None:
    [person] = confirmed(world)
    with pytest.raises(Refused, match="was not randomized by 28 Apr 2025"):
        hold(world, person, "dosing_1", "2025-04-28")


def test_dosing_waits_for_confirmation(world: World) -> None:
    [person] = enrolled(world)
    held(world, [person], "prep_1", "prep_2", "baseline", "prep_3")
    with pytest.raises(Refused, match=r"Eligibility of .* is not confirmed"):
        hold(world, person, "dosing_1", "2025-04-28")


def test_no_dosing_after_treatment_was_stopped(world: World) -> None:
    [person] = randomized(world)
    actions.discontinue_treatment(
        steps=[actions_step(person, "2025-04-25")], by=world.actor(Role.COORDINATOR)
    )
    with pytest.raises(Refused, match="V5 was cancelled"):
        hold(world, person, "dosing_1", "2025-04-28")


def actions_step(person: Participant, on: str) -> Step:
    return Step(person, day(on), "Rash")


def test_dosing_held_before_treatment_was_stopped_may_come_in_late(
    world: World,
) -> None:
    [person] = randomized(world)
    actions.discontinue_treatment(
        steps=[actions_step(person, "2025-05-02")], by=world.actor(Role.COORDINATOR)
    )
    visit = hold(world, person, "dosing_1", "2025-04-28", why="Paper came later")
    assert visit.state == "held"


def test_the_held_day_is_corrected_with_a_reason(world: World) -> None:
    [person] = enrolled(world)
    hold(world, person, "prep_1", "2025-04-03")
    with pytest.raises(ReasonNeeded):
        hold(world, person, "prep_1", "2025-04-04")
    hold(world, person, "prep_1", "2025-04-04", reason="Source says the 4th")
    assert visit_of(person, "prep_1").held_on == day("2025-04-04")
    assert visit_of(person, "prep_2").opens == day("2025-04-05")


def test_a_mode_other_than_booked_needs_no_reason(world: World) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    actions.book(
        bookings=[actions.Booking(visit, day("2025-03-31"), mode="video")],
        by=world.actor(Role.COORDINATOR),
    )
    visit = hold(world, person, "prep_1", "2025-03-31", mode="in_person")
    assert (visit.state, visit.mode) == ("held", "in_person")
    assert Action.objects.latest("id").reason.startswith("The booking said by video")


def test_a_missed_visit_leaves_a_deviation_and_blocks_nothing(world: World) -> None:
    [person] = enrolled(world)
    miss = actions.Miss(visit_of(person, "prep_1"), "Did not come", day("2025-04-15"))
    actions.miss(misses=[miss], by=world.actor(Role.COORDINATOR))
    visit = visit_of(person, "prep_1")
    assert (visit.state, visit.plan, visit.target) == (
        "missed",
        "recorded",
        day("2025-03-31"),
    )
    deviation = Deviation.objects.get()
    assert (deviation.kind, deviation.description) == ("missed_visit", "Did not come")
    following = visit_of(person, "prep_2")
    assert (following.plan, following.target) == ("firm", day("2025-04-07"))


def test_missing_a_visit_without_a_reason_is_refused(world: World) -> None:
    [person] = enrolled(world)
    with pytest.raises(ReasonNeeded, match="Say why the visit is recorded as missed"):
        actions.miss(
            misses=[actions.Miss(visit_of(person, "prep_1"), " ", day("2025-04-15"))],
            by=world.actor(Role.COORDINATOR),
        )


def test_a_missed_visit_is_not_held_without_reinstating(world: World) -> None:
    [person] = enrolled(world)
    by = world.actor(Role.COORDINATOR)
    miss = actions.Miss(visit_of(person, "prep_1"), "Did not come", day("2025-04-10"))
    actions.miss(misses=[miss], by=by)
    with pytest.raises(Refused, match="is missed and cannot be recorded as held"):
        hold(world, person, "prep_1", "2025-04-10")
    actions.reinstate(
        visits=[visit_of(person, "prep_1")], by=by, reason="Came late that day"
    )
    visit = visit_of(person, "prep_1")
    assert (visit.state, visit.plan, visit.missed_reason) == ("planned", "firm", "")
    assert hold(world, person, "prep_1", "2025-04-10").state == "held"


def test_reinstating_without_a_reason_is_refused(world: World) -> None:
    [person] = enrolled(world)
    hold(world, person, "prep_1", "2025-04-03")
    with pytest.raises(ReasonNeeded):
        actions.reinstate(
            visits=[visit_of(person, "prep_1")],
            by=world.actor(Role.COORDINATOR),
            reason="",
        )


def no_day_left(world: World) -> Participant:
    """V5 must come within 11 weeks of V1 and at least a day after V4."""
    [person] = enrolled(world)
    hold(world, person, "prep_1", "2025-03-31")
    hold(world, person, "prep_2", "2025-06-02")
    hold(world, person, "baseline", "2025-06-09")
    hold(world, person, "prep_3", "2025-06-16")
    return person


def test_where_the_rules_leave_no_day_a_visit_is_held_with_an_explanation(
    world: World,
) -> None:
    person = no_day_left(world)
    visit = visit_of(person, "dosing_1")
    assert visit.plan == "no_day"
    assert "the preparation period counted from" in visit.why
    miss = actions.Miss(visit, "Too late for the period", day("2025-06-20"))
    actions.miss(misses=[miss], by=world.actor(Role.COORDINATOR))
    visit.refresh_from_db()
    assert (visit.state, visit.opens, visit.closes) == ("missed", None, None)
    assert visit.target is not None


def test_holding_more_visits_takes_no_more_queries(world: World) -> None:
    counts = []
    for n in (1, 6):
        people = enrolled(world, n)
        holdings = [
            actions.Holding(visit_of(p, "prep_1"), ON_TARGET["prep_1"], "phone")
            for p in people
        ]
        with CaptureQueriesContext(connection) as queries:
            actions.hold(holdings=holdings, by=world.actor(Role.COORDINATOR))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_one_refused_visit_undoes_the_batch(world: World) -> None:
    people = enrolled(world, 2)
    holdings = [
        actions.Holding(visit_of(people[0], "prep_1"), ON_TARGET["prep_1"], "phone"),
        actions.Holding(visit_of(people[1], "prep_1"), day("2025-06-01"), "phone"),
    ]
    with pytest.raises(Refused):
        actions.hold(holdings=holdings, by=world.actor(Role.COORDINATOR))
    assert not Visit.objects.filter(code="prep_1", state="held").exists()
