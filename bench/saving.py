"""Saves with and without the trail: a CAPS-5 over HTTP, and one act of many rows."""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction

from accounts.vocabulary import Role
from audit.actors import Place
from audit.trail import acting
from bench.exporting import free_port, wait_for
from bench.fill import SETUP
from bench.measuring import emit
from bench.work import browser, interviews, opened, without_triggers
from participants.models import Participant
from trials.models import Trial

TABLES = ("assessments_assessment", "assessments_itemresponse")
SAVES = {1: 30, 8: 80}  # by number of clients
WARM = 8
PEOPLE, ROWS = 50, 100_000
FILLS = 3
# Items that no instrument has: the rows are rolled back when they have been measured.
MANY = """
INSERT INTO assessments_itemresponse (trial_id, site_id, participant_id, assessment_id, item,
    value, missing)
SELECT a.trial_id, a.site_id, a.participant_id, a.id, 'bench' || n, 1, ''
FROM (
    SELECT DISTINCT ON (participant_id) * FROM assessments_assessment
    WHERE participant_id = ANY (%s) ORDER BY participant_id, id
) AS a, generate_series(1, %s) AS n
"""


def save_over_http() -> None:
    """Measure the save of a 30-item CAPS-5 by one and by eight clients at once."""
    with _serving() as port:
        for clients, saves in SAVES.items():
            with_trail = _saves(port, clients, saves)
            with without_triggers(*TABLES):
                without = _saves(port, clients, saves)
            emit(
                f"save CAPS-5 over HTTP, {clients} at once",
                items=30,
                saves=saves,
                median_ms_with=round(statistics.median(with_trail), 1),
                median_ms_without=round(statistics.median(without), 1),
                p95_ms_with=round(_p95(with_trail), 1),
                p95_ms_without=round(_p95(without), 1),
                ratio=round(
                    statistics.median(with_trail) / statistics.median(without), 2
                ),
                at_most=1.6,
            )


def fill_many() -> None:
    """Measure one act that writes 100,000 rows of 50 participants, linked and all."""
    trial = Trial.objects.get(identifier="BENCH")
    found = Participant.objects.filter(trial=trial, assessments__isnull=False)
    people = list(found.distinct().order_by("pk").values_list("pk", flat=True)[:PEOPLE])
    place = Place(trial_id=trial.pk)

    def fill() -> float:
        start = time.perf_counter()
        with transaction.atomic():
            with acting("fill", by=SETUP, place=place), connection.cursor() as cursor:
                cursor.execute(MANY, [people, ROWS // len(people)])
                if cursor.rowcount != ROWS:
                    raise RuntimeError(f"{cursor.rowcount} rows were written")
            transaction.set_rollback(True)
        return time.perf_counter() - start

    with_trail = min(fill() for _ in range(FILLS))
    with without_triggers(*TABLES):
        without = min(fill() for _ in range(FILLS))
    emit(
        "fill of 100,000 rows of 50 participants",
        seconds_with=round(with_trail, 2),
        seconds_without=round(without, 2),
        ratio=round(with_trail / without, 2),
        at_most=4,
    )


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95) - 1]


def _saves(port: int, clients: int, saves: int) -> list[float]:
    """Return what each save took, in ms; first a few that only warm up."""
    signed_in = browser(Role.RATER)
    cookie = f"session={signed_in.cookies['session'].value}; csrftoken={'a' * 32}"
    forms = [opened(signed_in, uuid) for uuid in interviews(saves + WARM)]
    if len(forms) < saves + WARM:
        raise RuntimeError("too few visits are free: bench with more participants")

    def save(form: tuple[str, dict[str, Any]]) -> float:
        url, typed = form
        body = urlencode(typed | {"csrfmiddlewaretoken": "a" * 32})
        return _post(port, url, body=body, cookie=cookie)

    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(save, forms))
    return times[WARM:]


def _post(port: int, url: str, *, body: str, cookie: str) -> float:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookie,
    }
    start = time.perf_counter()
    client.request("POST", url, body, headers)
    response = client.getresponse()
    response.read()
    taken = (time.perf_counter() - start) * 1000
    client.close()
    if response.status != 302:
        raise RuntimeError(f"the CAPS-5 was not saved: {response.status}")
    return taken


@contextmanager
def _serving() -> Iterator[int]:
    """Serve with gunicorn as production does, until the block ends; yield the port."""
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--worker-class", "gthread", "--threads", "4", "--workers", "2"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "error"),
        ]
    )
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait()
