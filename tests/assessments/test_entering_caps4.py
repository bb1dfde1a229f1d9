"""A CAPS-IV from the page to the record: entered by keys, completed, signed, exported."""

import re

import pytest
from django.db import connection
from django.test import Client

from accounts.vocabulary import Role
from assessments import actions as assessment_actions
from assessments.access import scores_of
from assessments.actions import RatingRequest, request_ratings
from assessments.instruments.caps4 import CAPS4, SYMPTOMS
from assessments.models import Assessment, ItemResponse
from participants.models import Participant
from tests.assessments.posting import Browser, page, rater, typed
from tests.world import (
    MAPP2,
    ON_TARGET,
    PASSWORD,
    World,
    enrolled,
    held,
    new_world,
    rater_of,
    visit_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    """A trial like MAPP2 whose raters give CAPS-IV."""
    text = MAPP2.read_text("utf-8").replace('form = "caps5"', 'form = "caps4"')
    return new_world(text=text.replace('version = "2015"', 'version = "1998"'))


@pytest.fixture
def assessment(world: World) -> Assessment:
    (person,) = enrolled(world)
    held(world, [person], "prep_1", "prep_2", "baseline")
    return _requested(world, person)


def _requested(world: World, person: Participant) -> Assessment:
    return request_ratings(
        requests=[
            RatingRequest(visit_of(person, "baseline"), "caps4", ON_TARGET["baseline"])
        ],
        by=world.actor(Role.COORDINATOR),
    )[0]


def answers(*, absent: str = "") -> dict[str, int]:
    """Every symptom at (3, 2); one without a frequency has no intensity either."""
    found = {"caps4_a": 1, "caps4_19": 1, "caps4_20": 2, "caps4_21": 1, "caps4_22": 0}
    for code in SYMPTOMS:
        found |= {f"{code}f": 0} if code == absent else {f"{code}f": 3, f"{code}i": 2}
    return found


def test_frequency_and_intensity_follow_each_other_in_one_run_of_digits(
    world: World, assessment: Assessment, page_of: Browser
) -> None:
    html = page_of(rater(world, assessment)).get(page(assessment)).text
    shown = re.findall(r'data-item="(caps4_\w+)"', html)
    assert shown == [item.code for item in CAPS4.items]
    assert 'data-asked-when="caps4_01f=1 caps4_01f=2 caps4_01f=3 caps4_01f=4"' in html
    assert "asked when 1F is 1 to 4" in html


def test_a_whole_caps_iv_is_completed_signed_and_scored(
    world: World, assessment: Assessment, page_of: Browser
) -> None:
    response = page_of(rater(world, assessment)).post(
        page(assessment), typed(answers(absent="caps4_08"))
    )
    assert response.status_code == 302
    stored = ItemResponse.objects.filter(assessment=assessment)
    assert stored.count() == len(answers()) - 1
    _sign(world, assessment)
    scores = dict(scores_of(assessment.pk))
    assert scores["Total severity"] == "80"
    assert scores["PTSD diagnosis"] == "Yes"


def test_an_intensity_at_frequency_zero_is_sent_back(
    world: World, assessment: Assessment, page_of: Browser
) -> None:
    posted = typed(answers(absent="caps4_08") | {"caps4_08i": 2})
    html = page_of(rater(world, assessment)).post(page(assessment), posted).text
    assert "8I Amnesia: intensity is asked only when 8F is 1 to 4." in html
    assert not ItemResponse.objects.exists()


def test_a_signed_caps_iv_is_in_rs_under_codes_of_its_own(
    world: World, assessment: Assessment, page_of: Browser
) -> None:
    browser: Client = page_of(rater(world, assessment))
    browser.post(page(assessment), typed(answers()))
    _sign(world, assessment)
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "RSTESTCD", "RSCAT", "RSSTRESN", "RSEVLINT" FROM export.rs'
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    assert rows["CAPS401F"] == ("CAPS-IV PAST MONTH", 3, "-P1M")
    assert rows["CAPS417I"] == ("CAPS-IV PAST MONTH", 2, "-P1M")
    assert rows["CAPS4TOT"] == ("CAPS-IV PAST MONTH", 85, "-P1M")


def _sign(world: World, assessment: Assessment) -> None:
    assessment.refresh_from_db()
    assessment_actions.sign(
        assessments=[assessment], password=PASSWORD, by=rater_of(world, assessment)
    )
