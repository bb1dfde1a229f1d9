"""The pieces of work that are measured; each checks that it did what it says."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions import signed_in
from accounts.models import User
from accounts.vocabulary import Role
from assessments.actions import RatingRequest, request_ratings
from assessments.instruments import instrument
from assessments.models import Assessment, ItemResponse
from audit.actors import Actor
from audit.models import RowChange
from bench.fill import MAPP2, PASSWORD, SETUP
from bench.measuring import emit, measure, peak_mb
from participants.actions import NewConsent, NewScreening, screen
from participants.models import Participant
from sessions.actions import apply_amendment, consent
from sessions.models import Visit
from trials.actions import NewApproval, adopt_protocol, record_approvals
from trials.models import ProtocolVersion, Site, Trial

# What a form carries besides what is typed: its key and the version that it shows.
HIDDEN = re.compile(r'name="(request_key|seen)"\s+value="([^"]*)"')
TODAY = date.today()  # noqa: DTZ011, TID251
AMENDMENT = """
[[visits]]
code = "sleep"
label = "Call about sleep"
kind = "call"
when = { after = "dosing_3", earliest = "2 days", target = "3 weeks", latest = "9 months" }

[amendment]
amends = "1.0"
reason = "Sleep was never asked about"
new_consent = false
"""
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
    # Yesterday has begun wherever a site lies.
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011, TID251
    return typed | {"assessed_on": yesterday.isoformat(), "source": "direct"}


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


def amendment(size: dict[str, int]) -> None:
    """Measure an amendment that reaches every participant in one act, planned afresh.

    It is rolled back each time, so that the next one finds the same state.
    """
    # Whoever has not consented has no plan.
    planned = Visit.objects.values("participant")
    people = list(Participant.objects.filter(trial__identifier="BENCH", pk__in=planned))
    by = actor(Role.DATA_MANAGER)
    times, queries, rows = [], 0, 0
    for _ in range(3):
        with transaction.atomic():
            version = amended(people[0].trial)
            before = entries()
            start = time.perf_counter()
            with CaptureQueriesContext(connection) as captured:
                apply_amendment(participants=people, version=version, on=TODAY, by=by)
            times.append(time.perf_counter() - start)
            queries, rows = len(captured), entries() - before
            calls = Visit.objects.filter(code="sleep", protocol_version=version)
            if calls.count() != len(people):
                raise RuntimeError("the added visit was not planned for everybody")
            transaction.set_rollback(True)
    emit(
        "replan after an amendment",
        queries=queries,
        seconds=round(min(times), 2),
        rows=rows,
        rows_per_second=round(rows / min(times)),
        peak_mb=peak_mb(),
        **size,
    )


def amended(trial: Trial) -> ProtocolVersion:
    """Adopt MAPP2 with one visit more and one window longer, approved at every site."""
    text = MAPP2.read_text("utf-8")
    for old, new in (
        ('version = "1.0"', 'version = "1.1"'),
        (
            'target = "25 days", latest = "32 days"',
            'target = "25 days", latest = "33 days"',
        ),
    ):
        text = text.replace(old, new, 1)
    version = adopt_protocol(
        trial=trial, text=text + AMENDMENT, filename=MAPP2.name, on=TODAY, by=SETUP
    )
    approvals = [
        NewApproval(site, version, "1.0", "IRB", TODAY, TODAY + timedelta(days=1))
        for site in trial.sites.all()
    ]
    record_approvals(trial=trial, approvals=approvals, by=SETUP)
    return version


def responses() -> int:
    return ItemResponse.objects.count()


def entries() -> int:
    return RowChange.objects.count()
