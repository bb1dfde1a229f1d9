"""Randomizing, dispensing and unblinding, and the wall around them."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.vocabulary import Role
from audit.actors import Actor
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.trail import acting
from notices.models import Notice
from participants.models import Participant
from randomization.access import (
    kits_of,
    places_of,
    randomization_numbers,
    stocks_of,
    unblindings_of,
)
from randomization.actions import (
    KitRequest,
    Randomizing,
    dispense_kits,
    load_kits,
    load_list,
    randomize,
    reveal_arm,
)
from randomization.blocks import ListEntry
from randomization.models import Kit, Randomization, Unblinding
from tests.randomization import world as wall
from tests.world import (
    PASSWORD,
    SETUP,
    World,
    confirmed,
    enrolled,
    held,
    new_world,
    visit_of,
)

AT = datetime(2025, 4, 22, 18, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return wall.sealed(new_world())


def randomizing(people: Sequence[Participant]) -> list[Randomizing]:
    return [Randomizing(person, AT) for person in people]


def randomized(world: World, n: int = 1) -> list[Participant]:
    people = confirmed(world, n)
    randomize(randomizings=randomizing(people), by=world.actor(Role.COORDINATOR))
    return people


def request(person: Participant, part: str = "initial") -> KitRequest:
    return KitRequest(visit_of(person, "dosing_1"), part, "starting", AT)


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


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT arm FROM sealed.list_entry",
        "SELECT milligrams FROM sealed.kit_content",
        "SELECT content FROM sealed.nonce",
        "UPDATE sealed.list_entry SET arm = 'x'",
        "SET ROLE candor_unblinded",
        "SET ROLE candor_owner",
    ],
)
def test_the_application_cannot_read_or_write_behind_the_wall(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def _act(verb: str | None, by: Actor) -> AbstractContextManager[object]:
    return acting(verb, by=by) if verb else nullcontext()


@pytest.mark.django_db
@pytest.mark.parametrize("verb", [None, "look at the participant", "randomize"])
def test_an_arm_comes_out_only_in_the_act_that_says_so(
    world: World, verb: str | None
) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.INVESTIGATOR)

    with (
        pytest.raises(DatabaseError, match="revealed only by an act"),
        transaction.atomic(),
        _act(verb, by),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT sealed.reveal(%s)", [person.pk])


@pytest.mark.django_db
def test_an_unblinding_tells_the_arm_and_records_who_and_why_but_not_what(
    world: World,
) -> None:
    (person,) = randomized(world)
    arm = reveal_arm(
        participant=person,
        why="Seizure; the emergency physician asks what was given",
        password=PASSWORD,
        at=AT,
        by=world.actor(Role.INVESTIGATOR),
    )
    codes = {arm.code for arm in wall.definition_of(world).arms}
    assert arm in codes
    (line,) = unblindings_of([person.pk])[person.pk]
    assert line.name == world.user(Role.INVESTIGATOR).name
    assert line.why.startswith("Seizure")
    act = Action.objects.get(verb="reveal arm")
    changes = RowChange.objects.filter(action_id=act.pk)
    said = str([act.subject, act.details, act.reason, *changes.values("old", "new")])
    assert not any(code in said for code in codes)


@pytest.mark.django_db
@pytest.mark.requirement("BLD-06")
def test_an_unblinding_writes_a_notice_in_its_own_act_that_is_alike_for_every_arm(
    world: World,
) -> None:
    people = randomized(world, 2)
    by = world.actor(Role.INVESTIGATOR)
    for person in people:
        reveal_arm(participant=person, why="Seizure", password=PASSWORD, at=AT, by=by)
    acts = Action.objects.filter(verb="reveal arm").order_by("pk")
    changes = RowChange.objects.filter(table_name="notices_notice").order_by("pk")
    assert [change.action_id for change in changes] == [act.pk for act in acts]
    ours = {"id", "uuid", "about", "participant_id"}
    first, second = (
        {name: value for name, value in change.new.items() if name not in ours}
        for change in changes
    )
    assert first == second
    assert (first["kind"], first["why"]) == ("unblinding", "Seizure")
    told = Unblinding.objects.order_by("pk").values_list("uuid", flat=True)
    notices = Notice.objects.order_by("pk")
    assert [notice.about for notice in notices] == list(told)
    assert [notice.participant_id for notice in notices] == [row.pk for row in people]


@pytest.mark.django_db
def test_an_unblinding_without_reason_password_or_permission_tells_nothing(
    world: World,
) -> None:
    (person,) = randomized(world)
    ask: dict[str, Any] = {
        "participant": person,
        "at": AT,
        "why": "Seizure",
        "password": PASSWORD,
    }
    by = world.actor(Role.INVESTIGATOR)
    with pytest.raises(ReasonNeeded):
        reveal_arm(**(ask | {"why": " "}), by=by)
    with pytest.raises(NotPermitted, match="password"):
        reveal_arm(**(ask | {"password": "guess"}), by=by)
    with pytest.raises(NotPermitted):
        reveal_arm(**ask, by=world.actor(Role.COORDINATOR))
    with pytest.raises(NotPermitted):
        reveal_arm(**ask, by=SETUP)
    assert Unblinding.objects.count() == Notice.objects.count() == 0
    assert not Action.objects.filter(verb="reveal arm").exists()


@pytest.mark.django_db
def test_somebody_not_randomized_has_no_arm_to_tell(world: World) -> None:
    (person,) = confirmed(world)
    with pytest.raises(Refused, match="not randomized"):
        reveal_arm(
            participant=person,
            why="Seizure",
            password=PASSWORD,
            at=AT,
            by=world.actor(Role.MEDICAL_MONITOR),
        )
    assert Unblinding.objects.count() == 0


@pytest.mark.django_db
def test_the_trail_of_sealed_rows_shows_commitments_only(world: World) -> None:
    people = randomized(world, 2)
    held(world, people, "dosing_1")
    dispense_kits(
        requests=[request(person) for person in people],
        by=world.actor(Role.COORDINATOR),
    )
    sealed = RowChange.objects.filter(table_name__in=["list_entry", "kit_content"])
    assert sealed.count() > 48
    for change in sealed:
        for row in (change.old, change.new):
            assert row is None or row.keys() == {"commitment"}
    everything = " ".join(
        str([row.old, row.new])
        for row in RowChange.objects.exclude(table_name="trials_protocolversion")
    )
    for arm in wall.definition_of(world).arms:
        assert not re.search(rf"\b({arm.code}|{arm.label})\b", everything)


@pytest.mark.django_db
def test_kits_are_entered_in_the_order_of_their_numbers_not_of_their_contents(
    world: World,
) -> None:
    numbers = list(Kit.objects.order_by("pk").values_list("number", flat=True))
    assert numbers == sorted(numbers)
    sealed = RowChange.objects.filter(table_name="kit_content").order_by("pk")
    rows = [int(change.row_id) for change in sealed]
    assert rows == sorted(rows)


@pytest.mark.django_db
def test_a_kit_is_dispensed_once_for_an_administration(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    (kit,) = dispense_kits(requests=[request(person)], by=by)
    visit = visit_of(person, "dosing_1")
    assert [line.number for line in kits_of([visit.pk])[visit.pk]] == [kit.number]
    assert visit.doses.get().kit_number == kit.number
    with pytest.raises(Refused, match="dispensed for this dose already"):
        dispense_kits(requests=[request(person)], by=by)
    (stock,) = stocks_of([world.site])
    assert (stock.total, stock.dispensed) == (24, 1)


@pytest.mark.django_db
def test_a_supplement_keeps_to_the_step_of_the_initial_dose(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    visit = visit_of(person, "dosing_2")
    dispense_kits(requests=[KitRequest(visit, "initial", "full", AT)], by=by)
    with pytest.raises(Refused, match="one step"):
        dispense_kits(requests=[KitRequest(visit, "supplement", "starting", AT)], by=by)
    dispense_kits(requests=[KitRequest(visit, "supplement", "full", AT)], by=by)
    assert len(kits_of([visit.pk])[visit.pk]) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "part", "step", "sentence"),
    [
        ("prep_1", "initial", "starting", "No dose is planned"),
        ("dosing_1", "initial", "full", "does not plan this step"),
        ("dosing_1", "third", "starting", "A kit is for the initial dose or"),
    ],
)
def test_a_kit_is_dispensed_only_for_a_planned_dose(
    world: World, code: str, part: str, step: str, sentence: str
) -> None:
    (person,) = randomized(world)
    with pytest.raises(Refused, match=sentence):
        dispense_kits(
            requests=[KitRequest(visit_of(person, code), part, step, AT)],
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.django_db
def test_without_a_matching_kit_the_sentence_is_the_same_for_every_arm() -> None:
    world = wall.sealed(new_world(), times=1)
    people = randomized(world, 4)
    by = world.actor(Role.COORDINATOR)
    refusals = []
    for person in people:
        try:
            dispense_kits(requests=[request(person)], by=by)
        except Refused as refusal:
            refusals.append(str(refusal).replace(person.number, "N"))
    # One kit for each arm: with four people at least two go without, and each arm is
    # exhausted for whoever comes second.
    assert len(refusals) >= 2
    assert len(set(refusals)) == 1
    assert stocks_of([world.site])[0].dispensed == 4 - len(refusals)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"number": "482913-1"}, "not a kit number"),
        ({"milligrams": Decimal(7)}, "does not hold"),
        ({"arm": "nothing"}, "does not hold"),
        ({"step": "nothing"}, "does not hold"),
        ({"part": "nothing"}, "does not hold"),
    ],
)
def test_a_kit_unlike_the_protocol_is_not_loaded(
    change: dict[str, Any], sentence: str
) -> None:
    world = new_world()
    kits = wall.kits_of(world, world.site, times=1)
    with pytest.raises(Refused, match=sentence) as refusal:
        load_kits(
            trial=world.trial,
            kits=[replace(kits[0], **change), *kits[1:]],
            by=world.actor(Role.STATISTICIAN),
        )
    assert not any(
        arm.code in str(refusal.value) for arm in wall.definition_of(world).arms
    )
    assert Kit.objects.count() == 0


@pytest.mark.django_db
def test_a_list_is_loaded_once_and_only_by_who_keeps_it(world: World) -> None:
    entries = wall.entries_of(world)
    with pytest.raises(Refused, match="loaded already"):
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    with pytest.raises(NotPermitted):
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.COORDINATOR))
    other = new_world("TEST-2")
    with pytest.raises(NotPermitted):
        load_list(trial=other.trial, entries=entries, by=world.actor(Role.STATISTICIAN))


@pytest.mark.django_db
def test_an_unbalanced_list_is_refused_without_naming_an_arm() -> None:
    world = new_world()
    arm = wall.definition_of(world).arms[0].code
    entries = [ListEntry("01", place, arm) for place in range(1, 9)]
    with pytest.raises(Refused, match="blocks") as refusal:
        load_list(trial=world.trial, entries=entries, by=world.actor(Role.STATISTICIAN))
    assert arm not in str(refusal.value)
    assert places_of(world.trial.pk) == {}


def together(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run acts at the same moment on connections of their own; results or refusals."""
    ready = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        ready.wait()
        try:
            results[place] = act()
        except Refused as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(place, act))
        for place, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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


@pytest.mark.services
@pytest.mark.slow
def test_a_dispensed_kit_holds_what_the_participants_arm_gets(
    own_database: str,
) -> None:
    world = wall.sealed(new_world(), times=10)
    people = randomized(world, 8)
    by = world.actor(Role.COORDINATOR)
    requests = [
        request(person, part) for person in people for part in ("initial", "supplement")
    ]
    together([partial(dispense_kits, requests=[one], by=by) for one in requests])
    arms = wall.arms_of(people)
    assert Counter(arms.values()).keys() == {
        arm.code for arm in wall.definition_of(world).arms
    }
    kits = Kit.objects.filter(visit__isnull=False)
    assert kits.count() == len(requests)
    with wall.behind_the_wall() as owner:
        owner.execute("SET ROLE candor_unblinded")
        content = {
            row[0]: row[1:]
            for row in owner.execute(
                "SELECT id, arm, step, part, milligrams FROM sealed.kit_content"
            )
        }
    doses = {arm.code: arm.doses["starting"] for arm in wall.definition_of(world).arms}
    for kit in kits:
        arm = arms[kit.participant_id]  # type: ignore[index]
        planned = {
            "initial": doses[arm].initial_mg,
            "supplement": doses[arm].supplement_mg,
        }
        assert content[kit.pk] == (arm, "starting", kit.part, planned[kit.part][0])


@pytest.mark.services
@pytest.mark.slow
def test_the_commitments_open_with_the_nonces_kept_behind_the_wall(
    own_database: str,
) -> None:
    world = wall.sealed(new_world())
    randomized(world)
    with wall.behind_the_wall() as owner:
        owner.execute("SET ROLE candor_unblinded")
        opened = {
            row[0]
            for row in owner.execute(
                "SELECT commitment FROM sealed.nonce WHERE commitment = encode("
                "sha256(uuid_send(nonce) || convert_to(content, 'UTF8')), 'hex')"
            )
        }
    sealed = RowChange.objects.filter(table_name__in=["list_entry", "kit_content"])
    shown = {
        row["commitment"]
        for change in sealed
        for row in (change.old, change.new)
        if row is not None
    }
    assert shown == opened
