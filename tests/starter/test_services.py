"""The data services keep their data through kills, and never run twice."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
import redis

from starter import postgres, services
from starter.environment import Place, StarterError, write_atomically
from starter.processes import (
    identity,
    lives,
    spawn,
    start_time,
    stop_orphans,
    wait_until,
)

pytestmark = [pytest.mark.services, pytest.mark.slow]


def remember(addresses: dict[str, str]) -> None:
    with psycopg.connect(addresses["OWNER_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    broker(addresses).set("kept", "42")


def remembered(addresses: dict[str, str]) -> bool:
    with psycopg.connect(addresses["OWNER_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    return row == (42,) and broker(addresses).get("kept") == b"42"


def broker(addresses: dict[str, str]) -> redis.Redis:
    return redis.Redis.from_url(addresses["REDIS_URL"].replace("redis+socket", "unix"))


def postmaster(place: Place) -> int:
    record = postgres.find_server(place).data / "postmaster.pid"
    return int(record.read_text().splitlines()[0])


def reachable(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def keeper_pid(place: Place) -> int:
    notice = services.read_notice(place)
    assert notice is not None
    return int(notice["keeper"].split()[0])


def test_a_killed_database_server_comes_back_with_its_data(place: Place) -> None:
    with services.used(place) as addresses:
        remember(addresses)
        before = postmaster(place)
        os.kill(before, signal.SIGKILL)
        assert wait_until(lambda: start_time(before) is None, 10)
        assert wait_until(lambda: reachable(addresses["DATABASE_URL"]), 30)
        assert remembered(addresses)
        assert postmaster(place) != before


def test_after_everything_is_killed_another_start_finds_the_data(place: Place) -> None:
    with services.used(place) as addresses:
        remember(addresses)
        pids = [
            keeper_pid(place),
            postmaster(place),
            int((place.run / "services" / "valkey.pid").read_text().split()[0]),
        ]
        # The broker writes its file every second.
        broker(addresses).waitaof(1, 0, 5000)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not any(map(start_time, pids)), 10)
    with services.used(place) as addresses:
        assert remembered(addresses)
        data = postgres.find_server(place).data
        assert postmaster(place) in postgres.processes_on(data)


def test_a_killed_keeper_takes_its_services_along_and_is_replaced(place: Place) -> None:
    with services.used(place) as addresses:
        remember(addresses)
        server = postmaster(place)
        keeper = keeper_pid(place)
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: start_time(keeper) is None, 10)
        again = services.regained(place)
        assert start_time(server) is None
        assert again == addresses
        assert remembered(again)


def test_users_at_the_same_time_share_one_server_and_the_last_stops_it(
    place: Place,
) -> None:
    seen: list[int] = []
    together = threading.Barrier(3)

    def use() -> None:
        with services.used(place):
            together.wait(60)
            seen.append(postmaster(place))
            together.wait(60)

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    for user in users:
        user.join(60)
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert start_time(seen[0]) is None
    assert services.read_notice(place) is None


def test_a_lock_file_with_the_pid_of_another_program_does_not_stop_the_server(
    place: Place,
) -> None:
    with services.used(place) as addresses:
        remember(addresses)
    record = postgres.find_server(place).data / "postmaster.pid"
    with subprocess.Popen(["sleep", "100"]) as stranger:
        record.write_text(f"{stranger.pid}\n{record.parent}\n1\n5432\n\n\n0 0\n")
        with services.used(place) as addresses:
            assert remembered(addresses)
        assert stranger.poll() is None
        stranger.kill()


def test_half_a_cluster_of_a_killed_start_is_made_anew(place: Place) -> None:
    half = place.folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with services.used(place) as addresses:
        assert reachable(addresses["DATABASE_URL"])
    assert not half.exists()


def test_a_disk_without_room_is_named_before_the_cluster_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SPACE_NEEDED", 10**18)
    with pytest.raises(StarterError, match="MB left; the database needs"):
        postgres.initialize(postgres.find_server(place))
    assert not place.postgres.exists()


def test_a_server_that_cannot_start_says_why_to_its_user(place: Place) -> None:
    place.postgres.mkdir(mode=0o700)
    (place.postgres / "PG_VERSION").write_text("12\n")
    with (
        pytest.raises(StarterError, match="PostgreSQL did not start"),
        services.used(place),
    ):
        pytest.fail("the services cannot be up")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_where_user_namespaces_are_refused_the_server_runs_as_nobody(
    place: Place,
) -> None:
    programs = postgres.copy_programs(place, postgres.find_programs())
    server = postgres.Server(place, programs, postgres.Mode.NOBODY)
    postgres.initialize(server)
    process = spawn(postgres.command(server))
    postgres.await_ready(server, process)
    postgres.furnish(server)
    assert postgres.query(server, "candor", ["SELECT 42"]) == "42"
    assert Path(f"/proc/{process.pid}").stat().st_uid == postgres.nobody().pw_uid
    assert not place.postgres.exists()
    # Data made so is found again, whatever the machine allows by then.
    assert postgres.find_server(place).mode is postgres.Mode.NOBODY
    postgres.clear_stage(server.data, server.sockets)
    process.wait()


def test_a_command_gets_the_services_and_its_leftovers_are_ended(place: Place) -> None:
    script = 'sleep 100 & echo $!; test -n "$DATABASE_URL" && exit 7'
    done = subprocess.run(
        [sys.executable, "-m", "starter", "exec", "--", "sh", "-c", script],
        env={**os.environ, "CANDOR_VAR": str(place.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert start_time(int(done.stdout)) is None


def test_clean_refuses_while_the_services_are_used_and_removes_them_after(
    place: Place,
) -> None:
    def clean() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "starter", "clean"],
            env={**os.environ, "CANDOR_VAR": str(place.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    with services.used(place):
        refused = clean()
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
        assert place.postgres.exists()
    done = clean()
    assert (done.returncode, done.stderr) == (0, "")
    assert not place.folder.exists()
    place.prepare()


def test_a_private_file_is_replaced_whole_and_stays_private(place: Place) -> None:
    path = place.folder / "secret"
    write_atomically(path, "first")
    write_atomically(path, "second")
    assert path.read_text() == "second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.glob(".secret*")] == []


def test_a_recorded_pid_is_trusted_only_with_its_start_time(place: Place) -> None:
    assert lives(identity(os.getpid()))
    assert not lives(f"{os.getpid()} 1")
    assert stop_orphans(place.run / "services") == []
    shutil.rmtree(place.run / "services")
