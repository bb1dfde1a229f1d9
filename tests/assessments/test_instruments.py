"""Released editions, their scales, and what the protocol language is told of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.instruments import REGISTRY, facts_for_protocol, instrument
from assessments.instruments.base import (
    MISSING_REASON_WORDS,
    Instrument,
    MissingReason,
    UnknownCodeError,
    fingerprint,
)

RELEASED = {
    (
        "caps5",
        "2015",
    ): "ed57fa4e4cde7473ef1b433be85b4c72f780c37185986773cf2eb37811dbc2f9",
    (
        "caps4",
        "1998",
    ): "379420ebd350e2140399fc3ac9ed6db834bb59d22f620ea22d9ab9c82ddc6f48",
    (
        "sds_adapted",
        "1",
    ): "08b28d0121bffd54c91fb77287f79f3cbce23e8dfe78ed2154683bd706619b27",
    ("sds", "1"): "00590141819219ee025ecd287296b746d7277132a26271b476d8bba2b1c257bf",
    (
        "pcl5",
        "2013",
    ): "99f9e03dd87670a165b38e7250303f2330e7506233cf3c1e182519faad1ea94f",
    (
        "cssrs_slc",
        "2009",
    ): "002d80262e8bb36e5cd3c88067be0041306217c199b694af3cc8696c8d1fe9f1",
    (
        "cssrs_baseline",
        "2009",
    ): "3329a76961912cdedd046f67646487370770bac5682e3693e2dd7d895946f676",
    (
        "lec5",
        "2013",
    ): "12ccbbbd3980e33ef79363f4895e763329574163cb1cb6d40f8f9854bed71859",
    (
        "bdi2",
        "1996",
    ): "ef9cbe32470d14cb88e7a35ba1c4fc09834e2d8bafaadd97199a7ebe74f0f026",
    (
        "des2",
        "1993",
    ): "2d27d1ebf721805df1b3e12234181a48c931608331a94e3922e9085c69844dbf",
    (
        "psqi",
        "1989",
    ): "1a3f345bd47e46d49f4563ccb7dcc77fb350e374d60625ec3527faa537eb91f8",
    (
        "audit",
        "2001",
    ): "aefcdcc46670ba7579001da3f4bb263a8b1ada2e96c3a499eef7931ec678f53f",
    (
        "dudit",
        "2003",
    ): "2936a53884eccae6855c45d750ba7176f9b2c516b4bb06de1f69fffea6aca55e",
    (
        "ptgi",
        "1996",
    ): "ef063ccd4e98dea33541e92518e8335da07da9f834c9dba0f42c976cb8902ba7",
    ("itq", "2018"): "f92b63bad5c8df9d5d02487b663875f2b4f2efc98fcce6e0c5a9f27cf24d5888",
    (
        "eq5d5l",
        "2009",
    ): "da926c16029b0d0170c88711282175b21cd5d4e2eb9f33f31948d31548995691",
    (
        "meq30",
        "2015",
    ): "50d69ba2c13ac244811925309bbb13d37285258e9885205aafb7f99df4228bd5",
    ("gaf", "2000"): "0d4a334cc101b28509cdce85a576e57c47c79deedff276010aeaeebe24353b08",
    ("pds", "1997"): "bc79ab8671ce47890f2e0560c9caaa2b5211c2710741cb140edc80351a9764e3",
    (
        "iesr",
        "1997",
    ): "44293af4236a95cc8f8897ba94148505dc39b45938b31988a1d87682f7f32d25",
    (
        "treatment_guess",
        "1",
    ): "ee868e9b97ffb9d645f51f03b499eee83a2e13351bcf564b0cf3dc9a82ee876c",
    (
        "subjective_effects",
        "1",
    ): "82eb580369b84e347e25fd5f44232750fd0432dac113c5d05fc579f73acfbf13",
    (
        "distress_units",
        "1",
    ): "e6c31f784e73758e4499d894dec006fddf68d1f543b01fb0d5de25e34396fe23",
    (
        "expectancy",
        "1",
    ): "bb240036bbb41177159c770d9420c9ef25e75961c32e0f6cbd4d507ba9692a6f",
    (
        "alliance",
        "1",
    ): "2d137fc05d1d336177e2316ee3c92212834de608ae5eb1a92c84aea96d288335",
    (
        "adherence",
        "1",
    ): "27e5063ddf01081fac7b6da90a142e9ffa6ca2f4b8753425b1c0ba1eb6b17db9",
}
EDITIONS = [pytest.param(each, id=each.code) for each in REGISTRY.values()]


def some_responses(each: Instrument) -> st.SearchStrategy[dict[str, int | None]]:
    """Answers on the scale, any of them missing."""
    return st.fixed_dictionaries(
        {
            item.code: st.none()
            | (
                st.sampled_from([option.value for option in item.scale.options])
                if item.scale.options
                else st.integers(item.scale.least, item.scale.most)
            )
            for item in each.items
        }
    )


def test_a_released_edition_is_never_edited() -> None:
    found = {key: fingerprint(each) for key, each in REGISTRY.items()}
    assert found == RELEASED


def test_an_unknown_edition_is_refused_by_name() -> None:
    with pytest.raises(UnknownCodeError, match=r"no instrument caps5 1999"):
        instrument("caps5", "1999")


@pytest.mark.parametrize("each", EDITIONS)
def test_codes_are_unique_and_lower_case(each: Instrument) -> None:
    codes = [item.code for item in each.items] + [score.code for score in each.scores]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() for code in codes)


@pytest.mark.parametrize("each", EDITIONS)
def test_export_terms_are_unique_and_fit_their_columns(each: Instrument) -> None:
    given_to = [part.cdisc for part in each.items]
    given_to += [part.cdisc for part in each.scores]
    terms = [term for term in given_to if term]
    assert len({testcd for testcd, _ in terms}) == len(terms)
    assert all(len(code) <= 8 and code[0].isalpha() for code, _ in terms)
    assert all(len(test) <= 40 and test.isascii() for _, test in terms)
    assert all(item.cdisc for item in each.items)


def test_the_form_of_another_edition_is_not_claimed_for_caps5() -> None:
    terms = [part.cdisc for part in REGISTRY["caps5", "2015"].items if part.cdisc]
    assert not [code for code, _ in terms if code.startswith("CAP01")]


@pytest.mark.parametrize("each", EDITIONS)
def test_scores_come_in_the_order_and_by_the_names_declared(each: Instrument) -> None:
    assert list(each.score({})) == [score.code for score in each.scores]


@pytest.mark.parametrize("each", EDITIONS)
def test_required_items_without_a_number_are_missing(each: Instrument) -> None:
    asked = [item.code for item in each.items if item.required and not item.asked_when]
    assert list(each.missing({})) == asked
    answered = {
        item.code: item.scale.options[0].value if item.scale.options else 1
        for item in each.items
    }
    assert each.missing(answered) == ()


@pytest.mark.parametrize("each", EDITIONS)
def test_an_answer_off_the_scale_is_refused_in_words(each: Instrument) -> None:
    first = each.items[0]
    with pytest.raises(ValueError, match=f"{first.label}: 999 is not an answer"):
        each.score({first.code: 999})
    assert each.problems({"nothing": 1}) == (
        f"{each.short_title} has no item nothing.",
    )


def test_a_truth_value_is_not_a_number_on_a_scale() -> None:
    scale = REGISTRY["caps5", "2015"].item("caps01").scale
    assert scale.allows(1)
    assert not scale.allows(True)


@pytest.mark.parametrize("each", EDITIONS)
@given(data=st.data())
def test_every_score_stays_in_its_declared_range(
    each: Instrument, data: st.DataObject
) -> None:
    scores = each.score(data.draw(some_responses(each)))
    for score in each.scores:
        value = scores[score.code]
        if score.kind == "yes_no":
            assert value is None or isinstance(value, bool)
        else:
            assert value is None or score.least <= value <= score.most
            assert not isinstance(value, bool)


def test_the_protocol_is_told_versions_recall_and_score_ranges() -> None:
    facts = facts_for_protocol()
    assert set(facts) == {code for code, _ in REGISTRY}
    assert facts["caps5"].versions == ("2015",)
    assert "past month" in facts["caps5"].recall
    total = facts["caps5"].scores["total"]
    assert (total.kind, total.least, total.most) == ("number", 0, 80)
    assert facts["caps5"].scores["diagnosis"].kind == "yes_no"
    assert facts["caps4"].versions == ("1998",)
    assert facts["caps4"].scores["total"].most == 136


def test_the_export_category_follows_the_recall_period() -> None:
    caps5 = REGISTRY["caps5", "2015"]
    assert caps5.category_for("past week") == "CAPS-5 PAST WEEK"
    assert REGISTRY["pcl5", "2013"].category_for("past month") == "PCL-5"


def test_every_missing_reason_has_words() -> None:
    assert set(MISSING_REASON_WORDS) == set(MissingReason)


def test_a_scale_says_its_answers_in_words() -> None:
    caps5, sds = REGISTRY["caps5", "2015"], REGISTRY["sds_adapted", "1"]
    assert caps5.item("caps01").scale.label(2) == "Moderate / threshold"
    assert caps5.item("caps21").scale.label(7) == "7 months"
    assert sds.item("sds01").scale.in_words() == "a whole number from 0 to 10"
    with pytest.raises(UnknownCodeError):
        sds.item("sds09")
