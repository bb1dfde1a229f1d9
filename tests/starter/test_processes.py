"""Children die with the starter, come back when they die, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from starter.processes import (
    ALONE,
    Command,
    Supervisor,
    end,
    identity,
    lives,
    locked,
    spawn,
    start_time,
    stop_orphans,
    wait_until,
)


def sleeper(folder: Path, name: str = "sleeper", script: str = "sleep 100") -> Command:
    return Command(
        name=name, arguments=("sh", "-c", script), log=folder / "log", patience=0.5
    )


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path, lambda _words: None)


def test_a_killed_process_is_started_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    first = supervisor.start(sleeper(tmp_path))
    first.kill()
    first.wait()
    supervisor.poll()
    second = supervisor.watched["sleeper"].process
    assert second.pid != first.pid
    assert second.poll() is None
    supervisor.stop("sleeper")
    assert second.poll() is not None
    assert not list(tmp_path.glob("*.pid"))


def test_a_process_that_fails_at_once_is_not_started_in_a_loop(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(sleeper(tmp_path, script="exit 3"))
    for _ in range(30):
        supervisor.poll()
        time.sleep(0.02)
    assert supervisor.watched["sleeper"].failures == 2
    supervisor.stop("sleeper")


def test_a_one_time_process_reports_and_is_not_started_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    codes: list[int] = []
    supervisor.start_once(sleeper(tmp_path, script="exit 3"), codes.append)

    def reported() -> bool:
        supervisor.poll()
        return bool(codes)

    assert wait_until(reported, 5)
    assert codes == [3]
    assert supervisor.watched == {}


def test_a_process_that_ignores_the_request_is_killed_with_its_children(
    tmp_path: Path,
) -> None:
    script = "trap '' TERM; sleep 100 & echo $! > child; wait; sleep 100"
    child = tmp_path / "child"
    command = Command(
        name="stubborn",
        arguments=("sh", "-c", script),
        log=tmp_path / "log",
        folder=tmp_path,
    )
    process = spawn(command)
    assert wait_until(lambda: child.exists() and child.read_text() != "", 5)
    end(process.pid, signal.SIGTERM, 0.2)
    process.wait()
    assert start_time(int(child.read_text())) is None


def test_children_get_their_stop_signal_when_the_starter_is_killed(
    tmp_path: Path,
) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from starter.processes import Command, spawn\n"
        "log = pathlib.Path(sys.argv[1])\n"
        "child = spawn(Command('c', ('sleep', '100'), log))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(100)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "log"], stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    with starter, starter.stdout as lines:
        child = int(lines.readline())
        assert start_time(child) is not None
        starter.kill()
    assert wait_until(lambda: start_time(child) is None, 5)


def test_what_a_killed_starter_left_is_stopped_and_its_record_removed(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as left:
        (tmp_path / "web.pid").write_text(f"{identity(left.pid)}\n15\n")
        assert stop_orphans(tmp_path) == ["web"]
    assert left.returncode == -signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_a_stranger_with_a_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "100"]) as stranger:
        (tmp_path / "web.pid").write_text(f"{stranger.pid} 12345\n15\n")
        assert stop_orphans(tmp_path) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_dead_but_unreaped_process_does_not_count_as_living() -> None:
    with subprocess.Popen(["true"]) as process:
        named = identity(process.pid)
        assert wait_until(lambda: not lives(named), 5)


def test_a_lock_is_held_once_and_not_by_children(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, ALONE) as first, locked(path, ALONE) as second:
        assert (first, second) == (True, False)
        child = subprocess.Popen(["sleep", "100"], close_fds=False)
    with child, locked(path, ALONE) as again:
        assert again
        os.kill(child.pid, signal.SIGKILL)
