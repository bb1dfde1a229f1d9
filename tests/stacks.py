"""A whole stack of a test's own with durable commits: asked over sockets, and killed."""

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

import pytest
from django.db import connections

from config.environment import database
from starter import postgres, services
from starter.commands import COLLECT_STATIC
from starter.demonstration import Stack, page_answers, program, static_state
from starter.environment import (
    DATABASE,
    DATABASE_PORT,
    ROOT,
    Place,
    Profile,
    passwords,
    place_for,
)
from starter.processes import Supervisor, locked, start_time, stop_orphans, wait_until
from starter.roles import database_statements
from tests import databases

SERVERS = ("DATABASE_URL", "OWNER_DATABASE_URL", "WORKER_DATABASE_URL", "REDIS_URL")
TESTS = place_for(Profile.TESTING)  # before a test clears the environment


@contextmanager
def own_stack(folder: Path) -> Iterator[Stack]:
    """Yield a stack on services of its own, its database migrated; no part runs yet.

    Its keys are those of this process, so that who signs in here is signed in there.
    """
    static_files()
    source = databases.template()
    keys = {
        name: value
        for name, value in os.environ.items()
        if name.endswith(("_KEY_FILE", "_KEYS_FILE"))
    }
    with _own_place(folder) as place, services.used(place) as addresses:
        _restore(source, place)
        parts = place.run / "parts"
        parts.mkdir()
        told = addresses | keys | {"STATIC_ROOT": str(TESTS.folder / "static")}
        stack = Stack(
            place, _free_port(), told, Supervisor(parts, lambda _: None), True
        )
        try:
            yield stack
        finally:
            stack.supervisor.stop("web", "worker")


@contextmanager
def _own_place(folder: Path) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as environment:
        for name in (*SERVERS, "EMAIL_URL", "PORT", "CANDOR_VAR"):
            environment.delenv(name, raising=False)
        made = Place(folder.resolve() / "var", Profile.DEMONSTRATION)
        made.prepare()
        try:
            yield made
        finally:
            # After a failure the services are still about to stop.
            wait_until(lambda: all(map(_has_ended, services.OWN_KEEPERS)), 90)
            stop_orphans(made.run / "parts")
            stop_orphans(made.run / "services")
            for data in (made.postgres, made.outside / "postgres"):
                postgres.clear_stage(data, made.sockets)
            for each in (made.sockets, made.outside):
                shutil.rmtree(each, ignore_errors=True)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def static_files() -> None:
    """Collect the static files into the tests' place, where they are not today's."""
    stamp = TESTS.folder / "static.stamp"
    with locked(TESTS.folder / "static.lock", fcntl.LOCK_EX):
        wanted = static_state()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        subprocess.run(
            [*program(COLLECT_STATIC), "--verbosity", "0"],
            cwd=ROOT,
            env=os.environ | {"STATIC_ROOT": str(TESTS.folder / "static")},
            check=True,
        )
        stamp.write_text(wanted)


def _restore(source: str, place: Place) -> None:
    """Copy a database of the tests' server into the empty one of a place.

    A second where migrating takes ten.
    """
    ours, theirs = postgres.find_server(TESTS), postgres.find_server(place)
    dump = subprocess.run(
        [ours.programs / "pg_dump", source],
        env=_as_superuser(ours),
        capture_output=True,
        check=True,
    )
    once = ("-XqAt", "--single-transaction", "-v", "ON_ERROR_STOP=1")
    subprocess.run(
        [theirs.programs / "psql", *once, "-d", DATABASE],
        env=_as_superuser(theirs),
        input=dump.stdout,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def read_here(stack: Stack) -> Iterator[None]:
    """Point this process at the stack's database, with the worker's eyes."""
    here = connections.databases["default"]
    before = dict(here)
    there = database(stack.addresses["WORKER_DATABASE_URL"])
    with pytest.MonkeyPatch.context() as environment:
        owner = stack.addresses["OWNER_DATABASE_URL"]
        environment.setenv("OWNER_DATABASE_URL", owner)
        connections.close_all()
        here |= {name: there[name] for name in ("NAME", "HOST", "USER", "PASSWORD")}
        try:
            yield
        finally:
            connections.close_all()
            here |= before


def copy(stack: Stack, source: str, target: str) -> None:
    """Have one database be as another is now, whoever is connected to it."""
    connections.close_all()
    server = postgres.find_server(stack.place)
    statements = [
        f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
        f"CREATE DATABASE {target} OWNER candor_owner TEMPLATE {source}",
    ]
    postgres.query(server, "postgres", statements)
    postgres.query(server, target, database_statements(target))


def _as_superuser(server: postgres.Server) -> Mapping[str, str]:
    return {
        "PGHOST": str(server.sockets),
        "PGPORT": str(DATABASE_PORT),
        "PGUSER": "postgres",
        "PGPASSWORD": passwords(server.place)["postgres"],
        "LC_ALL": "C",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class _Stay(HTTPRedirectHandler):
    """A redirect is the acknowledgment; the page behind it is nobody's concern."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """A person's browser on a stack: with cookies that were given, or with its own."""

    def __init__(self, base: str, cookies: str = "") -> None:
        self.base = base
        jar = [] if cookies else [HTTPCookieProcessor(CookieJar())]
        self.opener = build_opener(_Stay(), *jar)
        if cookies:
            self.opener.addheaders.append(("Cookie", cookies))

    def asked(
        self, path: str, form: Mapping[str, Any] | None = None
    ) -> tuple[int, str] | None:
        """Return the status with the page, or with where a redirect leads.

        None, after a short while, where nobody answered, or with a failure.
        """
        data = urlencode(form, doseq=True).encode() if form is not None else None
        try:
            with self.opener.open(self.base + path, data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                if error.code < 500:
                    return error.code, error.headers.get("Location", "")
        except (OSError, HTTPException):
            pass
        time.sleep(0.2)
        return None


@dataclass
class Crashes:
    """A running stack, and the processes that are killed in it."""

    stack: Stack
    chance: random.Random

    def kill(self, kind: str) -> None:
        """Kill the database, the worker, the web or one process that serves pages."""
        pid = self._pid(kind)
        os.kill(pid, signal.SIGKILL)
        if kind == "database":
            assert wait_until(lambda: start_time(pid) is None, 10)

    def _pid(self, kind: str) -> int:
        if kind == "database":
            record = postgres.find_server(self.stack.place).data / "postmaster.pid"
            return int(record.read_text().splitlines()[0])
        watched = self.stack.supervisor.watched
        master = watched["worker" if kind == "worker" else "web"].process.pid
        if kind == "worker":
            return master
        serving = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        # The process that serves requests, or at times the one that keeps those.
        keeping = [master] if kind == "web" else []
        return self.chance.choice([*keeping, *map(int, serving)])

    def keep_running(self, seconds: float) -> None:
        """Wait, and meanwhile have what died started again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.stack.supervisor.poll()
            time.sleep(0.02)

    def recover(self) -> None:
        """Wait until a page answers again."""
        end = time.monotonic() + 60
        while not page_answers(self.stack.port):
            assert time.monotonic() < end, "the stack does not come back"
            self.keep_running(0.1)
