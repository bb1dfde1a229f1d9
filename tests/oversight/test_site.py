"""The oversight site: read-only by construction, the trail as sentences."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action
from oversight.site import oversight_site
from tests.world import PASSWORD, World, enrolled, new_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def signed_in(client: Client, world: World, role: Role) -> Client:
    typed = {"username": world.user(role).username, "password": PASSWORD}
    response = client.post(reverse("accounts:sign_in"), typed)
    assert response.status_code == 302
    return client


ROUTES = [
    f"oversight:{model._meta.app_label}_{model._meta.model_name}"
    for model in oversight_site._registry
]


@pytest.mark.requirement("ACC-15")
@pytest.mark.parametrize("route", ROUTES)
def test_nothing_can_be_added_changed_or_deleted(
    client: Client, world: World, route: str
) -> None:
    enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    listing = reverse(f"{route}_changelist")
    assert client.get(listing).status_code == 200
    assert client.get(reverse(f"{route}_add")).status_code == 403
    row = oversight_site._registry[_model(route)].model.objects.first()
    before = Action.objects.count()
    if row is not None:
        assert client.get(reverse(f"{route}_change", args=[row.pk])).status_code == 200
        for name in ("change", "delete"):
            url = reverse(f"{route}_{name}", args=[row.pk])
            assert client.post(url, {"_save": "Save"}).status_code == 403
    actions = {"action": "delete_selected", "_selected_action": ["1"]}
    assert client.post(listing, actions).status_code in {200, 302, 403}
    assert Action.objects.count() == before


def _model(route: str) -> type:
    return next(
        model
        for model in oversight_site._registry
        if route == f"oversight:{model._meta.app_label}_{model._meta.model_name}"
    )


def test_the_first_page_lists_what_can_be_read(client: Client, world: World) -> None:
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("oversight:index")).content.decode()
    assert len(ROUTES) > 15
    for route in ROUTES:
        assert reverse(f"{route}_changelist") in page


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.RATER, Role.SPONSOR])
def test_people_who_do_not_oversee_find_nothing_there(
    client: Client, world: World, role: Role
) -> None:
    signed_in(client, world, role)
    response = client.get(reverse("oversight:index"), follow=True)
    assert response.status_code == 404


def test_the_trail_of_a_participant_reads_as_sentences(
    client: Client, world: World
) -> None:
    (participant,) = enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("trail:participant", args=[participant.pk]))
    text = page.content.decode()
    assert "enrolled" in text
    assert participant.number in text
    assert world.user(Role.COORDINATOR).name in text
    assert "{&quot;" not in text
    assert "{'" not in text


def test_an_act_on_many_says_in_each_line_whose_record_changed(
    client: Client, world: World
) -> None:
    people = enrolled(world, 4)
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("trail:list") + "?verb=enroll")
    (act,) = [entry for entry in page.context["entries"] if entry.did == "enrolled:"]
    labels = [line.label for line in act.changes]
    assert {label.partition(",")[0] for label in labels} == {
        person.number for person in people
    }


def test_the_trail_costs_the_same_for_one_participant_and_for_many(
    client: Client, world: World
) -> None:
    counts = []
    signed_in(client, world, Role.AUDITOR)
    for _ in range(2):
        enrolled(world, 5)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("trail:list")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_auditor_of_another_trial_finds_nothing_of_this_one(
    client: Client, world: World
) -> None:
    (participant,) = enrolled(world)
    other = new_world("TEST-2")
    signed_in(client, other, Role.AUDITOR)
    assert (
        client.get(reverse("trail:participant", args=[participant.pk])).status_code
        == 404
    )
    listing = client.get(reverse("oversight:participants_participant_changelist"))
    assert participant.number not in listing.content.decode()
    assert participant.number not in client.get(reverse("trail:list")).content.decode()


def test_the_trail_is_never_counted(client: Client, world: World) -> None:
    enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("trail:list")).status_code == 200
    trail = [q["sql"] for q in queries if "audit_" in q["sql"]]
    assert len(trail) == 2  # the acts, and what they changed
    assert not [sql for sql in trail if "COUNT(" in sql.upper()]
