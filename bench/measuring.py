"""Measures one piece of work: queries, milliseconds, rows a second, peak memory."""

import json
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext


def emit(name: str, **figures: Any) -> None:
    """Print one JSON object on a line of its own."""
    print(json.dumps({"name": name, **figures}), flush=True)


def measure(
    name: str, work: Callable[[], Any], *, rounds: int = 30, warm: int = 3, **more: Any
) -> float:
    """Run `work` and print its queries, median and p95; return the median in ms.

    `work` must check its own result: a page that failed quickly is not fast. Queries are
    counted once, outside of the timed rounds, transaction statements included.
    """
    with CaptureQueriesContext(connection) as queries:
        work()
    counted = len(queries)  # now: the log is emptied below
    for _ in range(warm):
        work()
    times = []
    for _ in range(rounds):
        reset_queries()
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    median = statistics.median(times)
    emit(
        name,
        queries=counted,
        median_ms=round(median, 1),
        p95_ms=round(times[int(len(times) * 0.95) - 1], 1),
        peak_mb=peak_mb(),
        **more,
    )
    return median


def peak_mb() -> int:
    """Return this process's largest resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
