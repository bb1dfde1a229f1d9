"""Pages of assessments: what each person is shown, and that looking writes nothing."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from assessments.instruments.caps5 import CAPS5
from assessments.models import Assessment, Draft
from audit.trail import acting
from participants.models import Participant
from sessions.models import Visit
from tests.assessments.posting import Browser, page, rater, seen, typed
from tests.pages import own_statements
from tests.world import (
    SETUP,
    World,
    caps_answers,
    completed_caps,
    requested_caps,
    signed_caps,
    started,
)

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("BLD-04")
@pytest.mark.parametrize("state", ["assigned", "complete", "signed"])
def test_a_raters_pages_tell_nothing_of_participant_site_visit_or_scores(
    world: World, participant: Participant, page_of: Browser, state: str
) -> None:
    signed_caps(world, participant, total=77)
    make = {
        "assigned": requested_caps,
        "complete": completed_caps,
        "signed": signed_caps,
    }
    assessment = make[state](world, participant, visit="t2")
    earlier = Assessment.objects.get(code="caps5", visit__code="baseline")
    browser = page_of(rater(world, assessment))
    visit = assessment.visit
    canaries = {
        participant.number,
        world.site.name,
        world.site.time_zone,
        visit.label,
        str(visit.uuid),
        str(participant.uuid),
        earlier.opaque_code,
        "dosing",
    }
    for path in (page(assessment), reverse("assessments:ratings")):
        html = browser.get(path).content.decode()
        assert [word for word in canaries if word and word in html] == []
        for word in (visit.number, "77"):
            assert not re.search(rf"\b{word}\b", seen(html))
    title = re.search(
        r"<title>(.*?)</title>",
        browser.get(page(assessment)).content.decode(),
        re.DOTALL,
    )
    assert title
    assert title[1].split() == ["Interview", assessment.opaque_code, "·", "Candor"]


def test_nobody_opens_an_interview_of_another_rater(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    is_first = assessment.rater_id == world.user(Role.RATER).pk
    other = page_of(world.user(Role.RATER, second=is_first))
    assert other.get(page(assessment)).status_code == 404
    assert other.post(page(assessment), typed(caps_answers(1))).status_code == 404
    for name in ("draft", "sign", "reopen", "set_aside"):
        assert other.post(page(assessment, name)).status_code == 404
    queue = other.get(reverse("assessments:ratings")).content.decode()
    assert assessment.opaque_code not in queue


@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.THERAPIST, Role.MONITOR]
)
def test_a_site_sees_of_a_hidden_form_its_state_and_the_rule(
    world: World, participant: Participant, page_of: Browser, role: Role
) -> None:
    assessment = signed_caps(world, participant, total=71)
    html = seen(page_of(world.user(role)).get(page(assessment)).content.decode())
    assert "Signed" in html
    assert "CAPS rule met" in html
    assert not re.search(r"\b71\b", html)
    assert not any(item.label in html for item in CAPS5.items)


def test_the_medical_monitor_sees_answers_and_scores(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = signed_caps(world, participant, total=71)
    browser = page_of(world.user(Role.MEDICAL_MONITOR))
    html = seen(browser.get(page(assessment)).content.decode())
    assert "Total severity 71" in html
    assert "Nightmares" in html


def test_another_site_does_not_know_the_form(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = started(world, participant, "screening", "pcl5")
    stranger = page_of(world.user(Role.COORDINATOR, elsewhere=True))
    assert stranger.get(page(assessment)).status_code == 404


def test_opening_a_form_writes_nothing(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    with CaptureQueriesContext(connection) as captured:
        browser.get(page(assessment))
    asked = own_statements(captured)
    written = [sql for sql in asked if not sql.lstrip().startswith("SELECT")]
    assert written == []
    assert not Draft.objects.exists()


def test_a_rater_meets_one_time_zone_and_it_is_not_the_sites(
    world: World, participant: Participant, page_of: Browser
) -> None:
    """The list was in UTC while "Saved" was in the time of the site."""
    with acting("settle", by=SETUP, reason="The sponsor works in Tokyo"):
        world.trial.sponsor_time_zone = "Asia/Tokyo"
        world.trial.save()
        Visit.objects.filter(participant=participant, code="baseline").update(
            booked_on=date(2025, 4, 14), booked_time=time(9, 30)
        )
    assessment = requested_caps(world, participant)
    with acting("settle", by=SETUP, reason="As a baseline, of which the site sees all"):
        Assessment.objects.filter(pk=assessment.pk).update(
            is_hidden_from_site=False, due_on=date(2025, 4, 14)
        )
    browser = page_of(rater(world, assessment))
    site = datetime(2025, 4, 14, 9, 30, tzinfo=ZoneInfo(world.site.time_zone))
    tokyo = site.astimezone(ZoneInfo("Asia/Tokyo"))
    queue = seen(browser.get(reverse("assessments:ratings")).content.decode())
    assert f"{tokyo:%H:%M} JST" in queue
    posted = {"item": "caps02", "value": "3", "missing": "", "sequence": "7"}
    saved = browser.post(page(assessment, "draft"), posted).json()["saved_at"]
    now = timezone.now().astimezone(ZoneInfo("Asia/Tokyo"))
    assert saved[:2] in {f"{now - timedelta(minutes=2):%H}", f"{now:%H}"}


def test_the_summary_of_a_refused_form_names_each_field(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    answers = caps_answers(36)
    del answers["caps08"]
    html = browser.post(page(assessment), typed(answers, assessed_on="")).text
    shown = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "Day of the assessment: This field is required." in shown
    # What says itself which item it is about is not named twice.
    assert "event: 8 Amnesia" not in shown
