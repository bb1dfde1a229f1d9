"""Randomizing: the next place of the site's list, for whom and by whom."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from functools import partial

import pytest
from django.db import connection

from accounts.vocabulary import Role
from audit.refusal import NotPermitted, Refused
from participants.models import Participant
from randomization.access import places_of, randomization_numbers
from randomization.actions import randomize
from randomization.models import Randomization
from tests.randomization import world as wall
from tests.randomization.world import randomized, randomizing, together
from tests.world import World, confirmed, enrolled, new_world


@pytest.mark.django_db
def test_a_confirmed_participant_gets_the_next_place_of_their_site(
    world: World,
) -> None:
    people = randomized(world, 3)
    numbers = randomization_numbers(person.pk for person in people)
    assert [numbers[person.pk] for person in people] == ["01-001", "01-002", "01-003"]
    people[0].refresh_from_db()
    assert people[0].state == "randomized"
    assert people[0].randomized_on == date(2025, 4, 22)
    assert places_of(world.trial.pk)["01"].used == 3
    assert places_of(world.trial.pk)["02"].used == 0


@pytest.mark.django_db
def test_randomizing_twenty_takes_no_more_statements_than_two(
    world: World,
    django_assert_max_num_queries: Callable[..., AbstractContextManager[object]],
) -> None:
    people = confirmed(world, 22)
    by = world.actor(Role.COORDINATOR)
    with connection.execute_wrapper(counter := Statements()):
        randomize(randomizings=randomizing(people[:2]), by=by)
    few = counter.count
    with django_assert_max_num_queries(few):
        randomize(randomizings=randomizing(people[2:]), by=by)


class Statements:
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., object], *arguments: object) -> object:
        self.count += 1
        return execute(*arguments)


@pytest.mark.django_db
def test_a_participant_who_is_not_confirmed_is_not_randomized(world: World) -> None:
    people = enrolled(world)
    with pytest.raises(Refused, match="cannot be randomized"):
        randomize(randomizings=randomizing(people), by=world.actor(Role.COORDINATOR))
    assert places_of(world.trial.pk)["01"].used == 0


@pytest.mark.django_db
def test_nobody_is_randomized_twice(world: World) -> None:
    people = randomized(world)
    with pytest.raises(Refused, match="cannot be randomized"):
        randomize(randomizings=randomizing(people), by=world.actor(Role.COORDINATOR))
    assert places_of(world.trial.pk)["01"].used == 1


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.THERAPIST, Role.MONITOR, Role.STATISTICIAN])
def test_a_role_without_the_permission_does_not_randomize(
    world: World, role: Role
) -> None:
    people = confirmed(world)
    with pytest.raises(NotPermitted):
        randomize(randomizings=randomizing(people), by=world.actor(role))


@pytest.mark.django_db
def test_a_coordinator_does_not_randomize_at_another_site(world: World) -> None:
    people = confirmed(world)
    by = world.actor(Role.COORDINATOR, elsewhere=True)
    with pytest.raises(NotPermitted):
        randomize(randomizings=randomizing(people), by=by)


@pytest.mark.django_db
def test_an_exhausted_list_randomizes_nobody() -> None:
    world = wall.sealed(new_world(), length=4)
    places = places_of(world.trial.pk)["01"].total
    people = confirmed(world, places + 1)
    with pytest.raises(Refused, match="no place left"):
        randomize(randomizings=randomizing(people), by=world.actor(Role.COORDINATOR))
    assert places_of(world.trial.pk)["01"].used == 0
    assert Randomization.objects.count() == 0
    people[0].refresh_from_db()
    assert people[0].state == "confirmed"


@pytest.mark.services
@pytest.mark.slow
def test_twenty_at_once_get_twenty_places_without_a_gap(own_database: str) -> None:
    world = wall.sealed(new_world())
    people = confirmed(world, 20)
    by = world.actor(Role.COORDINATOR)
    results = together(
        [
            partial(randomize, randomizings=randomizing([person]), by=by)
            for person in people
        ]
    )
    assert all(isinstance(result, list) for result in results), results
    numbers = sorted(randomization_numbers(person.pk for person in people).values())
    assert numbers == [f"01-{place:03d}" for place in range(1, 21)]
    assert places_of(world.trial.pk)["01"].used == 20
    # The numbers given out are the list's: everybody's arm is that of their place.
    listed = {entry.position: entry.arm for entry in wall.entries_of(world)[:24]}
    arms = wall.arms_of(people)
    given = {
        row.participant_id: int(row.number[3:]) for row in Randomization.objects.all()
    }
    assert {key: listed[place] for key, place in given.items()} == arms


@pytest.mark.services
@pytest.mark.slow
def test_one_participant_randomized_twice_at_once_takes_one_place(
    own_database: str,
) -> None:
    world = wall.sealed(new_world())
    person, following = confirmed(world, 2)
    by = world.actor(Role.COORDINATOR)
    copies = [Participant.objects.get(pk=person.pk) for _ in range(4)]
    results = together(
        [partial(randomize, randomizings=randomizing([copy]), by=by) for copy in copies]
    )
    assert sum(isinstance(result, Refused) for result in results) == 3
    assert places_of(world.trial.pk)["01"].used == 1
    randomize(randomizings=randomizing([following]), by=by)
    assert randomization_numbers([following.pk])[following.pk] == "01-002"
