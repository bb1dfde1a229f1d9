"""A stream's memory does not grow with its rows, and its statements do not either."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports.datasets import DATASETS
from exports.serializers import csv_of, json_of
from tests import databases
from tests.exports.filling import fill
from tests.world import SETUP, World, new_world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def filled(
    django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[World, World, int]]:
    """Two trials, one with fifteen times the rows of the other."""
    with django_db_blocker.unblock(), databases.cloned():
        small, large = new_world("SMALL"), new_world("LARGE")
        few = fill(small, 4)
        many = fill(large, 60)
        yield small, large, many // few


def peak_of(stream: Iterator[bytes]) -> tuple[int, int]:
    """Return the bytes that came and the most memory that was held meanwhile."""
    tracemalloc.start()
    size = sum(len(chunk) for chunk in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size, peak


def test_memory_stays_flat_however_many_rows_there_are(
    filled: tuple[World, World, int],
) -> None:
    small, large, times = filled
    dataset = DATASETS["RS"]
    for world in (small, large):  # imports and caches are not the stream's
        peak_of(csv_of(dataset, world.trial, by=SETUP))
    small_size, small_peak = peak_of(csv_of(dataset, small.trial, by=SETUP))
    large_size, large_peak = peak_of(csv_of(dataset, large.trial, by=SETUP))
    assert large_size > (times - 1) * small_size > 4_000_000
    assert large_peak < small_peak + 300_000


def test_a_page_of_json_is_streamed_as_well(filled: tuple[World, World, int]) -> None:
    _, large, _ = filled
    dataset = DATASETS["RS"]
    peak_of(json_of(dataset, large.trial, by=SETUP, after=None, limit=10))
    size, peak = peak_of(
        json_of(dataset, large.trial, by=SETUP, after=None, limit=20_000)
    )
    assert size > 4_000_000
    assert peak < 700_000


def test_an_export_takes_the_same_statements_however_many_rows_there_are(
    filled: tuple[World, World, int],
) -> None:
    small, large, _ = filled
    counts = []
    for world in (small, large):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            peak_of(csv_of(DATASETS["RS"], world.trial, by=SETUP))
        counts.append(len(queries))
    assert counts[0] == counts[1]
