"""A trial with sealed lists and kits, loaded through the actions by unblinded people."""

import os
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

from accounts.vocabulary import Role
from participants.models import Participant
from randomization.access import current_definition
from randomization.actions import NewKit, load_kits, load_list
from randomization.blocks import ListEntry, kit_numbers, make_list
from tests.world import World
from trials.models import Site
from trials.protocol import ProtocolDefinition

SEED = b"a seed of a test, of 256 bits..."


def definition_of(world: World) -> ProtocolDefinition:
    found = current_definition(world.trial)
    assert found is not None
    return found


def entries_of(world: World, *, length: int = 24) -> list[ListEntry]:
    """Return a list for both sites."""
    definition = definition_of(world)
    planned = definition.randomization
    assert planned is not None
    return make_list(
        arms={arm.code: arm.ratio for arm in definition.arms},
        block_sizes=planned.block_sizes,
        strata=["01", "02"],
        length=length,
        seed=SEED,
    )


def kits_of(world: World, site: Site, *, times: int) -> list[NewKit]:
    """Return so many kits of each content that the protocol plans, sorted by arm."""
    definition = definition_of(world)
    numbers = iter(kit_numbers(SEED + site.number.encode(), 8 * times))
    return [
        NewKit(site, next(numbers), arm.code, step, part, Decimal(amounts[0]))
        for arm in definition.arms
        for step, dose in arm.doses.items()
        for part, amounts in (
            ("initial", dose.initial_mg),
            ("supplement", dose.supplement_mg),
        )
        for _ in range(times)
    ]


def sealed(world: World, *, length: int = 24, times: int = 3) -> World:
    """Load a list for both sites and kits for the first."""
    load_list(
        trial=world.trial,
        entries=entries_of(world, length=length),
        by=world.actor(Role.STATISTICIAN),
    )
    load_kits(
        trial=world.trial,
        kits=kits_of(world, world.site, times=times),
        by=world.actor(Role.PHARMACIST),
    )
    return world


def behind_the_wall() -> psycopg.Connection:
    """Connect as the owner of the study tables to the database of this test.

    What is committed is seen; rows of a test's own open transaction are not.
    """
    owner = urlsplit(os.environ["OWNER_DATABASE_URL"])
    here = owner._replace(path=f"/{connection.settings_dict['NAME']}")
    return psycopg.connect(urlunsplit(here), autocommit=True)


def arms_of(people: list[Participant]) -> dict[int, str]:
    """Return arms as the wall's own role reads them, through an owner's connection."""
    with behind_the_wall() as owner:
        owner.execute("SET ROLE candor_unblinded")
        rows = owner.execute(
            "SELECT participant_id, arm FROM sealed.list_entry"
            " WHERE participant_id = ANY (%s)",
            [[person.pk for person in people]],
        )
        return {row[0]: row[1] for row in rows}
