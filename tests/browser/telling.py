"""What others learn of a course: a mail, the sponsor's pull, the auditor's story."""

import csv
import io
import re
import subprocess
import sys
import urllib.request
from datetime import timedelta
from time import monotonic, sleep

from accounts.vocabulary import Role
from tests.browser.course import Course, choose, fill, follow, press
from tests.reminders.test_tasks import (
    ROOT,
    TELLING,
    caught,
    celery_worker,
    environment_for,
    text_of,
)

STORY = (
    "Coordinator (coordinator) added to screening log",
    "Coordinator (coordinator) recorded consent",
    "Coordinator (coordinator) recorded identity",
    "Coordinator (coordinator) recorded facts",
    "Coordinator (coordinator) enrolled",
    "(independent rater) signed assessment: 01-001-9, visit V3, CAPS-5",
    "Investigator (investigator) confirmed enrollment",
    "Coordinator (coordinator) randomized",
    "Coordinator (coordinator) dispensed kit: 01-001-9, visit V5",
    "Therapist (therapist) recorded dose: 01-001-9, visit V5",
    "Coordinator (coordinator) reported adverse event",
    "Medical monitor (medical monitor) received safety report",
    "Investigator (investigator) assessed causality",
    "Medical monitor (medical monitor) determined adverse event",
    "(independent rater) signed assessment: 01-001-9, visit V19, CAPS-5",
    "Candor (reminders) sent reminder: 01-001-9, visit V20",
    "Reason: The participant asked for today",
    "Coordinator (coordinator) held visit: 01-001-9, visit V20",
)
TERM = timedelta(days=300)


def is_reminded(course: Course, database: str) -> None:
    """A visit booked for tomorrow brings a mail that gives nothing away."""
    page = course.participant_page(Role.COORDINATOR)
    follow(page, "Book V20")
    fill(page, {"Day": course.today + timedelta(days=1), "Time": "09:30"})
    press(page, "Book visit")
    environment = environment_for(database)
    # A broker of its own, beside that of the tests of reminders.
    environment["REDIS_URL"] = environment["REDIS_URL"].replace("=9", "=8")
    call = [sys.executable, "-m", "celery", "-A", "config", "call"]
    for name in ("plan", "send_due"):
        command = [*call, f"reminders.tasks.{name}"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    with celery_worker(environment):
        end = monotonic() + 60
        while not caught(course.email) and monotonic() < end:
            sleep(0.2)
    message, *more = caught(course.email)
    assert not more
    words = text_of(message).lower()
    assert "at 09:30" in words
    telling = TELLING | {course.world.trial.identifier.lower(), course.number, "noa"}
    assert not [word for word in telling if word in words]


def is_pulled_by_the_sponsor(course: Course, address: str) -> None:
    """The data manager gives the sponsor a token; the pull has the scores and no arm."""
    page = course.page(Role.DATA_MANAGER)
    page.goto("/api/v1/about/")
    choose(page, {"Person": course.world.user(Role.SPONSOR).name})
    fill(page, {"What it is for": "Nightly pull", "Last day": course.today + TERM})
    press(page, "Issue token")
    token = page.get_by_role("status").locator("code").inner_text()

    def pull(name: str) -> str:
        url = f"{address}/api/v1/datasets/{name}?format=csv"
        asked = urllib.request.Request(  # noqa: S310 - our own server, over http
            url, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - as above
            return str(answer.read().decode())

    rows = csv.DictReader(io.StringIO(pull("RS")))
    totals = [row["RSSTRESN"] for row in rows if row["RSTESTCD"] == "CAPS5TOT"]
    assert totals == ["69", "20"]
    for name in ("DM", "SV", "RS", "QS", "AE", "DS", "EC"):
        everything = pull(name)
        assert course.number in everything, name
        assert not re.search(
            "mdma|placebo|active|comparator|Noa", everything, re.IGNORECASE
        )


def is_read_by_the_auditor(course: Course) -> None:
    """The whole story as sentences, newest first."""
    page = course.enter(course.world.user(Role.AUDITOR)).page
    page.get_by_role("main").get_by_role("link", name="Audit trail").click()
    fill(page, {"Participant number": course.number})
    page.get_by_role("button", name="Show").click()
    page.get_by_text(f"booked visit: {course.number}").first.wait_for()
    told = page.locator("ol.trail p").all_inner_texts()
    while page.get_by_role("link", name="Older").count():
        with page.expect_navigation():
            page.get_by_role("link", name="Older").click()
        told += page.locator("ol.trail p").all_inner_texts()
    story = iter(reversed(told))
    for act in STORY:
        # Each after the one before it: the iterator is used up as it is searched.
        assert any(act in sentence for sentence in story), act
