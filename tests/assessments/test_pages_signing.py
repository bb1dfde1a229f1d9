"""Pages of assessments: requested, signed, corrected, and what comes next."""

import re
from datetime import date

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.actions import Completion, RatingRequest, complete, request_ratings
from assessments.models import Assessment, ItemResponse
from participants.models import Participant
from tests.assessments.posting import Browser, page, rater, seen, typed
from tests.world import (
    PASSWORD,
    World,
    caps_answers,
    completed_caps,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("SIG-01")
@pytest.mark.requirement("SIG-02")
def test_a_wrong_password_leaves_the_form_complete_and_unsigned(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = completed_caps(world, participant)
    browser = page_of(rater(world, assessment))
    response = browser.post(page(assessment, "sign"), {"password": "not this one"})
    html = response.content.decode()
    assert "password is not right" in html
    assert "Nightmares" in html
    assessment.refresh_from_db()
    assert assessment.state == "complete"
    assert (
        browser.post(page(assessment, "sign"), {"password": PASSWORD}).status_code
        == 302
    )
    shown = seen(browser.get(page(assessment)).content.decode())
    assert "“I rated this interview”" in shown.replace("&quot;", '"')
    assert "UTC" in shown


def test_a_correction_keeps_what_was_typed_until_there_is_a_reason(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = completed_caps(world, participant, total=40)
    browser = page_of(rater(world, assessment))
    changed = typed(caps_answers(40) | {"caps02": 4})
    path = page(assessment) + "?correct=1"
    html = browser.post(path, changed).content.decode()
    assert re.search(r'name="caps02"\s+value="4"[^>]*checked', html)
    assert ItemResponse.objects.get(assessment=assessment, item="caps02").value == 2
    response = browser.post(path, changed | {"reason": "Misheard"})
    assert response.status_code == 302
    assert ItemResponse.objects.get(assessment=assessment, item="caps02").value == 4


@pytest.mark.requirement("SIG-04")
def test_a_reopened_form_says_that_its_signature_is_of_before(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = signed_caps(world, participant, total=40)
    browser = page_of(rater(world, assessment))
    browser.post(page(assessment, "reopen"), {"reason": "Item 2 was misheard"})
    changed = typed(caps_answers(40) | {"caps02": 4}, reason="Item 2 was misheard")
    assert browser.post(page(assessment), changed).status_code == 302
    html = browser.get(page(assessment)).content.decode()
    assert "Changed since it was signed" in html


@pytest.mark.requirement("SIG-11")
def test_several_forms_are_signed_with_one_password(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = completed_caps(world, participant)
    html = page_of(rater(world, caps)).get(reverse("assessments:signing")).content
    assert caps.opaque_code in html.decode()
    assert not re.search(r'name="chosen"[^>]*checked', html.decode())
    assert participant.number not in html.decode()
    browser = page_of(rater(world, caps))
    posted = {"chosen": [str(caps.uuid)], "password": "wrong"}
    assert b"not right" in browser.post(reverse("assessments:signing"), posted).content
    posted["password"] = PASSWORD
    assert browser.post(reverse("assessments:signing"), posted).status_code == 302
    caps.refresh_from_db()
    assert caps.state == "signed"


def test_a_coordinator_requests_starts_and_sets_aside_forms_of_a_visit(
    world: World, participant: Participant, page_of: Browser
) -> None:
    browser = page_of(world.user(Role.COORDINATOR))
    visits = {visit.code: visit.uuid for visit in participant.visits.all()}

    def path(name: str, visit: str, code: str) -> str:
        return reverse(f"assessments:{name}", args=[visits[visit], code])

    led = browser.get(path("start", "screening", "pcl5"))
    assert led["Location"] == reverse("workbench:visit", args=[visits["screening"]])
    assert not Assessment.objects.filter(code="pcl5").exists()
    browser.post(path("start", "screening", "pcl5"))
    assert b"CAPS-5" in browser.get(path("request_rating", "baseline", "caps5")).content
    browser.post(path("request_rating", "baseline", "caps5"), {"due_on": "2025-04-14"})
    browser.post(
        path("not_done", "baseline", "sds_adapted"), {"why": "Ran out of time"}
    )
    states = dict(Assessment.objects.values_list("code", "state"))
    assert states == {
        "pcl5": "in_progress",
        "caps5": "assigned",
        "sds_adapted": "not_done",
    }
    assert browser.get(path("not_done", "baseline", "pcl5")).status_code == 404


def test_the_address_of_a_signature_leads_to_the_form(
    world: World, participant: Participant, page_of: Browser
) -> None:
    """After a wrong password the browser is at an address that only signs."""
    assessment = completed_caps(world, participant)
    browser = page_of(rater(world, assessment))
    wrong = browser.post(page(assessment, "sign"), {"password": "wrong"})
    assert wrong.status_code == 200
    for name in ("sign", "reopen"):
        again = browser.get(page(assessment, name))
        assert again["Location"] == page(assessment)


def test_a_form_finished_says_who_signs_it_and_what_comes_next(
    world: World, participant: Participant, page_of: Browser
) -> None:
    first = started(world, participant, "prep_1", "cssrs_slc")
    none = dict.fromkeys(("01", "02", "12", "14", "15", "17", "19", "21"), 0)
    answers = {f"cssrs{code}": answer for code, answer in none.items()}
    day = visit_of(participant, "prep_1").held_on or date.max
    complete(
        completions=[Completion(first, day, "direct", answers)],
        by=world.actor(Role.THERAPIST),
    )
    coordinator = page_of(world.user(Role.COORDINATOR)).get(page(first))
    html = seen(coordinator.content.decode())
    assert "The therapist or the investigator signs it." in html
    assert coordinator.context["next_step"]["label"].startswith(("Go on", "Back"))
    therapist = page_of(world.user(Role.THERAPIST)).get(page(first))
    assert "signs it." not in seen(therapist.content.decode())


def test_a_rater_goes_on_to_the_next_form_of_the_interview(
    world: World, participant: Participant, page_of: Browser
) -> None:
    done = completed_caps(world, participant)
    browser = page_of(rater(world, done))
    step = browser.get(page(done)).context["next_step"]
    assert step["url"] == reverse("assessments:ratings")
    signed = browser.post(page(done, "sign"), {"password": PASSWORD}, follow=True)
    assert "signed_by" in signed.context
    assert not signed.context["signed_by"]


def test_a_raters_queue_says_what_belongs_together_and_what_is_overdue(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = requested_caps(world, participant)
    visit = caps.visit
    sds = request_ratings(
        requests=[RatingRequest(visit, "sds_adapted", date(2199, 1, 1))],
        by=world.actor(Role.COORDINATOR),
    )[0]
    shown = page_of(rater(world, caps)).get(reverse("assessments:ratings"))
    lines = shown.context["interviews"]
    assert [line.assessment for line in lines] == [caps, sds]
    assert [line.goes_with for line in lines] == ["", caps.opaque_code]
    assert [line.is_late for line in lines] == [True, False]
    html = seen(shown.content.decode())
    assert f"same interview as {caps.opaque_code}" in html
    assert html.count("Overdue") == 1
