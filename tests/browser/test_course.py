"""A new participant from the screening log to enrollment, in the browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.instruments.cssrs_slc import CSSRS_SLC
from assessments.models import Assessment
from participants.models import Participant
from randomization.access import randomization_numbers
from sessions.drawing.windows import day_text
from tests.browser.course import CAPS_DIGITS, SDS_DIGITS, Course, choose, fill, follow, press, sign
from tests.browser.looking import Desk
from tests.randomization.world import sealed
from tests.workbench.life import RANDOMIZED
from tests.world import ELIGIBLE, new_world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.services]


def test_a_participant_goes_from_the_screening_log_to_enrollment(
    enter: Callable[..., Desk],
) -> None:
    course = Course(sealed(new_world("COURSE-1")), enter)
    screens_and_consents(course)
    records_eligibility_and_enrolls(course)


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
        "Email": "noa@participant.invalid",
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
        press(page, "Request rating")
        page.get_by_text("is requested from a rater").wait_for()


def is_rated(course: Course, code: str, form: str, keys: str) -> None:
    """A rater finds an interview by its code, rates it by keys alone and signs."""
    interview = Assessment.objects.get(visit=course.visit(code), code=form)
    is_second = interview.rater_id == course.world.user(Role.RATER, second=True).pk
    page = course.page(Role.RATER, second=is_second)
    page.goto("/")
    page.get_by_role("link", name=interview.opaque_code).click()
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
    assert not re.search(r"\b40\b", shown_in(page))
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


def is_dosed(course: Course) -> None:
    """Kits, the session, both doses with their actual times, and the C-SSRS of the day."""
    course.hold("V5", "dosing_1")
    page = course.page(Role.COORDINATOR)
    follow(page, "Dispense kit")
    press(page, "Dispense kit")
    fill(page, {"Supplemental dose": True})
    press(page, "Dispense kit")
    page.get_by_text("2 of 2 kits dispensed").wait_for()
    assert not re.search("MDMA|placebo|mg", shown_in(page))
    page = course.visit_page(Role.THERAPIST, "V5")
    follow(page, "Record session")
    pair = [course.world.user(Role.THERAPIST, second=each).name for each in (False, True)]
    choose(page, {"Lead therapist": pair[0], "Second therapist": pair[1]})
    fill(page, {"Started at": "10:00", "Ended at": "18:10"})
    press(page, "Save session")
    follow(page, "Record dosing")
    for part, at in (("initial", "10:05"), ("supplement", "11:45")):
        panel = page.locator(f"#{part}")
        fill(panel, {"At": at, "Capsules swallowed": 2})
        choose(panel, {"Witnessed by": pair[1]})
        press(page, "Record dose")
    shown = shown_in(page)
    assert "10:05 MDT, 2 capsules" in shown or "10:05 MST, 2 capsules" in shown
    assert re.search(r"Opens .* 11:35 M.T, closes .* 12:05 M.T", shown)
    fills_cssrs(course, "V5")


def fills_cssrs(course: Course, visit: str) -> None:
    page = course.visit_page(Role.THERAPIST, visit)
    press(page, "Start")
    for item in CSSRS_SLC.items:
        if item.required and CSSRS_SLC.is_asked(item, {"cssrs02": 0}):
            page.locator(f"label:has([name={item.code}][value='0'])").click()
    press(page, "Complete form")
    sign(page, "Sign form")


def is_integrated(course: Course) -> None:
    """The windows after the dose are those of the day on which it was given."""
    page = course.visit_page(Role.COORDINATOR, "V6")
    assert f"On {day_text(course.on('integration_1_1'))}" in shown_in(page)
    course.hold("V6", "integration_1_1")
    page = course.visit_page(Role.THERAPIST, "V6")
    follow(page, "Record session")
    choose(page, {"Lead therapist": course.world.user(Role.THERAPIST).name})
    fill(page, {"Started at": "09:00", "Ended at": "10:30"})
    press(page, "Save session")
    fills_cssrs(course, "V6")


def shown_in(page: Page) -> str:
    return page.get_by_role("main").inner_text()
