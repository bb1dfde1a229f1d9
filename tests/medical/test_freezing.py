"""Prior use is known before randomization and stays as it was known then (F9)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.vocabulary import Role
from audit.refusal import Refused
from audit.trail import acting
from participants.actions import (
    FactRetraction,
    NewFact,
    Step,
    mark_randomized,
    record_facts,
    retract_facts,
)
from participants.models import Fact, Participant
from tests.medical.world import fact
from tests.world import (
    MAPP2,
    RANDOMIZED_ON,
    SCREENED_ON,
    SETUP,
    World,
    consented,
    new_world,
    randomized,
)

CODE = "prior_use_over_limit"
COLUMNS = (
    "trial_id, site_id, participant_id, code, value, observed_on, source, is_outcome,"
    " frozen_by"
)
ANOTHER = (
    f"INSERT INTO participants_fact ({COLUMNS}, is_current) SELECT {COLUMNS}, false"
)
LATER = RANDOMIZED_ON + timedelta(days=30)


@pytest.fixture
def frozen(db: None) -> tuple[World, Participant]:
    """Somebody randomized on MAPP2, where that fact is frozen by it."""
    key = f'code = "{CODE}"\n'
    text = MAPP2.read_text("utf-8").replace(
        f"[[facts]]\n{key}", f'[[facts]]\n{key}frozen_by = "randomization"\n'
    )
    world = new_world(text=text)
    return world, randomized(world)[0]


def again(person: Participant, value: object) -> NewFact:
    return NewFact(person, CODE, value, LATER, "Second interview")


def test_a_frozen_fact_takes_no_later_value(
    frozen: tuple[World, Participant],
) -> None:
    world, person = frozen
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="is frozen since randomization"):
        record_facts(facts=[again(person, True)], by=by, reason="Told only now")
    with pytest.raises(Refused, match="is frozen since randomization"):
        retract_facts(
            retractions=[FactRetraction(person, CODE)], by=by, reason="Told only now"
        )
    found = fact(person, CODE)
    assert found is not None
    assert found.value is False


def test_what_is_not_frozen_is_recorded_as_before(
    frozen: tuple[World, Participant],
) -> None:
    world, person = frozen
    later = NewFact(person, "weight_kg", 60, LATER, "Scale")
    record_facts(facts=[later], by=world.actor(Role.COORDINATOR))
    found = fact(person, "weight_kg")
    assert found is not None
    assert found.value == 60


TAMPERING = (
    "UPDATE participants_fact SET is_current = false WHERE code = %s",
    "UPDATE participants_fact SET value = 'true' WHERE code = %s",
    "UPDATE participants_fact SET frozen_by = '' WHERE code = %s",
    f"{ANOTHER} FROM participants_fact WHERE code = %s",
)


def test_the_database_refuses_what_no_action_would(
    frozen: tuple[World, Participant],
) -> None:
    for statement in TAMPERING:
        with (
            pytest.raises(IntegrityError, match="frozen"),
            transaction.atomic(),
            acting("tamper", by=SETUP, reason="To be refused"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [CODE])


def test_before_randomization_the_same_statements_pass(world: World) -> None:
    (person,) = consented(world)
    by = world.actor(Role.COORDINATOR)
    asked = NewFact(person, CODE, False, SCREENED_ON, "Interview")
    record_facts(facts=[asked], by=by)
    with acting("correct", by=SETUP, reason="Allowed"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE participants_fact SET is_current = false WHERE code = %s", [CODE]
        )
        assert cursor.rowcount == 1
    assert Fact.objects.get(code=CODE).frozen_by == "randomization"


def test_nobody_is_randomized_who_was_not_asked(
    world: World, person: Participant
) -> None:
    step = Step(person, RANDOMIZED_ON)
    with pytest.raises(Refused, match="since randomization freezes it"):
        mark_randomized(steps=[step], by=world.actor(Role.COORDINATOR))
