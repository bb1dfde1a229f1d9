"""CAPS-5: severity derivation, totals, criteria and the three-valued diagnosis."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.instruments.caps5 import (
    CAPS5,
    CLUSTERS,
    RELATED_NUMBERS,
    SYMPTOMS,
    severity_from,
    trauma_related,
)
from assessments.instruments.cases import (
    CaseError,
    OtherInstrumentError,
    instrument_named,
    score_case,
)

CASES = json.loads((Path(__file__).parent / "caps_cases.json").read_text())
CAPS5_CASES = [case for case in CASES if case["instrument"] == "CAPS-5"]

# Rows: intensity 1 to 4; columns: frequency 1 to 4 (VA training table).
TABLE = ((1, 1, 1, 1), (1, 2, 2, 2), (2, 2, 3, 3), (2, 3, 3, 4))


def responses_of(
    severities: Sequence[int | None], **others: int | None
) -> dict[str, int | None]:
    """Symptoms in order; criteria A, F and G met and no dissociation unless said."""
    return {
        **dict(zip(SYMPTOMS, severities, strict=True)),
        "caps_a": 1,
        "caps22": 1,
        "caps23": 2,
        "caps24": 0,
        "caps25": 0,
        "caps29": 0,
        "caps30": 0,
        **others,
    }


@pytest.mark.parametrize("frequency", range(1, 5))
@pytest.mark.parametrize("intensity", range(1, 5))
def test_severity_follows_every_cell_of_the_table(
    frequency: int, intensity: int
) -> None:
    assert severity_from(frequency, intensity) == TABLE[intensity - 1][frequency - 1]


@pytest.mark.parametrize("other", range(5))
def test_no_frequency_or_no_intensity_is_no_severity(other: int) -> None:
    assert severity_from(0, other) == 0
    assert severity_from(other, 0) == 0


def test_a_frequency_off_the_scale_has_no_severity() -> None:
    with pytest.raises(ValueError, match="5 is not a frequency"):
        severity_from(5, 1)


@pytest.mark.parametrize("case", CAPS5_CASES, ids=lambda case: case["id"])
def test_a_published_case_scores_as_expected(case: dict[str, object]) -> None:
    asked = {key: value for key, value in case.items() if key != "expected"}
    result = score_case(CAPS5, asked)
    assert result.pop("id") == case["id"]
    assert result == case["expected"]
    assert list(result) == list(case["expected"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_of_another_instrument_is_refused_by_name(
    case: dict[str, object],
) -> None:
    if case["instrument"] == "CAPS-5":
        with pytest.raises(OtherInstrumentError, match=r"is of CAPS-5, not of PCL-5"):
            score_case(instrument_named("pcl5"), case)
    else:
        with pytest.raises(OtherInstrumentError, match=r"is of CAPS-IV, not of CAPS-5"):
            score_case(CAPS5, case)


def test_one_missing_symptom_leaves_the_total_open_and_the_rest_known() -> None:
    scores = CAPS5.score(responses_of([2] * 7 + [None] + [2] * 12))
    assert scores["total"] is None
    assert scores["cluster_d"] is None
    assert scores["cluster_b"] == 10
    assert scores["diagnosis"] is True
    assert scores["observed"] == 38
    assert scores["prorated"] == 40
    assert scores["symptom_count"] is None


def test_three_missing_symptoms_are_not_prorated() -> None:
    two = CAPS5.score(responses_of([None, None, *[2] * 18]))
    three = CAPS5.score(responses_of([None, None, None, *[2] * 17]))
    assert two["prorated"] == 40
    assert three["prorated"] is None


def test_a_missing_symptom_that_could_decide_leaves_the_diagnosis_undetermined() -> (
    None
):
    only_b = [None, 0, 0, 0, 0, *[2] * 15]
    assert CAPS5.score(responses_of(only_b))["diagnosis"] is None
    assert CAPS5.score(responses_of(only_b, caps_a=0))["diagnosis"] is False


def test_an_unlikely_symptom_counts_for_no_criterion_but_stays_in_the_total() -> None:
    severities = [2, 0, 0, 0, 0, 2, 0, 0, 2, 0, 2, 0, 0, 0, 2, 2, 0, 0, 0, 0]
    plain = CAPS5.score(responses_of(severities))
    unlikely = CAPS5.score(responses_of(severities, caps09_tr=3))
    probable = CAPS5.score(responses_of(severities, caps09_tr=2))
    assert (plain["total"], plain["diagnosis"], plain["count_d"]) == (12, True, 2)
    assert unlikely["total"] == 12
    assert unlikely["cluster_d"] == 4
    assert (unlikely["count_d"], unlikely["symptom_count"]) == (1, 5)
    assert unlikely["diagnosis"] is False
    assert probable == plain


def test_a_missing_symptom_that_is_unlikely_cannot_change_the_diagnosis() -> None:
    severities: list[int | None] = [*[2] * 7, *[0] * 7, *[2] * 6]
    severities[10], severities[8] = 2, None
    assert CAPS5.score(responses_of(severities))["diagnosis"] is None
    scores = CAPS5.score(responses_of(severities, caps09_tr=3))
    assert scores["diagnosis"] is False


@pytest.mark.parametrize(
    ("onset", "expected"), [(None, None), (5, False), (6, True), (240, True)]
)
def test_onset_from_six_months_is_delayed_expression(
    onset: int | None, expected: bool | None
) -> None:
    scores = CAPS5.score(responses_of([2] * 20, caps21=onset))
    assert scores["delayed_expression"] is expected


def test_specifiers_need_a_diagnosis() -> None:
    scores = CAPS5.score(responses_of([1] * 20, caps21=12, caps29=3, caps30=3))
    assert scores["diagnosis"] is False
    assert scores["dissociative"] is False
    assert scores["delayed_expression"] is False


def test_the_lowest_total_that_carries_a_diagnosis_is_twelve() -> None:
    lowest = [2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0]
    assert CAPS5.score(responses_of(lowest))["diagnosis"] is True
    for place in range(20):
        lower = lowest.copy()
        lower[place] = max(0, lower[place] - 1)
        if lower != lowest:
            assert CAPS5.score(responses_of(lower))["diagnosis"] is False


def test_thirty_numbered_items_and_the_index_event_are_asked() -> None:
    numbers = [item.number for item in CAPS5.items if item.number.isdigit()]
    assert numbers == [str(number) for number in range(1, 31)]
    assert CAPS5.items[0].number == "A"
    related = [item.code for item in CAPS5.items if item.code.endswith("_tr")]
    assert related == [f"caps{number:02}_tr" for number in RELATED_NUMBERS]


# The second scorer: made of plain substitution, sharing no code with the first.
SPANS = {"B": range(1, 6), "C": range(6, 8), "D": range(8, 15), "E": range(15, 21)}
WANTED = {"B": 1, "C": 1, "D": 2, "E": 2}


def has_ptsd(answers: dict[str, int]) -> bool:
    """The rule on complete answers."""
    for letter, span in SPANS.items():
        present = 0
        for number in span:
            code = f"caps{number:02d}"
            if answers[code] > 1 and answers.get(code + "_tr", 1) != 3:
                present += 1
        if present < WANTED[letter]:
            return False
    impaired = max(answers[f"caps{number}"] for number in (23, 24, 25)) > 1
    return bool(answers["caps_a"] and answers["caps22"] and impaired)


def by_substitution(responses: dict[str, int | None]) -> bool | None:
    """The diagnosis with every missing answer at its lowest, then at its highest."""
    outcomes = set()
    for symptom, answer in ((0, 0), (4, 1)):
        outcomes.add(
            has_ptsd(
                {
                    code: (answer if code in {"caps_a", "caps22"} else symptom)
                    if value is None
                    else value
                    for code, value in responses.items()
                }
            )
        )
    return outcomes.pop() if len(outcomes) == 1 else None


severity = st.sampled_from([None, 0, 1, 2, 2, 2, 3, 4])
caps_responses = st.fixed_dictionaries(
    {
        **dict.fromkeys(SYMPTOMS, severity),
        **dict.fromkeys(["caps23", "caps24", "caps25"], severity),
        **dict.fromkeys(["caps29", "caps30"], severity),
        **dict.fromkeys(["caps_a", "caps22"], st.sampled_from([None, 0, 1, 1, 1, 1])),
    },
    optional={
        trauma_related(f"caps{number:02}"): st.sampled_from([1, 2, 3])
        for number in RELATED_NUMBERS
    },
)


@given(caps_responses)
def test_a_second_scorer_agrees(responses: dict[str, int | None]) -> None:
    scores = CAPS5.score(responses)
    assert scores["diagnosis"] is by_substitution(
        {
            code: value
            for code, value in responses.items()
            if code not in {"caps29", "caps30"}
        }
    )
    values = [responses[f"caps{number:02d}"] for number in range(1, 21)]
    known = [value for value in values if value is not None]
    assert scores["observed"] == sum(known)
    assert scores["total"] == (sum(known) if len(known) == 20 else None)
    if len(known) >= 18:
        assert scores["prorated"] == pytest.approx(20 * sum(known) / len(known))
    else:
        assert scores["prorated"] is None


@given(caps_responses)
def test_cluster_totals_add_up_to_the_total(responses: dict[str, int | None]) -> None:
    scores = CAPS5.score(responses)
    parts = [scores[f"cluster_{name}"] for name in CLUSTERS]
    if scores["total"] is None:
        assert None in parts
    else:
        assert sum(part or 0 for part in parts) == scores["total"]


@given(caps_responses, st.sampled_from(SYMPTOMS))
def test_learning_a_missing_answer_never_reverses_a_known_diagnosis(
    responses: dict[str, int | None], code: str
) -> None:
    before = CAPS5.score({**responses, code: None})["diagnosis"]
    after = {CAPS5.score({**responses, code: value})["diagnosis"] for value in range(5)}
    if before is not None:
        assert after == {before}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"items": [2] * 19}, "must be a list of 20 answers"),
        ({"items": [2] * 19 + [5]}, "5 is not an answer"),
        ({"items": [2] * 19 + ["2"]}, "'2' in items is not a number"),
        ({"item": []}, "unknown key item"),
        ({"TR": {"9": "perhaps"}}, "TR says 'perhaps' of item 9"),
        ({"TR": {"1": "unlikely"}}, "TR says 'unlikely' of item 1"),
        ({"TR": ["unlikely"]}, "TR must map item numbers"),
    ],
)
def test_a_malformed_case_is_refused_with_its_id(
    change: dict[str, object], sentence: str
) -> None:
    case = {**CAPS5_CASES[0], **change}
    with pytest.raises(CaseError, match=f"Case A.*{sentence}"):
        score_case(CAPS5, case)


def test_a_case_may_rate_trauma_relatedness() -> None:
    result = score_case(CAPS5, {**CAPS5_CASES[1], "TR": {"9": "unlikely"}})
    assert result["total"] == 12
    assert result["diagnosis"] is False


def test_a_case_with_nothing_known_is_undetermined_throughout() -> None:
    result = score_case(CAPS5, {"id": "empty"})
    assert result["total"] is None
    assert result["diagnosis"] is None
    assert result["dissociative"] is None
    assert result["missing"] == list(range(1, 21))
    assert set(result["criteria"].values()) == {None}  # type: ignore[attr-defined]  # a JSON object


@pytest.mark.parametrize("name", ["caps5", "CAPS-5", "Caps 5"])
def test_an_instrument_is_found_by_code_or_name(name: str) -> None:
    assert instrument_named(name) is CAPS5


def test_an_unknown_instrument_names_the_known_ones() -> None:
    with pytest.raises(CaseError, match="there are caps5, caps4, sds_adapted"):
        instrument_named("mmpi")


def test_criteria_follow_the_counts_for_every_pattern_of_presence() -> None:
    for b, c, d, e in itertools.product((0, 1), (0, 1), (0, 1, 2), (0, 1, 2)):
        severities = [2] * b + [0] * (5 - b) + [2] * c + [0] * (2 - c)
        severities += [2] * d + [0] * (7 - d) + [2] * e + [0] * (6 - e)
        diagnosis = CAPS5.score(responses_of([*severities]))["diagnosis"]
        assert diagnosis is (b >= 1 and c >= 1 and d >= 2 and e >= 2)
