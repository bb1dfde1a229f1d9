"""Somebody goes on in another study: who they were in the first, and what it tells."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import RowChange
from audit.refusal import NotPermitted, Refused
from participants.access import facts_of
from participants.models import Fact, Participant
from sessions.actions import link_parent, unlink_parent
from tests.pages import signed_in_as
from tests.sessions.courses import Walk, begun, walked
from tests.world import LONG_AGO, MAPP2, SETUP, World, consented, new_world, visit_of
from trials.actions import NewDelegation, delegate

pytestmark = pytest.mark.django_db
MPLONG = (MAPP2.parent / "mplong.toml").read_text("utf-8")
EXTENSION = (MAPP2.parent / "extension.toml").read_text("utf-8")
ON = date(2026, 10, 1)


def parent_of_mapp2() -> Walk:
    walk = begun(MAPP2.read_text("utf-8"))
    walked(walk)
    return walk


def child_in(text: str, parent: Walk) -> tuple[World, Participant]:
    """Somebody in a later trial, where the same coordinator works."""
    world = new_world("LATER", text=text)
    delegate(
        trial=parent.world.trial,
        delegations=[
            NewDelegation(
                world.user(Role.COORDINATOR),
                Role.COORDINATOR,
                LONG_AGO,
                parent.world.site,
            )
        ],
        by=SETUP,
    )
    (person,) = consented(world, on=ON)
    return world, person


def known(person: Participant) -> dict[str, Fact]:
    return facts_of([person.pk])[person.pk]


def last_dose(walk: Walk) -> date:
    day = visit_of(walk.person, "dosing_3").held_on
    assert day is not None
    return day


def test_visits_count_from_the_days_of_the_parents_own_record() -> None:
    parent = parent_of_mapp2()
    world, person = child_in(MPLONG, parent)
    before = visit_of(person, "follow_up")
    assert before.opens is None
    by = world.actor(Role.COORDINATOR)
    link_parent(participant=person, parent=parent.person, on=ON, by=by)
    fact = known(person)["last_session_on"]
    assert fact.value == last_dose(parent).isoformat()
    assert fact.source == f"TEST-1, participant {parent.person.number}"
    opens = visit_of(person, "follow_up").opens
    assert opens is not None
    assert opens >= last_dose(parent) + timedelta(days=180)


def test_the_end_of_the_parent_study_opens_the_extension() -> None:
    parent = parent_of_mapp2()
    world, person = child_in(EXTENSION, parent)
    by = world.actor(Role.COORDINATOR)
    link_parent(participant=person, parent=parent.person, on=ON, by=by)
    assert parent.person.ended_on is not None
    assert known(person)["parent_ended_on"].value == parent.person.ended_on.isoformat()
    # What its unblinding told stands in no record of it.
    assert "received_study_drug_in_parent" not in known(person)


def test_a_mistaken_link_is_taken_back_with_what_it_told() -> None:
    parent = parent_of_mapp2()
    world, person = child_in(MPLONG, parent)
    by = world.actor(Role.COORDINATOR)
    link_parent(participant=person, parent=parent.person, on=ON, by=by)
    with pytest.raises(Refused, match="linked to a parent study already"):
        link_parent(participant=person, parent=parent.person, on=ON, by=by)
    with pytest.raises(Refused, match="say why"):
        unlink_parent(participant=person, on=ON, reason="", by=by)
    unlink_parent(participant=person, on=ON, reason="It was their sister", by=by)
    assert "last_session_on" not in known(person)
    assert visit_of(person, "follow_up").opens is None
    changes = RowChange.objects.filter(
        table_name="participants_participant", row_id=str(person.pk), operation="U"
    ).order_by("id")
    linked = [
        change.new["parent_id"] for change in changes if "parent_id" in change.new
    ]
    assert linked[-2:] == [parent.person.pk, None]


def test_a_parent_who_is_still_in_the_study_or_of_another_is_refused() -> None:
    walk = begun(MAPP2.read_text("utf-8"))
    world, person = child_in(MPLONG, walk)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="is still in TEST-1"):
        link_parent(participant=person, parent=walk.person, on=ON, by=by)
    with pytest.raises(Refused, match="does not continue LATER"):
        link_parent(participant=person, parent=person, on=ON, by=by)


def test_two_people_of_a_trial_never_continue_the_same_one() -> None:
    parent = parent_of_mapp2()
    world, person = child_in(MPLONG, parent)
    (other,) = consented(world, on=ON)
    by = world.actor(Role.COORDINATOR)
    link_parent(participant=person, parent=parent.person, on=ON, by=by)
    with pytest.raises(Refused, match="linked to that participant already"):
        link_parent(participant=other, parent=parent.person, on=ON, by=by)


def test_whoever_does_not_see_the_parent_cannot_link_to_them() -> None:
    parent = parent_of_mapp2()
    world = new_world("LATER", text=MPLONG)
    (person,) = consented(world, on=ON)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(NotPermitted):
        link_parent(participant=person, parent=parent.person, on=ON, by=by)


def test_the_days_of_a_parent_that_tell_the_treatment_wait_for_its_lock() -> None:
    text = (MAPP2.parent / "mp12.toml").read_text("utf-8")
    parent = begun(text, told="low")
    walked(parent)
    world, person = child_in(MPLONG.replace('"MAPP1", ', '"MAPP1", "MP12", '), parent)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="not locked yet"):
        link_parent(participant=person, parent=parent.person, on=ON, by=by)


def test_the_page_links_and_both_pages_lead_to_each_other() -> None:
    parent = parent_of_mapp2()
    world, person = child_in(MPLONG, parent)
    client = signed_in_as(world, Role.COORDINATOR)
    page = reverse("sessions:parent", args=[person.uuid])
    home = reverse("workbench:participant", args=[person.uuid])
    assert page in client.get(home).content.decode()
    assert f"TEST-1, {parent.person.number}" in client.get(page).content.decode()
    answer = client.post(page, {"parent": str(parent.person.uuid)}, follow=True)
    assert f"{person.number} is linked." in answer.content.decode()
    theirs = reverse("workbench:participant", args=[parent.person.uuid])
    assert theirs in answer.content.decode()
    assert home in client.get(theirs).content.decode()
    assert "Unlink" in client.get(page).content.decode()
    answer = client.post(page, {"why": "It was their sister"}, follow=True)
    assert "is not linked any more" in answer.content.decode()


def test_the_page_says_where_there_is_nobody_to_choose() -> None:
    world = new_world("LATER", text=MPLONG)
    (person,) = consented(world, on=ON)
    page = reverse("sessions:parent", args=[person.uuid])
    text = signed_in_as(world, Role.COORDINATOR).get(page).content.decode()
    assert "There is nobody to choose" in text


def test_a_protocol_without_a_parent_has_no_such_page() -> None:
    walk = begun(MAPP2.read_text("utf-8"))
    page = reverse("sessions:parent", args=[walk.person.uuid])
    assert signed_in_as(walk.world, Role.COORDINATOR).get(page).status_code == 404
