"""The end of the twin test: what differs by an arm once the trial is locked, and for whom."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from tests import databases
from tests.blinding.crawling import addresses
from tests.blinding.lives import Trial
from tests.blinding.test_twins import Lived, browsers, differing, gotten
from tests.blinding.twins import Answer, arms_in, twins
from tests.forms import posted
from tests.locking import locked, reopened
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import PASSWORD

pytestmark = [
    pytest.mark.requirement("BLD-02"),
    pytest.mark.requirement("BLD-12"),
    pytest.mark.services,
    pytest.mark.slow,
]
STATISTICIAN = Role.STATISTICIAN.value


@pytest.fixture(scope="module")
def lived(made: tuple[str, Trial], django_db_blocker: Any) -> Iterator[Lived]:
    """A locked trial, and its twin with every arm exchanged."""
    source, trial = made
    with django_db_blocker.unblock(), databases.cloned(like=source) as name:
        clients = browsers(trial.world)
        clients[STATISTICIAN] = signed_in_as(trial.world, Role.STATISTICIAN)
        locked(reopened(locked(trial.world)))
        begin = addresses(trial)
        with twins(name, wall.definition_of(trial.world)) as pair:
            yield Lived(trial, pair, name, clients, begin)


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.mark.parametrize("who", [Role.SPONSOR.value, STATISTICIAN])
def test_the_lock_alone_tells_nobody_an_arm(lived: Lived, who: str) -> None:
    found = gotten(lived, who)
    assert differing(found) == []
    page = reverse("trials:trial", args=[lived.trial.world.trial.uuid])
    assert b"No data of the trial can be changed" in found[page][0].body


def test_the_act_of_unblinding_is_the_first_answer_that_differs(lived: Lived) -> None:
    page = reverse("randomization:arms", args=[lived.trial.world.trial.uuid])
    client = lived.clients[STATISTICIAN]
    before = lived.pair.both(client, "get", page)
    assert before[0] == before[1]
    one, other = asked(lived, client, page)
    assert one.status == other.status == 200
    assert one != other
    arms = [arms_in(name) for name in (lived.first, lived.pair.second)]
    for answer, known in zip((one, other), arms, strict=True):
        told = sorted(line.split(",")[3] for line in _lines(answer))
        assert told == sorted(known.values())
    # Line by line the same people, each with the other arm.
    for line, twin in zip(_lines(one), _lines(other), strict=True):
        *person, arm = line.split(",")
        *same, changed = twin.split(",")
        assert person == same
        assert {arm, changed} == {"active", "comparator"}
    # And nobody else's pages tell of more than that it was done.
    assert differing(gotten(lived, Role.INVESTIGATOR.value)) == []


def asked(lived: Lived, client: Client, page: str) -> list[Answer]:
    """Type the password in both, each with the key of its own page."""
    lived.pair.look(0)
    form = posted(client.get(page).content.decode(), having="password")
    return lived.pair.both(client, "post", page, data=form | {"password": PASSWORD})


def _lines(answer: Answer) -> list[str]:
    return answer.body.decode().splitlines()[1:]
