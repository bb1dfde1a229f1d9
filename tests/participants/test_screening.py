"""The screening log gives numbers, one each, whoever screens at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.actions import NewScreening, correct_screening, screen
from participants.models import Participant
from participants.numbering import read_number
from tests.pages import signed_in_as
from tests.world import SCREENED_ON, World, consented, new_world, screened


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def test_a_screening_leaves_one_act_and_its_row(world: World) -> None:
    world.actor(Role.COORDINATOR)
    before = Action.objects.count()
    (participant,) = screened(world)
    assert (participant.number[:6], participant.state) == ("01-001", "screening")
    action = Action.objects.latest("id")
    assert Action.objects.count() == before + 1
    assert (action.verb, action.subject) == ("add to screening log", participant.number)
    assert action.site_id == world.site.pk
    change = RowChange.objects.get(action_id=action.id)
    assert (change.operation, change.participant_id) == ("I", participant.pk)


def test_each_site_counts_for_itself(world: World) -> None:
    first, second = screened(world, 2)
    (other,) = screened(world, elsewhere=True)
    numbers = [read_number(row.number) for row in (first, second, other)]
    assert [(n.site, n.sequence) for n in numbers] == [(1, 1), (1, 2), (2, 1)]
    assert screened(world)[0].sequence == 3


def test_screening_is_refused_at_another_site_and_to_a_therapist(world: World) -> None:
    screening = [NewScreening(world.elsewhere, SCREENED_ON)]
    with pytest.raises(NotPermitted, match="screen and enroll"):
        screen(screenings=screening, by=world.actor(Role.COORDINATOR))
    with pytest.raises(NotPermitted):
        screen(
            screenings=[NewScreening(world.site, SCREENED_ON)],
            by=world.actor(Role.THERAPIST),
        )
    assert not Participant.objects.exists()


def test_screening_before_any_protocol_was_in_force_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="No version of the protocol"):
        screened(world, on=date(2019, 12, 31))


def test_a_hundred_screenings_take_the_queries_of_one(world: World) -> None:
    world.actor(Role.COORDINATOR)
    with CaptureQueriesContext(
        connection,
    ) as one:
        screened(world)
    with CaptureQueriesContext(connection) as many:
        screened(world, 100)
    assert len(many) == len(one)


@pytest.mark.services
def test_parallel_screenings_get_different_numbers(own_database: str) -> None:
    world = new_world("PARALLEL")
    by = world.actor(Role.COORDINATOR)

    def one(_: int) -> int:
        try:
            (row,) = screen(screenings=[NewScreening(world.site, SCREENED_ON)], by=by)
            return row.sequence
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        sequences = list(pool.map(one, range(8)))
    assert sorted(sequences) == list(range(1, 9))


def test_the_day_of_screening_is_corrected_with_a_reason(world: World) -> None:
    (person,) = screened(world)
    by = world.actor(Role.COORDINATOR)
    earlier = SCREENED_ON - timedelta(days=2)
    with pytest.raises(ReasonNeeded):
        correct_screening(participant=person, on=earlier, reason=" ", by=by)
    with pytest.raises(NotPermitted):
        correct_screening(
            participant=person,
            on=earlier,
            reason="Mistyped",
            by=world.actor(Role.THERAPIST),
        )
    correct_screening(participant=person, on=earlier, reason="Mistyped", by=by)
    assert Participant.objects.get().screened_on == person.screened_on == earlier
    entry = Action.objects.latest("id")
    assert (entry.verb, entry.reason) == ("correct day of screening", "Mistyped")


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        (SCREENED_ON + timedelta(days=1), "Consent was signed on 03 Mar 2025"),
        (date(2999, 1, 1), "has not come yet"),
        (date(2019, 12, 31), "No version of the protocol"),
    ],
)
def test_a_day_of_screening_that_cannot_be_is_refused(
    world: World, on: date, sentence: str
) -> None:
    (person,) = consented(world)
    with pytest.raises(Refused, match=sentence):
        correct_screening(
            participant=person,
            on=on,
            reason="Mistyped",
            by=world.actor(Role.COORDINATOR),
        )
    assert Participant.objects.get().screened_on == SCREENED_ON


def test_the_day_of_screening_is_corrected_on_its_page(world: World) -> None:
    (person,) = screened(world)
    page = reverse("participants:screening_day", args=[person.uuid])
    client = signed_in_as(world, Role.COORDINATOR)
    home = reverse("workbench:participant", args=[person.uuid])
    assert page in client.get(home).text
    assert client.get(page).status_code == 200
    assert "say why" in client.post(page, {"on": "2025-02-27"}).text
    typed = {"on": "2025-02-27", "reason": "Mistyped"}
    assert client.post(page, typed)["Location"] == home
    assert Participant.objects.get().screened_on == date(2025, 2, 27)
    for role, elsewhere in ((Role.THERAPIST, False), (Role.COORDINATOR, True)):
        other = signed_in_as(world, role, elsewhere=elsewhere)
        assert other.get(page).status_code == 404
