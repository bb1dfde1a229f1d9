"""From the first dose to the last integration session, and what happened meanwhile."""

import re
from datetime import time

from playwright.sync_api import Page

from accounts.vocabulary import Role
from assessments.actions import NotDone, mark_not_done
from assessments.instruments.cssrs_slc import CSSRS_SLC
from randomization.actions import KitRequest, dispense_kits
from sessions.actions import GivenDose, give_doses
from sessions.drawing.windows import day_text
from tests.browser.course import Course, choose, fill, follow, press, shown_in, sign
from tests.workbench import life
from tests.workbench.life import DAY_OF


def is_dosed(course: Course) -> None:
    """Kits, the session, both doses with their actual times, and the C-SSRS of the day."""
    course.hold("V5", "dosing_1")
    page = course.page(Role.COORDINATOR)
    follow(page, "Dispense kit")
    # The day of the session is offered; when on that day, only somebody knows.
    fill(page, {"At": "09:40"})
    press(page, "Dispense kit")
    fill(page, {"At": "09:45", "Supplemental dose": True})
    press(page, "Dispense kit")
    page.get_by_text("2 of 2 kits dispensed").wait_for()
    assert not re.search("MDMA|placebo|mg", shown_in(page))
    page = course.visit_page(Role.THERAPIST, "V5")
    follow(page, "Record session")
    pair = [
        course.world.user(Role.THERAPIST, second=each).name for each in (False, True)
    ]
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


def has_events(course: Course) -> None:
    """An event, and a serious one with its three moments: each starts its own clock."""
    reports_event(course, Role.THERAPIST, "Tightness of the jaw", "Mild")
    assert "Not serious, mild" in shown_in(course.page(Role.THERAPIST))
    reports_event(course, Role.COORDINATOR, "Fainting on standing", "Severe")
    site = shown_in(course.page(Role.COORDINATOR))
    assert re.search(r"Report to the sponsor\n23 h 5\d min left", site)
    assert "No sponsor's clock runs: the sponsor has not received" in site
    page = course.page(Role.MEDICAL_MONITOR)
    open_event(page, "Record receipt")
    follow(page, "Record receipt")
    press(page, "Record receipt")
    assert "the sponsor has not determined whether" in shown_in(page)
    is_judged(course)
    page.reload()
    follow(page, "Determine")
    for question in ("Unexpected", "Suspected"):
        page.get_by_role("group", name=question).get_by_label("Yes").check()
    press(page, "Record determination")
    assert re.search(r"15-day report to the regulator\n1[45] d .*left", shown_in(page))


def reports_event(course: Course, role: Role, term: str, severity: str) -> None:
    page = course.participant_page(role)
    follow(page, "Report event")
    fill(page, {"What happened": term, "Unpleasant": True, severity: True})
    fill(page, {"Began on": course.on("integration_1_1")})
    stands = {
        "How it stands": "Recovering",
        "What was done with the treatment": "Dose not changed",
    }
    choose(page, stands)
    if severity == "Severe":
        page.locator("summary").filter(has_text="Seriousness").click()
        fill(page, {"Hospitalization, or its prolongation": True})
    press(page, "Report event")


def open_event(page: Page, act: str) -> None:
    """Go to the serious event from the first page, by the act that waits there."""
    page.goto("/")
    with page.expect_navigation():
        page.get_by_role("link", name=f"{act}: Fainting on standing").click()


def is_judged(course: Course) -> None:
    page = course.page(Role.INVESTIGATOR)
    open_event(page, "Judge causality")
    follow(page, "Judge causality")
    fill(page, {"Possibly related": True})
    sign(page, "Sign judgment")
    assert "Possibly related, judged by Investigator." in shown_in(page)


def passes_the_middle(course: Course) -> None:
    """Hold what repeats itself (V7 to V18) through the actions that the pages call."""
    days = DAY_OF | {
        f"call_{number}_day_{day}": DAY_OF[f"dosing_{number}"] + day
        for number in (1, 2, 3)
        for day in (2, 4, 6, 7)
    }
    people = [course.participant]
    for code, day in sorted(days.items(), key=lambda each: each[1]):
        if DAY_OF["integration_1_1"] < day < DAY_OF["t4"]:
            life.hold(course.world, people, code, on=course.day(day), elsewhere=False)
            if code in {"dosing_2", "dosing_3"}:
                is_dosed_by_actions(course, code)
    # Their interviews did not take place, so the pool still has a rater who never met
    # the participant.
    not_done = [
        NotDone(course.visit(code), form, "The rater fell ill")
        for code in ("t2", "t3")
        for form in ("caps5", "sds_adapted")
    ]
    mark_not_done(forms=not_done, by=course.world.actor(Role.THERAPIST))


def is_dosed_by_actions(course: Course, code: str) -> None:
    visit, world = course.visit(code), course.world
    request = KitRequest(visit, "initial", "full", course.moment(code, time(9)))
    dispense_kits(requests=[request], by=world.actor(Role.COORDINATOR))
    first, second = (world.user(Role.THERAPIST, second=each) for each in (False, True))
    given = GivenDose(visit, "initial", course.moment(code, time(10)), 2, first, second)
    give_doses(doses=[given], by=world.actor(Role.THERAPIST))
