"""Facts of eligibility: superseded, never overwritten; corrected with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.actions import (
    FactRetraction,
    NewFact,
    record_facts,
    retract_facts,
)
from participants.models import Fact, Participant
from tests.facts import baseline_facts, eligible_facts
from tests.world import SCREENED_ON, World, new_world, screened

LATER = SCREENED_ON + timedelta(days=7)


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def participant(world: World) -> Participant:
    return screened(world)[0]


def weight(participant: Participant, kilograms: object = 61) -> NewFact:
    return NewFact(participant, "weight_kg", kilograms, SCREENED_ON, "scale")


def record(world: World, *facts: NewFact, reason: str = "") -> list[Fact]:
    return record_facts(facts=facts, by=world.actor(Role.COORDINATOR), reason=reason)


def current(code: str = "weight_kg") -> Fact:
    return Fact.objects.get(code=code, is_current=True)


def test_recorded_facts_are_one_act_with_a_row_each(
    world: World, participant: Participant
) -> None:
    before = Action.objects.count()
    made = record(world, *eligible_facts(participant))
    assert Action.objects.count() == before + 1
    action = Action.objects.latest("id")
    assert (action.verb, action.subject) == ("record facts", participant.number)
    assert RowChange.objects.filter(action_id=action.id).count() == len(made) > 30


def test_a_number_that_cannot_be_is_refused_and_one_that_seldom_is_needs_a_reason(
    world: World, participant: Participant
) -> None:
    with pytest.raises(Refused, match="650 kg is not between 25 and 350"):
        record(world, weight(participant, 650), reason="Weighed twice")
    with pytest.raises(ReasonNeeded, match="240 kg is unusual, outside 35 to 200"):
        record(world, weight(participant, 240))
    assert not Fact.objects.exists()
    record(world, weight(participant, 240), reason="Weighed twice")
    assert current().value == 240
    # What stands already is not asked about again, and the bounds themselves are usual.
    record(world, weight(participant, 240))
    record(world, replace(weight(participant, 200), observed_on=LATER))


def test_a_later_observation_supersedes_and_both_stay(
    world: World, participant: Participant
) -> None:
    record(world, weight(participant))
    record(world, replace(weight(participant, 60), observed_on=LATER))
    assert current().value == 60
    assert list(Fact.objects.order_by("pk").values_list("value", flat=True)) == [61, 60]


@pytest.mark.parametrize(
    "change", [{"value": 60}, {"source": "chart"}, {"value": 60, "source": "chart"}]
)
def test_a_correction_needs_a_reason(
    world: World, participant: Participant, change: dict[str, object]
) -> None:
    record(world, weight(participant))
    corrected = replace(weight(participant), **change)  # type: ignore[arg-type] # fields of one dataclass
    with pytest.raises(ReasonNeeded, match="Body weight"):
        record(world, corrected)
    assert current().value == 61
    record(world, corrected, reason="Misread the scale")
    assert (current().value, current().source) == (corrected.value, corrected.source)


def test_the_same_fact_again_leaves_nothing(
    world: World, participant: Participant
) -> None:
    record(world, weight(participant))
    before = RowChange.objects.count()
    assert record(world, weight(participant)) == []
    assert RowChange.objects.count() == before


@pytest.mark.parametrize(
    ("code", "value", "sentence"),
    [
        ("shoe_size", 42, "does not ask"),
        ("weight_kg", "heavy", "Body weight"),
        ("sex_at_birth", "other", "Sex at birth"),
    ],
)
def test_what_the_protocol_does_not_know_is_refused(
    world: World, participant: Participant, code: str, value: object, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        record(world, NewFact(participant, code, value, SCREENED_ON, "interview"))


def test_a_fact_given_twice_is_refused(world: World, participant: Participant) -> None:
    with pytest.raises(Refused, match="twice"):
        record(world, weight(participant), weight(participant, 60))


def test_a_score_comes_from_whoever_signs_forms_and_stays_hidden(
    world: World, participant: Participant
) -> None:
    scores = baseline_facts(participant, on=LATER)
    with pytest.raises(NotPermitted, match="sign assessments"):
        record(world, *scores)
    unmarked = [replace(score, is_outcome=False) for score in scores]
    record_facts(facts=unmarked, by=world.actor(Role.THERAPIST))
    assert current("caps5_baseline").is_outcome


def test_a_rater_records_no_fact_by_hand(
    world: World, participant: Participant
) -> None:
    with pytest.raises(NotPermitted, match="record eligibility facts"):
        record_facts(facts=[weight(participant)], by=world.actor(Role.RATER))


def test_a_score_signed_again_after_reopening_needs_no_second_reason(
    world: World, participant: Participant
) -> None:
    by = world.actor(Role.THERAPIST)
    record_facts(facts=baseline_facts(participant, on=LATER), by=by)
    again = baseline_facts(participant, on=LATER, but={"caps5_baseline": 41})
    record_facts(facts=again, by=by)
    assert current("caps5_baseline").value == 41


def test_a_retracted_fact_is_unknown_and_stays_on_record(
    world: World, participant: Participant
) -> None:
    record(world, weight(participant))
    retraction = [FactRetraction(participant, "weight_kg")]
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        retract_facts(retractions=retraction, by=by, reason=" ")
    retract_facts(retractions=retraction, by=by, reason="Another person's chart")
    assert not Fact.objects.filter(is_current=True).exists()
    assert Fact.objects.get().value == 61


def test_only_the_one_who_signs_forms_retracts_a_score(
    world: World, participant: Participant
) -> None:
    signer = world.actor(Role.THERAPIST)
    record_facts(facts=baseline_facts(participant, on=LATER), by=signer)
    retraction = [FactRetraction(participant, "caps5_baseline")]
    with pytest.raises(NotPermitted):
        retract_facts(
            retractions=retraction, by=world.actor(Role.COORDINATOR), reason="Reopened"
        )
    retract_facts(retractions=retraction, by=signer, reason="Reopened")
    assert not Fact.objects.filter(code="caps5_baseline", is_current=True).exists()


def test_facts_of_forty_people_take_the_queries_of_one(world: World) -> None:
    people = screened(world, 41)
    counts = []
    for some in (people[:1], people[1:]):
        for kilograms, reason in ((61, ""), (60, "Misread the scale")):
            facts = [weight(person, kilograms) for person in some]
            with CaptureQueriesContext(connection) as queries:
                record(world, *facts, reason=reason)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
