"""Visits that no plan foresees: added, held, booked, cancelled, and left alone by plans."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.access import expected_forms, outstanding_forms
from assessments.actions import Start, start
from audit.actors import SystemActor
from audit.models import Action
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.actions import Withdrawal
from participants.models import Deviation, Participant
from reminders.actions import plan_reminders
from reminders.models import Reminder
from sessions import actions
from sessions.actions import Unscheduled
from sessions.models import Visit
from tests.pages import signed_in_as
from tests.world import (
    AMENDS,
    MAPP2,
    ON_TARGET,
    SETUP,
    World,
    consented,
    enrolled,
    held,
    new_world,
    randomized,
    screened,
    visit_of,
)
from trials.access import today_at
from trials.actions import adopt_protocol

pytestmark = pytest.mark.django_db
WHY = "Low mood reported by phone"


def added(
    world: World,
    *people: Participant,
    on: date,
    today: date | None = None,
    **more: object,
) -> list[Visit]:
    additions = [Unscheduled(person, on, "phone", WHY, **more) for person in people]  # type: ignore[arg-type] # fields by name
    return actions.add_unscheduled(
        additions=additions, by=world.actor(Role.COORDINATOR), today=today
    )


def saved(visit: Visit) -> Visit:
    return Visit.objects.get(pk=visit.pk)


def test_an_unscheduled_visit_is_held_and_numbered_after_the_visit_before_it(
    world: World,
) -> None:
    (person,) = enrolled(world)
    held(world, [person], "prep_1")
    first, second = (
        saved(added(world, person, on=ON_TARGET["prep_1"] + timedelta(days=after))[0])
        for after in (1, 2)
    )
    prep = visit_of(person, "prep_1")
    assert (first.state, first.held_on) == ("held", date(2025, 4, 1))
    assert (first.mode, first.why) == ("phone", WHY)
    assert [each.number for each in (first, second)] == ["U1", "U2"]
    assert [(each.position, each.turn) for each in (first, second)] == [
        (prep.position, 1),
        (prep.position, 2),
    ]
    assert not Deviation.objects.exists()


def test_one_entered_late_stands_after_what_had_been_held_by_its_day(
    world: World,
) -> None:
    (person,) = enrolled(world)
    held(world, [person], "prep_1", "prep_2")
    (late,) = added(world, person, on=ON_TARGET["prep_1"])
    assert late.position == visit_of(person, "prep_1").position


def test_planning_again_changes_no_unscheduled_visit_and_nothing_counts_from_it(
    world: World,
) -> None:
    (person,) = enrolled(world)
    before = list(Visit.objects.filter(participant=person).order_by("id").values())
    (visit,) = added(world, person, on=ON_TARGET["enrollment_visit"])
    kept = Visit.objects.filter(pk=visit.pk).values().get()
    by = world.actor(Role.COORDINATOR)
    actions.replan(participants=[person], today=ON_TARGET["enrollment_visit"], by=by)
    assert Visit.objects.filter(pk=visit.pk).values().get() == kept
    others = Visit.objects.filter(participant=person, turn=0).order_by("id")
    assert list(others.values()) == before


def test_a_visit_to_come_is_booked_and_held_by_the_acts_of_every_visit(
    world: World,
) -> None:
    (person,) = consented(world)
    day, today = date(2025, 3, 20), date(2025, 3, 18)
    (visit,) = added(world, person, on=day, today=today, took_place=False)
    assert (saved(visit).state, saved(visit).booked_on) == ("booked", day)
    by = world.actor(Role.COORDINATOR)
    later = day + timedelta(days=1)
    actions.hold(holdings=[actions.Holding(saved(visit), later, "phone")], by=by)
    assert saved(visit).held_on == later
    assert not Deviation.objects.exists()  # it has no window to be outside of


def test_a_visit_not_held_after_all_is_cancelled_with_a_reason_and_no_deviation(
    world: World,
) -> None:
    (person,) = consented(world)
    day, today = date(2025, 3, 20), date(2025, 3, 18)
    (visit,) = added(world, person, on=day, today=today, took_place=False)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        actions.cancel_unscheduled(visits=[visit], by=by, reason=" ")
    with pytest.raises(Refused, match="so it cannot be missed"):
        actions.miss(misses=[actions.Miss(visit, "Did not come", day)], by=by)
    actions.cancel_unscheduled(visits=[visit], by=by, reason="Felt better")
    assert (saved(visit).state, saved(visit).booked_on) == ("cancelled", None)
    assert not Deviation.objects.exists()


def test_a_cancelled_one_may_be_reinstated_and_booked_again(world: World) -> None:
    (person,) = consented(world)
    day, today = date(2025, 3, 20), date(2025, 3, 18)
    (visit,) = added(world, person, on=day, today=today, took_place=False)
    by = world.actor(Role.COORDINATOR)
    actions.cancel_unscheduled(visits=[visit], by=by, reason="Felt better")
    actions.reinstate(visits=[visit], by=by, reason="Called again", today=today)
    actions.book(bookings=[actions.Booking(visit, day)], by=by, today=today)
    assert (saved(visit).state, saved(visit).plan) == ("booked", "firm")


def test_a_visit_of_the_protocol_is_not_cancelled_by_hand(world: World) -> None:
    (person,) = consented(world)
    with pytest.raises(Refused, match="visit of the protocol"):
        actions.cancel_unscheduled(
            visits=[visit_of(person, "screening")],
            by=world.actor(Role.COORDINATOR),
            reason="Not needed",
        )


def test_nothing_is_added_before_consent_or_without_saying_why(world: World) -> None:
    (stranger,) = screened(world)
    (person,) = consented(world)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="Consent comes first"):
        added(world, stranger, on=date(2025, 3, 20))
    unexplained = Unscheduled(person, date(2025, 3, 20), "phone", " ")
    with pytest.raises(Refused, match="Say why"):
        actions.add_unscheduled(additions=[unexplained], by=by)
    with pytest.raises(Refused, match="has not come yet"):
        added(world, person, on=date(2025, 3, 20), today=date(2025, 3, 19))
    assert not Visit.objects.filter(turn__gt=0).exists()


def test_nothing_is_added_after_somebody_left_but_what_was_before_may_come_in_late(
    world: World,
) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    left = date(2025, 4, 25)
    actions.withdraw(steps=[Withdrawal(person, left, "Moved away")], by=by)
    with pytest.raises(Refused, match="left the study on 25 Apr 2025"):
        added(world, person, on=left + timedelta(days=1))
    assert added(world, person, on=left)[0].number == "U1"


def test_a_pharmacist_adds_no_visit(world: World) -> None:
    (person,) = consented(world)
    addition = Unscheduled(person, date(2025, 3, 20), "phone", WHY)
    with pytest.raises(NotPermitted):
        actions.add_unscheduled(additions=[addition], by=world.actor(Role.PHARMACIST))


def test_the_statements_do_not_grow_with_the_number_of_visits(world: World) -> None:
    people = consented(world, 6)
    counts = []
    for some in (people[:1], people[1:]):
        with CaptureQueriesContext(connection) as queries:
            added(world, *some, on=date(2025, 3, 20))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_trail_has_one_act_for_adding_and_holding(world: World) -> None:
    (person,) = consented(world)
    before = Action.objects.count()
    added(world, person, on=date(2025, 3, 20))
    assert Action.objects.count() == before + 1
    assert Action.objects.latest("id").verb == "add unscheduled visit"


def test_a_booked_one_reminds_like_every_appointment(world: World) -> None:
    (person,) = consented(world)
    now = datetime(2025, 3, 19, 18, tzinfo=UTC)
    (visit,) = added(
        world, person, on=date(2025, 3, 20), today=now.date(), took_place=False
    )
    plan_reminders(now=now, by=SystemActor("reminders", triggered_by="test"))
    assert Reminder.objects.filter(visit=visit, kind="day_before").exists()


def filled(on: date, **more: str) -> dict[str, str]:
    return {
        "standing": "held",
        "on": on.isoformat(),
        "time": "",
        "mode": "video",
        "why": WHY,
    } | more


def test_the_page_adds_a_visit_and_leads_to_it(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    address = reverse("sessions:unscheduled", args=[person.uuid])
    assert (
        address
        in client.get(
            reverse("workbench:participant", args=[person.uuid])
        ).content.decode()
    )
    assert "Add unscheduled visit" in client.get(address).content.decode()
    response = client.post(address, filled(date(2025, 3, 20)))
    visit = Visit.objects.get(turn=1)
    assert response["Location"] == reverse("workbench:visit", args=[visit.uuid])
    page = client.get(response["Location"]).content.decode()
    assert WHY in page
    assert "Report event" in page
    course = client.get(reverse("workbench:participant", args=[person.uuid]))
    assert f'href="{response["Location"]}"' in course.content.decode()


def test_a_refusal_keeps_what_was_typed(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    address = reverse("sessions:unscheduled", args=[person.uuid])
    tomorrow = today_at(world.site) + timedelta(days=1)
    page = client.post(address, filled(tomorrow)).content.decode()
    assert "has not come yet" in page
    assert WHY in page
    yesterday = today_at(world.site) - timedelta(days=1)
    page = client.post(address, filled(yesterday, standing="to_come")).content.decode()
    assert "has passed" in page
    assert not Visit.objects.filter(turn__gt=0).exists()


def test_the_page_cancels_a_visit_to_come(world: World) -> None:
    (person,) = consented(world)
    today = today_at(world.site)
    (visit,) = added(
        world, person, on=today + timedelta(days=2), today=today, took_place=False
    )
    client = signed_in_as(world, Role.COORDINATOR)
    address = reverse("sessions:cancel", args=[visit.uuid])
    page = client.get(reverse("workbench:visit", args=[visit.uuid])).content.decode()
    assert address in page
    assert reverse("sessions:miss", args=[visit.uuid]) not in page
    client.post(address, {"why": "Felt better"})
    assert saved(visit).state == "cancelled"
    assert "This visit is cancelled" in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("role", "elsewhere"),
    [(Role.PHARMACIST, False), (Role.MONITOR, False), (Role.COORDINATOR, True)],
)
def test_the_pages_do_not_exist_for_those_who_record_no_visits_here(
    world: World, role: Role, elsewhere: bool
) -> None:
    (person,) = consented(world)
    (visit,) = added(world, person, on=date(2025, 3, 20))
    client = signed_in_as(world, role, elsewhere=elsewhere)
    for address in (
        reverse("sessions:unscheduled", args=[person.uuid]),
        reverse("sessions:cancel", args=[visit.uuid]),
    ):
        assert client.get(address).status_code == 404
        assert client.post(address, filled(date(2025, 3, 20))).status_code == 404


def test_no_visit_of_the_protocol_has_a_page_to_cancel_it(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    planned = visit_of(person, "screening")
    address = reverse("sessions:cancel", args=[planned.uuid])
    assert client.get(address).status_code == 404


def test_a_form_that_a_protocol_asks_at_unscheduled_visits_is_begun_there() -> None:
    world = new_world()
    text = MAPP2.read_text("utf-8")
    screening_only = 'at = ["screening", "termination", "follow_up"]'
    assert text.count(screening_only) == 1
    adopt_protocol(
        trial=world.trial,
        text=text.replace(
            screening_only, f'{screening_only[:-1]}, "unscheduled"]'
        ).replace('version = "1.0"', 'version = "1.1"', 1)
        + AMENDS,
        filename=MAPP2.name,
        on=date(2021, 1, 1),
        by=SETUP,
    )
    (person,) = consented(world)
    (visit,) = added(world, person, on=date(2025, 3, 20))
    assert [form.row.code for form in expected_forms([visit])[visit.pk]] == ["pcl5"]
    waiting = outstanding_forms([world.site.pk])
    assert visit.uuid in {form.visit_uuid for form in waiting}
    begin = Start(saved(visit), "pcl5")
    (form,) = start(starts=[begin], by=world.actor(Role.COORDINATOR))
    assert form.visit_id == visit.pk


def test_the_protocol_in_use_asks_no_form_there(world: World) -> None:
    (person,) = consented(world)
    (visit,) = added(world, person, on=date(2025, 3, 20))
    assert expected_forms([visit])[visit.pk] == []
