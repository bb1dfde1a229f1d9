"""Cohorts of published trials show what was published, from the totals to the tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.instruments import REGISTRY
from simulation.figures import Provenance
from simulation.items import draw_person
from simulation.moments import stream
from simulation.reproduction import totals
from simulation.reproduction.analysis import Levels, Person, effect_of
from simulation.reproduction.answers import answers_of, caps4_answers
from simulation.reproduction.cohort import Cohort, build_cohort
from simulation.reproduction.mixed_model import fit_changes
from simulation.reproduction.tables import Comparison, section
from simulation.reproduction.targets import (
    COUNTS,
    TOLERANCES,
    Figure,
    Measure,
    Response,
    Target,
    known_trials,
    read_target,
)
from simulation.reproduction.totals import arm_totals
from trials.protocol import ProtocolDefinition, parse

PROTOCOLS = Path(__file__).parents[2] / "trials" / "protocols"
INSTRUMENTS = {code: found for (code, _), found in REGISTRY.items()}
TRIALS = known_trials()
seeds = st.binary(max_size=8)


def definition_of(target: Target) -> ProtocolDefinition:
    return parse((PROTOCOLS / f"{target.definition}.toml").read_text("utf-8"))


@cache
def cohort_of(key: str) -> Cohort:
    target = read_target(key)
    return build_cohort(target, definition_of(target))


def test_each_randomized_trial_with_published_figures_is_there() -> None:
    assert TRIALS == ("mapp1", "mapp2", "mp1", "mp12", "mp2", "mp8")


@pytest.mark.parametrize("key", TRIALS)
def test_every_figure_aimed_at_is_within_its_tolerance(key: str) -> None:
    target = read_target(key)
    for arm in target.arms:
        scored = [each.totals for each in arm_totals(b"any", target, arm)]
        for time, point in enumerate(arm.points):
            assert sum(len(row) > time for row in scored) == point.n
            found = totals.levels(scored, target, time)
            for measure, level in found.items():
                if (aim := point.aim(measure)) is not None:
                    assert abs(level - aim) <= TOLERANCES[measure], (arm.code, measure)


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_no_total_leaves_its_scale_and_none_starts_below_the_entry_score(
    seed: bytes,
) -> None:
    target = read_target("mp2")
    for arm in target.arms:
        for each in arm_totals(seed, target, arm):
            assert each.totals[0] >= target.entry
            assert all(0 <= total <= 136 for total in each.totals)


@pytest.mark.parametrize("key", TRIALS)
def test_the_forms_score_to_the_published_means_and_losses_of_diagnosis(
    key: str,
) -> None:
    target = read_target(key)
    cohort = cohort_of(key)
    instrument = INSTRUMENTS[target.form]
    for arm in target.arms:
        members = [each for each in cohort.volunteers if each.arm == arm.code]
        for time, point in enumerate(arm.points):
            scores = [
                instrument.score(each.answers[time].values)
                for each in members
                if len(each.answers) > time
            ]
            shown = [float(score["total"] or 0) for score in scores]
            mean = sum(shown) / len(shown)
            assert abs(mean - point.figures[Measure.MEAN].value) <= 1.5
            lost = sum(score["diagnosis"] is False for score in scores)
            if time == 0:
                assert lost == 0
            elif (aim := point.aim(Measure.LOST)) is not None:
                assert lost == aim


@pytest.mark.parametrize("key", TRIALS)
def test_the_lists_give_each_arm_its_published_number(key: str) -> None:
    target, cohort = read_target(key), cohort_of(key)
    wanted = {arm.code: arm.randomized for arm in target.arms}
    assert Counter(each.arm for each in cohort.volunteers) == wanted


def test_a_cohort_is_the_same_at_every_call() -> None:
    target = read_target("mp2")
    assert build_cohort(target, definition_of(target)) == cohort_of("mp2")


def test_a_definition_whose_blocks_cannot_give_the_numbers_is_named() -> None:
    target = read_target("mp2")
    first, second = target.arms
    uneven = replace(
        target, arms=(replace(first, randomized=1), replace(second, randomized=11))
    )
    with pytest.raises(LookupError, match="no list of the planned blocks"):
        build_cohort(uneven, definition_of(target))


@settings(deadline=None)
@given(seed=seeds, total=st.integers(18, 136))
def test_a_caps4_total_of_eighteen_or_more_can_carry_the_diagnosis(
    seed: bytes, total: int
) -> None:
    rng = stream(seed, "items")
    answers = caps4_answers(rng, draw_person(rng), total=total, diagnosis=True)
    assert INSTRUMENTS["caps4"].problems(answers.values) == ()
    scores = INSTRUMENTS["caps4"].score(answers.values)
    assert (scores["total"], scores["diagnosis"]) == (total, True)


@settings(deadline=None)
@given(seed=seeds, total=st.integers(0, 100))
def test_a_caps4_total_up_to_a_hundred_can_be_without_the_diagnosis(
    seed: bytes, total: int
) -> None:
    rng = stream(seed, "items")
    answers = caps4_answers(rng, draw_person(rng), total=total, diagnosis=False)
    scores = INSTRUMENTS["caps4"].score(answers.values)
    assert (scores["total"], scores["diagnosis"]) == (total, False)


@settings(deadline=None)
@given(seed=seeds, total=st.integers(0, 80))
def test_left_to_chance_either_form_still_has_its_total(
    seed: bytes, total: int
) -> None:
    rng = stream(seed, "items")
    for form in ("caps4", "caps5"):
        answers = answers_of(
            rng, draw_person(rng), form=form, total=total, diagnosis=None
        )
        assert INSTRUMENTS[form].score(answers.values)["total"] == total


@pytest.mark.parametrize(
    ("response", "first", "now", "is_met"),
    [
        (Response(points=10), 40, 30, True),
        (Response(points=10), 40, 31, False),
        (Response(percent=30), 100, 70, True),
        (Response(percent=30), 100, 71, False),
    ],
)
def test_a_response_counts_from_exactly_the_drop_that_is_asked(
    response: Response, first: int, now: int, *, is_met: bool
) -> None:
    assert response.is_met(first=first, now=now) is is_met


def levels(n: int, change: float, spread: float) -> Levels:
    return {Measure.N: n, Measure.CHANGE: change, Measure.CHANGE_SD: spread}


def test_the_published_changes_of_mapp1_make_the_published_effect() -> None:
    effect = effect_of(levels(42, -24.4, 11.6), levels(37, -13.9, 11.5))
    assert round(effect, 2) == 0.91


def people_alike(target: Target) -> list[Person]:
    """Return ten in each arm with the same baselines, the first arm falling nine further."""
    people = []
    for number in range(20):
        code = target.compare[number % 2]
        rng, start = stream(b"model", f"{number // 2}"), 40.0 + number // 2
        further = 9.0 if code == target.compare[0] else 0.0
        own = rng.gauss(0, 5)
        seen = {"baseline": start}
        for visit in ("t2", "t3", "t4"):
            seen[visit] = start - 10 - further + own + rng.gauss(0, 4)
        people.append(Person(f"{number:02d}", code, seen))
    return people


def test_the_model_finds_the_difference_of_two_arms_that_are_otherwise_alike() -> None:
    target = read_target("mapp2")
    fit = fit_changes(people_alike(target), target)
    assert fit.difference == pytest.approx(-9)
    assert fit.difference == pytest.approx(fit.first - fit.second)
    low, high = fit.limits
    assert low < -9 < high


def test_the_model_goes_on_without_those_who_left() -> None:
    target = read_target("mapp2")
    people = people_alike(target)
    for person in people[:4]:
        del person.totals["t4"]
    assert fit_changes(people, target).difference == pytest.approx(-9, abs=1.5)


def comparison(obtained: float, published: float | None) -> Comparison:
    figure = None
    if published is not None:
        figure = Figure(published, "somewhere", Provenance.DERIVED)
    return Comparison("mean", Measure.MEAN, obtained, figure)


def test_a_figure_outside_of_its_tolerance_is_marked() -> None:
    assert comparison(11.6, 10).cell == "11.6 (10.0)†✗"
    assert comparison(11.5, 10).cell == "11.5 (10.0)†"


def test_where_nothing_was_published_nothing_is_invented() -> None:
    bare = comparison(-0.04, None)
    assert (bare.cell, bare.is_outside) == ("0.0 (\N{EN DASH})", False)


def test_what_was_not_reproduced_is_named_below_the_tables() -> None:
    target = read_target("mp2")
    people = [
        Person(
            f"{each.index}",
            each.arm,
            {
                visit: 60.0 + each.index * time
                for time, visit in enumerate(target.visits)
            },
        )
        for each in cohort_of("mp2").volunteers
    ]
    for person in people:
        person.diagnoses.update(dict.fromkeys(target.visits, True))
    text = section(target, people, None)
    assert "**Not reproduced**: mean, 125 mg, Baseline: 60.0 (66.4);" in text


def test_every_figure_names_a_source_of_its_file() -> None:
    for key in TRIALS:
        target = read_target(key)
        figures = [
            f for arm in target.arms for p in arm.points for f in p.figures.values()
        ]
        assert {figure.source for figure in figures} <= target.sources.keys()
        assert COUNTS & MappingProxyType(TOLERANCES).keys() == COUNTS
