"""The shipped definition of MAPP2: what it states, and a plan computed by hand."""

import re
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from assessments.instruments import facts_for_protocol
from sessions.schedule import Record, State, plan
from trials.protocol import (
    Event,
    ProtocolDefinition,
    Provenance,
    VisitKind,
    parse,
)
from trials.protocol.conditions import facts_in

FILE = Path(__file__).parents[2] / "trials/protocols/mapp2.toml"
DOSING = ("dosing_1", "dosing_2", "dosing_3")


@pytest.fixture(scope="module")
def mapp2() -> ProtocolDefinition:
    return parse(
        FILE.read_text(encoding="utf-8"),
        filename=FILE.name,
        instruments=facts_for_protocol(),
    )


def test_it_says_that_it_is_a_reconstruction(mapp2: ProtocolDefinition) -> None:
    assert mapp2.reconstruction
    assert mapp2.registry == "NCT04077437"
    assert not mapp2.outcomes_visible_to_site


def test_it_has_the_visits_v0_to_v20_in_order(mapp2: ProtocolDefinition) -> None:
    numbers = [visit.number for visit in mapp2.visits if visit.number]
    expected = ["SCR", *(f"V{n}" for n in range(21)), "ET", "LTFU"]
    assert numbers == expected


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("V0", "enrollment_visit"),
        ("V3", "baseline"),
        ("V4", "prep_3"),
        ("V5", "dosing_1"),
        ("V6", "integration_1_1"),
        ("V9", "t2"),
        ("V10", "dosing_2"),
        ("V13", "integration_2_3"),
        ("V14", "t3"),
        ("V15", "dosing_3"),
        ("V19", "t4"),
        ("V20", "termination"),
    ],
)
def test_numbers_stand_at_their_visits(
    mapp2: ProtocolDefinition, number: str, code: str
) -> None:
    assert mapp2.visit(code).number == number


def test_no_label_of_a_visit_or_form_tells_the_treatment(
    mapp2: ProtocolDefinition,
) -> None:
    labels = [visit.label for visit in mapp2.visits]
    labels += [period.label for period in mapp2.periods]
    telling = re.compile(
        r"mdma|placebo|drug|medicine|active|comparator|\d ?mg", re.IGNORECASE
    )
    assert not [label for label in labels if telling.search(label)]


def test_calls_are_on_days_two_four_six_and_seven(mapp2: ProtocolDefinition) -> None:
    calls = mapp2.visits_of_kind(VisitKind.CALL)
    assert [call.day for call in calls if call.repetition == 2] == [2, 4, 6, 7]
    assert mapp2.provenance_of(calls[0]).provenance is Provenance.UNVERIFIED


def test_escalation_is_a_choice_of_steps_not_of_amounts(
    mapp2: ProtocolDefinition,
) -> None:
    assert [mapp2.visit(code).dose for code in DOSING] == [
        ("starting",),
        ("full", "starting"),
        ("full", "starting"),
    ]


def test_doses_are_those_of_the_published_regimen(mapp2: ProtocolDefinition) -> None:
    amounts = {
        (arm.code, step): [int(x) for x in (*dose.initial_mg, *dose.supplement_mg)]
        for arm in mapp2.arms
        for step, dose in arm.doses.items()
    }
    assert amounts == {
        ("active", "starting"): [80, 40],
        ("active", "full"): [120, 60],
        ("comparator", "starting"): [0, 0],
        ("comparator", "full"): [0, 0],
    }


def test_the_conflict_about_the_supplement_window_is_recorded(
    mapp2: ProtocolDefinition,
) -> None:
    assert mapp2.dosing is not None
    supplement = mapp2.dosing.supplement
    assert supplement is not None
    assert (supplement.opens_minutes, supplement.closes_minutes) == (90, 120)
    assert "150 min" in mapp2.provenance_of(supplement).cite


def test_block_sizes_and_windows_claim_no_source(mapp2: ProtocolDefinition) -> None:
    assert mapp2.randomization is not None
    blocks = mapp2.provenance_of(mapp2.randomization, "block_sizes")
    assert blocks.provenance is Provenance.DERIVED
    when = mapp2.visit("dosing_2").when
    assert when is not None
    assert mapp2.provenance_of(when, "target").provenance is Provenance.SOURCED
    assert mapp2.provenance_of(when, "latest").provenance is Provenance.UNVERIFIED


def test_the_assessor_rates_out_of_the_sites_sight(mapp2: ProtocolDefinition) -> None:
    for form in ("caps5", "sds_adapted"):
        (row,) = mapp2.rows_of(form)
        assert row.by == ("independent_assessor",)
        assert row.at == ("baseline", "t2", "t3", "t4", "early_termination")
        assert mapp2.is_hidden_from_site(form)
        assert not mapp2.allows_paper(form)
    assert not mapp2.is_hidden_from_site("pcl5")
    assert mapp2.unblinding is not None
    assert mapp2.unblinding.stays_blind == ("independent_assessor",)


def test_suicidality_is_asked_at_sessions_and_on_calls_two_and_seven(
    mapp2: ProtocolDefinition,
) -> None:
    at = set(mapp2.row("cssrs_slc").at)
    kinds = (VisitKind.PREPARATORY, VisitKind.DOSING, VisitKind.INTEGRATION)
    for kind in kinds:
        assert {visit.code for visit in mapp2.visits_of_kind(kind)} <= at
    calls = {x.code for x in mapp2.visits_of_kind(VisitKind.CALL) if x.code in at}
    assert calls == {f"call_{n}_day_{day}" for n in (1, 2, 3) for day in (2, 7)}
    assert {"termination", "follow_up", "enrollment_visit"} <= at
    assert not {"baseline", "t2", "t3", "t4"} & at


def test_the_primary_endpoint_is_the_change_at_assessment_four(
    mapp2: ProtocolDefinition,
) -> None:
    primary = mapp2.endpoints[0]
    assert (primary.form, primary.start, primary.end) == ("caps5", "baseline", "t4")
    assert [item.code for item in mapp2.outcome_classes] == [
        "remission",
        "loss_of_diagnosis",
        "responder",
        "non_responder",
    ]


def test_every_criterion_of_the_list_is_asked(mapp2: ProtocolDefinition) -> None:
    codes = [criterion.code for criterion in mapp2.criteria]
    expected = [f"i{n}" for n in range(1, 12)] + [f"e{n}" for n in range(1, 11)]
    assert codes == expected
    at_confirmation = [item.code for item in mapp2.criteria_at("confirmation")]
    assert {"i7", "i10", "i11", "e4", "e7", "e8"} == set(at_confirmation)


def test_every_fact_is_asked_for_by_a_criterion(mapp2: ProtocolDefinition) -> None:
    rules = [x for item in mapp2.criteria for x in (item.rule, item.only_if) if x]
    asked = {fact for rule in rules for fact in facts_in(rule)}
    assert {fact.code for fact in mapp2.facts} == asked


def test_gaps_of_the_published_trial_are_kept(mapp2: ProtocolDefinition) -> None:
    assert mapp2.acute_effects is None
    assert mapp2.gates == ()
    assert not mapp2.visits_of_kind(VisitKind.SAFETY)


def test_what_cannot_be_scheduled_yet_is_listed(mapp2: ProtocolDefinition) -> None:
    listed = {item.code for item in mapp2.not_yet}
    assert {"bdi2", "ecg", "laboratory", "pregnancy_test", "treatment_guess"} <= listed
    assert not listed & {row.form for row in mapp2.assessments}


def test_the_long_term_contact_has_a_closed_and_unverified_window(
    mapp2: ProtocolDefinition,
) -> None:
    when = mapp2.visit("follow_up").when
    assert when is not None
    assert (str(when.earliest), str(when.latest)) == ("6 months", "12 months")
    latest = mapp2.provenance_of(when, "latest")
    assert latest.provenance is Provenance.UNVERIFIED
    earliest = mapp2.provenance_of(when, "earliest")
    assert earliest.provenance is Provenance.DERIVED


# A participant computed by hand, with a calendar. Consent on Monday 5 January 2026.
EVENTS = {
    Event.CONSENT.value: date(2026, 1, 5),
    Event.ENROLLMENT.value: date(2026, 2, 2),
    Event.RANDOMIZATION.value: date(2026, 3, 2),
}
HELD = {
    "screening": date(2026, 1, 19),
    "enrollment_visit": date(2026, 2, 2),
    "prep_1": date(2026, 2, 9),
    "prep_2": date(2026, 2, 16),
    "baseline": date(2026, 2, 23),
    "prep_3": date(2026, 3, 2),
    "dosing_1": date(2026, 3, 9),
    "integration_1_1": date(2026, 3, 10),
}
BY_HAND = {
    # 5 January + 2 weeks and + 6 weeks narrow what screening allows.
    "call_1_day_2": ("2026-03-11", "2026-03-11", "2026-03-11"),
    "call_1_day_7": ("2026-03-16", "2026-03-16", "2026-03-16"),
    "integration_1_2": ("2026-03-13", "2026-03-16", "2026-03-24"),
    "integration_1_3": ("2026-03-23", "2026-03-26", "2026-03-30"),
    # 18, 25 and 32 days after 9 March.
    "t2": ("2026-03-27", "2026-04-03", "2026-04-10"),
    # 21, 28 and 49 days after 9 March.
    "dosing_2": ("2026-03-30", "2026-04-06", "2026-04-27"),
    # Forecasts: session 2 expected on 6 April, session 3 on 4 May.
    "integration_2_1": ("2026-04-07", "2026-04-07", "2026-04-07"),
    "t3": ("2026-04-24", "2026-05-01", "2026-05-08"),
    "dosing_3": ("2026-04-27", "2026-05-04", "2026-05-25"),
    # 5, 8 and 11 weeks after 4 May.
    "t4": ("2026-06-08", "2026-06-29", "2026-07-20"),
    "termination": ("2026-06-29", "2026-07-06", "2026-07-13"),
    # 6 and 12 months after 4 May.
    "follow_up": ("2026-11-04", "2026-11-04", "2027-05-04"),
}


def test_a_participant_after_session_one_is_planned_as_by_hand(
    mapp2: ProtocolDefinition,
) -> None:
    record = Record(held=HELD, events=EVENTS, doses={"dosing_1": date(2026, 3, 9)})
    result = plan(mapp2, record, date(2026, 3, 10))
    for code, days in BY_HAND.items():
        visit = result[code]
        found = tuple(str(x) for x in (visit.opens, visit.target, visit.closes))
        assert found == days, code
    firm = {code for code in BY_HAND if result[code].firm}
    assert firm == {
        "call_1_day_2",
        "call_1_day_7",
        "integration_1_2",
        "integration_1_3",
        "t2",
        "dosing_2",
    }
    assert result["early_termination"].state is State.IF_NEEDED


def test_enrollment_lies_within_the_screening_period(mapp2: ProtocolDefinition) -> None:
    record = Record(
        held={"screening": date(2026, 1, 7)},
        events={"consent": date(2026, 1, 5)},
    )
    visit = plan(mapp2, record, date(2026, 1, 8))["enrollment_visit"]
    # From screening alone 7 January to 18 February; the period says 19 to 16.
    assert (visit.opens, visit.closes) == (date(2026, 1, 19), date(2026, 2, 16))
    assert visit.target == date(2026, 1, 21)


def test_the_preparation_period_limits_the_first_session(
    mapp2: ProtocolDefinition,
) -> None:
    held = {code: day for code, day in HELD.items() if "1_1" not in code}
    del held["dosing_1"]
    late = held | {"baseline": date(2026, 4, 13), "prep_3": date(2026, 4, 20)}
    visit = plan(mapp2, Record(held=late, events=EVENTS), date(2026, 4, 20))["dosing_1"]
    # 11 weeks after 9 February is 27 April; 2 weeks after 20 April is 4 May.
    assert (visit.opens, visit.closes) == (date(2026, 4, 21), date(2026, 4, 27))
    assert "preparation period" in visit.why


def test_assessments_go_on_when_treatment_stops_after_session_one(
    mapp2: ProtocolDefinition,
) -> None:
    stopped = EVENTS | {"treatment_stopped": date(2026, 3, 20)}
    record = Record(held=HELD, events=stopped, doses={"dosing_1": date(2026, 3, 9)})
    result = plan(mapp2, record, date(2026, 3, 20))
    assert result["dosing_2"].state is State.CANCELLED
    assert result["integration_2_1"].state is State.CANCELLED
    assert result["t2"].opens == date(2026, 3, 27)
    # 8 and 18 weeks after the baseline of 23 February.
    assert (result["t3"].target, result["t3"].firm) == (date(2026, 4, 20), True)
    assert (result["t4"].target, result["t4"].firm) == (date(2026, 6, 29), True)
    assert result["early_termination"].target == date(2026, 3, 23)
    assert result["follow_up"].target == date(2026, 9, 9)


def test_without_any_dose_there_is_no_long_term_contact(
    mapp2: ProtocolDefinition,
) -> None:
    held = {code: day for code, day in HELD.items() if "1_1" not in code}
    stopped = EVENTS | {"treatment_stopped": date(2026, 3, 20)}
    result = plan(mapp2, Record(held=held, events=stopped), date(2026, 3, 20))
    assert result["follow_up"].state is State.CANCELLED


def test_a_plan_takes_less_than_two_milliseconds(mapp2: ProtocolDefinition) -> None:
    record = Record(held=HELD, events=EVENTS)
    today = date(2026, 3, 10)
    plan(mapp2, record, today)
    took = []
    for offset in range(50):
        start = time.perf_counter()
        plan(mapp2, record, today + timedelta(days=offset))
        took.append(time.perf_counter() - start)
    assert sorted(took)[25] < 0.002
