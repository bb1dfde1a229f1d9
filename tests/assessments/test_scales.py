"""PCL-5, the adapted SDS and C-SSRS since last contact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.instruments.cases import score_case
from assessments.instruments.cssrs_slc import (
    BEHAVIOR,
    CSSRS_SLC,
    IDEATION,
    SELF_INJURY,
    URGENCY_WORDS,
    Urgency,
    urgency,
)
from assessments.instruments.pcl5 import CODES, PCL5
from assessments.instruments.sds_adapted import SDS_ADAPTED


def test_pcl5_totals_and_provisional_diagnosis() -> None:
    result = score_case(PCL5, {"id": 1, "items": [2] * 20})
    assert result["total"] == 40
    assert result["clusters"] == {"B": 10, "C": 4, "D": 14, "E": 12}
    assert result["counts"] == {"B": 5, "C": 2, "D": 7, "E": 6}
    assert result["diagnosis"] is True
    below = score_case(PCL5, {"id": 2, "items": [1] * 20})
    assert below["diagnosis"] is False


def test_pcl5_with_missing_items_has_no_total() -> None:
    result = score_case(PCL5, {"id": 1, "items": [None, None, *[2] * 18]})
    assert result["total"] is None
    assert result["prorated"] == 40
    assert result["diagnosis"] is True
    assert result["missing"] == [1, 2]
    three = score_case(PCL5, {"id": 1, "items": [None, None, None, *[2] * 17]})
    assert three["prorated"] is None


@given(st.lists(st.none() | st.integers(0, 4), min_size=20, max_size=20))
def test_pcl5_missing_answers_decide_nothing_they_could_not(
    values: list[int | None],
) -> None:
    low = [0 if value is None else value for value in values]
    high = [4 if value is None else value for value in values]
    found = [
        PCL5.score(dict(zip(CODES, each, strict=True)))["provisional_diagnosis"]
        for each in (values, low, high)
    ]
    assert found[0] is (found[1] if found[1] == found[2] else None)


@pytest.mark.parametrize(
    ("items", "mean", "total", "observed"),
    [
        ([8, 6, None], 7.0, None, 14),
        ([None, 8, 6], 7.0, None, 14),
        ([9, 6, 3], 6.0, 18, 18),
        ([None, None, 6], None, None, 6),
        ([0, 0, 0], 0.0, 0, 0),
    ],
)
def test_the_adapted_sds_is_the_mean_of_at_least_two_answers(
    items: list[int | None], mean: float | None, total: int | None, observed: int
) -> None:
    result = score_case(SDS_ADAPTED, {"id": 1, "items": items})
    assert (result["mean"], result["total"], result["observed"]) == (
        mean,
        total,
        observed,
    )


def test_only_work_may_not_apply() -> None:
    assert [item.code for item in SDS_ADAPTED.items if item.may_not_apply] == ["sds01"]


def cssrs(*ideation: int | None, **others: int) -> dict[str, int | None]:
    """Ideation types 1 to 5 in order; no behavior unless said."""
    return {
        **dict(zip(IDEATION, ideation, strict=True)),
        **dict.fromkeys((*BEHAVIOR, SELF_INJURY), 0),
        **others,
    }


@pytest.mark.parametrize(
    ("ideation", "most_severe", "serious", "level"),
    [
        ((0, 0, 0, 0, 0), 0, False, Urgency.NONE),
        ((0, 0, None, None, None), 0, False, Urgency.NONE),
        ((1, 0, None, None, None), 1, False, Urgency.NOTE),
        ((1, 1, 0, 0, 0), 2, False, Urgency.NOTE),
        ((1, 1, 1, 0, 0), 3, False, Urgency.SAME_DAY_REVIEW),
        ((1, 1, 1, 1, 0), 4, True, Urgency.IMMEDIATE),
        ((0, 1, 0, 0, 1), 5, True, Urgency.IMMEDIATE),
        ((None, None, None, None, None), None, None, Urgency.NONE),
        ((1, 1, 1, None, 0), None, None, Urgency.SAME_DAY_REVIEW),
        ((1, 1, 1, 1, None), None, True, Urgency.IMMEDIATE),
    ],
)
def test_ideation_gives_the_most_severe_type_and_how_urgent_it_is(
    ideation: tuple[int | None, ...],
    most_severe: int | None,
    serious: bool | None,
    level: Urgency,
) -> None:
    scores = CSSRS_SLC.score(cssrs(*ideation))
    assert scores["most_severe_ideation"] == most_severe
    assert scores["serious_ideation"] is serious
    assert scores["urgency"] == level


@pytest.mark.parametrize("code", BEHAVIOR)
def test_any_suicidal_behavior_is_immediate(code: str) -> None:
    responses = cssrs(0, 0, None, None, None, **{code: 1})
    assert urgency(responses) is Urgency.IMMEDIATE
    assert CSSRS_SLC.score(responses)["any_behavior"] is True


def test_self_injury_alone_is_noted_and_is_no_suicidal_behavior() -> None:
    responses = cssrs(0, 0, None, None, None, **{SELF_INJURY: 1})
    assert urgency(responses) is Urgency.NOTE
    assert CSSRS_SLC.score(responses)["any_behavior"] is False
    assert CSSRS_SLC.score(responses)["self_injury"] is True


def test_later_ideation_items_are_missing_only_after_a_yes_to_the_second() -> None:
    skipped = cssrs(1, 0, None, None, None)
    asked = cssrs(1, 1, None, None, None)
    assert CSSRS_SLC.missing(skipped) == ()
    assert CSSRS_SLC.missing(asked) == IDEATION[2:]


def test_intensity_is_the_sum_of_five_ratings_or_unknown() -> None:
    ratings = dict(
        zip(
            ("cssrs07", "cssrs08", "cssrs09", "cssrs10", "cssrs11"),
            range(1, 6),
            strict=True,
        )
    )
    assert CSSRS_SLC.score(cssrs(1, 1, 0, 0, 0, **ratings))["intensity"] == 15
    assert CSSRS_SLC.score(cssrs(1, 1, 0, 0, 0))["intensity"] is None


cssrs_answers = st.fixed_dictionaries(
    dict.fromkeys((*IDEATION, *BEHAVIOR, SELF_INJURY), st.sampled_from([None, 0, 1]))
)


@given(cssrs_answers, st.sampled_from((*IDEATION, *BEHAVIOR, SELF_INJURY)))
def test_an_answer_withheld_never_raises_and_a_yes_never_lowers_the_urgency(
    responses: dict[str, int | None], code: str
) -> None:
    assert urgency({**responses, code: None}) <= urgency({**responses, code: 1})
    assert urgency({**responses, code: 0}) <= urgency({**responses, code: 1})


def test_every_urgency_has_words() -> None:
    assert set(URGENCY_WORDS) == set(Urgency)


def test_a_cssrs_case_is_scored_from_its_parts() -> None:
    result = score_case(
        CSSRS_SLC,
        {
            "id": "x",
            "items": [1, 1, 1, 0, 0],
            "behavior": [0, 0, 0, 0, 0],
            "self_injury": False,
        },
    )
    assert result["most_severe_ideation"] == 3
    assert result["any_behavior"] is False
    assert result["missing"] == []
