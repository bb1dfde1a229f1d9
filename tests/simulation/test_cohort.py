"""The cohort shows the published figures under any seed, and keeps its invariants."""

from collections import Counter

import pytest

from adverse_events.vocabulary import Severity, Valence
from assessments.instruments import REGISTRY
from simulation.cohort import build_cohort, has_diagnosis
from simulation.defects import planted_defects
from simulation.figures import Arm, Measure, published_figures
from simulation.leaving import Defect
from simulation.plan import Cohort, ParticipantPlan
from simulation.report import not_reproduced, published_table, readings_of
from tests.simulation.cohorts import arms_for, cohort_of

NUMBERS = range(24)
INSTRUMENTS = {code: found for (code, _), found in REGISTRY.items()}


@pytest.fixture(params=range(3))
def cohort(request: pytest.FixtureRequest) -> Cohort:
    """One of three cohorts, for what need not be looked at under every seed."""
    return cohort_of(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_every_published_figure_is_reproduced_under_any_seed(number: int) -> None:
    assert not_reproduced(cohort_of(number)) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_each_defect_is_planted_once_and_found(number: int) -> None:
    found = Counter(defect.kind for defect in planted_defects(cohort_of(number)))
    assert found == dict.fromkeys(Defect, 1)


def test_the_table_has_a_row_for_each_published_figure(cohort: Cohort) -> None:
    rows = published_table(cohort)
    assert [row.figure for row in rows] == list(published_figures())
    assert len({row.figure.name for row in rows}) == len(rows)
    assert all(row.figure.source for row in rows)


def test_what_is_not_reproduced_is_named() -> None:
    whole = cohort_of(0)
    missing = next(p for p in whole.participants if p.arm is Arm.ACTIVE)
    rest = tuple(p for p in whole.participants if p is not missing)
    names = not_reproduced(Cohort(whole.seed, rest))
    assert any("assessed, T1, active" in name for name in names)
    assert not any("comparator" in name for name in names)


def test_the_same_seed_and_arms_give_the_same_cohort() -> None:
    seed = b"seed 0"
    assert build_cohort(seed=seed, arms=arms_for(seed)) == cohort_of(0)


def test_other_seeds_give_other_participants() -> None:
    assert cohort_of(0).participants[0] != cohort_of(1).participants[0]


def test_numbers_other_than_the_published_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="53 and 51"):
        build_cohort(seed=b"x", arms=["active"] * 104)


def test_arms_are_those_that_were_allocated() -> None:
    found = tuple(p.arm for p in cohort_of(0).participants)
    assert found == arms_for(b"seed 0")


def test_every_baseline_admits(cohort: Cohort) -> None:
    for participant in cohort.participants:
        baseline = readings_of(participant)["T1"]
        assert baseline.total >= 28
        assert baseline.has_diagnosis


def test_assessments_after_stopping_count_de_facto_only(cohort: Cohort) -> None:
    more = {Arm.ACTIVE: 0, Arm.COMPARATOR: 0}
    for participant in cohort.participants:
        strict = readings_of(participant)
        loose = readings_of(participant, de_facto=True)
        assert strict.items() <= loose.items()
        if "T4" in loose and "T4" not in strict:
            assert participant.arm is not None
            more[participant.arm] += 1
    assert more == {Arm.ACTIVE: 1, Arm.COMPARATOR: 2}


def test_drop_out_is_monotone(cohort: Cohort) -> None:
    for participant in cohort.participants:
        times = sorted(readings_of(participant))
        assert times == ["T1", "T2", "T3", "T4"][: len(times)]


def test_only_the_planted_visit_is_out_of_window(cohort: Cohort) -> None:
    outside = [
        (p.index, visit.code)
        for p in cohort.participants
        for visit in p.visits
        if visit.is_held and not visit.is_in_window
    ]
    planted = [
        (defect.index, defect.where)
        for defect in planted_defects(cohort)
        if defect.kind is Defect.LATE_VISIT
    ]
    assert outside == planted


def test_visits_come_in_the_order_of_their_days_and_none_twice(cohort: Cohort) -> None:
    for participant in cohort.participants:
        days = [visit.day for visit in participant.visits]
        assert days == sorted(days)
        codes = [visit.code for visit in participant.visits]
        assert len(codes) == len(set(codes))
        dosing = [code for code in codes if code.startswith("dosing")]
        assert dosing == ["dosing_1", "dosing_2", "dosing_3"][: len(dosing)]


def test_nothing_is_held_after_withdrawal_and_no_dose_after_stopping(
    cohort: Cohort,
) -> None:
    for participant in cohort.participants:
        for visit in participant.visits:
            if participant.withdrawn:
                assert visit.day <= participant.withdrawn.day
            if participant.treatment_stopped and visit.dose:
                assert visit.day <= participant.treatment_stopped.day
        assert (participant.withdrawn is None) is (
            participant.completed_day is not None
        )
        if participant.withdrawn:
            assert participant.treatment_stopped is not None


def test_missed_visits_have_neither_answers_nor_a_rater(cohort: Cohort) -> None:
    missed = [
        visit for p in cohort.participants for visit in p.visits if not visit.is_held
    ]
    assert missed
    assert all(not visit.answers and visit.rater is None for visit in missed)


def test_deviations_are_described_where_the_protocol_was_left(cohort: Cohort) -> None:
    kinds = Counter(
        visit.deviation.kind
        for p in cohort.participants
        for visit in p.visits
        if visit.deviation
    )
    assert kinds == {"out_of_window": 1, "dosing": 1, "rater": 1, "procedure": 1}


def test_all_answers_are_complete_but_for_the_planted_item(cohort: Cohort) -> None:
    for participant in cohort.participants:
        for visit in participant.visits:
            for answers in visit.answers:
                instrument = INSTRUMENTS[answers.form]
                assert instrument.problems(answers.values) == ()
                missing = set(instrument.missing(answers.values))
                assert missing <= set(answers.missing)


def test_an_assessment_is_made_by_a_rater_and_only_there(cohort: Cohort) -> None:
    for participant in cohort.participants:
        for visit in participant.visits:
            forms = {answers.form for answers in visit.answers}
            assert ("caps5" in forms) is (visit.rater is not None)


def all_events(cohort: Cohort) -> list[tuple[ParticipantPlan, int]]:
    """Return each participant with the position of each event."""
    return [(p, place) for p in cohort.participants for place in range(len(p.events))]


def test_events_begin_after_a_session_that_was_held(cohort: Cohort) -> None:
    for participant, place in all_events(cohort):
        event = participant.events[place]
        assert event.aware_day >= event.day
        if event.dosing:
            visit = participant.visit(event.dosing)
            assert visit is not None
            assert visit.is_held
            assert visit.day == event.day


def test_pleasant_and_neutral_effects_are_recorded_and_never_severe(
    cohort: Cohort,
) -> None:
    events = [p.events[place] for p, place in all_events(cohort)]
    kinds = Counter(event.valence for event in events)
    assert kinds[Valence.PLEASANT] > 50
    assert kinds[Valence.NEUTRAL] > 10
    assert all(
        event.valence is Valence.UNPLEASANT
        for event in events
        if event.severity is Severity.SEVERE
    )


def test_the_serious_event_is_on_placebo_and_leads_to_the_unblinding(
    cohort: Cohort,
) -> None:
    [(participant, event)] = [
        (p, p.events[place])
        for p, place in all_events(cohort)
        if p.events[place].serious
    ]
    assert participant.arm is Arm.COMPARATOR
    assert participant.unblinding is not None
    assert participant.unblinding.day == event.aware_day
    assert event.determined_day is not None
    assert event.determined_day > event.aware_day


def test_the_double_entry_repeats_the_event_it_points_to(cohort: Cohort) -> None:
    [(participant, twin)] = [
        (p, p.events[place])
        for p, place in all_events(cohort)
        if p.events[place].duplicate_of is not None
    ]
    assert twin.duplicate_of is not None
    first = participant.events[twin.duplicate_of]
    assert (first.term, first.day) == (twin.term, twin.day)
    assert first.voided_day is None
    assert twin.voided_day is not None
    assert twin.voided_day > twin.aware_day
    assert twin.voided_reason


def test_endpoint_losses_of_diagnosis_are_steered_from_free_draws() -> None:
    lost = {
        row.figure.arm: row.obtained
        for row in published_table(cohort_of(0))
        if row.figure.measure is Measure.LOSS_OF_DIAGNOSIS
    }
    assert lost == {Arm.ACTIVE: 37, Arm.COMPARATOR: 20}
    kept = [
        has_diagnosis(visit.answers[0])
        for p in cohort_of(0).participants
        if (visit := p.visit("t4")) and visit.is_held
    ]
    assert any(kept)


def test_identities_are_plainly_synthetic(cohort: Cohort) -> None:
    for participant in cohort.participants:
        assert participant.name.startswith("Synthetic ")
        assert participant.email.endswith(".invalid")
    assert len({p.email for p in cohort.participants}) == 104


def test_the_cohort_fits_into_its_days(cohort: Cohort) -> None:
    assert 550 < cohort.last_day < 800
    assert all(p.consent_day is not None for p in cohort.participants)
