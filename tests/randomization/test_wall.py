"""The wall around list, arms and contents, and the commitments that pass it."""

import re
from contextlib import AbstractContextManager, nullcontext

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.vocabulary import Role
from audit.actors import Actor
from audit.models import RowChange
from audit.trail import acting
from randomization.actions import dispense_kits
from tests.randomization import world as wall
from tests.randomization.world import randomized, request
from tests.world import World, held, new_world


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
