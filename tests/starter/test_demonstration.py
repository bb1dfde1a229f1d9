"""The demonstration's start: refusals in one sentence, one starter, its parts' rights."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from starter import commands, demonstration, environment
from starter.__main__ import pytest_arguments, spread
from starter.environment import Place, StarterError
from starter.processes import LIBC, identity, lives, wait_until

ADDRESSES = {
    "DATABASE_URL": "postgresql://candor_web@/candor",
    "WORKER_DATABASE_URL": "postgresql://candor_worker@/candor",
    "OWNER_DATABASE_URL": "postgresql://candor_owner@/candor",
}


def starter(place: Place, *arguments: str, **told: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "starter", *arguments],
        env={**os.environ, "CANDOR_VAR": str(place.folder), **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StarterError, match="PORT must be a number"):
        demonstration.wanted_port({"PORT": text})


def test_the_port_is_8000_unless_port_says_otherwise() -> None:
    assert demonstration.wanted_port({}) == 8000
    assert demonstration.wanted_port({"PORT": "8001"}) == 8001


def test_a_busy_port_is_named_before_anything_starts(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with starter(place, "start", PORT=port) as process:
            words, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert words.startswith(f"./run: Port {port} is in use by another program;")
    assert words.count("\n") == 1
    assert not place.postgres.exists()


def test_a_second_starter_of_the_same_folder_says_where_the_first_is(
    place: Place,
) -> None:
    with (
        demonstration.only_one(place, "http://127.0.0.1:8123/"),
        starter(place, "start", PORT=str(free_port())) as process,
    ):
        words, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "already runs at http://127.0.0.1:8123/" in words
    assert str(os.getpid()) in words


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_one_real_server_without_the_other_is_refused(name: str) -> None:
    with pytest.raises(StarterError, match=f"Only {name} is set"):
        environment.given_addresses({name: "x"})


def test_real_servers_replace_the_embedded_ones() -> None:
    given = environment.given_addresses({"DATABASE_URL": "d", "REDIS_URL": "r"})
    assert given == {
        "DATABASE_URL": "d",
        "WORKER_DATABASE_URL": "d",
        "OWNER_DATABASE_URL": "d",
        "REDIS_URL": "r",
    }
    assert environment.given_addresses({}) is None


@pytest.mark.parametrize(
    ("role", "login"),
    [
        *(("web", "candor_web"), ("worker", "candor_worker")),
        *(("maker", "candor_worker"), ("owner", "candor_owner")),
    ],
)
def test_each_part_connects_as_its_own_role(role: str, login: str) -> None:
    told = demonstration.as_role(ADDRESSES, role)
    assert told["DATABASE_URL"] == f"postgresql://{login}@/candor"
    assert "WORKER_DATABASE_URL" not in told
    assert ("OWNER_DATABASE_URL" in told) == (role in {"owner", "maker"})


def test_without_browser_narrows_the_markers_that_were_asked_for() -> None:
    assert pytest_arguments(["-q", "-m", "not slow", "--without-browser", "tests"]) == [
        *("-q", "-m", "(not slow) and not browser", "tests")
    ]
    assert pytest_arguments(["--without-browser"]) == ["-m", "not browser"]
    assert pytest_arguments(["-m", "slow"]) == ["-m", "slow"]


def test_the_whole_suite_uses_every_processor_and_a_part_of_it_one() -> None:
    whole = spread(["-q"])
    assert whole[0] == "-n"
    assert 1 <= int(whole[1]) <= 4
    assert spread(["--without-browser"]) == whole
    assert spread(["tests/sessions", "-q"]) == []
    assert spread(["-n", "3"]) == []


def test_an_unknown_subcommand_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "starter", "strat"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no 'strat'" in done.stderr


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A free port; and whatever a killed starter leaves becomes a child of ours."""
    LIBC.prctl(36, 1, 0, 0, 0)
    yield free_port()
    LIBC.prctl(36, 0, 0, 0, 0)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/health/")
            return connection.getresponse().status == 200
    return False


def parts(place: Place) -> dict[str, str]:
    folders = (place.run / "parts", place.run / "services")
    records = [path for folder in folders for path in folder.glob("*.pid")]
    return {path.stem: path.read_text().splitlines()[0] for path in records}


def log_of(place: Place) -> Path:
    return place.log / "migrate.log"


@pytest.mark.services
@pytest.mark.slow
def test_a_killed_starter_is_followed_by_another_that_starts_nothing_twice(
    place: Place, port: int
) -> None:
    with starter(place, "start", PORT=str(port)) as first:
        assert wait_until(lambda: answers(port), 90), log_of(place).read_text()
        assert wait_until(lambda: {"web", "worker", "beat"} <= parts(place).keys(), 30)
        before = parts(place)
        first.kill()
    with starter(place, "start", PORT=str(port)) as second:
        assert second.stdout is not None
        printed = []
        for line in second.stdout:
            printed.append(line)
            if "http://" in line:
                break
        assert printed[-1] == f"Candor answers at http://127.0.0.1:{port}/\n"
        assert answers(port)
        assert wait_until(lambda: {"web", "worker", "beat"} <= parts(place).keys(), 30)
        assert not any(map(lives, before.values()))
        after = parts(place)
        second.send_signal(signal.SIGTERM)
        rest = second.stdout.read()
        assert second.wait(60) == 0
    assert rest.endswith("Stopped.\n")
    assert len(after) >= 6
    assert not any(map(lives, after.values()))


def test_the_programs_run_with_the_environments_python() -> None:
    line = demonstration.program(commands.web("127.0.0.1:1"))
    assert line[0] == sys.executable
    assert line[1:3] == ("-m", "gunicorn")
    assert identity(os.getpid()).startswith(str(os.getpid()))
