"""Waivers: signed by an investigator, read by everybody, and taken back with a reason."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Signature
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import digest
from participants.access import eligibility_of, waiver_content
from participants.actions import (
    NewFact,
    NewWaiver,
    Step,
    end_waiver,
    enroll,
    grant_waivers,
    record_facts,
)
from participants.eligibility import Verdict
from participants.models import Deviation, Participant, Waiver
from tests.facts import eligible_facts
from tests.pages import signed_in_as
from tests.world import (
    ON_TARGET,
    PASSWORD,
    SCREENED_ON,
    SETUP,
    World,
    consented,
    new_world,
)

ON = SCREENED_ON + timedelta(days=5)
WHY = "Weight is stable for years; agreed with the medical monitor"


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def light(world: World) -> Participant:
    """Somebody whose weight alone keeps them out."""
    (person,) = consented(world)
    facts = eligible_facts(person, but={"weight_kg": 46})
    record_facts(facts=facts, by=world.actor(Role.COORDINATOR))
    return person


def waived(world: World, person: Participant, code: str = "e6", **more: str) -> Waiver:
    new = NewWaiver(person, code, ON, more.get("reason", WHY))
    return grant_waivers(
        waivers=[new],
        password=more.get("password", PASSWORD),
        by=world.actor(Role.INVESTIGATOR),
    )[0]


def in_the_way(
    person: Participant, on: date = ON_TARGET["enrollment_visit"]
) -> list[str]:
    result = eligibility_of([person], "enrollment", on=on)[person.pk]
    return [item.criterion.code for item in result.in_the_way]


def test_a_waived_criterion_keeps_its_verdict_and_stands_in_nobodys_way(
    world: World, light: Participant
) -> None:
    assert in_the_way(light) == ["e6"]
    waived(world, light)
    on = ON_TARGET["enrollment_visit"]
    result = eligibility_of([light], "enrollment", on=on)[light.pk]
    (found,) = [x for x in result.results if x.criterion.code == "e6"]
    assert found.verdict is Verdict.NOT_MET
    assert result.may_be_confirmed
    enroll(steps=[Step(light, on)], by=world.actor(Role.COORDINATOR))


def test_a_waiver_holds_from_its_day_on(world: World, light: Participant) -> None:
    waived(world, light)
    assert in_the_way(light, ON - timedelta(days=1)) == ["e6"]
    assert in_the_way(light, ON) == []


def test_a_waiver_is_signed_and_leaves_a_deviation(
    world: World, light: Participant
) -> None:
    waiver = waived(world, light)
    signature = Signature.objects.get(table_name="participants_waiver")
    assert signature.digest == digest(waiver_content(waiver))
    deviation = Deviation.objects.get(kind="waiver")
    assert deviation.description.startswith("E6 waived: ")
    assert deviation.description.endswith(WHY)


def test_a_waiver_taken_back_asks_again(world: World, light: Participant) -> None:
    waiver = waived(world, light)
    by = world.actor(Role.INVESTIGATOR)
    with pytest.raises(ReasonNeeded):
        end_waiver(waiver=waiver, on=ON, reason=" ", by=by)
    with pytest.raises(Refused, match="before the day"):
        end_waiver(waiver=waiver, on=SCREENED_ON, reason="Withdrawn", by=by)
    end_waiver(waiver=waiver, on=ON, reason="The sponsor refused it", by=by)
    assert in_the_way(light) == ["e6"]
    with pytest.raises(Refused, match="already"):
        end_waiver(waiver=waiver, on=ON, reason="The sponsor refused it", by=by)
    waived(world, light)
    assert in_the_way(light) == []


def test_what_cannot_be_waived_is_refused(world: World, light: Participant) -> None:
    with pytest.raises(NotPermitted, match="password"):
        waived(world, light, password="wrong")
    with pytest.raises(Refused, match="no criterion"):
        waived(world, light, code="e99")
    with pytest.raises(ReasonNeeded):
        waived(world, light, reason=" ")
    waived(world, light)
    with pytest.raises(Refused, match="waived already"):
        waived(world, light)


def test_only_an_investigator_waives(world: World, light: Participant) -> None:
    new = NewWaiver(light, "e6", ON, WHY)
    for role in set(Role) - {Role.INVESTIGATOR, Role.IRB_CONTACT}:
        with pytest.raises(NotPermitted):
            grant_waivers(waivers=[new], password=PASSWORD, by=world.actor(role))
    with pytest.raises(NotPermitted, match="never by a job"):
        grant_waivers(waivers=[new], password=PASSWORD, by=SETUP)


def test_an_unknown_criterion_may_be_waived_too(
    world: World, light: Participant
) -> None:
    unknown = NewFact(light, "weight_kg", None, ON, "Scale is broken")
    record_facts(
        facts=[unknown], by=world.actor(Role.COORDINATOR), reason="Misread the scale"
    )
    waived(world, light)
    assert in_the_way(light) == []


def page(name: str, person: Participant) -> str:
    return reverse(f"participants:{name}", args=[person.uuid])


def test_the_page_waives_with_a_password_and_shows_it_to_the_site(
    world: World, light: Participant
) -> None:
    investigator = signed_in_as(world, Role.INVESTIGATOR)
    shown = investigator.get(page("eligibility", light)).text
    assert page("waive", light) in shown
    typed = {"code": "e6", "why": WHY, "password": "wrong"}
    refused = investigator.post(page("waive", light), typed)
    assert "password is not right" in refused.text
    done = investigator.post(page("waive", light), typed | {"password": PASSWORD})
    assert done.status_code == 302
    text = signed_in_as(world, Role.COORDINATOR).get(page("eligibility", light)).text
    assert WHY in text
    assert page("waive", light) not in text


def test_where_the_step_is_taken_a_waived_criterion_is_called_so(
    world: World, light: Participant
) -> None:
    waived(world, light)
    address = reverse("sessions:enroll", args=[light.uuid])
    page = signed_in_as(world, Role.COORDINATOR).get(address)
    words = {gate["word"] for gate in page.context["gates"] if "E6" in gate["sentence"]}
    assert words == {"Waived"}


def test_whoever_may_not_waive_finds_no_page(world: World, light: Participant) -> None:
    waiver = waived(world, light)
    end = reverse("participants:end_waiver", args=[waiver.uuid])
    clients: list[Client] = [
        signed_in_as(world, Role.COORDINATOR),
        signed_in_as(world, Role.RATER),
        signed_in_as(world, Role.SPONSOR),
        signed_in_as(world, Role.INVESTIGATOR, elsewhere=True),
    ]
    for client in clients:
        assert client.get(page("waive", light)).status_code == 404
        assert client.get(end).status_code == 404


def test_the_irbs_auditor_reads_waivers(world: World, light: Participant) -> None:
    waived(world, light)
    auditor = signed_in_as(world, Role.AUDITOR)
    found = auditor.get(reverse("admin:participants_waiver_changelist"))
    assert light.number in found.text
