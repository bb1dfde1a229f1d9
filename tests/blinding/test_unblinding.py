"""Planned and emergency unblinding: who learns what, and who else does not."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import ROLES, Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, Refused
from audit.seeing import seeing
from audit.trail import acting
from randomization.access import planned_unblinding_of, told_of
from randomization.actions import reveal_arm, unblind_as_planned
from randomization.models import Unblinding
from tests.blinding.told import text_of, url
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.randomization.world import randomized
from tests.world import PASSWORD, SETUP, World, held

pytestmark = pytest.mark.django_db
NOW = timezone.now
GROUPS = {"active": "northern", "comparator": "southern"}


def browsers(world: World) -> Iterator[tuple[str, bool, Client]]:
    """Everybody, and whether they work at the first site."""
    of_site = {Role.COORDINATOR, Role.THERAPIST, Role.INVESTIGATOR}
    for role in ROLES:
        if role is not Role.IRB_CONTACT:
            yield role.value, role in of_site, signed_in_as(world, role)
    for role in of_site:
        yield f"{role} elsewhere", False, signed_in_as(world, role, elsewhere=True)


@pytest.mark.requirement("BLD-02")
def test_before_the_visit_nobody_is_unblinded_as_planned(staged: World) -> None:
    (person,) = randomized(staged)
    client = signed_in_as(staged, Role.INVESTIGATOR)
    assert "Not yet." in text_of(client.get(url("planned", person)))
    refused = client.post(url("planned", person), {"password": PASSWORD})
    assert "once this visit was held" in text_of(refused)
    assert Unblinding.objects.count() == 0


@pytest.mark.requirement("BLD-02")
def test_a_missed_visit_unblinds_nobody(staged: World) -> None:
    (person,) = randomized(staged)
    planned = planned_unblinding_of(person)
    assert planned is not None
    assert not planned.is_reached
    held(staged, [person], "dosing_1")
    again = planned_unblinding_of(person)
    assert again is not None
    assert again.is_reached


@pytest.mark.requirement("BLD-02")
@pytest.mark.requirement("BLD-07")
def test_what_is_revealed_as_planned_is_seen_by_the_site_and_by_nobody_else(
    staged: World,
) -> None:
    person, other = randomized(staged, 2)
    held(staged, [person, other], "dosing_1")
    client = signed_in_as(staged, Role.INVESTIGATOR)
    wrong = client.post(url("planned", person), {"password": "guess"})
    assert "The password is not right" in text_of(wrong)
    done = client.post(url("planned", person), {"password": PASSWORD}, follow=True)
    told = re.findall("northern|southern", text_of(done))
    assert len(told) == 1
    telling = re.compile("northern|southern|Inactive placebo|MDMA<")
    for who, is_of_site, browser in browsers(staged):
        mine = [
            reverse("workbench:participant", args=[person.uuid]),
            url("planned", person),
        ]
        theirs = [
            reverse("workbench:participant", args=[other.uuid]),
            url("planned", other),
            reverse("workbench:trail", args=[person.uuid]),
            reverse("workbench:home"),
            reverse("randomization:unblindings"),
            f"{reverse('trail:list')}?participant={person.number}",
            reverse("trail:participant", args=[person.pk]),
        ]
        for path in mine:
            found = telling.findall(text_of(browser.get(path)))
            assert found == (told if is_of_site else []), (who, path)
        for path in theirs:
            assert telling.findall(text_of(browser.get(path))) == [], (who, path)
    assert (told_of(person), told_of(other)) == ("", "")  # a job is nobody's site
    with seeing(staged.actor(Role.THERAPIST)):
        assert (told_of(person), told_of(other)) == (told[0], "")


@pytest.mark.requirement("BLD-07")
def test_a_planned_unblinding_is_done_once_and_its_row_is_a_commitment(
    staged: World,
) -> None:
    (person,) = randomized(staged)
    held(staged, [person], "dosing_1")
    by = staged.actor(Role.INVESTIGATOR)
    ask: dict[str, Any] = {"participant": person, "password": PASSWORD, "at": NOW()}
    unblind_as_planned(**ask, by=by)
    with pytest.raises(Refused, match="as planned already"):
        unblind_as_planned(**ask, by=by)
    (change,) = RowChange.objects.filter(table_name="told")
    assert change.new.keys() == {"commitment"}
    (row,) = Unblinding.objects.all()
    assert (row.kind, row.learned) == ("planned", "group")
    everything = json.dumps(
        [
            [change.old, change.new]
            for change in RowChange.objects.exclude(table_name="trials_protocolversion")
        ]
    )
    assert not re.search("northern|southern", everything)


@pytest.mark.requirement("BLD-06")
@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER, Role.SPONSOR]
)
def test_only_an_investigator_of_the_site_unblinds_as_planned(
    staged: World, role: Role
) -> None:
    (person,) = randomized(staged)
    held(staged, [person], "dosing_1")
    ask: dict[str, Any] = {"participant": person, "password": PASSWORD, "at": NOW()}
    with pytest.raises(NotPermitted):
        unblind_as_planned(**ask, by=staged.actor(role))
    with pytest.raises(NotPermitted):
        unblind_as_planned(**ask, by=staged.actor(Role.INVESTIGATOR, elsewhere=True))
    with pytest.raises(NotPermitted):
        unblind_as_planned(**ask, by=SETUP)


@pytest.mark.requirement("BLD-02")
def test_a_protocol_that_waits_for_the_lock_has_no_planned_unblinding(
    world: World,
) -> None:
    (person,) = randomized(world)
    held(world, [person], "dosing_1")
    client = signed_in_as(world, Role.INVESTIGATOR)
    assert client.get(url("planned", person)).status_code == 404
    page = text_of(client.get(reverse("workbench:participant", args=[person.uuid])))
    assert "Planned unblinding" not in page
    with pytest.raises(Refused, match="before the database is locked"):
        unblind_as_planned(
            participant=person,
            password=PASSWORD,
            at=NOW(),
            by=world.actor(Role.INVESTIGATOR),
        )


@pytest.mark.requirement("BLD-01")
@pytest.mark.parametrize("verb", ["reveal arm", "look", "randomize"])
def test_a_group_comes_out_only_in_the_act_that_says_so(
    staged: World, verb: str
) -> None:
    (person,) = randomized(staged)
    with (
        pytest.raises(DatabaseError, match="revealed only by an act"),
        transaction.atomic(),
        acting(verb, by=staged.actor(Role.INVESTIGATOR)),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT sealed.unblind_as_planned(%s, %s, %s)",
            [person.pk, list(GROUPS), list(GROUPS.values())],
        )


@pytest.mark.requirement("BLD-06")
def test_an_emergency_shows_one_participant_and_nobody_elses_arm(world: World) -> None:
    person, other = randomized(world, 2)
    client = signed_in_as(world, Role.INVESTIGATOR)
    asked = {"why": "Seizure", "password": PASSWORD}
    told = text_of(client.post(url("unblind", person), asked))
    assert other.number not in told
    assert str(other.uuid) not in told
    labels = [arm.label for arm in wall.definition_of(world).arms]
    assert sum(told.count(f"<strong>{label}</strong>") for label in labels) == 1
    page = text_of(client.get(url("unblind", other)))
    assert "Seizure" not in page
    assert not any(label in page for label in labels)
    (row,) = Unblinding.objects.all()
    assert row.participant == person
    act = Action.objects.get(verb="reveal arm")
    assert (act.actor_id, act.participant_id, act.reason) == (
        world.user(Role.INVESTIGATOR).pk,
        person.pk,
        "Seizure",
    )
    assert act.session_id is not None
    assert timezone.now() - act.at < timedelta(minutes=1)


@pytest.mark.requirement("BLD-06")
def test_the_sponsor_can_neither_ask_nor_hinder_and_need_not_be_there(
    world: World,
) -> None:
    (person,) = randomized(world)
    for role in (Role.SPONSOR, Role.DATA_MANAGER):
        client = signed_in_as(world, role)
        assert client.get(url("unblind", person)).status_code == 404
        assert client.post(url("unblind", person), {"why": "no"}).status_code == 404
    # Nobody else acts, answers or confirms: one person, one request.
    told = reveal_arm(
        participant=person,
        why="Seizure",
        password=PASSWORD,
        at=NOW(),
        by=world.actor(Role.INVESTIGATOR),
    )
    assert told in GROUPS
