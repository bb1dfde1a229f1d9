"""A new participant from screening to a signed primary endpoint, in the browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.models import Assessment
from participants.models import Participant
from randomization.access import randomization_numbers
from tests.browser.conftest import Site
from tests.browser.course import (
    CAPS_DIGITS,
    ENDPOINT_DIGITS,
    Course,
    choose,
    fill,
    follow,
    press,
    shown_in,
    sign,
)
from tests.browser.looking import Desk
from tests.browser.telling import (
    is_pulled_by_the_sponsor,
    is_read_by_the_auditor,
    is_reminded,
)
from tests.browser.treatment import (
    has_events,
    is_dosed,
    is_integrated,
    passes_the_middle,
)
from tests.facts import ELIGIBLE
from tests.randomization.world import sealed
from tests.workbench.life import RANDOMIZED
from tests.world import new_world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.services]


@pytest.mark.requirement("AUD-15")
def test_a_participant_goes_from_screening_to_a_signed_primary_endpoint(
    site: Site, own_database: str, enter: Callable[..., Desk]
) -> None:
    course = Course(sealed(new_world("COURSE-1")), enter)
    screens_and_consents(course)
    records_eligibility_and_enrolls(course)
    course.hold("V1", "prep_1")
    course.hold("V2", "prep_2")
    course.hold("V3", "baseline")
    requests_interviews(course, "V3", "baseline")
    is_rated(course, "baseline", "caps5", CAPS_DIGITS)
    is_rated(course, "baseline", "sds_adapted", "567")
    is_confirmed_and_randomized(course)
    is_dosed(course)
    is_integrated(course)
    has_events(course)
    passes_the_middle(course)
    reaches_the_endpoint(course)
    is_reminded(course, own_database)
    terminates(course)
    is_pulled_by_the_sponsor(course, site.address)
    is_read_by_the_auditor(course)


def screens_and_consents(course: Course) -> None:
    page = course.page(Role.COORDINATOR)
    page.goto("/")
    follow(page, "Add to screening log")
    fill(page, {"Day of the screening contact": course.day(0)})
    press(page, "Add to screening log")
    course.number = Participant.objects.get(site=course.world.site).number
    page.get_by_role("heading", name=course.number).wait_for()
    follow(page, "Record consent")
    obtained_by = course.world.user(Role.COORDINATOR).name
    choose(page, {"Consent obtained by": obtained_by})
    fill(
        page,
        {
            "Version of the consent form": "1.0",
            "Signed on": course.day(0),
            "The person was able to consent": True,
            "Female": True,
            "Age at consent, in years": 34,
            "Taking part in the trial": True,
            "Video recording of sessions and interviews": True,
            "Reminders by email": True,
            "Contact for long-term follow-up": True,
        },
    )
    press(page, "Record consent")
    page.goto(f"/participants/{course.participant.uuid}/identity/")
    identity = {
        "Full name": "Noa Example",
        "Birth date": "1992-02-29",
        "Email": course.email,
    }
    fill(page, identity)
    press(page, "Record identity")
    assert "Noa" not in page.content()


def records_eligibility_and_enrolls(course: Course) -> None:
    course.hold("SCR", "screening")
    page = course.participant_page(Role.COORDINATOR)
    follow(page, "Record eligibility")
    answers_facts(page)
    fill(page, {"Source": "screening interview", "Observed on": course.day(7)})
    press(page, "Save facts")
    course.hold("V0", "enrollment_visit")
    page = course.participant_page(Role.COORDINATOR)
    follow(page, "Enroll participant")
    fill(page, {"Enrolled on": course.on("enrollment_visit")})
    press(page, "Enroll participant")
    page.get_by_text("is enrolled").wait_for()


def answers_facts(page: Page) -> None:
    """Answer every fact that the page asks and that has no answer yet."""
    for code, value in ELIGIBLE.items():
        field = page.locator(f"[name=fact_{code}]")
        if isinstance(value, bool):
            answer = "yes" if value else "no"
            if (
                field.count()
                and not page.locator(f"[name=fact_{code}]:checked").count()
            ):
                page.locator(f"[name=fact_{code}][value={answer}]").check()
        elif not field.count() or field.input_value():
            continue
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))


def requests_interviews(course: Course, visit: str, code: str) -> None:
    for form in ("CAPS-5", "SDS (adapted)"):
        page = course.visit_page(Role.COORDINATOR, visit)
        row = page.get_by_role("row", name=form)
        row.get_by_role("link", name="Request interview").click()
        fill(page, {"Day of the interview": course.on(code)})
        press(page, "Request interview")
        page.get_by_text("Interview requested").wait_for()


def is_rated(course: Course, code: str, form: str, keys: str) -> None:
    """A rater finds an interview by its code, rates it by keys alone and signs."""
    interview = Assessment.objects.get(visit=course.visit(code), code=form)
    is_second = interview.rater_id == course.world.user(Role.RATER, second=True).pk
    page = course.page(Role.RATER, second=is_second)
    page.goto("/")
    page.get_by_role("link", name=interview.opaque_code, exact=True).click()
    page.get_by_role("heading", name=interview.opaque_code).wait_for()
    shown = page.content()
    for secret in (course.number, course.visit(code).label, "Noa", "Denver"):
        assert secret not in shown, secret
    fill(page, {"Day of the assessment": course.on(code)})
    page.locator("[data-scale] input").first.focus()
    for key in keys:
        page.keyboard.press(key)
    page.locator("#status[data-state=saved]").wait_for()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    left_open = page.get_by_label("Leave trauma-relatedness open")
    if left_open.count():
        left_open.check()
        press(page, "Complete form")
    sign(page, "Sign form")
    interview.refresh_from_db()
    assert interview.state == "signed"


def is_confirmed_and_randomized(course: Course) -> None:
    """The site learns that the CAPS rule is met, and neither the score nor the arm."""
    page = course.hold("V4", "prep_3")
    page = course.participant_page(Role.COORDINATOR)
    follow(page, "See what is missing")
    answers_facts(page)
    fill(page, {"Source": "third preparatory session"})
    fill(page, {"Observed on": course.on("prep_3")})
    press(page, "Save facts")
    page = course.participant_page(Role.INVESTIGATOR)
    follow(page, "Confirm eligibility")
    rule = page.get_by_role("listitem").filter(has_text="CAPS-5 total of at least 28")
    assert "Met" in rule.inner_text()
    assert not re.search(r"\b69\b", shown_in(page))
    fill(page, {"Confirmed on": course.on("prep_3")})
    sign(page, "Sign and confirm enrollment")
    page = course.participant_page(Role.COORDINATOR)
    follow(page, "Randomize")
    fill(page, {"Day": course.day(RANDOMIZED)})
    press(page, "Randomize participant")
    number = randomization_numbers([course.participant.pk])[course.participant.pk]
    shown = shown_in(page)
    assert f"{number} is the randomization number" in shown
    for arm in ("active", "comparator", "MDMA", "placebo"):
        assert arm not in shown


def reaches_the_endpoint(course: Course) -> None:
    """V19: somebody who never met the participant rates and signs; the site sees no score."""
    course.hold("V19", "t4")
    requests_interviews(course, "V19", "t4")
    is_rated(course, "t4", "caps5", ENDPOINT_DIGITS)
    is_rated(course, "t4", "sds_adapted", "234")
    raters = [
        Assessment.objects.get(visit=course.visit(code), code="caps5").rater_id
        for code in ("baseline", "t4")
    ]
    assert len(set(raters)) == 2
    page = course.visit_page(Role.INVESTIGATOR, "V19")
    row = page.get_by_role("row", name="CAPS-5").inner_text()
    assert "Signed" in row
    assert "hidden from the site" in row
    for path in ("", "?show=forms"):
        page.goto(f"/participants/{course.participant.uuid}/{path}")
        assert not page.get_by_role("region", name="CAPS-5").count()


def terminates(course: Course) -> None:
    """The participant comes a day earlier after all, and V20 is held today."""
    page = course.visit_page(Role.COORDINATOR, "V20")
    follow(page, "Change booking")
    fill(page, {"Day": course.today})
    fill(page, {"Reason for the change": "The participant asked for today"})
    press(page, "Change booking")
    follow(page, "Record visit")
    press(page, "Record visit")
    assert "V20" in shown_in(page)
    assert course.visit("termination").state == "held"
