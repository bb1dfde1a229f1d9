"""The arithmetic of medical records, without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medical.rules import (
    fridericia,
    is_before,
    is_out_of_range,
    is_partial_date,
    result_is,
)


@pytest.mark.parametrize(
    ("qt", "rate", "qtcf"),
    [
        (400, 60, 400),
        # RR 0.8 s: 360 / 0.92832 = 387.8.
        (360, 75, 388),
        # RR 1.2 s: 440 / 1.06266 = 414.06.
        (440, 50, 414),
        # RR 0.5 s: 350 / 0.79370 = 440.97.
        (350, 120, 441),
    ],
)
def test_qtcf_is_qt_over_the_cube_root_of_the_rr_interval(
    qt: int, rate: int, qtcf: int
) -> None:
    assert fridericia(qt=qt, rate=rate) == qtcf


@given(qt=st.integers(200, 800), rate=st.integers(20, 250))
def test_a_faster_heart_has_the_longer_corrected_interval(qt: int, rate: int) -> None:
    assert fridericia(qt=qt, rate=rate) <= fridericia(qt=qt, rate=rate + 1)
    assert (fridericia(qt=qt, rate=rate) >= qt) or rate < 60


@pytest.mark.parametrize(("qt", "rate"), [(0, 60), (400, 0), (-1, 60)])
def test_nothing_is_computed_from_what_was_not_measured(qt: int, rate: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        fridericia(qt=qt, rate=rate)


@pytest.mark.parametrize("date", ["2019", "2019-05", "2019-05-31", "1987-12-01"])
def test_a_year_a_month_and_a_day_are_dates(date: str) -> None:
    assert is_partial_date(date)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-13", "2019-02-30", "2019-5", "05/2019", "2019-05-", "3019"]
)
def test_anything_else_is_no_date(text: str) -> None:
    assert not is_partial_date(text)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("2018", "2019-05", True),
        ("2019", "2019-05", False),
        ("2019-05", "2019", False),
        ("2019-04", "2019-05-01", True),
    ],
)
def test_partial_dates_are_compared_as_far_as_both_are_known(
    earlier: str, later: str, *, expected: bool
) -> None:
    assert is_before(earlier, later) is expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (135, 135, 145, False),
        (134, 135, 145, True),
        (146, 135, 145, True),
        (146, None, 145, True),
        (1, None, None, False),
    ],
)
def test_the_limits_belong_to_the_range(
    value: int, low: int | None, high: int | None, *, expected: bool
) -> None:
    ends = [None if end is None else Decimal(end) for end in (low, high)]
    assert is_out_of_range(Decimal(value), low=ends[0], high=ends[1]) is expected


@pytest.mark.parametrize(
    ("results", "negative", "positive"),
    [
        (["negative"], True, False),
        (["negative", "positive"], False, True),
        (["invalid"], None, None),
        (["negative", "invalid"], None, None),
        (["invalid", "positive"], False, True),
        ([], None, None),
    ],
)
def test_what_is_not_known_never_counts_as_negative(
    results: list[str], negative: bool | None, positive: bool | None
) -> None:
    assert result_is(results, wanted="negative") is negative
    assert result_is(results, wanted="positive") is positive
