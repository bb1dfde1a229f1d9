"""The twin test: the same trial with every arm exchanged gives everybody the same bytes."""

import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.vocabulary import ROLES, Role
from audit.seeing import seeing
from reminders import tasks
from reminders.models import Reminder
from tests.blinding import twins as two
from tests.blinding.crawling import LEAVES, addresses, crawled, routes
from tests.blinding.lives import REMINDERS, Trial, new_trial
from tests.blinding.twins import Answer, Twins, twins
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import World

pytestmark = [
    pytest.mark.requirement("BLD-02"),
    pytest.mark.services,
    pytest.mark.slow,
]
MOST_LINKS = 60  # of each person, beside every route


@dataclass(frozen=True)
class Lived:
    """A trial, its two databases, and everybody's browser signed in before the copy."""

    trial: Trial
    pair: Twins
    first: str
    clients: dict[str, Client]
    begin: dict[str, list[str]]
    logged: list[tuple[int, str]]


def browsers(world: World) -> dict[str, Client]:
    """Return a browser for each blinded role here, one at the other site, a stranger."""
    found = {
        role.value: signed_in_as(world, role)
        for role in Role
        if not ROLES[role].is_unblinded and role is not Role.IRB_CONTACT
    }
    found["second rater"] = signed_in_as(world, Role.RATER, second=True)
    found["elsewhere"] = signed_in_as(world, Role.COORDINATOR, elsewhere=True)
    return found | {"stranger": Client()}


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock(), two.databases.cloned() as name:
        trial = new_trial()
        clients = browsers(trial.world)
        begin = addresses(trial)
        definition = wall.definition_of(trial.world)
        with twins(name, definition) as pair:
            yield Lived(trial, pair, name, clients, begin, [])


@pytest.fixture(autouse=True)
def _still(lived: Lived) -> Iterator[None]:
    """The clock stands while both are asked, or every "today" would be a difference."""
    with time_machine.travel(datetime.now(UTC), tick=False):
        yield


def differing(found: dict[str, list[Answer]]) -> list[str]:
    """Return where the two answers differ, with the first place of it."""
    return [
        f"{path}: {_difference(*answers)}"
        for path, answers in found.items()
        if answers[0] != answers[1]
    ]


def _difference(one: Answer, other: Answer) -> str:
    if one.status != other.status or one.headers != other.headers:
        return f"{one.status} {one.headers} | {other.status} {other.headers}"
    pairs = enumerate(zip(one.body, other.body, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(one.body), len(other.body)))
    return f"{one.body[at - 40 : at + 60]!r} | {other.body[at - 40 : at + 60]!r}"


def gotten(lived: Lived, who: str) -> dict[str, list[Answer]]:
    """Ask every address, and what the pages lead to, of both databases."""
    found: dict[str, list[Answer]] = {}

    def ask(path: str) -> tuple[int, bytes]:
        found[path] = lived.pair.both(lived.clients[who], "get", path)
        return found[path][0].status, found[path][0].body

    begin = [path for paths in lived.begin.values() for path in paths]
    crawled([each for each in begin if each.lstrip("/") not in LEAVES], ask, most=MOST_LINKS)
    return found


def test_the_two_databases_have_exchanged_arms(lived: Lived) -> None:
    one = two.arms_in(lived.first)
    other = two.arms_in(lived.pair.second)
    assert set(one.values()) == {"active", "comparator"}
    assert {one[person.pk] for person in lived.trial.treated[:2]} == set(one.values())
    assert one.keys() == other.keys()
    assert all(other[person] != arm for person, arm in one.items())


WHO = [
    *(r.value for r in Role if not ROLES[r].is_unblinded and r is not Role.IRB_CONTACT),
    *("second rater", "elsewhere", "stranger"),
]


@pytest.mark.parametrize("who", WHO)
def test_no_byte_that_somebody_can_fetch_depends_on_an_arm(
    lived: Lived, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    found = gotten(lived, who)
    seen = Counter(answers[0].status for answers in found.values())
    print(who, len(found), seen)
    print("\n".join(p for p, a in found.items() if a[0].status>=500))
    print("\n".join(differing(found)[:20]))
    assert differing(found) == []
