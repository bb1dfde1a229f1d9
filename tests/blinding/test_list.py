"""The sealed list: made again from its seed, and unpredictable from the interface."""

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action
from audit.refusal import Refused
from participants.models import Participant
from randomization.actions import (
    NewKit,
    Randomizing,
    is_sealed_list,
    load_kits,
    randomize,
)
from randomization.blocks import LEAST_SEED_BYTES, list_digest
from randomization.models import Kit, Randomization
from tests.blinding.lives import RANDOMIZED_AT
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import SETUP, World, confirmed, new_world

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BLD-09")]


@pytest.fixture
def world() -> World:
    return wall.sealed(new_world())


def compared(world: World, seed: bytes, folder: Path) -> str:
    path, said = folder / "seed", io.StringIO()
    path.write_bytes(seed)
    call_command(
        "compare_list",
        trial=world.trial.identifier,
        seed_file=path,
        stdout=said,
        stderr=said,
    )
    return said.getvalue()


def test_whoever_has_the_seed_finds_the_same_list_and_is_shown_none_of_it(
    world: World, tmp_path: Path
) -> None:
    said = compared(world, wall.SEED, tmp_path)
    assert said == "The sealed list is the one that this seed makes.\n"
    with pytest.raises(CommandError, match="not the one") as refusal:
        compared(world, wall.SEED[:-1] + b"!", tmp_path)
    codes = [arm.code for arm in wall.definition_of(world).arms]
    assert not any(code in said + str(refusal.value) for code in codes)
    assert Action.objects.filter(verb="compare sealed list").count() == 2


def test_the_list_is_compared_as_it_is_used(world: World, tmp_path: Path) -> None:
    people = confirmed(world, 3)
    randomize(
        randomizings=[Randomizing(person, RANDOMIZED_AT) for person in people],
        by=world.actor(Role.COORDINATOR),
    )
    assert "is the one" in compared(world, wall.SEED, tmp_path)


def test_a_seed_has_at_least_128_bits(world: World, tmp_path: Path) -> None:
    assert LEAST_SEED_BYTES * 8 >= 128
    with pytest.raises(CommandError, match="128 bits"):
        compared(world, b"fifteen bytes..", tmp_path)


def test_a_trial_without_a_list_and_no_trial_are_said_so(tmp_path: Path) -> None:
    world = new_world()
    with pytest.raises(CommandError, match="No list of this trial"):
        compared(world, wall.SEED, tmp_path)
    with pytest.raises(Refused, match="No list"):
        is_sealed_list(trial=world.trial, seed=wall.SEED, by=SETUP)
    with pytest.raises(CommandError, match="no trial OTHER"):
        call_command("compare_list", trial="OTHER", seed_file=tmp_path / "seed")


def test_no_hash_of_the_list_stands_where_a_blinded_person_could_try_lists(
    world: World,
) -> None:
    """A short list has few possibilities: its bare hash would give it away."""
    digest = list_digest(wall.entries_of(world))
    acts = Action.objects.order_by("pk")
    said = json.dumps([[act.details, act.subject, act.reason] for act in acts])
    assert digest not in said
    assert not re.search(r"[0-9a-f]{64}", said)
    with (
        pytest.raises(DatabaseError, match="compared only by an act"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT sealed.is_list(%s, %s)", [world.trial.pk, digest])


def test_no_column_says_where_a_block_ends() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname::text FROM pg_attribute"
            " WHERE attrelid = 'sealed.list_entry'::regclass AND attnum > 0"
        )
        columns = {name for (name,) in cursor}
    assert columns == {
        *("id", "trial_id", "site_id", "stratum", "position", "arm"),
        *("participant_id", "allocated_at"),
    }


class Statements:
    """The statements of an act, numbers and texts apart."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(
        self, execute: Callable[..., object], statement: str, *arguments: object
    ) -> object:
        self.said.append(re.sub(r"'[^']*'|\d+", "?", statement))
        return execute(statement, *arguments)


def test_randomizing_is_alike_at_every_place_whether_a_block_ends_there_or_not(
    world: World,
) -> None:
    """Same statements, same rows, same page: what could be measured does not change."""
    people = confirmed(world, 14)
    client = signed_in_as(world, Role.COORDINATOR)
    seen = set()
    for place, person in enumerate(people, 1):
        path = reverse("randomization:randomize", args=[person.uuid])
        with connection.execute_wrapper(statements := Statements()):
            answer = client.post(path, {"on": "2025-04-22"})
        page = client.get(path).content.decode()
        page = re.sub(r'(csrfmiddlewaretoken|request_key)" value="[^"]+"', "", page)
        page = re.sub(r"X-CSRFToken[^}]*", "", page)
        page = _UUID.sub("UUID", page)
        for own in (person.number, f"01-{place:03d}"):
            page = page.replace(own, "OWN")
        rows = tuple(_changes(person))
        seen.add((answer.status_code, page, tuple(statements.said), rows))
    assert len(seen) == 1
    numbers = Randomization.objects.order_by("pk").values_list("number", flat=True)
    assert list(numbers) == [f"01-{place:03d}" for place in range(1, 15)]


def _changes(person: Participant) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, operation FROM audit_rowchange WHERE action_id ="
            " (SELECT max(id) FROM audit_action WHERE verb = 'randomize'"
            " AND participant_id = %s) ORDER BY id",
            [person.pk],
        )
        return list(cursor)


def _runs(arms: list[str]) -> int:
    return sum(1 for _ in groupby(arms))


def test_neither_number_nor_id_of_a_kit_tells_what_it_holds() -> None:
    """Wald-Wolfowitz: kits by number, and by id, change contents as often as by chance.

    1,600 kits of two arms: 801 runs are expected, with a standard deviation of 20.
    """
    world = new_world()
    kits = wall.kits_of(world, world.site, times=200)
    load_kits(trial=world.trial, kits=kits, by=world.actor(Role.PHARMACIST))
    holds = {kit.number: kit.arm for kit in kits}
    for order in ("number", "pk"):
        numbers = Kit.objects.order_by(order).values_list("number", flat=True)
        runs = _runs([holds[number] for number in numbers])
        assert abs(runs - 801) < 5 * 20, order
    _sorted_would_show(kits)


def _sorted_would_show(kits: list[NewKit]) -> None:
    """The same count over the packing list, which is sorted by arm, is far off."""
    assert _runs([kit.arm for kit in kits]) < 801 - 5 * 20


def test_times_of_allocation_are_sealed_and_those_shown_are_the_acts(
    world: World,
) -> None:
    people = confirmed(world, 4)
    by = world.actor(Role.COORDINATOR)
    for hours, person in enumerate(people):
        at = RANDOMIZED_AT + timedelta(hours=hours)
        randomize(randomizings=[Randomizing(person, at)], by=by)
    shown: list[Any] = list(
        Randomization.objects.order_by("pk").values_list("randomized_at", flat=True)
    )
    assert shown == [RANDOMIZED_AT + timedelta(hours=hours) for hours in range(4)]
