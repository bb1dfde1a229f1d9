"""The sponsor's export over HTTP: rows a second, and the server's memory meanwhile."""

import http.client
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from accounts.vocabulary import Role
from bench.fill import SETUP
from bench.measuring import emit
from bench.work import person
from exports.actions import issue_token
from trials.models import Trial

RUNS = 3


def export() -> None:
    """Serve with gunicorn, as production does, and pull RS as CSV three times."""
    trial = Trial.objects.get(identifier="BENCH")
    _, token = issue_token(
        trial=trial,
        user=person(Role.SPONSOR),
        name="benchmark",
        expires_at=timezone.now() + timedelta(hours=1),
        by=SETUP,
    )
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--worker-class", "gthread", "--threads", "4", "--workers", "1"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "error"),
        ]
    )
    try:
        wait_for(port)
        before = _memory(server.pid)
        runs = [_pull(port, token) for _ in range(RUNS)]
        after = _memory(server.pid)
    finally:
        server.terminate()
        server.wait()
    seconds, rows, size, first = min(runs)
    if rows < 1:
        raise RuntimeError("the export held no row")
    emit(
        "export RS, CSV over HTTP",
        rows=rows,
        rows_per_second=round(rows / seconds),
        first_byte_ms=round(first * 1000, 1),
        megabytes=round(size / 1e6, 1),
        server_mb_before=before,
        server_mb_peak_after=after,
    )


def _pull(port: int, token: str) -> tuple[float, int, int, float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    start = time.perf_counter()
    connection.request(
        "GET",
        "/api/v1/datasets/RS?format=csv",
        headers={"Authorization": f"Bearer {token}"},
    )
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"the export answered {response.status}")
    first, rows, size = 0.0, -1, 0  # the header is no row
    while chunk := response.read(1 << 16):
        first = first or time.perf_counter() - start
        rows += chunk.count(b"\n")
        size += len(chunk)
    return time.perf_counter() - start, rows, size, first


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _memory(pid: int) -> int:
    """Return the largest memory that the server and its workers have held, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    peaks = []
    for process in [str(pid), *children]:
        status = Path(f"/proc/{process}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        peaks.append(int(line.split()[1]) // 1024)
    return max(peaks)
