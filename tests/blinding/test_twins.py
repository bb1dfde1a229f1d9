"""The twin test: the same trial with every arm exchanged gives everybody the same bytes.

What it cannot see: how long an answer took. Nothing is locked here; `test_locked` goes on
where the trial is, and ends with the one act after which the twins differ.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import ROLES, Permission, Role
from audit.seeing import seeing
from exports.datasets import DATASETS
from reminders import tasks
from reminders.models import Reminder
from sessions.models import Visit
from tests import databases
from tests.blinding import twins as two
from tests.blinding.crawling import LEAVES, addresses, crawled
from tests.blinding.lives import REMINDERS, Trial
from tests.blinding.twins import Answer, Twins, twins
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import World, visit_of

pytestmark = [
    pytest.mark.requirement("BLD-02", "AUD-22"),
    pytest.mark.services,
    pytest.mark.slow,
]
MOST_LINKS = 60  # of each person, beside every route
BLINDED = [
    role
    for role in Role
    if not ROLES[role].is_unblinded and role is not Role.IRB_CONTACT
]
WHO = [*(role.value for role in BLINDED), "second rater", "elsewhere", "stranger"]
API = [
    *("", "datasets/", "manifest", "schema", "nowhere"),
    *(f"datasets/{name}" for name in DATASETS),
    *(f"datasets/{name}?format=csv" for name in DATASETS),
    *(
        "datasets/EX",
        "datasets/RS?limit=0",
        "datasets/RS?limit=3",
        "datasets/RS?cursor=x",
    ),
]
# What chance and the clock make anew in each database.
_BY_CHANCE = (
    (re.compile(rb"\b\d{6}-\d\b|\brandomization_kit/\d+"), b"KIT"),
    (re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), b"UUID"),
    (re.compile(rb"\d\d:\d\d(?::\d\d)?(?:\.\d+)?"), b"TIME"),
)


@dataclass(frozen=True)
class Lived:
    """A trial, its two databases, and everybody's browser signed in before the copy."""

    trial: Trial
    pair: Twins
    first: str
    clients: dict[str, Client]
    begin: dict[str, list[str]]


def browsers(world: World) -> dict[str, Client]:
    """Return a browser for each blinded role here, one at the other site, a stranger."""
    found = {role.value: signed_in_as(world, role) for role in BLINDED}
    found["second rater"] = signed_in_as(world, Role.RATER, second=True)
    found["elsewhere"] = signed_in_as(world, Role.COORDINATOR, elsewhere=True)
    return found | {"stranger": Client()}


def _lived(made: tuple[str, Trial]) -> Iterator[Lived]:
    source, trial = made
    with databases.cloned(like=source) as name:
        clients = browsers(trial.world)
        begin = addresses(trial)
        with twins(name, wall.definition_of(trial.world)) as pair:
            yield Lived(trial, pair, name, clients, begin)


@pytest.fixture(scope="module")
def lived(made: tuple[str, Trial], django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock():
        yield from _lived(made)


@pytest.fixture
def acting_twins(made: tuple[str, Trial], django_db_blocker: Any) -> Iterator[Lived]:
    """Two databases of this test's own, for acts: they leave rows of their own."""
    with django_db_blocker.unblock():
        yield from _lived(made)


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """The clock stands while both are asked, or every "today" would be a difference."""
    with time_machine.travel(timezone.now(), tick=False):
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

    crawled(paths_for(lived, who), ask, most=MOST_LINKS)
    return found


def paths_for(lived: Lived, who: str) -> list[str]:
    """Return every address; of the oversight site one each to whom it is closed."""
    roles = {role.value: role for role in BLINDED}
    enters = who in roles and Permission.OVERSEE in ROLES[roles[who]].permissions
    return [
        path
        for route, paths in lived.begin.items()
        for path in (
            paths if enters or not route.startswith("oversight") else paths[:1]
        )
        if path.lstrip("/") not in LEAVES
    ]


def test_the_two_databases_have_exchanged_arms(lived: Lived) -> None:
    one = two.arms_in(lived.first)
    other = two.arms_in(lived.pair.second)
    assert set(one.values()) == {"active", "comparator"}
    assert {one[person.pk] for person in lived.trial.treated[:2]} == set(one.values())
    assert one.keys() == other.keys()
    assert all(other[person] != arm for person, arm in one.items())


def test_every_route_is_asked_with_something(lived: Lived) -> None:
    assert [route for route, paths in lived.begin.items() if not paths] == []


@pytest.mark.parametrize("who", WHO)
def test_no_byte_that_somebody_can_fetch_depends_on_an_arm(
    lived: Lived, who: str
) -> None:
    found = gotten(lived, who)
    assert differing(found) == []
    answered = {answers[0].status for answers in found.values()}
    assert {200, 302} <= answered
    assert 500 not in answered


@pytest.mark.requirement("BLD-08")
def test_no_byte_of_the_api_depends_on_an_arm(lived: Lived) -> None:
    client = Client(headers={"Authorization": f"Bearer {lived.trial.token}"})
    found = {
        f"{method} {path}": lived.pair.both(client, method, f"/api/v1/{path}")
        for path in API
        for method in ("get", "head", "options", "post")
    }
    assert differing(found) == []
    assert b"STUDY DRUG (BLINDED)" in found["get datasets/EC"][0].body
    assert found["get datasets/EC?format=csv"][0].body.count(b"\n") > 5


def test_no_line_of_the_log_depends_on_an_arm(
    lived: Lived, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[list[str]] = [[], []]
    client = lived.clients[Role.COORDINATOR.value]
    for path in paths_for(lived, Role.COORDINATOR.value)[:120]:
        for at in (0, 1):
            caplog.clear()
            lived.pair.look(at)
            client.get(path)
            told[at] += [
                record.getMessage()
                for record in caplog.records
                if record.name.startswith(("django.request", "candor", "reminders"))
            ]
    assert told[0] == told[1]
    assert any("Not Found" in line for line in told[0])


def _mails(lived: Lived, at: int) -> list[tuple[object, ...]]:
    """Send what is planned, and return each mail as it went out."""
    lived.pair.look(at)
    mail.outbox.clear()
    with seeing(REMINDERS):
        ids = list(Reminder.objects.order_by("pk").values_list("pk", flat=True))
    results = [tasks.send_one(reminder) for reminder in ids]
    told: list[tuple[object, ...]] = [
        (each.subject, each.body, each.to, each.cc, each.bcc, each.extra_headers)
        for each in mail.outbox
    ]
    return [("results", results), *told]


@pytest.mark.requirement("BLD-11")
def test_no_mail_depends_on_an_arm(acting_twins: Lived) -> None:
    first, second = (_mails(acting_twins, at) for at in (0, 1))
    assert first == second
    subjects = " ".join(str(told[0]) for told in first[1:])
    assert len(first) > 5
    assert "was unblinded" in subjects


def without_chance(answer: Answer) -> Answer:
    """Return an answer without kit numbers, new ids and the database's clock."""
    kept = [each for each in answer.headers if each[0] != "Content-Length"]
    body, headers = answer.body, str(kept).encode()
    for pattern, word in _BY_CHANCE:
        body, headers = pattern.sub(word, body), pattern.sub(word, headers)
    return replace(answer, body=body, headers=((headers.decode(), ""),))


def done(lived: Lived, who: str, path: str, typed: dict[str, str]) -> list[Answer]:
    answers = lived.pair.both(lived.clients[who], "post", path, data=typed)
    return [without_chance(answer) for answer in answers]


def test_an_act_answers_alike_whichever_arm_it_meets(acting_twins: Lived) -> None:
    """Randomizing, dispensing, exchanging: alike but for kit numbers, drawn by chance."""
    lived, who = acting_twins, Role.COORDINATOR.value
    dosing = visit_of(lived.trial.undosed, "dosing_1")
    found = {
        f"{n} {path}": done(lived, who, path, typed)
        for n, (path, typed) in enumerate(acts_of(lived, dosing))
    }
    assert differing(found) == []
    assert [answers[0].status for answers in found.values()].count(302) == 5
    for reader in (who, Role.INVESTIGATOR.value, Role.MONITOR.value):
        client = lived.clients[reader]
        seen = {
            path: [
                without_chance(each) for each in lived.pair.both(client, "get", path)
            ]
            for path in pages_after(lived, dosing)
        }
        assert differing(seen) == []


def acts_of(lived: Lived, dosing: Visit) -> list[tuple[str, dict[str, str]]]:
    """Return what is done, some of it twice: where, and what is typed there."""
    randomizing = reverse("randomization:randomize", args=[lived.trial.ready.uuid])
    dispensing = reverse("randomization:dispense", args=[dosing.uuid])
    dose = {"step": "starting", "on": "2025-04-28", "at": "10:00"}
    damaged = {"condition": "damaged", "why": "Dropped on the floor"}
    damaged |= {"on": "2025-04-28", "at": "10:10"}
    return [
        (randomizing, {"on": "2025-04-22"}),
        (randomizing, {}),
        *((dispensing, dose | {"part": part}) for part in ("initial", "supplement")),
        (dispensing, dose | {"part": "initial"}),
        *(
            (reverse("randomization:exchange", args=[dosing.uuid, part]), damaged)
            for part in ("initial", "supplement")
        ),
    ]


def pages_after(lived: Lived, dosing: Visit) -> list[str]:
    """Return the pages that tell of the acts afterwards."""
    trial = lived.trial
    return [
        reverse("randomization:randomize", args=[trial.ready.uuid]),
        reverse("randomization:dispense", args=[dosing.uuid]),
        *(
            reverse("workbench:participant", args=[each.uuid])
            for each in (trial.ready, trial.undosed)
        ),
        reverse("workbench:trail", args=[trial.undosed.uuid]),
        reverse("workbench:visit", args=[dosing.uuid]),
        reverse("workbench:participants"),
    ]


@pytest.mark.parametrize(
    "who", [Role.COORDINATOR.value, Role.INVESTIGATOR.value, Role.DATA_MANAGER.value]
)
def test_every_form_sent_empty_answers_alike(acting_twins: Lived, who: str) -> None:
    lived = acting_twins
    paths = [path for path in paths_for(lived, who) if "/oversight/" not in path]
    found = {path: done(lived, who, path, {}) for path in paths}
    assert differing(found) == []
    assert 200 in {answers[0].status for answers in found.values()}
