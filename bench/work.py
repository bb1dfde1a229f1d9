"""The pieces of work that are measured; each checks that it did what it says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from accounts.actions import signed_in
from accounts.models import User
from accounts.vocabulary import Role
from assessments.actions import RatingRequest, request_ratings
from assessments.instruments import instrument
from assessments.models import Assessment, ItemResponse
from audit.actors import Actor
from audit.models import RowChange
from bench.fill import PASSWORD, SETUP
from bench.measuring import emit, measure
from participants.actions import NewConsent, NewScreening, screen
from participants.models import Participant
from sessions.actions import consent
from sessions.models import Visit
from trials.models import Site

# What a form carries besides what is typed: its key and the version that it shows.
HIDDEN = re.compile(r'name="(request_key|seen)"\s+value="([^"]*)"')
CAPS_SAVES = 40  # rounds, warm-up and the counted one included


def person(role: Role) -> User:
    return User.objects.get(username=f"bench.{role}")


def actor(role: Role) -> Actor:
    return signed_in(user=person(role), kind="bench", lifetime=timedelta(hours=1))


def browser(role: Role) -> Client:
    client = Client()
    typed = {"username": f"bench.{role}", "password": PASSWORD}
    response = client.post(reverse("accounts:sign_in"), typed)
    if response.status_code != 302:
        raise RuntimeError(f"{role} could not sign in")
    return client


def page(client: Client, url: str, *expected: str) -> None:
    """Fetch a page and see that it is the right one."""
    response = client.get(url)
    text = response.content.decode()
    for words in expected:
        if response.status_code != 200 or words not in text:
            raise RuntimeError(f"{url}: {response.status_code}, without {words!r}")


def pages(size: dict[str, int]) -> None:
    """Measure the pages that are opened all day."""
    coordinator, auditor = browser(Role.COORDINATOR), browser(Role.AUDITOR)
    site = Site.objects.get(number="01")
    shown = Participant.objects.filter(site=site).order_by("number")[10]
    numbers = Visit.objects.filter(participant=shown, number__startswith="V")
    codes = list(numbers.values_list("number", flat=True))
    url = reverse("workbench:participant", args=[shown.uuid])
    measure(
        "participant page", lambda: page(coordinator, url, *codes), visits=21, **size
    )
    url = reverse("workbench:participants")
    measure("participant list", lambda: page(coordinator, url, "01-"), **size)
    everybody = browser(Role.DATA_MANAGER)
    url = reverse("workbench:participants") + "?q=10-1"
    measure("participant list, last site", lambda: page(everybody, url, "10-1"), **size)
    url = reverse("workbench:home")
    measure("worklist of a site", lambda: page(coordinator, url, "01-"), **size)
    url = reverse("workbench:trail", args=[shown.uuid])
    measure(
        "audit history of a participant", lambda: page(coordinator, url, "fill"), **size
    )
    trail(auditor, size)


def trail(auditor: Client, size: dict[str, int]) -> None:
    """Measure the auditor's list at the end and at the beginning of a long trail."""
    url = reverse("trail:list")
    measure("auditor's trail list, newest", lambda: page(auditor, url, "Older"), **size)
    deep = f"{url}?before=20"
    measure(
        "auditor's trail list, oldest", lambda: page(auditor, deep, "BENCH"), **size
    )


def caps(size: dict[str, int]) -> None:
    """Measure the same save of a 30-item CAPS-5 with and without the audit triggers."""
    client = browser(Role.RATER)
    forms = iter([opened(client, uuid) for uuid in interviews(2 * CAPS_SAVES)])

    def save() -> None:
        response = client.post(*next(forms))
        if response.status_code != 302:
            raise RuntimeError("the CAPS-5 was not saved")

    with_trail = measure("save CAPS-5", save, rounds=30, items=30, **size)
    saved = RowChange.objects.filter(table_name="assessments_itemresponse")
    if saved.order_by("-id").first() is None:
        raise RuntimeError("the save left nothing in the trail")
    with without_triggers("assessments_assessment", "assessments_itemresponse"):
        without = measure(
            "save CAPS-5 without audit triggers", save, rounds=30, items=30, **size
        )
    emit("save CAPS-5, ratio", ratio=round(with_trail / without, 2), at_most=1.6)


def opened(client: Client, uuid: Any) -> tuple[str, dict[str, Any]]:
    """Return the address of a CAPS-5 and all that its page sends, filled in."""
    url = reverse("assessments:enter", args=[uuid])
    page = client.get(url).content.decode()
    return url, answers() | dict(HIDDEN.findall(page))


def answers() -> dict[str, Any]:
    """Return what is typed into a whole CAPS-5."""
    known = instrument("caps5", "2015")
    typed = {item.code: "1" for item in known.items if item.required}
    return typed | {"assessed_on": date.today().isoformat(), "source": "direct"}  # noqa: DTZ011, TID251


def interviews(count: int) -> list[Any]:
    """Return that many CAPS-5 assigned to the rater, at visits that have none yet."""
    rater = person(Role.RATER)
    free = (
        Visit.objects.exclude(
            pk__in=Assessment.objects.filter(code="caps5").values("visit_id")
        )
        .filter(number="ET")
        .select_related("participant")
    )
    requests = [
        RatingRequest(visit=visit, code="caps5", due_on=date.today(), rater=rater)  # noqa: DTZ011, TID251
        for visit in free.order_by("pk")[:count]
    ]
    made = request_ratings(requests=requests, by=SETUP)
    return [assessment.uuid for assessment in made]


@contextmanager
def without_triggers(*tables: str) -> Iterator[None]:
    """Take the audit triggers off some tables, as their owner, for the block."""

    def switch(word: str) -> None:
        with connections["owner"].cursor() as cursor:
            for table in tables:
                for event in ("insert", "update", "delete"):
                    cursor.execute(
                        f"ALTER TABLE {table} {word} TRIGGER capture_{event}"
                    )
        connection.close()

    switch("DISABLE")
    try:
        yield
    finally:
        switch("ENABLE")


def enrollment(size: dict[str, int]) -> None:
    """Measure consent with the first plan of the whole course."""
    site = Site.objects.get(number="01")
    by = actor(Role.COORDINATOR)
    user = person(Role.COORDINATOR)
    on = date.today()  # noqa: DTZ011, TID251
    people = iter(screen(screenings=[NewScreening(site, on)] * 40, by=by))
    items = {"participation": True, "recording": True, "reminders_email": True}

    def plan() -> None:
        new = NewConsent(
            next(people), "1.0", on, user, items, "female", 40, is_able=True
        )
        consent(consents=[new], by=by)
        if Visit.objects.filter(participant=new.participant).count() < 21:
            raise RuntimeError("the course was not planned")

    measure("consent and plan the course", plan, visits=21, **size)


def responses() -> int:
    return ItemResponse.objects.count()


def entries() -> int:
    return RowChange.objects.count()
