"""A new participant from the screening log to enrollment, in the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.vocabulary import Role
from participants.models import Participant
from tests.browser.course import Course, choose, fill, follow, press
from tests.browser.looking import Desk
from tests.randomization.world import sealed
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
