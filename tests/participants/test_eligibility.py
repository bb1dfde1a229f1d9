"""Eligibility in three values: verdicts, missing facts, and what stands in the way."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.eligibility import (
    Evidence,
    FactValue,
    Verdict,
    evaluate,
    evaluate_criterion,
    truth_of,
)
from tests.sessions.definitions import MAPP2
from trials.protocol import (
    AllOf,
    AnyOf,
    Condition,
    FactTest,
    FactType,
    Not,
    Operator,
    Span,
)
from trials.protocol.vocabulary import OPERATORS_OF

TODAY = date(2026, 3, 2)
CRITERIA = {criterion.code: criterion for criterion in MAPP2.criteria}


def verdict(code: str, **facts: FactValue) -> Verdict:
    return result_of(code, **facts)[0]


def result_of(code: str, **facts: FactValue) -> tuple[Verdict, tuple[str, ...]]:
    evidence = Evidence(facts=facts, on=TODAY)
    result = evaluate_criterion(CRITERIA[code], MAPP2, evidence)
    return result.verdict, result.missing


NO_HEART_TROUBLE = {
    "uncontrolled_hypertension": False,
    "arrhythmia_history": False,
    "other_cardiovascular_disease": False,
}


@pytest.mark.parametrize(
    ("sex", "qtc", "expected"),
    [
        ("male", 450, Verdict.MET),
        ("male", 451, Verdict.NOT_MET),
        ("female", 451, Verdict.MET),
        ("female", 460, Verdict.MET),
        ("female", 461, Verdict.NOT_MET),
        ("intersex", Decimal("460.5"), Verdict.NOT_MET),
        (None, 440, Verdict.MET),
        (None, 455, Verdict.UNKNOWN),
        ("male", None, Verdict.UNKNOWN),
        (None, None, Verdict.UNKNOWN),
    ],
)
def test_qtc_limits_differ_by_sex_and_sex_may_not_matter(
    sex: str | None, qtc: int | Decimal | None, expected: Verdict
) -> None:
    facts: dict[str, FactValue] = dict(NO_HEART_TROUBLE)
    if sex is not None:
        facts["sex_at_birth"] = sex
    if qtc is not None:
        facts["qtc_ms"] = qtc
    assert verdict("e5", **facts) is expected


def test_a_verdict_may_be_known_although_a_fact_is_missing() -> None:
    found, missing = result_of("e5", qtc_ms=440, **NO_HEART_TROUBLE)
    assert found is Verdict.MET
    assert missing == ("sex_at_birth",)


def test_one_true_exclusion_settles_it_without_the_other_facts() -> None:
    assert verdict("e5", arrhythmia_history=True) is Verdict.NOT_MET
    assert verdict("e3", alcohol_use_disorder="severe") is Verdict.NOT_MET


def test_mild_use_disorder_is_allowed() -> None:
    facts = {"cannabis_use_disorder": "moderate_in_early_remission"}
    found = verdict(
        "e3", alcohol_use_disorder="mild", other_substance_use_disorder=False, **facts
    )
    assert found is Verdict.MET


def test_a_condition_that_does_not_apply_asks_for_nothing() -> None:
    assert result_of("i7", childbearing_potential=False) == (Verdict.MET, ())


def test_a_condition_that_may_apply_is_unknown_unless_the_rule_settles_it() -> None:
    assert verdict("i7", pregnancy_negative=False) is Verdict.UNKNOWN
    assert verdict("i7", pregnancy_negative=True, contraception=True) is Verdict.MET
    applies = {"childbearing_potential": True}
    assert verdict("i7", pregnancy_negative=False, **applies) is Verdict.NOT_MET


def test_the_caps_rule_needs_the_score_and_the_diagnosis() -> None:
    known = {"caps5_baseline_diagnosis": True}
    assert verdict("i10", caps5_baseline=28, **known) is Verdict.MET
    assert verdict("i10", caps5_baseline=27, **known) is Verdict.NOT_MET
    assert verdict("i10", caps5_baseline=27) is Verdict.NOT_MET
    assert verdict("i10", caps5_baseline=40) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("ever", "last_on", "expected"),
    [
        (False, None, Verdict.MET),
        (None, None, Verdict.UNKNOWN),
        (True, None, Verdict.UNKNOWN),
        (True, TODAY - timedelta(weeks=12), Verdict.NOT_MET),
        (True, TODAY - timedelta(weeks=12, days=1), Verdict.MET),
    ],
)
def test_never_is_an_answer_and_an_absent_date_is_not(
    *, ever: bool | None, last_on: date | None, expected: Verdict
) -> None:
    facts: dict[str, FactValue] = {"needs_prohibited_medication": False}
    if ever is not None:
        facts["ketamine_or_ect_ever"] = ever
    if last_on is not None:
        facts["ketamine_or_ect_on"] = last_on
    assert verdict("e8", **facts) is expected


def all_good() -> dict[str, FactValue]:
    """Facts with which every criterion of MAPP2 is met."""
    facts: dict[str, FactValue] = {}
    bad = {"prior_use_over_limit", "compensation_litigation", "risk_to_others"}
    for criterion in MAPP2.criteria:
        if criterion.code.startswith("e"):
            bad |= set(_yes_no_facts_of(criterion.rule))
    for fact in MAPP2.facts:
        if fact.type in {FactType.YES_NO, FactType.DIAGNOSIS}:
            facts[fact.code] = fact.code not in bad
    facts |= {
        "age": 35,
        "symptom_months": 60,
        "caps5_baseline": 44,
        "alcohol_use_disorder": "none",
        "cannabis_use_disorder": "none",
        "sex_at_birth": "female",
        "qtc_ms": 410,
        "weight_kg": Decimal("61.5"),
        "ketamine_or_ect_on": date(2020, 1, 1),
    }
    return facts


def _yes_no_facts_of(condition: Condition) -> list[str]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return [code for part in parts for code in _yes_no_facts_of(part)]
        case FactTest(fact=fact, value=bool()):
            return [fact]
        case _:
            return []


@pytest.mark.parametrize("milestone", ["screening", "enrollment", "confirmation"])
def test_a_milestone_passes_with_every_fact_good(milestone: str) -> None:
    result = evaluate(MAPP2, milestone, Evidence(facts=all_good(), on=TODAY))
    assert result.in_the_way == ()
    assert result.may_be_confirmed


@pytest.mark.parametrize("milestone", ["screening", "enrollment", "confirmation"])
def test_nothing_known_passes_nothing(milestone: str) -> None:
    result = evaluate(MAPP2, milestone, Evidence(on=TODAY))
    assert not result.passes
    assert {x.verdict for x in result.in_the_way} == {Verdict.UNKNOWN}


def test_what_is_not_met_stands_before_what_is_unknown() -> None:
    facts = all_good() | {"caps5_baseline": 20}
    del facts["washout_complete"]
    result = evaluate(MAPP2, "confirmation", Evidence(facts=facts, on=TODAY))
    found = [(x.criterion.code, x.verdict) for x in result.in_the_way]
    assert found == [("i10", Verdict.NOT_MET), ("i11", Verdict.UNKNOWN)]
    assert result.missing_facts == ("washout_complete",)


def test_confirmation_needs_the_missing_facts_too() -> None:
    facts = all_good()
    del facts["sex_at_birth"]
    evidence = Evidence(facts=facts, on=TODAY)
    result = evaluate(MAPP2, "screening", evidence)
    assert result.passes
    assert not result.may_be_confirmed
    assert result.missing_facts == ("sex_at_birth",)


def test_a_milestone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError):
        evaluate(MAPP2, "discharge", Evidence(on=TODAY))


def test_a_result_keeps_the_values_that_it_used() -> None:
    evidence = Evidence(facts={"age": 17, "weight_kg": 80}, on=TODAY)
    result = evaluate_criterion(CRITERIA["i1"], MAPP2, evidence)
    assert result.verdict is Verdict.NOT_MET
    assert dict(result.used) == {"age": 17}


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(TypeError):
        verdict("i1", age="35")
    with pytest.raises(TypeError):
        verdict("e8", ketamine_or_ect_ever=True, ketamine_or_ect_on="2020")


def _values_for(kind: FactType) -> st.SearchStrategy[FactValue]:
    numbers = st.integers(0, 6)
    strategies: dict[FactType, st.SearchStrategy[FactValue]] = {
        FactType.YES_NO: st.booleans(),
        FactType.WHOLE: numbers,
        FactType.CHOICE: st.sampled_from(["a", "b", "c"]),
        FactType.DATE: st.dates(date(2025, 12, 1), date(2026, 3, 31)),
    }
    return strategies[kind]


KINDS = {
    "yes": FactType.YES_NO,
    "other": FactType.YES_NO,
    "count": FactType.WHOLE,
    "kind": FactType.CHOICE,
    "day": FactType.DATE,
}


@st.composite
def fact_tests(draw: st.DrawFn) -> Condition:
    code = draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[code]
    operator = draw(st.sampled_from(OPERATORS_OF[kind]))
    if kind is FactType.DATE:
        return FactTest(code, operator, Span(days=draw(st.integers(0, 60))))
    if operator in {Operator.ONE_OF, Operator.NONE_OF}:
        options = draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1))
        return FactTest(code, operator, tuple(options))
    value = draw(_values_for(kind))
    assert not isinstance(value, date | float)
    return FactTest(code, operator, value)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    fact_tests(),
    lambda inner: st.one_of(
        st.builds(lambda x: AllOf(tuple(x)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda x: AnyOf(tuple(x)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)
FACTS = st.fixed_dictionaries({code: _values_for(kind) for code, kind in KINDS.items()})


@given(condition=CONDITIONS, facts=FACTS, known=st.sets(st.sampled_from(sorted(KINDS))))
def test_learning_more_never_reverses_a_known_verdict(
    condition: Condition, facts: dict[str, FactValue], known: set[str]
) -> None:
    few = {code: value for code, value in facts.items() if code in known}
    before = truth_of(condition, MAPP2, Evidence(facts=few, on=TODAY))
    after = truth_of(condition, MAPP2, Evidence(facts=facts, on=TODAY))
    assert after is not None
    assert before is None or before is after


@given(st.data())
def test_learning_more_never_reverses_a_verdict_of_mapp2(data: st.DataObject) -> None:
    facts = all_good() | {"qtc_ms": data.draw(st.integers(440, 470))}
    facts["childbearing_potential"] = data.draw(st.booleans())
    facts["caps5_baseline"] = data.draw(st.integers(20, 40))
    known = data.draw(st.sets(st.sampled_from(sorted(facts))))
    few = {code: value for code, value in facts.items() if code in known}
    for criterion in MAPP2.criteria:
        before = evaluate_criterion(criterion, MAPP2, Evidence(facts=few, on=TODAY))
        after = evaluate_criterion(criterion, MAPP2, Evidence(facts=facts, on=TODAY))
        assert before.verdict in {Verdict.UNKNOWN, after.verdict}
