"""Pages of assessments: what is typed into a form, kept, refused and asked about."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from assessments.access import draft_of
from assessments.actions import RatingRequest, request_ratings
from assessments.models import ItemResponse
from participants.models import Participant
from tests.assessments.posting import Browser, page, rater, seen, typed
from tests.forms import posted
from tests.pages import own_statements
from tests.world import World, caps_answers, completed_caps, requested_caps, started

pytestmark = pytest.mark.django_db


def test_a_whole_form_posted_without_script_is_completed(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    response = browser.post(page(assessment), typed(caps_answers(36)))
    assert response.status_code == 302
    assessment.refresh_from_db()
    assert assessment.state == "complete"
    assert ItemResponse.objects.filter(assessment=assessment).count() == 27


def test_saving_thirty_items_takes_at_most_twenty_queries(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    answers = caps_answers(36) | {"caps26": 1, "caps27": 3, "caps28": 2}
    form = posted(browser.get(page(assessment)).text, having="seen") | typed(answers)
    with CaptureQueriesContext(connection) as captured:
        browser.post(page(assessment), form)
    assert ItemResponse.objects.filter(assessment=assessment).count() == 30
    asked = own_statements(captured)
    assert len(asked) <= 20, [query[:90] for query in asked]


def test_a_form_completed_too_early_keeps_what_was_typed_and_names_the_gap(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    answers = caps_answers(60)
    del answers["caps08"]
    response = browser.post(page(assessment), typed(answers))
    html = response.content.decode()
    assert response.status_code == 200
    assert "8 Amnesia for part of event has no answer" in html
    assert html.count("checked") >= len(answers)
    assert not ItemResponse.objects.exists()


def test_a_day_that_has_not_come_is_refused(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    posted = typed(caps_answers(36), assessed_on="2199-01-01")
    assert "has not come yet" in browser.post(page(assessment), posted).content.decode()


def test_a_draft_is_saved_by_post_and_shown_again(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    user = rater(world, assessment)
    browser = page_of(user)
    posted = {"item": "caps02", "value": "3", "missing": "", "sequence": "7"}
    report = browser.post(page(assessment, "draft"), posted).json()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", report["saved_at"])
    assert report["answered"] == 1
    assert draft_of(assessment, user.pk) == {"caps02": 3}
    html = browser.get(page(assessment)).content.decode()
    chosen = re.findall(r'name="(caps\w+)"\s+value="(\d)"[^>]*checked', html)
    assert chosen == [("caps02", "3")]


def test_answers_sent_together_are_told_apart(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    user = rater(world, assessment)
    posted = {
        "item": ["caps02", "caps03", "reason"],
        "value": ["3", "9", "Late"],
        "missing": ["", "", ""],
        "sequence": ["7", "8", "9"],
    }
    report = page_of(user).post(page(assessment, "draft"), posted).json()
    assert (report["answered"], list(report["refused"])) == (1, ["caps03"])
    assert draft_of(assessment, user.pk) == {"caps02": 3, "reason": "Late"}


def test_an_answer_that_is_none_is_refused_with_the_scale(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    posted = {"item": "caps02", "value": "9", "missing": "", "sequence": "7"}
    response = browser.post(page(assessment, "draft"), posted)
    assert response.status_code == 400
    assert "use 0, 1, 2, 3, 4" in response.json()["error"]


def test_an_answer_after_completion_is_a_conflict(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = completed_caps(world, participant)
    browser = page_of(rater(world, assessment))
    posted = {"item": "caps02", "value": "3", "missing": "", "sequence": "7"}
    assert browser.post(page(assessment, "draft"), posted).status_code == 409


@pytest.mark.requirement("SAF-06")
def test_an_alarming_form_asks_what_was_done_and_shows_whom_to_reach(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = started(world, participant, "prep_1", "cssrs_slc")
    browser = page_of(world.user(Role.THERAPIST))
    codes = ("01", "02", "14", "15", "17", "19", "21")
    answers = {f"cssrs{code}": 0 for code in codes} | {"cssrs12": 1}
    html = browser.post(page(assessment), typed(answers)).content.decode()
    assert "Immediate escalation" in html
    assert world.site.crisis_contact in html
    done = typed(answers, action_taken="Dr. Ito spoke with her at 14:10")
    assert browser.post(page(assessment), done).status_code == 302
    assessment.refresh_from_db()
    assert assessment.alert_action == "Dr. Ito spoke with her at 14:10"


def test_a_questionnaire_says_that_nobody_watches_it(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = started(world, participant, "screening", "pcl5")
    html = page_of(world.user(Role.COORDINATOR)).get(page(assessment)).content.decode()
    assert "not watched around the clock" in html
    assert world.site.crisis_contact in html


def test_trauma_relatedness_left_open_is_asked_about_once_at_completion(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    answers = caps_answers(60)
    posted = typed(answers)
    del posted["left_open"]
    html = seen(browser.post(page(assessment), posted).content.decode())
    assert "is not rated for items 9, 11, 12" in html
    assert "Leave trauma-relatedness open" in html
    assert not ItemResponse.objects.exists()
    assert "Trauma-related?" in html
    assert "Trauma-related? optional" not in html
    rated = {f"caps{n:02}_tr": 1 for n in (9, *range(11, 21))}
    whole = typed(answers | rated)
    del whole["left_open"]
    assert browser.post(page(assessment), whole).status_code == 302


def test_ten_has_a_key_of_its_own_where_ten_is_an_answer(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = requested_caps(world, participant)
    (sds,) = request_ratings(
        requests=[RatingRequest(caps.visit, "sds_adapted", date(2025, 4, 14))],
        by=world.actor(Role.COORDINATOR),
    )
    browser = page_of(rater(world, caps))
    assert "x answers 10" in seen(browser.get(page(sds)).content.decode())
    assert "answers 10" not in seen(browser.get(page(caps)).content.decode())
