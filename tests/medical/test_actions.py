"""Recording, correcting, voiding and reviewing: who may, what is refused, what stays."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from medical.actions import NewRecord, Review, correct, record, review, void
from medical.models import (
    ECG,
    MODELS,
    LabResult,
    Medication,
    Record,
    ReviewedRecord,
    kind_of,
)
from medical.vocabulary import REVIEWED_KINDS, Kind
from participants.models import Participant
from tests.medical.world import everything_of, new, recorded
from tests.world import SETUP, World, screened

WRITERS = {Role.COORDINATOR, Role.INVESTIGATOR}
PEOPLE = set(Role) - {Role.IRB_CONTACT}
LATE = date(2099, 1, 1)
IMPOSSIBLE: list[tuple[Kind, dict[str, Any], str]] = [
    (Kind.ECG, {"source": " "}, "where this is written"),
    (Kind.ECG, {"recorded_on": LATE}, "has not come yet"),
    (Kind.ECG, {"qt": 40}, "QT interval: 40 is not between 200 and 800"),
    (Kind.ECG, {"rate": 600}, "Heart rate: 600 is not between"),
    (Kind.CONDITION, {"kind": "legal"}, "what kind of condition"),
    (Kind.CONDITION, {"term": ""}, "what the condition is"),
    (Kind.CONDITION, {"since": "May 2011"}, "is no date"),
    (Kind.CONDITION, {"ended": "2020"}, "goes on has no end"),
    (Kind.CONDITION, {"is_ongoing": False, "ended": "2010"}, "before the beginning"),
    (Kind.MEDICATION, {"drug": "aspirin"}, "not on the protocol's list"),
    (Kind.MEDICATION, {"drug": "", "label": ""}, "Choose the drug"),
    (Kind.MEDICATION, {"last_dose_on": date(2025, 3, 4)}, "after the day"),
    (Kind.TEST, {"kind": "tarot"}, "which test"),
    (Kind.TEST, {"result": "maybe"}, "what the test showed"),
    (Kind.TEST, {"drug_class": "opioids"}, "Only a positive drug screen"),
    (Kind.TEST, {"kind": "urine_drug_screen", "result": "positive"}, "which class"),
    (Kind.LAB, {"code": "mercury"}, "Choose the analyte"),
    (Kind.LAB, {"code": "other"}, "name of the analyte"),
    (Kind.LAB, {"low": Decimal(150)}, "ends below where it begins"),
]


def test_only_coordinators_and_investigators_record(
    world: World, person: Participant
) -> None:
    recorders = set()
    for role in PEOPLE:
        try:
            record(records=[new(person, Kind.ECG)], by=world.actor(role))
        except NotPermitted:
            continue
        recorders.add(role)
    assert recorders == WRITERS
    assert ECG.objects.count() == len(WRITERS)


def test_nobody_records_at_another_site(world: World, person: Participant) -> None:
    by = world.actor(Role.COORDINATOR, elsewhere=True)
    with pytest.raises(NotPermitted):
        record(records=[new(person, Kind.ECG)], by=by)


@pytest.mark.requirement("CON-01")
def test_nothing_is_recorded_before_consent(world: World) -> None:
    (stranger,) = screened(world)
    for kind in Kind:
        with pytest.raises(Refused, match="has not consented"):
            recorded(world, stranger, kind)


def test_what_cannot_be_is_refused_in_words(world: World, person: Participant) -> None:
    for kind, values, sentence in IMPOSSIBLE:
        with pytest.raises(Refused, match=sentence):
            recorded(world, person, kind, **values)
        assert not MODELS[kind].objects.exists()


def test_in_a_batch_the_refusal_says_whose_record_it_is(
    world: World, person: Participant
) -> None:
    bad = new(person, Kind.ECG, qt=40)
    with pytest.raises(Refused, match=f"^{person.number}: QT"):
        record(records=[new(person, Kind.TEST), bad], by=world.actor(Role.COORDINATOR))


def test_a_field_that_there_is_not_is_a_mistake_of_the_program(
    world: World, person: Participant
) -> None:
    unknown = NewRecord(person, Kind.ECG, {"reviewed_at": None})
    with pytest.raises(ValueError, match="reviewed_at"):
        record(records=[unknown], by=SETUP)


def test_qtcf_is_computed_unless_it_was_read(world: World, person: Participant) -> None:
    measured = {"rate": 75, "qt": 360}
    computed = recorded(world, person, Kind.ECG, **measured)
    read = recorded(world, person, Kind.ECG, **measured, qtcf=395, is_qtcf_given=True)
    assert (computed.qtcf, read.qtcf) == (388, 395)


def test_a_corrected_rate_brings_another_qtcf(
    world: World, person: Participant
) -> None:
    made = recorded(world, person, Kind.ECG)
    by = world.actor(Role.COORDINATOR)
    fixed = correct(record=made, changes={"rate": 75}, reason="Misread", by=by)
    assert isinstance(fixed, ECG)
    assert fixed.qtcf == 452


def test_the_protocols_name_of_a_drug_is_kept(
    world: World, person: Participant
) -> None:
    assert str(recorded(world, person, Kind.MEDICATION)) == "Sertraline"


def test_a_value_out_of_its_range_is_told(world: World, person: Participant) -> None:
    low = recorded(world, person, Kind.LAB, value=Decimal("128.5"))
    good = recorded(world, person, Kind.LAB)
    assert (low.is_out_of_range, good.is_out_of_range) == (True, False)


@pytest.mark.requirement("AUD-05")
def test_a_correction_needs_a_reason_and_leaves_both_values(
    world: World, person: Participant
) -> None:
    by = world.actor(Role.COORDINATOR)
    changes = {"source": "Letter"}
    for made in everything_of(world, person):
        with pytest.raises(ReasonNeeded):
            correct(record=made, changes=changes, by=by)
        correct(record=made, changes=changes, reason="Wrong document", by=by)
        change = RowChange.objects.filter(table_name=made._meta.db_table).latest("id")
        assert (change.old, change.new) == ({"source": "Chart"}, {"source": "Letter"})
        assert Action.objects.get(pk=change.action_id).reason == "Wrong document"


def test_nothing_changed_is_no_correction(world: World, person: Participant) -> None:
    made = recorded(world, person, Kind.ECG)
    with pytest.raises(Refused, match="Nothing was changed"):
        correct(record=made, changes={"rate": 60}, by=world.actor(Role.COORDINATOR))


def judged(world: World, made: Sequence[Record]) -> None:
    """Have the investigator find everything plainly as it should be."""
    review(
        reviews=[
            Review(each, "read" if isinstance(each, Medication) else "normal")
            for each in made
            if isinstance(each, ReviewedRecord)
        ],
        at=timezone.now(),
        by=world.actor(Role.INVESTIGATOR),
    )


def test_records_of_several_kinds_are_reviewed_in_one_act(
    world: World, person: Participant
) -> None:
    judged(world, everything_of(world, person))
    assert Action.objects.filter(verb="review medical records").count() == 1
    for kind in REVIEWED_KINDS:
        assert MODELS[kind].objects.get().reviewed_by == world.user(Role.INVESTIGATOR)


def test_a_correction_takes_the_review_back(world: World, person: Participant) -> None:
    made = everything_of(world, person)
    judged(world, made)
    for each in made:
        fixed = correct(
            record=each,
            changes={"source": "Letter"},
            reason="Wrong document",
            by=world.actor(Role.COORDINATOR),
        )
        if isinstance(fixed, ReviewedRecord):
            found = (fixed.reviewed_by, fixed.reviewed_at, fixed.significance)
            assert found == (None, None, "")


def test_only_an_investigator_reviews(world: World, person: Participant) -> None:
    one = Review(recorded(world, person, Kind.LAB), "normal")
    for role in PEOPLE - {Role.INVESTIGATOR}:
        with pytest.raises(NotPermitted):
            review(reviews=[one], at=timezone.now(), by=world.actor(role))
    with pytest.raises(NotPermitted, match="never by a job"):
        review(reviews=[one], at=timezone.now(), by=SETUP)


def test_what_is_not_plainly_normal_and_a_second_judgment_say_why(
    world: World, person: Participant
) -> None:
    made = recorded(world, person, Kind.LAB)
    by = world.actor(Role.INVESTIGATOR)
    for finding in ("not_significant", "significant", "normal"):
        with pytest.raises(ReasonNeeded):
            review(reviews=[Review(made, finding)], at=timezone.now(), by=by)
        one = Review(made, finding, "Slightly low, no symptoms")
        review(reviews=[one], at=timezone.now(), by=by)
        assert LabResult.objects.get().significance == finding


def test_a_word_of_another_kind_is_no_finding(
    world: World, person: Participant
) -> None:
    one = Review(recorded(world, person, Kind.LAB), "read")
    with pytest.raises(Refused, match="from the list"):
        review(reviews=[one], at=timezone.now(), by=world.actor(Role.INVESTIGATOR))


def test_a_voided_record_stays_and_nothing_more_is_recorded_of_it(
    world: World, person: Participant
) -> None:
    by, reviewer = world.actor(Role.COORDINATOR), world.actor(Role.INVESTIGATOR)
    for made in everything_of(world, person):
        with pytest.raises(ReasonNeeded):
            void(record=made, reason=" ", at=timezone.now(), by=by)
        void(record=made, reason="Entered twice", at=timezone.now(), by=by)
        assert MODELS[kind_of(made)].objects.get().void_reason == "Entered twice"
        with pytest.raises(Refused, match="was voided"):
            void(record=made, reason="Entered twice", at=timezone.now(), by=by)
        with pytest.raises(Refused, match="was voided"):
            correct(record=made, changes={"source": "x"}, reason="Why not", by=by)
        if isinstance(made, ReviewedRecord):
            one = Review(made, "normal")
            with pytest.raises(Refused, match="was voided"):
                review(reviews=[one], at=timezone.now(), by=reviewer)
