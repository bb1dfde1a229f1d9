"""Today: what waits, for whom, and what the page costs."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events import actions as event_actions
from adverse_events.actions import NewEvent
from assessments import actions as assessment_actions
from assessments.actions import Completion, Start
from assessments.models import Assessment
from participants.actions import NewScreening, screen
from participants.models import Participant
from sessions import actions
from sessions.models import Visit
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.world import World, consent_of, screened, visit_of
from trials.access import today_at
from workbench.access import desk_of
from workbench.vocabulary import Kind
from workbench.worklist import gather

HOME = "/"
MOST_QUERIES = 12  # one of them: what somebody signed and others changed


def kinds_for(world: World, role: Role) -> list[Kind]:
    desk = desk_of(world.user(role).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    return list(dict.fromkeys(line.kind for line in lines))


def serious_event(world: World, person: Participant, *, aware_at: datetime) -> None:
    event_actions.report_events(
        events=[
            NewEvent(
                person,
                "Syncope",
                today_at(world.site) - timedelta(days=2),
                "moderate",
                "unpleasant",
                "recovering",
                "not_changed",
                seriousness=frozenset({"hospitalization"}),
                site_aware_at=aware_at,
            )
        ],
        by=world.actor(Role.COORDINATOR),
    )


def test_an_overdue_safety_report_stands_before_everything_else(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    serious_event(world, person, aware_at=timezone.now() - timedelta(hours=30))
    page = text_of(browser(world.user(Role.COORDINATOR)).get(HOME))
    assert page.index('id="safety"') < page.index('id="g-overdue"')
    assert "6 h overdue" in page


def test_a_booked_visit_of_today_is_one_line_that_opens_its_record(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=63)
    visit = visit_of(person, "integration_1_3")
    visit = actions_book(world, visit, on=today)
    page = text_of(browser(world.user(Role.COORDINATOR)).get(f"{HOME}?kind=today"))
    assert reverse("sessions:hold", args=[visit.uuid]) in page
    assert "Booked for today" in page


def actions_book(world: World, visit: Visit, *, on: object) -> Visit:
    actions.book(
        bookings=[actions.Booking(visit, on, None, "in_person")],  # type: ignore[arg-type] # a date
        by=world.actor(Role.COORDINATOR),
    )
    visit.refresh_from_db()
    return visit


def test_what_nobody_may_do_here_waits_for_others(world: World) -> None:
    lives(world, 1, today=today_at(world.site), days=60)
    desk = desk_of(world.user(Role.COORDINATOR).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    forms = {line.kind for line in lines if "C-SSRS" in line.what}
    assert forms == {Kind.WAITING}, "a coordinator does not give the C-SSRS"
    assert Kind.FORMS in kinds_for(world, Role.THERAPIST)


@pytest.mark.parametrize("role", [Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER])
def test_who_receives_reports_is_not_shown_the_work_of_a_site(
    world: World, role: Role
) -> None:
    today = today_at(world.site)
    lives(world, 1, today=today - timedelta(days=20), days=50)
    (person,) = lives(world, 1, today=today, days=60)
    serious_event(world, person, aware_at=timezone.now())
    assert Kind.OVERDUE in kinds_for(world, Role.COORDINATOR)
    kinds = set(kinds_for(world, role))
    assert Kind.SAFETY in kinds
    assert kinds <= {Kind.SAFETY, Kind.CAUSALITY, Kind.UNBLINDING}


def test_a_pharmacist_is_shown_the_dosing_visits_alone(world: World) -> None:
    today = today_at(world.site)
    people = lives(world, 2, today=today, days=54)
    serious_event(world, people[0], aware_at=timezone.now())
    lives(world, 1, today=today - timedelta(days=20), days=50)
    actions_book(world, visit_of(people[0], "dosing_1"), on=today)
    desk = desk_of(world.user(Role.PHARMACIST).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    assert lines
    assert {line.visit for line in lines} == {"V5 Experimental session 1"}
    assert Kind.TODAY in {line.kind for line in lines}


@pytest.mark.parametrize("role", [Role.MONITOR, Role.DATA_MANAGER])
def test_who_follows_a_site_is_shown_what_is_late_there(
    world: World, role: Role
) -> None:
    lives(world, 1, today=today_at(world.site) - timedelta(days=20), days=50)
    kinds = kinds_for(world, role)
    assert Kind.OVERDUE in kinds
    assert Kind.REMINDERS not in kinds


def test_a_complete_form_asks_a_therapist_to_sign_it(world: World) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    visit = visit_of(person, "prep_1")
    begun = assessment_actions.start(
        starts=[Start(visit, "cssrs_slc")], by=world.actor(Role.THERAPIST)
    )
    desk = desk_of(world.user(Role.THERAPIST).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    url = reverse("assessments:enter", args=[begun[0].uuid])
    assert [line.what for line in lines if line.url == url] == [
        "Complete C-SSRS since last contact"
    ]


def test_signing_leads_from_the_worklist_to_a_page_that_answers(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    begun = _complete_cssrs(world, person)
    client = browser(world.user(Role.THERAPIST))
    desk = desk_of(world.user(Role.THERAPIST).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    (line,) = (each for each in lines if each.what.startswith("Sign C-SSRS"))
    assert line.url == reverse("assessments:enter", args=[begun.uuid])
    assert "Sign form" in text_of(client.get(line.url))
    page = client.get(f"/visits/{begun.visit.uuid}/")
    (form,) = (each for each in page.context["forms"] if "C-SSRS" in each["title"])
    assert [(act.label, act.url) for act in form["acts"]] == [("Sign", line.url)]


# The questions of the C-SSRS that are asked of everybody.
NONE_OF_THEM = ("01", "02", "12", "14", "15", "17", "19", "21")


def _complete_cssrs(world: World, person: Participant) -> Assessment:
    by = world.actor(Role.THERAPIST)
    visit = visit_of(person, "prep_1")
    (begun,) = assessment_actions.start(starts=[Start(visit, "cssrs_slc")], by=by)
    answers = {f"cssrs{code}": 0 for code in NONE_OF_THEM}
    completion = Completion(begun, visit.held_on or date.max, "direct", answers)
    assessment_actions.complete(completions=[completion], by=by)
    return Assessment.objects.select_related("visit").get(pk=begun.pk)


def test_consent_comes_first_for_somebody_on_the_screening_log(world: World) -> None:
    screened(world, 1, on=today_at(world.site))
    desk = desk_of(world.user(Role.COORDINATOR).pk)
    lines = gather(desk, [world.site], now=timezone.now())
    assert [line.what for line in lines] == ["Record consent"]


def test_only_the_investigator_is_asked_to_confirm_eligibility(world: World) -> None:
    lives(world, 1, today=today_at(world.site), days=48)
    assert Kind.ELIGIBILITY in kinds_for(world, Role.INVESTIGATOR)
    assert Kind.ELIGIBILITY not in kinds_for(world, Role.COORDINATOR)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR])
def test_the_worklist_costs_the_same_for_one_and_for_thirty(
    world: World, browser: Browser, role: Role
) -> None:
    today = today_at(world.site)
    lives(world, 1, today=today, days=25)
    client = browser(world.user(role))
    few = queries_of(client, HOME)
    for days in (25, 60, 90):
        lives(world, 10, today=today, days=days)
    assert queries_of(client, HOME) == few
    assert few <= MOST_QUERIES


def test_every_link_of_the_worklist_leads_somewhere(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    for days in (3, 40, 60, 110):
        (person, *_) = lives(world, 2, today=today, days=days)
    serious_event(world, person, aware_at=timezone.now())
    screened(world, 1, on=today)
    for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR):
        assert dead_links(browser(world.user(role)), HOME) == []


def dead_links(client: Client, url: str) -> list[str]:
    """Return the links of a page that do not answer, each asked for once."""
    page = text_of(client.get(url))
    links = {link.split("#")[0] for link in re.findall(r'href="([^"]+)"', page)}
    dead = []
    for link in sorted(links):
        if link.startswith(("/static/", "#")) or not link:
            continue
        target = link if link.startswith("/") else f"{url}{link}"
        resolve(target.split("?")[0])
        if client.get(target).status_code not in {200, 302}:
            dead.append(target)
    return dead


def test_an_empty_day_says_what_comes_next_and_when(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    people = screen(
        screenings=[NewScreening(world.site, today)], by=world.actor(Role.COORDINATOR)
    )
    actions.consent(
        consents=[consent_of(world, people[0], on=today)],
        by=world.actor(Role.COORDINATOR),
    )
    on = today + timedelta(days=14)
    actions_book(world, visit_of(people[0], "screening"), on=on)
    page = text_of(browser(world.user(Role.COORDINATOR)).get(HOME))
    assert "Nothing waits." in page
    assert f"Next on the calendar: SCR Screening of {people[0].number}" in page


def test_a_rater_and_an_auditor_are_sent_to_their_own_pages(
    world: World, browser: Browser
) -> None:
    rater = browser(world.user(Role.RATER)).get(HOME)
    auditor = browser(world.user(Role.AUDITOR)).get(HOME)
    assert rater["Location"] == reverse("assessments:ratings")
    assert auditor["Location"] == reverse("oversight:index")


def test_the_other_site_sees_nothing_of_this_one(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    page = text_of(browser(world.user(Role.COORDINATOR, elsewhere=True)).get(HOME))
    assert person.number not in page


def test_looking_at_the_worklist_writes_nothing(world: World, browser: Browser) -> None:
    lives(world, 2, today=today_at(world.site), days=60)
    client = browser(world.user(Role.COORDINATOR))
    with only_reading():
        client.get(HOME)
        client.get(f"{HOME}?group=participant")


def test_the_rail_marks_the_page_above_an_act(world: World, browser: Browser) -> None:
    manager = browser(world.user(Role.DATA_MANAGER))
    page = manager.get(reverse("trials:suspend", args=[world.site.uuid]))
    assert [each.label for each in page.context["rail"] if each.is_current] == ["Trial"]
