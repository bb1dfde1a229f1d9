"""A save is all or nothing: kill -9 of database, web and worker loses and halves none.

The stack is the starter's own, on a database of the test's own with durable commits. A
longer run: `CRASH_KILLS=40 CRASH_SEED=7 ./run test tests/audit/test_crash.py`.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from starter.demonstration import Stack, as_role, worker_line
from starter.environment import ROOT
from tests.audit.crashing import PASSWORD
from tests.forms import posted
from tests.stacks import Crashes, Visitor, own_stack

pytestmark = [
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.requirement("DAT-05"),
    pytest.mark.requirement("DAT-06"),
]
CLIENTS = 8
KILLS = int(os.environ.get("CRASH_KILLS", "2"))  # of each kind of process
SEED = int(os.environ.get("CRASH_SEED", "20261125"))


@dataclass
class Client(threading.Thread):
    """One person who reports one event after the other, and notes what was acknowledged.

    Every second one sends again what got no answer, with the same key, until it has one.
    """

    number: int
    base: str
    participant: str
    is_patient: bool
    over: threading.Event
    acknowledged: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        self.visitor = Visitor(self.base)
        self._sign_in()
        turn = 0
        while not self.over.is_set():
            turn += 1
            self._report(f"Event {self.number}-{turn}")

    def _sign_in(self) -> None:
        address = "/sign-in/"
        while not self.over.is_set():
            page = self.visitor.asked(address)
            if page is None or page[0] != 200:
                continue
            form = posted(page[1], having="password") | {
                "username": f"client-{self.number}",
                "password": PASSWORD,
            }
            answer = self.visitor.asked(address, form)
            if answer is not None and answer[0] == 302:
                return

    def _report(self, term: str) -> None:
        address = f"/participants/{self.participant}/events/new/"
        page = self.visitor.asked(address)
        if page is None or page[0] != 200:
            return
        form = posted(page[1], having="term") | {
            "term": term,
            "description": f"About {term}",
            "valence": "unpleasant",
            "severity": "severe",
            "onset_on": "2025-04-28",
            "outcome": "recovered",
            "action_taken": "not_changed",
            "seriousness": ["hospitalization"],
            "site_aware_at": "2025-04-29T09:00",
        }
        self.unanswered.add(term)
        while True:
            answer = self.visitor.asked(address, form)
            if answer is not None and answer[0] == 302:
                self.unanswered.discard(term)
                self.acknowledged.add(term)
                return
            if answer is not None:
                self.refused.append(f"{answer[0]}: {answer[1]}")
            if not self.is_patient or self.over.is_set():
                return


def child(addresses: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit.crashing", *arguments],
        cwd=ROOT,
        env=as_role(addresses, "worker"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_kills_lose_no_acknowledged_save_and_leave_no_half_one(
    tmp_path: Path,
) -> None:
    with own_stack(tmp_path) as stack:
        made = child(stack.addresses, "prepare", str(CLIENTS))
        try:
            clients = crashed(stack, made["participants"])
        finally:
            stack.supervisor.stop("web", "worker")
        check(clients, child(stack.addresses, "look"))


def crashed(stack: Stack, participants: list[str]) -> list[Client]:
    """Return the clients after they saved through the kills, each joined."""
    stack.start_web()
    stack.supervisor.start(stack.part("worker", worker_line(), "worker"))
    crashes = Crashes(stack, random.Random(SEED))  # noqa: S311 - moments to repeat
    over = threading.Event()
    base = f"http://127.0.0.1:{stack.port}"
    clients = [
        Client(number, base, participants[number], number % 2 == 0, over)
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    crashes.keep_running(0.5)
    kinds = ["database", "web", "worker"] * KILLS
    crashes.chance.shuffle(kinds)
    for kind in kinds:
        before = sum(len(client.acknowledged) for client in clients)
        crashes.keep_running(crashes.chance.uniform(0.1, 0.6))
        crashes.kill(kind)
        crashes.recover()
        end = time.monotonic() + 30
        while sum(len(client.acknowledged) for client in clients) <= before:
            assert time.monotonic() < end, f"nobody saves after the kill of {kind}"
            crashes.keep_running(0.05)
    over.set()
    for client in clients:
        client.join(30)
        assert not client.is_alive()
    return clients


def check(clients: list[Client], found: dict[str, Any]) -> None:
    """Every acknowledged save is there once with its entry; the rest whole or not."""
    terms = [event["term"] for event in found["events"]]
    acknowledged = set().union(*(client.acknowledged for client in clients))
    unanswered = set().union(*(client.unanswered for client in clients))
    assert [client.refused for client in clients] == [[]] * CLIENTS
    assert len(acknowledged) > CLIENTS
    assert len(terms) == len(set(terms))
    assert acknowledged <= set(terms)
    assert set(terms) <= acknowledged | unanswered
    halved = [
        event
        for event in found["events"]
        if (event["entries"], event["reports"]) != (1, 1)
        or event["description"] != f"About {event['term']}"
    ]
    assert halved == []
    assert found["acts"] == found["entries"] == len(terms)
    assert found["finding"] == ""
    assert found["verified_acts"] > len(terms)
