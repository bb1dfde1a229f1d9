"""Items add up to the total they are made from, and carry the diagnosis steered for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.instruments import REGISTRY
from assessments.instruments.base import MissingReason
from simulation.cohort import has_diagnosis
from simulation.items import (
    Answers,
    caps5_answers,
    cssrs_answers,
    draw_person,
    hand_out,
    pcl5_answers,
    sds_answers,
    without,
)
from simulation.moments import stream

INSTRUMENTS = {code: found for (code, _), found in REGISTRY.items()}
seeds = st.binary(max_size=8)


def is_complete(answers: Answers) -> bool:
    """Whether every required item is answered or carries a reason."""
    instrument = INSTRUMENTS[answers.form]
    assert instrument.problems(answers.values) == ()
    return set(instrument.missing(answers.values)) <= set(answers.missing)


@settings(deadline=None)
@given(seed=seeds, total=st.integers(0, 80))
def test_a_caps5_has_the_total_it_was_made_from(seed: bytes, total: int) -> None:
    rng = stream(seed, "items")
    answers = caps5_answers(rng, draw_person(rng), total=total, diagnosis=None)
    assert INSTRUMENTS["caps5"].score(answers.values)["total"] == total
    assert is_complete(answers)


@settings(deadline=None)
@given(seed=seeds, total=st.integers(12, 80))
def test_a_total_of_twelve_or_more_can_be_steered_to_the_diagnosis(
    seed: bytes, total: int
) -> None:
    rng = stream(seed, "items")
    answers = caps5_answers(rng, draw_person(rng), total=total, diagnosis=True)
    assert has_diagnosis(answers)
    assert INSTRUMENTS["caps5"].score(answers.values)["total"] == total


@settings(deadline=None)
@given(seed=seeds, total=st.integers(0, 60))
def test_a_total_up_to_sixty_can_be_steered_away_from_the_diagnosis(
    seed: bytes, total: int
) -> None:
    rng = stream(seed, "items")
    answers = caps5_answers(rng, draw_person(rng), total=total, diagnosis=False)
    assert not has_diagnosis(answers)
    assert INSTRUMENTS["caps5"].score(answers.values)["total"] == total


def test_eleven_points_cannot_carry_a_diagnosis() -> None:
    rng = stream(b"", "items")
    with pytest.raises(ValueError, match="do not fit"):
        caps5_answers(rng, draw_person(rng), total=11, diagnosis=True)


@settings(deadline=None)
@given(seed=seeds, points=st.integers(0, 30))
def test_the_sds_mean_is_a_third_of_the_sum_to_the_nearest_point(
    seed: bytes, points: int
) -> None:
    rng = stream(seed, "sds")
    person = draw_person(rng)
    answers = sds_answers(rng, person, points=points)
    assert is_complete(answers)
    average = INSTRUMENTS["sds_adapted"].score(answers.values)["mean"]
    assert average == pytest.approx(points / 3, abs=0.25)
    assert (answers.missing == {}) is person.works


@settings(deadline=None)
@given(seed=seeds, near=st.integers(0, 80))
def test_a_pcl5_is_complete_and_on_its_scale(seed: bytes, near: int) -> None:
    rng = stream(seed, "pcl")
    assert is_complete(pcl5_answers(rng, draw_person(rng), near=near))


@settings(deadline=None)
@given(seed=seeds)
def test_a_cssrs_never_reaches_the_alert_that_calls_for_review(seed: bytes) -> None:
    rng = stream(seed, "cssrs")
    person = draw_person(rng)
    for _ in range(20):
        answers = cssrs_answers(rng, person)
        scores = INSTRUMENTS["cssrs_slc"].score(answers.values)
        assert is_complete(answers)
        assert scores["urgency"] in {0, 1}
        assert scores["any_behavior"] is False


@given(seed=seeds, total=st.integers(0, 80))
def test_points_stay_between_floor_and_cap(seed: bytes, total: int) -> None:
    caps, floors = [4] * 19 + [10], [0] * 19 + [3]
    rng = stream(seed, "hand out")
    if total < 3:
        with pytest.raises(ValueError, match="do not fit"):
            hand_out(rng, total, weights=[1.0] * 20, caps=caps, floors=floors)
        return
    found = hand_out(rng, total, weights=[1.0] * 20, caps=caps, floors=floors)
    assert sum(found) == total
    assert all(
        low <= points <= high
        for low, points, high in zip(floors, found, caps, strict=True)
    )


def test_a_missing_item_leaves_the_total_open_and_has_its_reason() -> None:
    rng = stream(b"", "missing")
    whole = caps5_answers(rng, draw_person(rng), total=40, diagnosis=True)
    holed = without(whole, "caps08", MissingReason.UNKNOWN)
    assert INSTRUMENTS["caps5"].score(holed.values)["total"] is None
    assert holed.missing == {"caps08": MissingReason.UNKNOWN}
    assert whole.values["caps08"] is not None
    with pytest.raises(ValueError, match="no item"):
        without(whole, "caps99", MissingReason.UNKNOWN)
