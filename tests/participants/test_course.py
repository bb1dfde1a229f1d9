"""The course of a participant through the actions: who may move whom, when and why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from audit.actors import SystemActor
from audit.models import Action, RowChange, Signature
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import digest
from participants.access import eligibility_of, signed_content
from participants.actions import (
    Confirmation,
    Step,
    Withdrawal,
    complete,
    confirm_eligibility,
    discontinue_treatment,
    enroll,
    fail_screening,
    finish_treatment,
    mark_randomized,
    record_consents,
    record_facts,
    start_treatment,
    withdraw,
)
from participants.models import EligibilityDecision, Fact, Participant
from tests.facts import baseline_facts, eligible_facts
from tests.world import (
    NOTHING,
    PASSWORD,
    SCREENED_ON,
    World,
    consent_of,
    new_world,
    screened,
)

ENROLLED_ON = SCREENED_ON + timedelta(days=10)
BASELINE_ON = SCREENED_ON + timedelta(days=30)
CONFIRMED_ON = SCREENED_ON + timedelta(days=40)
RANDOMIZED_ON = SCREENED_ON + timedelta(days=41)


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def prepared(
    world: World, n: int = 1, *, but: Mapping[str, object] = NOTHING
) -> list[Participant]:
    """People who consented and whose facts are recorded."""
    people = screened(world, n)
    by = world.actor(Role.COORDINATOR)
    record_consents(consents=[consent_of(world, person) for person in people], by=by)
    known = [fact for person in people for fact in eligible_facts(person, but=but)]
    record_facts(facts=known, by=by)
    return people


def steps(people: Sequence[Participant], on: date, reason: str = "") -> list[Step]:
    return [Step(person, on, reason) for person in people]


def leavings(people: Sequence[Participant], on: date, reason: str) -> list[Withdrawal]:
    return [Withdrawal(person, on, reason) for person in people]


def enrolled(
    world: World, n: int = 1, *, but: Mapping[str, object] = NOTHING
) -> list[Participant]:
    people = prepared(world, n)
    enroll(steps=steps(people, ENROLLED_ON), by=world.actor(Role.COORDINATOR))
    found = [
        fact
        for person in people
        for fact in baseline_facts(person, on=BASELINE_ON, but=but)
    ]
    record_facts(facts=found, by=world.actor(Role.THERAPIST))
    return people


def confirm(
    world: World, people: Sequence[Participant], password: str = PASSWORD
) -> list[EligibilityDecision]:
    return confirm_eligibility(
        confirmations=[Confirmation(person, CONFIRMED_ON) for person in people],
        password=password,
        by=world.actor(Role.INVESTIGATOR),
    )


def randomized(world: World, n: int = 1) -> list[Participant]:
    people = enrolled(world, n)
    confirm(world, people)
    by = world.actor(Role.COORDINATOR)
    return mark_randomized(steps=steps(people, RANDOMIZED_ON), by=by)


def test_enrollment_is_one_act_on_one_row(world: World) -> None:
    (person,) = prepared(world)
    before = Action.objects.count()
    enroll(steps=steps([person], ENROLLED_ON), by=world.actor(Role.COORDINATOR))
    assert (person.state, person.enrolled_on) == ("enrolled", ENROLLED_ON)
    person.refresh_from_db()
    assert (person.state, person.enrolled_on) == ("enrolled", ENROLLED_ON)
    assert Action.objects.count() == before + 1
    action = Action.objects.latest("id")
    assert (action.verb, action.subject) == ("enroll", person.number)
    change = RowChange.objects.get(action_id=action.id)
    assert change.new == {"state": "enrolled", "enrolled_on": ENROLLED_ON.isoformat()}


def test_enrollment_without_consent_is_refused(world: World) -> None:
    (person,) = screened(world)
    by = world.actor(Role.COORDINATOR)
    record_facts(facts=eligible_facts(person), by=by)
    with pytest.raises(Refused, match="No consent is recorded"):
        enroll(steps=steps([person], ENROLLED_ON), by=by)


def test_enrollment_before_the_consent_was_signed_is_refused(world: World) -> None:
    (person,) = screened(world)
    by = world.actor(Role.COORDINATOR)
    signed_on = ENROLLED_ON + timedelta(days=1)
    record_consents(consents=[consent_of(world, person, on=signed_on)], by=by)
    record_facts(facts=eligible_facts(person), by=by)
    with pytest.raises(Refused, match="after the day of enrollment"):
        enroll(steps=steps([person], ENROLLED_ON), by=by)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"has_support_contact": False}, "i5 is not met"),
        ({"has_support_contact": None}, "Still to be recorded: Has named a support"),
        ({"arrhythmia_history": True}, "e5 is present"),
        ({"symptom_months": 5}, "i9 is not met"),
        ({"qtc_ms": None}, "e5 is not known yet"),
        ({"sex_at_birth": None}, "Still to be recorded: Sex at birth"),
    ],
)
def test_enrollment_asks_what_screening_and_enrollment_ask(
    world: World, facts: dict[str, object], sentence: str
) -> None:
    (person,) = prepared(world, but=facts)
    with pytest.raises(Refused, match=sentence):
        enroll(steps=steps([person], ENROLLED_ON), by=world.actor(Role.COORDINATOR))
    person.refresh_from_db()
    assert person.state == "screening"


def test_a_fact_observed_later_does_not_count_on_the_day(world: World) -> None:
    (person,) = prepared(world)
    before = SCREENED_ON - timedelta(days=1)
    result = eligibility_of([person], "enrollment", on=before)[person.pk]
    assert not result.passes
    assert "age" in result.missing_facts


def test_somebody_who_had_ketamine_lately_is_not_enrolled(world: World) -> None:
    lately = ENROLLED_ON - timedelta(weeks=12)
    (person,) = prepared(
        world, but={"ketamine_or_ect_ever": True, "ketamine_or_ect_on": lately}
    )
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Refused, match="e8 is present"):
        enroll(steps=steps([person], ENROLLED_ON), by=by)
    enroll(steps=steps([person], ENROLLED_ON + timedelta(days=1)), by=by)


def test_one_refused_step_names_its_participant_and_stops_the_batch(
    world: World,
) -> None:
    good, bad = prepared(world, 2)
    by = world.actor(Role.COORDINATOR)
    fail_screening(steps=[Step(bad, ENROLLED_ON, "Moved away")], by=by)
    with pytest.raises(Refused, match=f"{bad.number}: .*Screen failure"):
        enroll(steps=steps([good, bad], ENROLLED_ON), by=by)
    good.refresh_from_db()
    assert good.state == "screening"


def test_the_decision_is_signed_and_names_facts_but_no_score(world: World) -> None:
    (person,) = enrolled(world, but={"caps5_baseline": 47})
    before = Action.objects.count()
    (decision,) = confirm(world, [person])
    assert Action.objects.count() == before + 2  # the sign-in of the investigator too
    assert (person.state, person.confirmed_on) == ("confirmed", CONFIRMED_ON)
    caps = next(x for x in decision.criteria if x["criterion"] == "i10")
    scores = Fact.objects.filter(code__startswith="caps5", is_current=True)
    assert caps["verdict"] == "met"
    assert sorted(caps["facts"]) == sorted(scores.values_list("pk", flat=True))
    assert 47 not in [value for item in decision.criteria for value in item.values()]
    signature = Signature.objects.get(row_id=str(decision.pk))
    decision.refresh_from_db()
    assert signature.digest == digest(signed_content(decision))
    assert signature.name == world.user(Role.INVESTIGATOR).name


def test_eligibility_below_the_score_is_refused_without_the_score(world: World) -> None:
    (person,) = enrolled(world, but={"caps5_baseline": 27})
    with pytest.raises(Refused, match="i10 is not met") as refused:
        confirm(world, [person])
    assert "27" not in str(refused.value)
    assert not EligibilityDecision.objects.exists()


def test_every_criterion_and_missing_fact_is_named(world: World) -> None:
    (person,) = prepared(world, but={"washout_complete": None})
    by = world.actor(Role.COORDINATOR)
    enroll(steps=steps([person], ENROLLED_ON), by=by)
    with pytest.raises(Refused) as refused:
        confirm(world, [person])
    sentence = str(refused.value)
    for words in ("i10 is not known yet", "i11 is not known yet", "CAPS-5 diagnosis"):
        assert words in sentence


def test_a_wrong_password_signs_nothing(world: World) -> None:
    (person,) = enrolled(world)
    with pytest.raises(NotPermitted, match="password"):
        confirm(world, [person], password="guessed")
    person.refresh_from_db()
    assert person.state == "enrolled"
    assert not Signature.objects.exists()


def test_only_an_investigator_confirms(world: World) -> None:
    (person,) = enrolled(world)
    confirmations = [Confirmation(person, CONFIRMED_ON)]
    for by in (world.actor(Role.COORDINATOR), SystemActor("setup", "test")):
        with pytest.raises(NotPermitted):
            confirm_eligibility(confirmations=confirmations, password=PASSWORD, by=by)


def test_confirming_twice_is_refused(world: World) -> None:
    (person,) = enrolled(world)
    confirm(world, [person])
    with pytest.raises(Refused, match="cannot be confirmed"):
        confirm(world, [person])


@pytest.mark.parametrize("act", [withdraw, fail_screening, discontinue_treatment])
def test_leaving_without_a_reason_is_refused(
    world: World, act: Callable[..., object]
) -> None:
    (person,) = screened(world) if act is fail_screening else randomized(world)
    with pytest.raises(ReasonNeeded, match="Say why"):
        act(steps=steps([person], RANDOMIZED_ON), by=world.actor(Role.COORDINATOR))


def test_a_step_dated_before_the_last_one_is_refused(world: World) -> None:
    (person,) = randomized(world)
    early = RANDOMIZED_ON - timedelta(days=1)
    with pytest.raises(Refused, match="before the last step"):
        withdraw(
            steps=leavings([person], early, "Own wish"),
            by=world.actor(Role.COORDINATOR),
        )


def test_treatment_starts_and_finishes_and_the_course_completes(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.THERAPIST)
    start_treatment(steps=steps([person], RANDOMIZED_ON), by=by)
    finish_treatment(steps=steps([person], RANDOMIZED_ON), by=by)
    complete(steps=steps([person], RANDOMIZED_ON), by=by)
    person.refresh_from_db()
    assert (person.state, person.treatment) == ("completed", "finished")
    assert person.end_reason == "Completed the trial"


def test_treatment_before_randomization_is_refused(world: World) -> None:
    (person,) = enrolled(world)
    with pytest.raises(Refused, match="only a randomized participant"):
        start_treatment(
            steps=steps([person], BASELINE_ON), by=world.actor(Role.THERAPIST)
        )


def test_stopping_treatment_is_not_leaving_the_trial(world: World) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    discontinue_treatment(steps=steps([person], RANDOMIZED_ON, "Tolerability"), by=by)
    assert (person.state, person.treatment) == ("randomized", "discontinued")
    assert person.treatment_stop_reason == "Tolerability"


@pytest.mark.parametrize(
    ("is_treated", "after"), [(True, "discontinued"), (False, "not_started")]
)
def test_withdrawing_ends_a_treatment_that_runs(
    world: World, is_treated: bool, after: str
) -> None:
    (person,) = randomized(world)
    by = world.actor(Role.COORDINATOR)
    if is_treated:
        start_treatment(steps=steps([person], RANDOMIZED_ON), by=by)
    withdraw(steps=leavings([person], RANDOMIZED_ON, "Own wish"), by=by)
    person.refresh_from_db()
    assert (person.state, person.treatment) == ("withdrawn", after)
    assert Action.objects.latest("id").reason == "Own wish"


@pytest.mark.parametrize(
    ("role", "act"),
    [
        (Role.THERAPIST, enroll),
        (Role.MONITOR, fail_screening),
        (Role.THERAPIST, mark_randomized),
        (Role.THERAPIST, withdraw),
        (Role.PHARMACIST, start_treatment),
        (Role.SPONSOR, complete),
    ],
)
def test_a_step_outside_the_role_is_refused(
    world: World, role: Role, act: Callable[..., object]
) -> None:
    (person,) = screened(world)
    with pytest.raises(NotPermitted):
        act(steps=steps([person], ENROLLED_ON, "Some reason"), by=world.actor(role))


def test_twenty_people_take_the_queries_of_one(world: World) -> None:
    world.actor(Role.INVESTIGATOR)
    world.actor(Role.THERAPIST)
    counts = []
    for n in (1, 20):
        with CaptureQueriesContext(connection) as queries:
            people = randomized(world, n)
            withdraw(
                steps=leavings(people, RANDOMIZED_ON, "Own wish"),
                by=world.actor(Role.COORDINATOR),
            )
        counts.append(len(queries))
    assert counts[0] - counts[1] in {0, 1}  # the coordinator signs in the first time
