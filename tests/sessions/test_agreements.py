"""What was agreed to, thing by thing: taken back, given later, and what it was before."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts.vocabulary import Role
from audit.refusal import Refused
from participants.access import consent_history
from participants.actions import ConsentDecision, Withdrawal
from participants.models import ConsentItem, Participant
from reminders import tasks
from sessions import actions
from tests.pages import signed_in_as
from tests.reminders.appointments import new_appointment, planned
from tests.world import (
    SCREENED_ON,
    World,
    consented,
    randomized,
    screened,
)

pytestmark = pytest.mark.django_db
BY_PHONE = "Said so by phone"


def place(person: Participant) -> str:
    return reverse("sessions:agreements", args=[person.uuid])


def change(code: str, on: date = SCREENED_ON) -> dict[str, str]:
    return {"code": code, "on": on.isoformat(), "why": BY_PHONE}


def is_given(person: Participant, code: str) -> bool:
    return ConsentItem.objects.get(participant=person, code=code).is_given


@pytest.mark.requirement("CON-03")
def test_one_thing_is_taken_back_and_given_again_while_the_others_stand(
    world: World,
) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    for expected in (False, True):
        page = client.post(place(person), change("recording"), follow=True)
        assert is_given(person, "recording") is expected
        done = "agreed to" if expected else "taken back"
        assert f"recorded as {done}" in page.content.decode()
    assert is_given(person, "reminders_email")
    assert is_given(person, "participation")


def test_the_history_says_each_decision_with_who_when_and_how(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(place(person), change("recording", SCREENED_ON + timedelta(days=3)))
    newest, *earlier = consent_history(person)
    assert (newest.code, newest.is_given) == ("recording", False)
    assert (newest.decided_on, newest.reason) == (date(2025, 3, 6), BY_PHONE)
    assert newest.who == world.user(Role.COORDINATOR).name
    first = [each for each in earlier if each.code == "recording"]
    assert [(each.is_given, each.decided_on) for each in first] == [(True, SCREENED_ON)]
    page = client.get(place(person)).content.decode()
    assert BY_PHONE in page
    assert "6 Mar 2025" in page


def test_two_decisions_of_one_day_keep_the_day_in_the_history(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(place(person), change("recording"))
    client.post(place(person), change("recording"))
    found = [each for each in consent_history(person) if each.code == "recording"]
    assert [each.is_given for each in found] == [True, False, True]
    assert {each.decided_on for each in found} == {SCREENED_ON}


def test_a_channel_taken_back_on_the_page_stops_the_reminder_already_planned(
    world: World,
) -> None:
    appointment = new_appointment(world)
    reminder = planned(appointment)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(place(appointment.person), change("reminders_email", appointment.today))
    assert tasks.send_one(reminder.pk) == "dropped"
    reminder.refresh_from_db()
    assert "not consented" in reminder.note
    assert mail.outbox == []


def test_a_decision_is_neither_before_the_last_one_nor_in_the_future(
    world: World,
) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    early = change("recording", SCREENED_ON - timedelta(days=1))
    page = client.post(place(person), early).content.decode()
    assert "a change cannot be earlier" in page
    assert BY_PHONE in page
    late = change("recording", date(2999, 1, 1))
    assert "has not come yet" in client.post(place(person), late).content.decode()
    unsaid = change("recording") | {"why": ""}
    assert (
        "This field is required" in client.post(place(person), unsaid).content.decode()
    )
    assert is_given(person, "recording")


def test_taking_part_is_not_among_what_the_page_takes_back(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(place(person), change("participation"))
    assert is_given(person, "participation")


def test_before_consent_there_is_nothing_to_change(world: World) -> None:
    (person,) = screened(world)
    decision = ConsentDecision(person, "recording", True, SCREENED_ON)
    with pytest.raises(Refused, match="record the signed form"):
        actions.decide_consent_items(
            decisions=[decision], by=world.actor(Role.COORDINATOR), reason=BY_PHONE
        )
    page = signed_in_as(world, Role.COORDINATOR).get(place(person)).content.decode()
    assert reverse("sessions:consent", args=[person.uuid]) in page
    assert "Record change" not in page


def test_who_has_left_may_still_take_back_the_use_of_recordings(world: World) -> None:
    (person,) = randomized(world)
    left = date(2025, 4, 25)
    by = world.actor(Role.COORDINATOR)
    actions.withdraw(steps=[Withdrawal(person, left, "Moved away")], by=by)
    client = signed_in_as(world, Role.COORDINATOR)
    client.post(place(person), change("recording", left))
    assert not is_given(person, "recording")


def test_the_participants_page_leads_there(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.COORDINATOR)
    page = client.get(reverse("workbench:participant", args=[person.uuid]))
    assert place(person) in page.content.decode()


def test_a_monitor_reads_and_changes_nothing(world: World) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, Role.MONITOR)
    page = client.get(place(person)).content.decode()
    assert "Video recording" in page
    assert "Record change" not in page
    assert client.post(place(person), change("recording")).status_code == 404
    assert is_given(person, "recording")


@pytest.mark.parametrize(
    ("role", "elsewhere"), [(Role.RATER, False), (Role.COORDINATOR, True)]
)
def test_the_page_does_not_exist_for_those_who_see_nobody_here(
    world: World, role: Role, elsewhere: bool
) -> None:
    (person,) = consented(world)
    client = signed_in_as(world, role, elsewhere=elsewhere)
    assert client.get(place(person)).status_code == 404
