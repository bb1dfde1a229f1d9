"""A trial with sealed lists and kits, loaded through the actions by unblinded people."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import Refused
from participants.models import Participant
from randomization.access import current_definition, places_of, randomization_numbers
from randomization.actions import (
    KitRequest,
    NewKit,
    Randomizing,
    load_kits,
    load_list,
    randomize,
)
from randomization.blocks import ListEntry, kit_numbers, make_list
from tests.world import World, confirmed, visit_of
from trials.models import Site
from trials.protocol import ProtocolDefinition

SEED = b"a seed of a test, of 256 bits..."
AT = datetime(2025, 4, 22, 18, 0, tzinfo=UTC)


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


def everything_agrees(
    world: World, people: list[Participant], *, length: int = 24
) -> int:
    """Check that places, numbers, arms and entries tell of the same allocations.

    `people` are all of the first site; returns how many of them are randomized.
    """
    numbers = randomization_numbers(person.pk for person in people)
    places = sorted(int(number[3:]) for number in numbers.values())
    assert places == list(range(1, len(places) + 1))
    assert places_of(world.trial.pk)["01"].used == len(places)
    listed = {
        entry.position: entry.arm
        for entry in entries_of(world, length=length)
        if entry.stratum == "01"
    }
    arms = arms_of(people)
    assert arms == {key: listed[int(number[3:])] for key, number in numbers.items()}
    states = Counter(Participant.objects.values_list("state", flat=True))
    assert states["randomized"] == len(places)
    # Each allocation has one entry, in an act that says so, and no entry is without one.
    used = RowChange.objects.filter(table_name="list_entry", operation="U")
    acts = Action.objects.filter(pk__in=used.values("action_id"))
    assert used.count() == acts.count() == len(places)
    assert set(acts.values_list("verb", flat=True)) <= {"randomize"}
    return len(places)


def randomizing(people: Sequence[Participant]) -> list[Randomizing]:
    return [Randomizing(person, AT) for person in people]


def randomized(world: World, n: int = 1) -> list[Participant]:
    people = confirmed(world, n)
    randomize(randomizings=randomizing(people), by=world.actor(Role.COORDINATOR))
    return people


def request(person: Participant, part: str = "initial") -> KitRequest:
    return KitRequest(visit_of(person, "dosing_1"), part, "starting", AT)


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
