"""The pages on which a kit's time is said and corrected."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from randomization.access import kits_of
from tests.pages import signed_in_as
from tests.randomization.test_views import randomized, text_of, url
from tests.world import World, held, visit_of
from trials.access import local_time

pytestmark = pytest.mark.django_db


def test_the_kit_of_a_past_session_starts_with_the_day_of_the_session(
    world: World,
) -> None:
    (person,) = randomized(world)
    held(world, [person], "dosing_1")
    visit = visit_of(person, "dosing_1")
    client = signed_in_as(world, Role.COORDINATOR)
    form = client.get(url("dispense", visit)).context["form"]
    assert (form["on"].value(), form["at"].value()) == (date(2025, 4, 28), None)


def test_the_second_kit_of_a_session_does_not_ask_for_the_step_again(
    world: World,
) -> None:
    (person,) = randomized(world)
    visit = visit_of(person, "dosing_2")
    client = signed_in_as(world, Role.COORDINATOR)
    offered = client.get(url("dispense", visit)).context["form"]["step"]
    assert not offered.is_hidden
    assert len(offered.field.choices) == 2
    dose = {"part": "initial", "step": "full", "on": "2025-05-26", "at": "08:40"}
    page = text_of(client.post(url("dispense", visit), dose, follow=True))
    assert "At the step of this session" in page
    form = client.get(url("dispense", visit)).context["form"]
    assert (form["step"].is_hidden, form["step"].value()) == (True, "full")
    second = dose | {"part": "supplement", "step": form["step"].value()}
    client.post(url("dispense", visit), second)
    assert len(kits_of([visit.pk])[visit.pk]) == 2


def test_the_time_of_a_kit_is_corrected_on_its_page(world: World) -> None:
    (person,) = randomized(world)
    visit = visit_of(person, "dosing_1")
    client = signed_in_as(world, Role.PHARMACIST)
    dose = {"part": "initial", "step": "starting", "on": "2025-04-28", "at": "08:40"}
    page = text_of(client.post(url("dispense", visit), dose, follow=True))
    address = reverse("randomization:correct_time", args=[visit.uuid, "initial"])
    assert address in page
    typed = {"on": "2025-04-28", "at": "08:25"}
    assert "say why" in text_of(client.post(address, typed))
    reason = typed | {"reason": "Read the clock wrongly"}
    page = text_of(client.post(address, reason, follow=True))
    assert "is corrected" in page
    (kit,) = kits_of([visit.pk])[visit.pk]
    assert f"{local_time(visit.site, kit.dispensed_at):%H:%M}" == "08:25"
    other = signed_in_as(world, Role.THERAPIST)
    assert other.get(address).status_code == 404
