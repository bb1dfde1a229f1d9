"""Accidental unblinding, and the report of every unblinding."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from audit.models import RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.seeing import seeing
from participants.models import Participant
from randomization.access import unblinding_report
from randomization.actions import (
    Accident,
    assess_impact,
    record_accident,
    reveal_arm,
    unblind_as_planned,
)
from randomization.models import Unblinding
from tests.blinding.lives import RANDOMIZED_AT
from tests.blinding.told import text_of, url
from tests.pages import signed_in_as
from tests.randomization.world import randomized
from tests.world import PASSWORD, World, held

pytestmark = pytest.mark.django_db
NOW = timezone.now


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


def unblinded_each_way(world: World, people: list[Participant]) -> None:
    """Unblind one in an emergency, one as planned, and one by an accident, judged."""
    first, second, third = people
    by = world.actor(Role.INVESTIGATOR)
    reveal_arm(participant=first, why="Seizure", password=PASSWORD, at=NOW(), by=by)
    unblind_as_planned(participant=second, password=PASSWORD, at=NOW(), by=by)
    row = record_accident(accident=accident(world, third), by=by)
    assess_impact(unblinding=row, impact="None on ratings", by=by)


@pytest.mark.requirement("BLD-07")
@pytest.mark.parametrize(
    "role", [Role.MONITOR, Role.DATA_MANAGER, Role.SAFETY_OFFICER, Role.AUDITOR]
)
def test_the_report_is_the_replay_of_the_entries(staged: World, role: Role) -> None:
    people = randomized(staged, 3)
    held(staged, people, "dosing_1")
    unblinded_each_way(staged, people)
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
