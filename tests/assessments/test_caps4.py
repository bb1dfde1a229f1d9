"""CAPS-IV: totals, what counts as present, the scoring rules and the diagnosis."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.answers import asked_words, is_ruled_out, problems
from assessments.instruments.caps4 import CAPS4, CLUSTERS, DISTRESS, RULES, SYMPTOMS
from assessments.instruments.cases import CaseError, score_case

Pair = tuple[int | None, int | None]

CASES = json.loads((Path(__file__).parent / "caps_cases.json").read_text())
CAPS4_CASES = [case for case in CASES if case["instrument"] == "CAPS-IV"]
YES_OR_NO = ("diagnosis", *(rule.code for rule in RULES))


def responses_of(pairs: Sequence[Pair], **others: int | None) -> dict[str, int | None]:
    """Frequency and intensity in order; criteria A, E and F met unless said."""
    rated: dict[str, int | None] = {}
    for code, (frequency, intensity) in zip(SYMPTOMS, pairs, strict=True):
        rated |= {f"{code}f": frequency, f"{code}i": intensity}
    met = {"caps4_a": 1, "caps4_19": 1, "caps4_20": 2, "caps4_21": 0, "caps4_22": 0}
    return {**rated, **met, **others}


def least_diagnosis() -> list[Pair]:
    """One symptom of B, three of C and two of D, each only just present."""
    pairs: list[Pair] = [(0, None)] * 17
    for place in (0, 5, 6, 7, 12, 13):
        pairs[place] = (1, 2)
    return pairs


@pytest.mark.parametrize("case", CAPS4_CASES, ids=lambda case: case["id"])
def test_a_published_case_scores_as_expected(case: dict[str, object]) -> None:
    asked = {key: value for key, value in case.items() if key != "expected"}
    result = score_case(CAPS4, asked)
    assert result.pop("id") == case["id"]
    assert result == case["expected"]
    assert list(result) == list(case["expected"])


@pytest.mark.parametrize("frequency", range(5))
@pytest.mark.parametrize("intensity", range(5))
def test_a_symptom_is_present_from_frequency_one_and_intensity_two(
    frequency: int, intensity: int
) -> None:
    pairs = least_diagnosis()
    pairs[0] = (frequency, intensity)
    scores = CAPS4.score(responses_of(pairs))
    present = frequency >= 1 and intensity >= 2
    assert scores["count_b"] == present
    assert scores["diagnosis"] is present
    severity = frequency + intensity if frequency else 0
    assert scores["cluster_b"] == severity
    assert scores["rule_of_4"] is False
    four: list[Pair] = [pairs[0], *[(0, None)] * 4, *[(2, 2)] * 12]
    assert CAPS4.score(responses_of(four))["rule_of_4"] is (present and severity >= 4)


def test_the_highest_total_is_136_and_the_lowest_diagnosis_18() -> None:
    highest = CAPS4.score(responses_of([(4, 4)] * 17))
    assert highest["total"] == 136
    assert [highest[f"cluster_{name}"] for name in CLUSTERS] == [40, 56, 40]
    lowest = CAPS4.score(responses_of(least_diagnosis()))
    assert (lowest["total"], lowest["diagnosis"]) == (18, True)


def test_a_high_total_of_faint_symptoms_is_no_diagnosis() -> None:
    scores = CAPS4.score(responses_of([(4, 1)] * 17))
    assert (scores["total"], scores["diagnosis"], scores["tsev65"]) == (85, False, True)


@pytest.mark.parametrize("place", [0, 5, 6, 7, 12, 13])
def test_one_symptom_fewer_than_needed_is_no_diagnosis(place: int) -> None:
    pairs = least_diagnosis()
    pairs[place] = (4, 1)
    assert CAPS4.score(responses_of(pairs))["diagnosis"] is False


@pytest.mark.parametrize(
    "unmet",
    [{"caps4_a": 0}, {"caps4_19": 0}, {"caps4_20": 1, "caps4_21": 1, "caps4_22": 1}],
)
def test_event_duration_and_impairment_are_needed(unmet: dict[str, int]) -> None:
    met = CAPS4.score(responses_of([(3, 3)] * 17))
    scores = CAPS4.score(responses_of([(3, 3)] * 17, **unmet))
    assert (met["diagnosis"], scores["diagnosis"]) == (True, False)
    unknown = CAPS4.score(responses_of([(3, 3)] * 17, **dict.fromkeys(unmet)))
    assert unknown["diagnosis"] is None


def test_the_rules_leave_criterion_a_to_the_diagnosis() -> None:
    scores = CAPS4.score(responses_of([(2, 2)] * 17, caps4_a=None))
    assert scores["diagnosis"] is None
    assert [scores[rule.code] for rule in RULES] == [True] * 5


@pytest.mark.parametrize("at", range(1, 4))
def test_impairment_in_any_one_area_is_enough(at: int) -> None:
    ratings = {code: 2 if at == place else 0 for place, code in enumerate(DISTRESS, 1)}
    assert CAPS4.score(responses_of([(2, 2)] * 17, **ratings))["criterion_f"] is True


@pytest.mark.parametrize(
    ("moderate", "first", "sev45", "sev65"),
    [
        (11, (2, 2), False, False),
        (11, (3, 2), True, False),
        (16, (2, 2), True, False),
        (16, (3, 2), True, True),
    ],
)
def test_the_total_limits_of_the_rules_are_45_and_65(
    moderate: int, first: Pair, sev45: bool, sev65: bool
) -> None:
    """Eleven symptoms at (2, 2) make 44 points, sixteen make 64."""
    absent = (1, 2, 3, 14, 15, 16)[: 17 - moderate]
    pairs = [first, *((0, None) if at in absent else (2, 2) for at in range(1, 17))]
    scores = CAPS4.score(responses_of(pairs))
    assert scores["total"] == 4 * moderate + (first == (3, 2))
    assert scores["f1i2"] is True
    assert (scores["f1i2_sev45"], scores["f1i2_sev65"]) == (sev45, sev65)
    assert scores["tsev65"] is sev65


@pytest.mark.parametrize("missing", [(None, None), (2, None), (None, 2)])
def test_one_missing_rating_leaves_no_total_and_the_diagnosis_where_it_decides_nothing(
    missing: Pair,
) -> None:
    plenty = CAPS4.score(responses_of([*[(2, 2)] * 4, missing, *[(2, 2)] * 12]))
    assert plenty["total"] is None
    assert (plenty["cluster_b"], plenty["cluster_c"]) == (None, 28)
    assert (plenty["count_b"], plenty["diagnosis"]) == (4, True)
    decides = least_diagnosis()
    decides[0] = missing
    assert CAPS4.score(responses_of(decides))["diagnosis"] is None


def test_without_a_frequency_there_is_nothing_to_rate_the_intensity_of() -> None:
    scores = CAPS4.score(responses_of([(0, None)] * 17))
    assert (scores["total"], scores["diagnosis"]) == (0, False)


def test_intensity_is_asked_from_frequency_one_on() -> None:
    item = CAPS4.item("caps4_01i")
    assert asked_words(CAPS4, item) == "1F is 1 to 4"
    for frequency in range(1, 5):
        assert not is_ruled_out(CAPS4, item, {"caps4_01f": frequency})
    assert not is_ruled_out(CAPS4, item, {})
    assert is_ruled_out(CAPS4, item, {"caps4_01f": 0})
    assert is_ruled_out(CAPS4, item, {"caps4_01f": "refused"})


@pytest.mark.parametrize("frequency", [0, "unknown"])
def test_an_intensity_without_a_frequency_cannot_be_completed(
    frequency: int | str,
) -> None:
    found = problems(CAPS4, {"caps4_01f": frequency, "caps4_01i": 2})
    assert found["caps4_01i"] == (
        "1I Memories: intensity is asked only when 1F is 1 to 4. "
        "Clear it, or correct that answer."
    )


def test_seventeen_symptoms_and_what_follows_are_asked_in_order() -> None:
    rated = [item.number for item in CAPS4.items if item.number.endswith(("F", "I"))]
    assert rated == [
        f"{number}{letter}"
        for number in (*range(1, 18), *range(26, 31))
        for letter in "FI"
    ]
    single = [item.number for item in CAPS4.items if item.number not in rated]
    assert single == ["A", "18", "19", "19 months", *map(str, range(20, 26))]
    needed = [item.number for item in CAPS4.items if item.required]
    assert needed == ["A", *rated[:34], "19", "20", "21", "22"]


# The second scorer: made of plain substitution, sharing no code with the first.
def severities(answers: Mapping[str, int]) -> list[tuple[int, int]]:
    """Frequency and intensity of complete answers; none of either at frequency 0."""
    found = []
    for number in range(1, 18):
        often = answers[f"caps4_{number:02d}f"]
        found.append((often, answers[f"caps4_{number:02d}i"] if often else 0))
    return found


def verdicts(answers: Mapping[str, int]) -> dict[str, bool]:
    """Every rule on complete answers."""
    rated = severities(answers)
    total = sum(often + strong for often, strong in rated)
    lasting = answers["caps4_19"] == 1
    harmed = max(answers["caps4_20"], answers["caps4_21"], answers["caps4_22"]) > 1

    def syndrome(least: int) -> bool:
        marks = [f > 0 and i > 1 and f + i >= least for f, i in rated]
        enough = sum(marks[:5]) > 0 and sum(marks[5:12]) > 2 and sum(marks[12:]) > 1
        return enough and lasting and harmed

    return {
        "diagnosis": answers["caps4_a"] == 1 and syndrome(0),
        "f1i2": syndrome(0),
        "f1i2_sev45": syndrome(0) and total > 44,
        "f1i2_sev65": syndrome(0) and total > 64,
        "rule_of_4": syndrome(4),
        "tsev65": total > 64,
    }


def by_substitution(responses: Mapping[str, int | None]) -> dict[str, bool | None]:
    """Each verdict with every missing answer at its lowest, then at its highest."""
    lowest, highest = (
        verdicts(
            {
                code: (min(most, 1) if code in {"caps4_a", "caps4_19"} else most)
                if value is None
                else value
                for code, value in responses.items()
            }
        )
        for most in (0, 4)
    )
    return {
        code: verdict if verdict == highest[code] else None
        for code, verdict in lowest.items()
    }


rating = st.sampled_from([None, 0, 1, 2, 3, 4])
dense = st.tuples(rating, rating)
sparse = st.sampled_from(
    [*[(0, 0), (0, None)] * 4, (1, 2), (2, 2), (4, 1), (None, None), (1, None), (3, 4)]
)
forms = st.builds(
    lambda pairs, others: responses_of(pairs, **others),
    st.lists(dense, min_size=17, max_size=17)
    | st.lists(sparse, min_size=17, max_size=17),
    st.fixed_dictionaries(
        {
            **dict.fromkeys(DISTRESS, rating),
            **dict.fromkeys(
                ["caps4_a", "caps4_19"], st.sampled_from([None, 0, 1, 1, 1])
            ),
        }
    ),
)


@given(forms)
def test_a_second_scorer_agrees(responses: dict[str, int | None]) -> None:
    scores = CAPS4.score(responses)
    assert {code: scores[code] for code in YES_OR_NO} == by_substitution(responses)
    known = [
        responses[f"{code}f"] == 0
        or None not in (responses[f"{code}f"], responses[f"{code}i"])
        for code in SYMPTOMS
    ]
    whole = {code: value or 0 for code, value in responses.items()}
    total = sum(map(sum, severities(whole)))
    assert scores["total"] == (total if all(known) else None)


@given(forms)
def test_cluster_totals_add_up_to_the_total(responses: dict[str, int | None]) -> None:
    scores = CAPS4.score(responses)
    parts = [scores[f"cluster_{name}"] for name in CLUSTERS]
    if scores["total"] is None:
        assert None in parts
    else:
        assert sum(part or 0 for part in parts) == scores["total"]


@given(
    forms, st.sampled_from([f"{code}{which}" for code in SYMPTOMS for which in "fi"])
)
def test_learning_a_missing_rating_never_reverses_what_is_known(
    responses: dict[str, int | None], code: str
) -> None:
    before = CAPS4.score({**responses, code: None})
    for value in range(5):
        after = CAPS4.score({**responses, code: value})
        for verdict in YES_OR_NO:
            if before[verdict] is not None:
                assert after[verdict] is before[verdict]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"items": [[2, 2]] * 16}, "must be a list of 17 pairs"),
        ({"items": [2] * 17}, "item 1 is not a pair"),
        ({"items": [[2, 2]] * 16 + [[2]]}, "item 17 is not a pair"),
        ({"items": [[5, 2]] * 17}, "5 is not an answer"),
        ({"items": [["2", 2]] * 17}, "'2' in items is not a number"),
        ({"items": [[2, 2]] * 2 + [[0, 3]] * 15}, "item 3 has an intensity without"),
        ({"items": [[None, 0]] * 17}, "item 1 has an intensity without"),
        ({"impairment": 2}, "impairment must be true, false or null"),
        ({"duration": 7}, "7 is not an answer"),
        ({"F": True}, "unknown key F"),
    ],
)
def test_a_malformed_case_is_refused_with_its_id(
    change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(CaseError, match=f"Case 1.*{sentence}"):
        score_case(CAPS4, {**CAPS4_CASES[0], **change})


def test_a_case_with_nothing_known_is_undetermined_throughout() -> None:
    result = score_case(CAPS4, {"id": "empty"})
    assert result["total"] is None
    assert {result[key] for key in ("F1I2", "F1I2_SEV45", "F1I2_SEV65", "TSEV65")} == {
        None
    }


def test_a_case_without_impairment_does_not_follow_the_rule() -> None:
    result = score_case(CAPS4, {**CAPS4_CASES[0], "impairment": False})
    assert (result["F1I2"], result["TSEV65"]) == (False, True)
