"""What eligibility reads from the medical record, from the act that wrote it on."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import Refused
from medical.actions import NewRecord, Review, correct, record, review, void
from medical.vocabulary import Kind
from participants.actions import NewFact, record_facts
from participants.eligibility import Verdict
from participants.models import Fact, Participant
from tests.medical.world import asked, everything_of, fact, new, recorded
from tests.world import SCREENED_ON, World, consented

pytestmark = pytest.mark.requirement("DAT-09")
LATER = SCREENED_ON + timedelta(days=7)
WASHED_OUT_ON = date(2025, 3, 14)  # 5 x 26 h are 6 days, and a week


def test_a_record_and_the_fact_read_from_it_are_one_act(
    world: World, person: Participant
) -> None:
    before = Action.objects.count()
    recorded(world, person, Kind.TEST)
    assert Action.objects.count() == before + 1
    act = Action.objects.latest("id")
    assert act.verb == "record test result"
    tables = RowChange.objects.filter(action_id=act.id).values_list(
        "table_name", flat=True
    )
    assert set(tables) == {"medical_testresult", "participants_fact"}
    found = fact(person, "pregnancy_negative")
    assert found is not None
    assert (found.value, found.observed_on) == (True, SCREENED_ON)
    assert found.source == "Pregnancy test, Chart, not reviewed yet"


def test_a_review_is_in_the_source_of_the_fact(
    world: World, person: Participant
) -> None:
    made = recorded(world, person, Kind.TEST)
    review(
        reviews=[Review(made, "normal")],
        at=timezone.now(),
        by=world.actor(Role.INVESTIGATOR),
    )
    found = fact(person, "pregnancy_negative")
    assert found is not None
    assert found.source == "Pregnancy test, Chart, reviewed by Investigator"
    assert Fact.objects.filter(code="pregnancy_negative").count() == 2


@pytest.mark.parametrize(
    ("result", "value"), [("negative", True), ("positive", False), ("invalid", None)]
)
def test_a_later_test_takes_the_place_of_an_earlier_one(
    world: World, person: Participant, result: str, value: object
) -> None:
    recorded(world, person, Kind.TEST)
    recorded(world, person, Kind.TEST, performed_on=LATER, result=result)
    found = fact(person, "pregnancy_negative")
    assert (found.value if found else None) is value


def test_a_test_of_an_earlier_day_changes_nothing(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.TEST, performed_on=LATER)
    recorded(world, person, Kind.TEST, result="positive")
    found = fact(person, "pregnancy_negative")
    assert found is not None
    assert found.value is True


def test_a_voided_record_says_nothing_any_more(
    world: World, person: Participant
) -> None:
    made = recorded(world, person, Kind.TEST)
    void(
        record=made,
        reason="Somebody else's",
        at=timezone.now(),
        by=world.actor(Role.COORDINATOR),
    )
    assert fact(person, "pregnancy_negative") is None
    assert Fact.objects.filter(code="pregnancy_negative").count() == 1


def test_values_of_laboratory_and_ecg_are_read_as_numbers(
    world: World, person: Participant
) -> None:
    everything_of(world, person)
    sodium, qtcf = fact(person, "sodium"), fact(person, "qtc_ms")
    assert sodium is not None
    assert qtcf is not None
    assert (sodium.value, qtcf.value) == (140, 420)
    assert sodium.source == "Sodium, Chart, not reviewed yet"
    assert qtcf.source == "QTcF of the ECG, Chart, not reviewed yet"


def test_a_result_in_another_unit_is_refused(world: World, person: Participant) -> None:
    with pytest.raises(Refused, match="reads sodium in mmol/L"):
        recorded(world, person, Kind.LAB, unit="mg/dL")


def test_a_fact_of_the_record_is_not_typed_in(
    world: World, person: Participant
) -> None:
    typed = NewFact(person, "pregnancy_negative", True, SCREENED_ON, "Interview")
    with pytest.raises(Refused, match="read from the medical record"):
        record_facts(facts=[typed], by=world.actor(Role.COORDINATOR))


def washout(person: Participant, on: date) -> Verdict:
    return asked(person, "i11", on=on).verdict


def test_before_anybody_asked_no_washout_is_over(
    world: World, person: Participant
) -> None:
    assert washout(person, WASHED_OUT_ON) is Verdict.UNKNOWN
    recorded(world, person, Kind.MEDICATION)
    assert washout(person, WASHED_OUT_ON) is Verdict.UNKNOWN


def test_who_takes_nothing_and_was_asked_waits_for_no_washout(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.HISTORY)
    assert washout(person, SCREENED_ON) is Verdict.MET
    assert washout(person, SCREENED_ON - timedelta(days=1)) is Verdict.UNKNOWN


def test_a_washout_keeps_somebody_out_until_the_day_on_which_it_is_over(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.HISTORY)
    recorded(world, person, Kind.MEDICATION)
    assert washout(person, WASHED_OUT_ON - timedelta(days=1)) is Verdict.NOT_MET
    assert washout(person, WASHED_OUT_ON) is Verdict.MET


@pytest.mark.parametrize(
    "values",
    [
        {"last_dose_on": None},
        {"drug": "paroxetine"},
        {"drug": "", "label": "Saint John's wort"},
    ],
)
def test_an_unknown_washout_never_counts_as_over(
    world: World, person: Participant, values: dict[str, Any]
) -> None:
    recorded(world, person, Kind.HISTORY)
    recorded(world, person, Kind.MEDICATION, **values)
    assert washout(person, date(2026, 3, 1)) is Verdict.UNKNOWN


def test_the_last_dose_is_filled_in_without_a_reason(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.HISTORY)
    drug = recorded(world, person, Kind.MEDICATION, last_dose_on=None)
    day = date(2025, 3, 1)
    correct(
        record=drug, changes={"last_dose_on": day}, by=world.actor(Role.COORDINATOR)
    )
    assert washout(person, WASHED_OUT_ON) is Verdict.MET


def test_a_drug_off_the_list_may_be_found_to_need_no_washout(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.HISTORY)
    drug = recorded(world, person, Kind.MEDICATION, drug="", label="Ibuprofen")
    found = Review(drug, "no_washout", "Not psychoactive")
    review(reviews=[found], at=timezone.now(), by=world.actor(Role.INVESTIGATOR))
    assert washout(person, SCREENED_ON) is Verdict.MET


def test_a_drug_on_the_list_cannot_be_talked_away(
    world: World, person: Participant
) -> None:
    drug = recorded(world, person, Kind.MEDICATION)
    found = Review(drug, "no_washout", "It was a low dose")
    with pytest.raises(Refused, match="on the protocol's list"):
        review(reviews=[found], at=timezone.now(), by=world.actor(Role.INVESTIGATOR))


def test_many_people_and_kinds_are_recorded_in_a_fixed_number_of_statements(
    world: World, django_assert_max_num_queries: Any
) -> None:
    people = consented(world, 6)
    records: list[NewRecord] = [new(each, kind) for each in people for kind in Kind]
    by = world.actor(Role.COORDINATOR)
    with django_assert_max_num_queries(40):
        record(records=records, by=by)
