"""Leaving the study by scope: what is collected after it, and what never again."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.actions import Completion, complete
from assessments.instruments.pcl5 import PCL5
from audit.refusal import Refused
from audit.trail import acting
from medical.actions import correct
from medical.vocabulary import Kind
from participants.actions import ConsentDecision, Withdrawal
from participants.models import ConsentItem, Participant
from participants.vocabulary import (
    AFTER_LEAVING,
    RECORDS_AFTER_LEAVING,
    SAFETY_AFTER_LEAVING,
    EndCause,
)
from sessions import actions
from sessions.actions import Unscheduled
from tests.medical.world import recorded
from tests.pages import signed_in_as
from tests.world import World, held, randomized, started, visit_of

pytestmark = pytest.mark.django_db
LEFT = date(2025, 5, 10)
AFTER = LEFT + timedelta(days=2)


def leaves(
    world: World, person: Participant, *allows: str, cause: EndCause = EndCause.SUBJECT
) -> None:
    step = Withdrawal(person, LEFT, "Moved away", cause, frozenset(allows))
    actions.withdraw(steps=[step], by=world.actor(Role.COORDINATOR))
    person.refresh_from_db()


def sees(world: World, person: Participant, on: date) -> None:
    actions.add_unscheduled(
        additions=[Unscheduled(person, on, "phone", "Called about sleep")],
        by=world.actor(Role.COORDINATOR),
    )


def records(world: World, person: Participant, on: date) -> None:
    recorded(world, person, Kind.CONDITION, reported_on=on)


@pytest.mark.requirement("CON-06")
def test_who_allowed_nothing_is_not_seen_again_and_nothing_stays_planned(
    world: World,
) -> None:
    [person] = randomized(world)
    leaves(world, person)
    assert visit_of(person, "early_termination").plan == "cancelled"
    with pytest.raises(Refused, match="did not allow to be seen or called"):
        sees(world, person, AFTER)
    with pytest.raises(Refused, match="neither to be seen nor"):
        records(world, person, AFTER)


@pytest.mark.requirement("CON-06")
def test_who_allowed_safety_is_seen_for_safety_alone(world: World) -> None:
    [person] = randomized(world)
    leaves(world, person, SAFETY_AFTER_LEAVING)
    assert visit_of(person, "early_termination").plan == "firm"
    held(world, [person], "early_termination", on=AFTER)
    sees(world, person, AFTER)
    records(world, person, AFTER)
    with pytest.raises(Refused, match="so nothing of a later day is collected"):
        held(world, [person], "t2", on=AFTER)


def test_who_allowed_records_has_them_read_and_is_not_called(world: World) -> None:
    [person] = randomized(world)
    leaves(world, person, RECORDS_AFTER_LEAVING)
    records(world, person, AFTER)
    with pytest.raises(Refused, match="did not allow to be seen or called"):
        sees(world, person, AFTER)


@pytest.mark.requirement("CON-06")
def test_a_record_is_not_moved_to_a_day_after_leaving(world: World) -> None:
    [person] = randomized(world)
    made = recorded(world, person, Kind.CONDITION)
    leaves(world, person)
    with pytest.raises(Refused, match="neither to be seen nor"):
        correct(
            record=made,
            changes={"reported_on": AFTER},
            reason="Typed in error",
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.requirement("CON-06")
def test_what_was_before_may_come_in_late_whatever_was_allowed(world: World) -> None:
    [person] = randomized(world)
    leaves(world, person)
    sees(world, person, LEFT)
    records(world, person, LEFT)


@pytest.mark.requirement("CON-06")
def test_a_form_of_a_day_after_leaving_is_refused_and_one_of_before_is_not(
    world: World,
) -> None:
    [person] = randomized(world)
    by = world.actor(Role.COORDINATOR)
    form = started(world, person, "screening", "pcl5")
    leaves(world, person, *AFTER_LEAVING)
    answers = {item.code: 1 for item in PCL5.items}

    def completed(on: date) -> None:
        complete(completions=[Completion(form, on, "direct", answers)], by=by)

    with pytest.raises(Refused, match="had left the study by that day"):
        completed(AFTER)
    completed(form.visit.held_on or LEFT)
    form.refresh_from_db()
    assert form.state == "complete"


def test_a_change_of_mind_after_leaving_is_recorded_and_opens_what_it_allows(
    world: World,
) -> None:
    [person] = randomized(world)
    leaves(world, person)
    by = world.actor(Role.COORDINATOR)
    change = ConsentDecision(person, SAFETY_AFTER_LEAVING, True, AFTER)
    actions.decide_consent_items(decisions=[change], by=by, reason="Called us")
    assert visit_of(person, "early_termination").plan == "firm"
    sees(world, person, AFTER)


@pytest.mark.requirement("CON-06")
def test_what_is_allowed_is_kept_item_by_item_with_what_was_agreed_to(
    world: World,
) -> None:
    [person] = randomized(world)
    leaves(world, person, SAFETY_AFTER_LEAVING)
    items = ConsentItem.objects.filter(participant=person, code__in=AFTER_LEAVING)
    assert dict(items.values_list("code", "is_given")) == {
        SAFETY_AFTER_LEAVING: True,
        RECORDS_AFTER_LEAVING: False,
    }
    url = reverse("sessions:agreements", args=[person.uuid])
    page = signed_in_as(world, Role.COORDINATOR).get(url).content.decode()
    assert AFTER_LEAVING[SAFETY_AFTER_LEAVING] in page
    assert "since 10 May 2025" in page
    assert "Ended" in page


def test_who_has_died_allows_nothing(world: World) -> None:
    [person] = randomized(world)
    with pytest.raises(Refused, match="died"):
        leaves(world, person, SAFETY_AFTER_LEAVING, cause=EndCause.DEATH)
    leaves(world, person, cause=EndCause.DEATH)
    assert person.end_cause == "death"


def test_the_page_asks_for_the_cause_and_for_each_thing_allowed(world: World) -> None:
    [person] = randomized(world)
    url = reverse("sessions:withdraw", args=[person.uuid])
    client = signed_in_as(world, Role.COORDINATOR)
    typed = {"on": LEFT.isoformat(), "why": "Moved away"}
    refused = client.post(url, typed).context["form"]
    assert {"cause", *AFTER_LEAVING} <= refused.errors.keys()
    assert refused["why"].value() == "Moved away"
    allowed = {SAFETY_AFTER_LEAVING: "yes", RECORDS_AFTER_LEAVING: "no"}
    client.post(url, typed | allowed | {"cause": "subject"})
    person.refresh_from_db()
    assert (person.state, person.end_cause) == ("withdrawn", "subject")


def test_the_database_keeps_nobody_withdrawn_without_a_cause(world: World) -> None:
    [person] = randomized(world)
    leaves(world, person)
    by = world.actor(Role.COORDINATOR)
    with (
        pytest.raises(Refused, match="Choose why the participant left"),
        acting("correct", by=by, reason="By mistake"),
    ):
        Participant.objects.filter(pk=person.pk).update(end_cause="")
