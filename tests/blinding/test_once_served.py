"""Randomization happens once, asked over sockets, while servers and database die.

A stack of the starter's own with durable commits. A longer run:
`CRASH_KILLS=5 CRASH_SEED=7 ./run test tests/blinding/test_once_served.py`.
"""

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from audit.actors import SystemActor
from audit.models import Action
from audit.verifying import verify
from participants.models import Participant
from randomization.access import randomization_numbers
from starter import commands
from starter.demonstration import Stack
from starter.environment import DATABASE
from tests.forms import posted
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.stacks import Crashes, Visitor, copy, own_stack, read_here
from tests.world import World, confirmed, new_world

pytestmark = [
    pytest.mark.requirement("BLD-10"),
    pytest.mark.services,
    pytest.mark.slow,
]
Press = tuple[Visitor, str, dict[str, Any]]
KILLS = int(os.environ.get("CRASH_KILLS", "1"))  # of each kind
SEED = int(os.environ.get("CRASH_SEED", "20261130"))
CLIENTS = 8
ASKED = 24 * KILLS  # participants whom the clients randomize while processes die
PEOPLE = max(50, ASKED)
LENGTH = PEOPLE + 10  # places of the site's list
NUMBER = re.compile(r">R (01-\d{3})<")


@dataclass
class Served:
    """A web with several processes on a database of its own, and who is known there."""

    stack: Stack
    world: World
    people: list[Participant]
    cookies: list[str]  # of two coordinators of the site
    crashes: Crashes

    def visitors(self, count: int) -> list[Visitor]:
        """Return so many browsers, of one and the other coordinator by turns."""
        base = f"http://127.0.0.1:{self.stack.port}"
        return [
            Visitor(base, cookies)
            for cookies, _ in zip(cycle(self.cookies), range(count), strict=False)
        ]

    def agrees(self) -> int:
        """Check the records and the chains; return how many are randomized."""
        found = verify(
            trial_id=None, by=SystemActor("verify trail", triggered_by="test")
        )
        assert found.finding == ""
        return wall.everything_agrees(self.world, self.people, length=LENGTH)


@pytest.fixture(scope="module")
def made(
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """Everybody confirmed, and the web running; the database is kept as `before`."""
    with (
        django_db_blocker.unblock(),
        own_stack(tmp_path_factory.mktemp("once")) as stack,
        read_here(stack),
    ):
        # It starts while the people are made.
        address = f"127.0.0.1:{stack.port}"
        stack.supervisor.start(stack.part("web", commands.web(address), "web"))
        world = wall.sealed(new_world(), length=LENGTH)
        people = confirmed(world, PEOPLE)
        cookies = [cookies_of(world, second=second) for second in (False, True)]
        copy(stack, DATABASE, "before")
        crashes = Crashes(stack, random.Random(SEED))  # noqa: S311 - moments to repeat
        yield Served(stack, world, people, cookies, crashes)


def cookies_of(world: World, *, second: bool) -> str:
    """Return the header of a signed-in coordinator's browser."""
    kept = signed_in_as(world, Role.COORDINATOR, second=second).cookies
    return "; ".join(f"{name}={kept[name].value}" for name in ("session", "csrftoken"))


@pytest.fixture
def served(made: Served) -> Served:
    """The web, on the database as it was before anybody was randomized."""
    copy(made.stack, "before", DATABASE)
    made.crashes.recover()
    return made


def page_of(person: Participant) -> str:
    return reverse("randomization:randomize", args=[person.uuid])


def presses(served: Served, paths: Sequence[str]) -> list[Press]:
    """Return a press of the button on each page, by the two coordinators in turn.

    Each with a key of its own. What else the page's form holds is the coordinator's.
    """
    visitors = served.visitors(len(paths))
    forms = [form_on(visitor, paths[0]) for visitor in visitors[:2]]
    return [
        (visitor, path, form | {"request_key": str(uuid4())})
        for visitor, path, form in zip(visitors, paths, cycle(forms), strict=False)
    ]


def form_on(visitor: Visitor, path: str) -> dict[str, Any]:
    """Return what the page's form sends, for the day on which all could be randomized."""
    page = visitor.asked(path)
    assert page is not None
    return posted(page[1], having="on") | {"on": "2025-04-22"}


def at_once(presses: Sequence[Press]) -> list[tuple[int, str] | None]:
    """Send forms at the same moment, each over a socket of its own."""
    ready = threading.Barrier(len(presses))

    def send(press: Press) -> tuple[int, str] | None:
        visitor, path, form = press
        ready.wait()
        return visitor.asked(path, form)

    with ThreadPoolExecutor(len(presses)) as pool:
        return list(pool.map(send, presses))


def test_fifty_requests_at_once_for_one_participant_make_one_allocation(
    served: Served,
) -> None:
    path = page_of(served.people[0])
    answers = at_once(presses(served, [path] * 50))
    # The first is led to the page with the number; the others are shown it.
    assert Counter(answer and answer[0] for answer in answers) == {302: 1, 200: 49}
    shown = [answer[1] for answer in answers if answer and answer[0] == 200]
    assert [NUMBER.findall(page) for page in shown] == [["01-001"]] * 49
    assert served.agrees() == 1
    assert Action.objects.filter(verb="randomize").count() == 1


def test_one_request_sent_fifty_times_at_once_gets_fifty_times_the_same_answer(
    served: Served,
) -> None:
    path = page_of(served.people[0])
    (press,) = presses(served, [path])
    answers = at_once([press] * 50)
    assert answers == [(302, path)] * 50
    assert served.agrees() == 1
    assert Action.objects.filter(verb="randomize").count() == 1


def test_fifty_participants_at_once_get_fifty_places_in_a_row(served: Served) -> None:
    paths = [page_of(person) for person in served.people[:50]]
    answers = at_once(presses(served, paths))
    assert answers == [(302, path) for path in paths]
    assert served.agrees() == 50


@dataclass
class Asking(threading.Thread):
    """One person who randomizes participants in turn, and notes the numbers shown.

    Who is patient presses again in the same page until there is an answer; who is not
    opens the page anew.
    """

    visitor: Visitor
    turn: list[Participant]
    is_patient: bool
    over: threading.Event
    told: dict[int, str] = field(default_factory=dict)
    lost: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        for person in self.turn:
            self._randomize(person, page_of(person))

    def _randomize(self, person: Participant, path: str) -> None:
        while not self.over.is_set():
            page = self.visitor.asked(path)
            if page is None:
                continue
            if number := NUMBER.search(page[1]):
                self.told[person.pk] = number[1]
                return
            form = posted(page[1], having="on") | {"on": "2025-04-22"}
            self._press(path, form)

    def _press(self, path: str, form: dict[str, Any]) -> None:
        while not self.over.is_set():
            answer = self.visitor.asked(path, form)
            if answer is not None:
                if answer[0] not in {200, 302}:
                    self.refused.append(answer)
                return
            self.lost += 1
            if not self.is_patient:
                return


def test_kills_give_no_participant_two_places_and_skip_none(served: Served) -> None:
    over = threading.Event()
    clients = [
        Asking(visitor, served.people[number:ASKED:CLIENTS], number % 2 == 0, over)
        for number, visitor in enumerate(served.visitors(CLIENTS))
    ]
    for client in clients:
        client.start()
    try:
        killed(served, clients)
    finally:
        over.set()
    told = {key: number for client in clients for key, number in client.told.items()}
    assert [client.refused for client in clients] == [[]] * CLIENTS
    assert sum(client.lost for client in clients) > 0  # the kills met requests
    # What somebody was shown, before a kill or after, is what is recorded.
    assert told == randomization_numbers(person.pk for person in served.people)
    assert served.agrees() == ASKED


def killed(served: Served, clients: Sequence[Asking]) -> None:
    """Kill at random moments while the clients go on, and see all of them through."""
    crashes = served.crashes
    kinds = ["database", "page server"] * KILLS
    crashes.chance.shuffle(kinds)
    for left, kind in zip(range(len(kinds), 0, -1), kinds, strict=True):
        # So early that the last kill finds somebody at work.
        few = max(1, (ASKED - done(clients)) // (2 * left))
        wanted = done(clients) + crashes.chance.randint(1, few)
        await_(served, partial(has_done, clients, wanted))
        crashes.keep_running(crashes.chance.uniform(0, 0.1))
        assert done(clients) < ASKED, "all is done before the last kill"
        crashes.kill(kind)
        crashes.recover()
    await_(served, lambda: not any(client.is_alive() for client in clients))


def done(clients: Sequence[Asking]) -> int:
    return sum(len(client.told) for client in clients)


def has_done(clients: Sequence[Asking], wanted: int) -> bool:
    return done(clients) >= wanted


def await_(served: Served, happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "the clients do not come on"
        served.crashes.keep_running(0.02)
