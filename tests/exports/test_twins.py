"""The twin test: the same trial with every arm exchanged gives the same bytes."""

import re
from typing import Any

import pytest

from accounts.vocabulary import Role
from exports.datasets import DATASETS
from participants.models import Participant
from randomization.actions import KitRequest, Randomizing, dispense_kits, randomize
from sessions.actions import GivenDose, give_doses
from tests.exports.study import DOSED_AT, Study, body_of, new_token
from tests.randomization import world as wall
from tests.world import RANDOMIZED_ON, World, confirmed, held, new_world, visit_of
from trials.access import at_site

PATHS = [
    *("", "datasets/", "manifest", "schema"),
    *(f"datasets/{name}" for name in DATASETS),
    *(f"datasets/{name}?format=csv" for name in DATASETS),
    *("datasets/EX", "datasets/RS?limit=0", "datasets/RS?cursor=x"),
]
EXCHANGE = (
    "UPDATE sealed.{} SET arm = "
    "CASE arm WHEN 'active' THEN 'comparator' ELSE 'active' END"
)


def treated(world: World) -> list[Participant]:
    """Return four people who were randomized from the sealed list and dosed."""
    people = confirmed(world, 4)
    by = world.actor(Role.COORDINATOR)
    at = at_site(world.site, DOSED_AT.replace(tzinfo=None)).replace(
        month=RANDOMIZED_ON.month, day=RANDOMIZED_ON.day
    )
    randomize(randomizings=[Randomizing(person, at) for person in people], by=by)
    held(world, people, "dosing_1")
    visits = [visit_of(person, "dosing_1") for person in people]
    dispense_kits(
        requests=[
            KitRequest(visit, "initial", "starting", DOSED_AT) for visit in visits
        ],
        by=by,
    )
    two = world.user(Role.THERAPIST), world.user(Role.THERAPIST, second=True)
    give_doses(
        doses=[GivenDose(visit, "initial", DOSED_AT, 2, *two) for visit in visits],
        by=world.actor(Role.THERAPIST),
    )
    return people


def exchange_arms() -> None:
    """Give everybody, and every kit, the other arm, as only the wall's owner could."""
    with wall.behind_the_wall() as owner, owner.transaction():
        owner.execute(
            "SELECT audit.open_system_action('test', 'test', 'exchange arms',"
            " 'A test needs twins', '', NULL, NULL, NULL, '0', NULL)"
        )
        owner.execute("SET LOCAL ROLE candor_unblinded")
        for table in ("list_entry", "kit_content"):
            owner.execute(EXCHANGE.format(table))


def answers(study: Study) -> dict[str, tuple[int, dict[str, str], bytes]]:
    """Return status, headers and body of everything; the manifest's moment apart."""
    found: dict[str, tuple[int, dict[str, str], bytes]] = {}
    for path in PATHS:
        response: Any = study.get(path)
        headers = dict(response.headers)
        body = re.sub(rb'"made_at":"[^"]+"', b"", body_of(response))
        found[path] = (response.status_code, headers, body)
    return found


@pytest.mark.requirement("BLD-02")
@pytest.mark.requirement("BLD-08")
def test_no_byte_of_any_answer_depends_on_an_arm(own_database: str) -> None:
    world = wall.sealed(new_world(), times=8)
    people = treated(world)
    token, plain = new_token(world)
    study = Study(world, people[0], people[1], people[2], people[3], token, plain)
    before, arms = answers(study), wall.arms_of(people)
    exchange_arms()
    exchanged = wall.arms_of(people)
    assert set(arms.values()) == {"active", "comparator"}
    assert all(exchanged[person] != arm for person, arm in arms.items())
    assert answers(study) == before
    assert b"STUDY DRUG (BLINDED)" in before["datasets/EC"][2]
