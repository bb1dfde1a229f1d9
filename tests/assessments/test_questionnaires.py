"""The questionnaires' scoring rules, each by hand."""

import pytest

from assessments.answers import alert_of, calls_for_action
from assessments.instruments import REGISTRY, instrument
from assessments.instruments.alcohol import AUDIT, DUDIT
from assessments.instruments.base import Instrument, Scores
from assessments.instruments.bdi2 import BDI2
from assessments.instruments.cases import score_case
from assessments.instruments.closed import GAF, IESR, PDS
from assessments.instruments.cssrs_baseline import CSSRS_BASELINE
from assessments.instruments.cssrs_slc import COMPLETED, Urgency
from assessments.instruments.des2 import DES2
from assessments.instruments.eq5d5l import EQ5D5L
from assessments.instruments.itq import ITQ
from assessments.instruments.lec5 import LEC5
from assessments.instruments.meq30 import MEQ30
from assessments.instruments.own import (
    ADHERENCE,
    EXPECTANCY,
    SUBJECTIVE_EFFECTS,
    TREATMENT_GUESS,
)
from assessments.instruments.psqi import PSQI
from assessments.instruments.ptgi import PTGI
from assessments.instruments.sds import SDS


def scored(each: Instrument, value: int | None, **others: int | None) -> Scores:
    """The scores of a form answered alike throughout, but for the items named."""
    answers = dict.fromkeys((item.code for item in each.items), value)
    return each.score({**answers, **others})


def test_bdi2_counts_both_answers_of_a_grade_alike() -> None:
    assert scored(BDI2, 1)["total"] == 21
    assert scored(BDI2, 1, bdi16=2, bdi18=5)["total"] == 19 + 1 + 3
    assert scored(BDI2, 3, bdi16=6, bdi18=6)["total"] == 63
    assert scored(BDI2, 1, bdi01=None)["total"] is None


@pytest.mark.parametrize(
    ("answer", "urgency"),
    [(0, Urgency.NONE), (1, Urgency.SAME_DAY_REVIEW), (2, Urgency.IMMEDIATE)],
)
def test_bdi2_alerts_by_its_ninth_item_whatever_the_total(
    answer: int, urgency: Urgency
) -> None:
    assert alert_of(BDI2, {"bdi09": answer, "bdi01": 1}) is urgency
    assert calls_for_action(BDI2, {"bdi09": answer}) is (answer == 2)


def test_des2_is_the_mean_of_at_least_twenty_five_answers() -> None:
    assert scored(DES2, 30)["mean"] == 30
    three = dict.fromkeys(("des01", "des02", "des03"))
    assert scored(DES2, 30, **three)["mean"] == 30
    assert scored(DES2, 30, **three, des04=None)["mean"] is None
    assert scored(DES2, 30, **three)["amnesia"] is None


def test_des2_screens_positive_from_a_mean_of_thirty() -> None:
    assert scored(DES2, 30)["screens_positive"] is True
    assert scored(DES2, 30, des01=20)["screens_positive"] is False
    four = dict.fromkeys(("des01", "des02", "des03", "des04"))
    assert scored(DES2, 100, **four)["screens_positive"] is None


def test_audit_and_dudit_are_sums_whose_last_two_items_count_nought_two_or_four() -> (
    None
):
    assert scored(AUDIT, 4)["total"] == 40
    assert scored(DUDIT, 4)["total"] == 44
    with pytest.raises(ValueError, match="1 is not an answer"):
        AUDIT.score({"audit09": 1})
    assert scored(DUDIT, 0, dudit11=None)["total"] is None


def test_ptgi_has_its_parts_of_seven_five_four_two_and_three_items() -> None:
    assert scored(PTGI, 5) == {
        "total": 105,
        "relating": 35,
        "possibilities": 25,
        "strength": 20,
        "spiritual": 10,
        "appreciation": 15,
    }


def itq(**endorsed: int | None) -> Scores:
    return scored(ITQ, 0, **endorsed)


PTSD = {"itq01": 2, "itq04": 3, "itq05": 2, "itq08": 2}
SELF = {"itq10": 2, "itq13": 2, "itq14": 4, "itq18": 2}


def test_itq_gives_one_diagnosis_and_the_complex_one_where_both_are_met() -> None:
    assert (itq(**PTSD)["ptsd"], itq(**PTSD)["cptsd"]) == (True, False)
    both = itq(**PTSD, **SELF)
    assert (both["ptsd"], both["cptsd"]) == (False, True)
    assert (itq(**SELF)["ptsd"], itq(**SELF)["cptsd"]) == (False, False)


def test_itq_needs_every_cluster_and_the_impairment() -> None:
    for code in PTSD:
        assert itq(**{**PTSD, code: 1})["ptsd"] is False


def test_itq_leaves_open_what_a_missing_answer_could_decide() -> None:
    unknown = itq(**{**PTSD, "itq01": None})
    assert (unknown["ptsd"], unknown["cptsd"]) == (None, False)
    settled = itq(**PTSD, itq02=None)
    assert settled["ptsd"] is True
    either = itq(**PTSD, **{**SELF, "itq18": None})
    assert (either["ptsd"], either["cptsd"]) == (None, None)


def test_eq5d5l_is_a_profile_of_five_digits() -> None:
    answers = {"eq5d01": 2, "eq5d02": 1, "eq5d03": 3, "eq5d04": 5, "eq5d05": 4}
    assert EQ5D5L.score({**answers, "eq5d06": 70}) == {"profile": 21354, "vas": 70}
    assert EQ5D5L.score(answers | {"eq5d03": None})["profile"] is None


def test_meq30_is_complete_with_sixty_per_cent_on_each_part() -> None:
    assert scored(MEQ30, 3)["complete"] is True
    assert scored(MEQ30, 3, meq03=2)["complete"] is False
    assert scored(MEQ30, 3, meq03=None)["complete"] is None
    assert scored(MEQ30, 5, meq01=None)["complete"] is True
    assert scored(MEQ30, 5)["mystical"] == 1
    assert scored(MEQ30, 5, meq01=None)["transcendence"] is None


def test_the_closed_instruments_are_sums_of_numbered_fields() -> None:
    assert scored(PDS, 3)["total"] == 51
    assert scored(IESR, 4) == {
        "total": 88,
        "intrusion": 32,
        "avoidance": 32,
        "hyperarousal": 24,
    }
    assert GAF.score({"gaf01": 61}) == {"gaf": 61}
    assert GAF.score({"gaf01": 0}) == {"gaf": None}
    assert not any(item.label.count(" ") > 1 for item in (*PDS.items, *IESR.items))


SLEEP = {
    **dict.fromkeys((item.code for item in PSQI.items), 0),
    "psqi01h": 23,
    "psqi01m": 30,
    "psqi03h": 7,
    "psqi04h": 7,
    "psqi04m": 30,
}


@pytest.mark.parametrize(
    ("changed", "score", "value"),
    [
        ({}, "total", 0),
        ({"psqi02": 15}, "latency", 0),
        ({"psqi02": 16}, "latency", 1),
        ({"psqi02": 61, "psqi05a": 3}, "latency", 3),
        ({"psqi04h": 7, "psqi04m": 0}, "duration", 1),
        ({"psqi04h": 7, "psqi04m": 1}, "duration", 0),
        ({"psqi04h": 6, "psqi04m": 0}, "duration", 1),
        ({"psqi04h": 5, "psqi04m": 59}, "duration", 2),
        ({"psqi04h": 4, "psqi04m": 59}, "duration", 3),
        ({"psqi04h": 6, "psqi04m": 0}, "efficiency", 1),
        ({"psqi04h": 5, "psqi04m": 0}, "efficiency", 2),
        ({"psqi04h": 4, "psqi04m": 0}, "efficiency", 3),
        ({"psqi05b": 3, "psqi05c": 3, "psqi05d": 3}, "disturbance", 1),
        ({"psqi05b": 3, "psqi05c": 3, "psqi05d": 3, "psqi05e": 1}, "disturbance", 2),
        ({"psqi05j": None}, "disturbance", 0),
        ({"psqi08": 3, "psqi09": 2}, "dysfunction", 3),
        ({"psqi03h": 23, "psqi03m": 30}, "efficiency", None),
        ({"psqi03h": 3}, "efficiency", None),
        ({"psqi06": None}, "total", None),
    ],
)
def test_psqi_grades_each_component(
    changed: dict[str, int | None], score: str, value: int | None
) -> None:
    assert PSQI.score({**SLEEP, **changed})[score] == value


def test_a_lifetime_of_suicidality_is_graded_and_calls_for_nothing_today() -> None:
    answers = {"cssrs01": 1, "cssrs02": 1, "cssrs03": 1, "cssrs04": 1, "cssrs05": 0}
    behavior = dict.fromkeys(("cssrs14", "cssrs15", "cssrs17", "cssrs19"), 0)
    scores = CSSRS_BASELINE.score({**answers, **behavior, "cssrs12": 1})
    assert scores["most_severe_ideation"] == 4
    assert scores["any_behavior"] is True
    assert alert_of(CSSRS_BASELINE, {**answers, "cssrs12": 1}) is Urgency.NONE
    assert COMPLETED not in {item.code for item in CSSRS_BASELINE.items}
    terms = {item.cdisc[0] for item in CSSRS_BASELINE.items if item.cdisc}
    assert {"CSS0101", "CSS0112", "CSS0122B"} <= terms


def test_lec5_asks_six_things_of_seventeen_events_and_has_no_score() -> None:
    assert len(LEC5.items) == 17 * 6
    assert LEC5.missing({}) == ()
    assert LEC5.score({"lec01a": 1}) == {}


@pytest.mark.parametrize(
    ("items", "others", "total", "mean", "significant"),
    [
        ([4, 4, 4], {}, 12, 4, False),
        ([0, 0, 5], {}, 5, pytest.approx(5 / 3), True),
        ([10, 10, 10], {"days": [7, 7]}, 30, 10, True),
        ([None, 4, 4], {}, None, 4, None),
        ([None, 4, 6], {}, None, 5, True),
        ([None, 4, 4], {"no_work": True}, None, 4, False),
        ([None, None, 4], {"no_work": True}, None, None, None),
    ],
)
def test_sds_is_a_sum_and_five_on_any_item_is_significant(
    items: list[int | None],
    others: dict[str, object],
    total: int | None,
    mean: float | None,
    significant: bool | None,
) -> None:
    found = score_case(SDS, {"id": 1, "items": items, **others})
    assert (found["total"], found["mean"]) == (total, mean)
    assert found["significant"] is significant


def test_sds_asks_for_days_that_enter_no_score() -> None:
    assert [item.code for item in SDS.items if not item.is_counted] == [
        "sds01a",
        "sds04",
        "sds05",
    ]
    totals = [scored(SDS, 3, sds01a=0, sds04=days)["total"] for days in (0, 7)]
    assert totals == [9, 9]


def test_a_guess_is_sure_at_either_end() -> None:
    sure = [TREATMENT_GUESS.score({"guess01": value})["is_sure"] for value in range(5)]
    assert sure == [True, False, False, False, True]


def test_pleasant_effects_have_a_mean_of_their_own() -> None:
    pleasant = {f"effect{number:02}": 80 for number in range(1, 8)}
    scores = scored(SUBJECTIVE_EFFECTS, 10, **pleasant)
    assert (scores["pleasant"], scores["unpleasant"]) == (80, 10)
    assert scored(SUBJECTIVE_EFFECTS, 10, effect01=None)["mean"] is None


def test_expectancy_and_adherence() -> None:
    assert scored(EXPECTANCY, 5, expect03=1)["difference"] == 4
    assert scored(EXPECTANCY, 5, expect02=8)["benefit"] == 6.5
    adherence = scored(ADHERENCE, 3, adhere07=1)
    assert adherence == {"mean": 3, "departure": True}


@pytest.mark.parametrize("key", list(REGISTRY), ids=lambda key: key[0])
def test_every_instrument_is_scored_from_a_case_by_its_name(
    key: tuple[str, str],
) -> None:
    each = instrument(*key)
    result = score_case(each, {"id": 7, "instrument": each.short_title})
    assert result["id"] == 7
    empty = {code for code, value in result.items() if value not in (None, [], False)}
    assert empty <= {"id", "missing", "observed", "counts", "clusters", "criteria"} | {
        "prorated",
        "urgency",
    }
