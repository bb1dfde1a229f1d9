"""Who dies between allocation and commit takes no place of the list."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest

from accounts.vocabulary import Role
from participants.models import Participant
from randomization.access import randomization_numbers
from tests import databases
from tests.randomization import world as wall
from tests.world import World, confirmed, new_world

pytestmark = [
    pytest.mark.requirement("BLD-10"),
    pytest.mark.services,
    pytest.mark.slow,
]
# A process of its own, as a web worker is: randomizes each participant it is given in a
# request's transaction, and waits before the commit where it is told to.
_WORKER = """
import json, sys, time
import django
django.setup()
from datetime import datetime, timezone
from django.db import connection
from audit.actors import Actor
from audit.seeing import seeing
from participants.models import Participant
from randomization.actions import Randomizing, randomize
given = json.loads(sys.stdin.readline())
by = Actor(user_id=given["user"], name="Coordinator", token=given["token"])
at = datetime(2025, 4, 22, 18, 0, tzinfo=timezone.utc)
for number in given["people"]:
    with seeing(by):
        person = Participant.objects.get(pk=number)
        randomize(randomizings=[Randomizing(person, at)], by=by)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        print(json.dumps({"allocated": number, "pid": pid}), flush=True)
        time.sleep(given["wait"])
    print(json.dumps({"committed": number}), flush=True)
"""


@contextmanager
def worker(
    world: World, people: list[Participant], *, wait: float
) -> Iterator["subprocess.Popen[str]"]:
    """Run the worker on this test's database, as the web's own role."""
    actor = world.actor(Role.COORDINATOR)
    address = databases.address_as("candor_web")
    given = {
        "user": actor.user_id,
        "token": actor.token,
        "people": [person.pk for person in people],
        "wait": wait,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        cwd=databases.ROOT,
        env=os.environ
        | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: "subprocess.Popen[str]") -> dict[str, int]:
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the worker ended before its time"
    found: dict[str, int] = json.loads(line)
    return found


def test_a_process_killed_before_its_commit_takes_no_place(own_database: str) -> None:
    world = wall.sealed(new_world())
    person, other = confirmed(world, 2)
    with worker(world, [person], wait=60) as process:
        assert told(process)["allocated"] == person.pk
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert wall.everything_agrees(world, [person, other]) == 0
    _finish(world, [other, person])
    assert randomization_numbers([other.pk])[other.pk] == "01-001"
    assert wall.everything_agrees(world, [person, other]) == 2


def test_a_database_connection_that_ends_midway_takes_no_place(
    own_database: str,
) -> None:
    world = wall.sealed(new_world())
    person, other = confirmed(world, 2)
    with worker(world, [person], wait=3) as process:
        pid = told(process)["pid"]
        with psycopg.connect(
            databases.address_as("candor_web"), autocommit=True
        ) as web:
            web.execute("SELECT pg_terminate_backend(%s)", [pid])
        assert process.wait(timeout=20) != 0
    assert wall.everything_agrees(world, [person, other]) == 0
    _finish(world, [person, other])
    assert wall.everything_agrees(world, [person, other]) == 2


def _finish(world: World, people: list[Participant]) -> None:
    """Randomize the others in the order given."""
    with worker(world, people, wait=0) as process:
        ask = partial(told, process)
        for _ in range(2 * len(people)):
            ask()
        assert process.wait(timeout=20) == 0
