"""Pages of assessments: what each person is shown, and what a POST leaves behind."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Role
from assessments.access import draft_of
from assessments.actions import Completion, RatingRequest, complete, request_ratings
from assessments.instruments.caps5 import CAPS5
from assessments.models import Assessment, Draft, ItemResponse
from audit.trail import acting
from participants.models import Participant
from sessions.models import Visit
from tests.pages import own_statements
from tests.world import (
    PASSWORD,
    SETUP,
    World,
    caps_answers,
    completed_caps,
    enrolled,
    held,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture
def participant(world: World) -> Participant:
    person = enrolled(world)[0]
    held(world, [person], "prep_1", "prep_2", "baseline")
    return person


def page(assessment: Assessment, name: str = "enter") -> str:
    return reverse(f"assessments:{name}", args=[assessment.uuid])


def rater(world: World, assessment: Assessment) -> User:
    return User.objects.get(pk=assessment.rater_id or 0)


def typed(answers: dict[str, Any], **other: str) -> dict[str, str]:
    """What a browser posts for these answers: a reason goes into its own field."""
    posted = {"assessed_on": "2025-04-14", "source": "direct", "left_open": "on"}
    posted |= other
    for item, answer in answers.items():
        field = item if isinstance(answer, int) else f"{item}_missing"
        posted[field] = str(answer)
    return posted


def seen(html: str) -> str:
    """A page's words, without the rail's and the head's."""
    main = html[html.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


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
    with CaptureQueriesContext(connection) as captured:
        browser.post(page(assessment), typed(answers))
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


def test_an_answer_that_is_none_is_refused_with_the_scale(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = requested_caps(world, participant)
    browser = page_of(rater(world, assessment))
    posted = {"item": "caps02", "value": "9", "missing": ""}
    response = browser.post(page(assessment, "draft"), posted)
    assert response.status_code == 400
    assert "use 0, 1, 2, 3, 4" in response.json()["error"]


def test_an_answer_after_completion_is_a_conflict(
    world: World, participant: Participant, page_of: Browser
) -> None:
    assessment = completed_caps(world, participant)
    browser = page_of(rater(world, assessment))
    posted = {"item": "caps02", "value": "3", "missing": ""}
    assert browser.post(page(assessment, "draft"), posted).status_code == 409


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
    assert "Trauma-related? optional" in html
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
