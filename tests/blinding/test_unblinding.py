"""Planned, emergency and accidental unblinding: who learns what, and who else does not."""

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
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.seeing import seeing
from audit.trail import acting
from participants.models import Participant
from randomization.access import planned_unblinding_of, told_of, unblinding_report
from randomization.actions import (
    Accident,
    Randomizing,
    assess_impact,
    randomize,
    record_accident,
    reveal_arm,
    unblind_as_planned,
)
from randomization.models import Unblinding
from tests.blinding.lives import RANDOMIZED_AT
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import (
    LONG_AGO,
    MAPP2,
    PASSWORD,
    SETUP,
    World,
    confirmed,
    held,
    new_world,
)
from trials.actions import adopt_protocol

pytestmark = pytest.mark.django_db
NOW = timezone.now
# The shipped definition, unblinded at its first dosing visit and told in groups.
STAGED = (
    MAPP2.read_text("utf-8")
    .replace('version = "1.0"', 'version = "2.0"', 1)
    .replace(
        'after = "database_lock"',
        'at = "dosing_1"\ngroups = { northern = ["active"], southern = ["comparator"] }',
    )
)
GROUPS = {"active": "northern", "comparator": "southern"}


@pytest.fixture
def staged() -> World:
    world = new_world()
    adopt_protocol(
        trial=world.trial, text=STAGED, filename="staged.toml", on=LONG_AGO, by=SETUP
    )
    return wall.sealed(world)


@pytest.fixture
def world() -> World:
    return wall.sealed(new_world())


def randomized(world: World, n: int = 1) -> list[Participant]:
    people = confirmed(world, n)
    randomize(
        randomizings=[Randomizing(person, RANDOMIZED_AT) for person in people],
        by=world.actor(Role.COORDINATOR),
    )
    return people


def url(name: str, of: Any) -> str:
    return reverse(f"randomization:{name}", args=[of.uuid])


def text_of(response: Any) -> str:
    return str(response.content.decode())


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


def accident(world: World, person: Participant, **but: Any) -> Accident:
    given: dict[str, Any] = {
        "participant": person,
        "at": RANDOMIZED_AT,
        "learned": "kit",
        "how": "A label came off in the kitchen",
        "impact": "",
        "user": world.user(Role.THERAPIST),
    }
    return Accident(**given | but)


@pytest.mark.requirement("BLD-07")
@pytest.mark.parametrize(
    "text",
    ["It was placebo", "She had 80 mg", "It said MDMA", "he is in the comparator arm"],
)
def test_an_accident_is_not_recorded_with_the_name_of_a_treatment(
    world: World, text: str
) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.INVESTIGATOR)
    for field in ("how", "impact", "others"):
        with pytest.raises(Refused, match="without naming a treatment"):
            record_accident(accident=accident(world, person, **{field: text}), by=by)
    row = record_accident(accident=accident(world, person), by=by)
    with pytest.raises(Refused, match="without naming a treatment"):
        assess_impact(unblinding=row, impact=text, by=by)
    assert [row.impact for row in Unblinding.objects.all()] == [""]


@pytest.mark.requirement("BLD-07")
def test_an_accident_names_who_learned_and_its_impact_changes_with_a_reason(
    world: World,
) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="Say who learned it"):
        record_accident(accident=accident(world, person, user=None), by=by)
    with pytest.raises(ReasonNeeded):
        record_accident(accident=accident(world, person, how=" "), by=by)
    row = record_accident(
        accident=accident(world, person, user=None, others="The spouse"), by=by
    )
    assess_impact(unblinding=row, impact="None on ratings", by=by)
    with pytest.raises(ReasonNeeded):
        assess_impact(unblinding=row, impact="The therapist is replaced", by=by)
    assess_impact(
        unblinding=row, impact="The therapist is replaced", reason="Known now", by=by
    )
    with pytest.raises(NotPermitted):
        record_accident(accident=accident(world, person), by=world.actor(Role.MONITOR))


@pytest.mark.requirement("BLD-07")
def test_an_accident_is_recorded_and_judged_on_its_pages(world: World) -> None:
    (person,) = randomized(world)
    client = signed_in_as(world, Role.DATA_MANAGER)
    typed = {
        "user": world.user(Role.THERAPIST).pk,
        "learned": "likely",
        "on": "2025-04-28",
        "at": "14:00",
        "why": "The kit was opened in the room",
    }
    assert "Say who learned it" in text_of(
        client.post(url("accident", person), typed | {"user": ""})
    )
    named = client.post(url("accident", person), typed | {"why": "Looked like placebo"})
    assert "without naming a treatment" in text_of(named)
    assert client.post(url("accident", person), typed).status_code == 302
    row = Unblinding.objects.get()
    report = text_of(client.get(reverse("randomization:unblindings")))
    for shown in ("Accidental", person.number, "The kit was opened", "Not judged yet"):
        assert shown in report
    judged = {"impact": "The therapist rates nothing"}
    assert client.post(url("impact", row), judged).status_code == 302
    assert "rates nothing" in text_of(client.get(reverse("randomization:unblindings")))


def replayed() -> dict[str, dict[str, Any]]:
    """Return every unblinding as the trail's entries alone tell it, by row."""
    found: dict[str, dict[str, Any]] = {}
    changes = RowChange.objects.filter(table_name="randomization_unblinding")
    for change in changes.order_by("id"):
        found.setdefault(change.row_id, {}).update(change.new)
    return found


@pytest.mark.requirement("BLD-07")
@pytest.mark.parametrize(
    "role", [Role.MONITOR, Role.DATA_MANAGER, Role.SAFETY_OFFICER, Role.AUDITOR]
)
def test_the_report_is_the_replay_of_the_entries(staged: World, role: Role) -> None:
    people = randomized(staged, 3)
    held(staged, people, "dosing_1")
    investigator = staged.actor(Role.INVESTIGATOR)
    reveal_arm(
        participant=people[0],
        why="Seizure",
        password=PASSWORD,
        at=NOW(),
        by=investigator,
    )
    unblind_as_planned(
        participant=people[1], password=PASSWORD, at=NOW(), by=investigator
    )
    row = record_accident(accident=accident(staged, people[2]), by=investigator)
    assess_impact(unblinding=row, impact="None on ratings", by=investigator)
    names = {user.pk: user.name for user in staged.people.values()}
    numbers = {person.pk: person.number for person in people}
    told = {
        (
            numbers[row["participant_id"]],
            row["kind"].capitalize(),
            "; ".join(filter(None, [names[row["revealed_to_id"]], row["others"]])),
            row["why"],
            row["impact"],
        )
        for row in replayed().values()
    }
    with seeing(staged.actor(role)):
        report = unblinding_report(staged.user(role).pk)
    lines = [
        (line.participant_number, line.kind, line.name, line.why, line.impact)
        for line in report
    ]
    assert set(lines) == told
    assert len(lines) == 3
    page = text_of(signed_in_as(staged, role).get(reverse("randomization:unblindings")))
    for number, kind, name, why, impact in lines:
        assert all(words in page for words in (number, kind, name.split(";")[0], why))
        assert impact in page
    assert not re.search("northern|southern", page)


@pytest.mark.requirement("BLD-07")
@pytest.mark.parametrize(
    "role",
    [Role.COORDINATOR, Role.THERAPIST, Role.RATER, Role.PHARMACIST, Role.SPONSOR],
)
def test_the_report_is_nobody_elses(world: World, role: Role) -> None:
    randomized(world)
    client = signed_in_as(world, role)
    assert client.get(reverse("randomization:unblindings")).status_code == 404
