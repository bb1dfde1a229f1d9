"""Draws take on the moments they are given, exactly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.figures import CORRELATIONS, DEVIATIONS, MEANS, Arm
from simulation.moments import (
    cholesky,
    covariance,
    deviation,
    mean,
    stream,
    with_moments,
)


@settings(deadline=None, max_examples=40)
@given(seed=st.binary(max_size=16), size=st.integers(6, 80), arm=st.sampled_from(Arm))
def test_draws_have_exactly_the_wanted_moments(
    seed: bytes, size: int, arm: Arm
) -> None:
    rng = stream(seed, "draw")
    rows = [[rng.gauss(3, 2) for _ in range(4)] for _ in range(size)]
    moved = with_moments(
        rows,
        means=MEANS[arm],
        deviations=DEVIATIONS[arm],
        correlations=CORRELATIONS[arm],
    )
    columns = list(zip(*moved, strict=True))
    assert [mean(column) for column in columns] == pytest.approx(MEANS[arm])
    assert [deviation(column) for column in columns] == pytest.approx(DEVIATIONS[arm])
    shared = covariance(moved)[0][3] / (DEVIATIONS[arm][0] * DEVIATIONS[arm][3])
    assert shared == pytest.approx(CORRELATIONS[arm][0][3])


def test_a_factor_times_its_transpose_is_the_matrix() -> None:
    matrix = [[4.0, 2.0], [2.0, 5.0]]
    assert cholesky(matrix) == [[2.0, 0.0], [1.0, 2.0]]


def test_a_matrix_that_is_no_covariance_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words
        cholesky([[1.0, 2.0], [2.0, 1.0]])


def test_streams_of_other_labels_and_seeds_differ() -> None:
    values = {stream(seed, label).random() for seed in (b"a", b"b") for label in "xy"}
    assert len(values) == 4
    assert stream(b"a", "x").random() in values
