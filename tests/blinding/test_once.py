"""Randomization happens once: fifty requests at once, a killed process, a lost connection."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from participants.models import Participant
from randomization.access import places_of, randomization_numbers
from randomization.models import Randomization
from tests import databases
from tests.pages import signed_in_as
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


def everything_agrees(world: World, people: list[Participant]) -> int:
    """Check that places, numbers, arms and entries tell of the same allocations."""
    numbers = randomization_numbers(person.pk for person in people)
    places = sorted(int(number[3:]) for number in numbers.values())
    assert places == list(range(1, len(places) + 1))
    assert places_of(world.trial.pk)["01"].used == len(places)
    listed = {entry.position: entry.arm for entry in wall.entries_of(world)[:24]}
    arms = wall.arms_of(people)
    assert arms == {key: listed[int(number[3:])] for key, number in numbers.items()}
    states = Counter(Participant.objects.values_list("state", flat=True))
    assert states["randomized"] == len(places)
    # Each allocation has one entry, in an act that says so, and no entry is without one.
    used = RowChange.objects.filter(table_name="list_entry", operation="U")
    acts = Action.objects.filter(pk__in=used.values("action_id"))
    assert used.count() == acts.count() == len(places)
    assert set(acts.values_list("verb", flat=True)) <= {"randomize"}
    return len(places)


def test_fifty_requests_for_one_participant_make_one_allocation(
    own_database: str,
) -> None:
    world = wall.sealed(new_world())
    person, other = confirmed(world, 2)
    first = signed_in_as(world, Role.COORDINATOR)
    cookie = first.cookies["session"].value
    path = reverse("randomization:randomize", args=[person.uuid])
    statuses: list[int] = []
    ready = threading.Barrier(50)

    def press() -> None:
        client = Client()
        client.cookies["session"] = cookie
        ready.wait()
        try:
            statuses.append(client.post(path, {"on": "2025-04-22"}).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The first is led to the page with the number; the others are refused in words.
    assert Counter(statuses) == {302: 1, 200: 49}
    assert Randomization.objects.count() == 1
    assert everything_agrees(world, [person, other]) == 1
    assert Action.objects.filter(verb="randomize").count() == 1


def test_a_process_killed_before_its_commit_takes_no_place(own_database: str) -> None:
    world = wall.sealed(new_world())
    person, other = confirmed(world, 2)
    with worker(world, [person], wait=60) as process:
        assert told(process)["allocated"] == person.pk
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert everything_agrees(world, [person, other]) == 0
    _finish(world, [other, person])
    assert randomization_numbers([other.pk])[other.pk] == "01-001"
    assert everything_agrees(world, [person, other]) == 2


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
    assert everything_agrees(world, [person, other]) == 0
    _finish(world, [person, other])
    assert everything_agrees(world, [person, other]) == 2


def test_processes_killed_at_any_moment_leave_each_participant_one_place(
    own_database: str,
) -> None:
    """Killed after so many lines: between allocation and commit, and right after it."""
    world = wall.sealed(new_world())
    people = confirmed(world, 12)
    left = list(people)
    for lines in (1, 2, 3, 5):
        with worker(world, left, wait=0) as process:
            for _ in range(lines):
                told(process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        done = everything_agrees(world, people)
        left = [
            person
            for person in people
            if person.pk not in randomization_numbers(each.pk for each in people)
        ]
        assert done + len(left) == len(people)
        assert done >= (lines // 2)
    _finish(world, left)
    assert everything_agrees(world, people) == len(people)


def _finish(world: World, people: list[Participant]) -> None:
    """Randomize the others in the order given."""
    with worker(world, people, wait=0) as process:
        ask = partial(told, process)
        for _ in range(2 * len(people)):
            ask()
        assert process.wait(timeout=20) == 0
