"""The eligibility page: what stays in sight after a step, and after a refusal."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from participants.models import Fact
from tests.forms import posted
from tests.pages import signed_in_as
from tests.world import World, consented, enrolled, new_world, randomized, screened

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def test_after_randomization_every_fact_is_still_read_with_its_history(
    world: World,
) -> None:
    [person] = randomized(world)
    page = signed_in_as(world, Role.COORDINATOR).get(
        reverse("participants:eligibility", args=[person.uuid])
    )
    text = page.content.decode()
    assert "Facts of other milestones" in text
    assert "61.5 kg" in text
    fact = Fact.objects.get(participant=person, code="weight_kg", is_current=True)
    assert reverse("workbench:history", args=["participants_fact", fact.pk]) in text
    # A score hidden from the site stays hidden.
    assert "From the signed form, not shown here" in text
    assert ">69" not in text


def test_a_refusal_for_want_of_a_reason_leaves_its_box_in_sight(world: World) -> None:
    [person] = enrolled(world)
    client = signed_in_as(world, Role.COORDINATOR)
    address = reverse("participants:eligibility", args=[person.uuid])
    form = posted(client.get(address).content.decode(), having="source")
    changed = {
        "fact_pregnant_or_lactating": "yes",
        "source": "Chart",
        "observed_on": "2025-03-03",
    }
    answer = client.post(address, form | changed)
    assert answer.status_code == 200, answer.headers
    assert 'data-reason="always"' in answer.content.decode()


def test_what_the_consent_is_yet_to_say_waits_for_it_and_is_not_missing(
    world: World,
) -> None:
    before, after = (
        signed_in_as(world, Role.COORDINATOR)
        .get(reverse("participants:eligibility", args=[person.uuid]))
        .text
        for [person] in (screened(world), consented(world))
    )
    assert before.count("comes with the consent") == 2
    assert "Comes with the consent: Age at consent." in before
    assert "Missing: Age at consent" not in before
    assert "comes with the consent" not in after.lower()
