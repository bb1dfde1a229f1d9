"""One visit's page: window, forms, doses, and the next legal act for each role."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from participants.models import Participant
from sessions import actions
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.workbench.test_home import dead_links
from tests.world import World, requested_caps, signed_caps, visit_of
from trials.access import today_at


def page_of(person: Participant, code: str) -> str:
    return f"/visits/{visit_of(person, code).uuid}/"


def test_the_page_costs_the_same_whatever_the_trial_holds(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=60)
    client = browser(world.user(Role.COORDINATOR))
    few = queries_of(client, page_of(person, "dosing_1"))
    lives(world, 29, today=today, days=60)
    assert queries_of(client, page_of(person, "dosing_1")) == few
    assert few <= 15


def test_a_dosing_visit_shows_kit_and_time_and_asks_for_the_session(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    visit = visit_of(person, "dosing_1")
    answer = browser(world.user(Role.COORDINATOR)).get(page_of(person, "dosing_1"))
    assert f"K-{visit.pk:06}" in text_of(answer)
    assert "10:05" in text_of(answer)
    assert answer.context["acts"].primary.label == "Record session"


def test_a_visit_held_sooner_than_booked_is_recorded_from_its_page(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=54)
    visit = visit_of(person, "dosing_1")
    on = today + timedelta(days=2)
    actions.book(
        bookings=[actions.Booking(visit, on, None, "in_person")],
        by=world.actor(Role.COORDINATOR),
    )
    page = browser(world.user(Role.COORDINATOR)).get(page_of(person, "dosing_1"))
    acts = page.context["acts"]
    assert (acts.primary, acts.blocked) == (None, None)
    assert reverse("sessions:hold", args=[visit.uuid]) in [x.url for x in acts.beside]


def test_an_open_window_offers_booking_and_recording(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    client = browser(world.user(Role.COORDINATOR))
    acts = client.get(page_of(person, "integration_1_2")).context["acts"]
    assert acts.primary.label == "Book visit"
    assert [act.label for act in acts.beside] == ["Record visit", "Record as missed"]


def test_a_rater_is_requested_and_the_outcome_stays_hidden(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    client = browser(world.user(Role.COORDINATOR))
    before = text_of(client.get(page_of(person, "baseline")))
    visit = visit_of(person, "baseline")
    assert reverse("assessments:request_rating", args=[visit.uuid, "caps5"]) in before
    signed = signed_caps(world, person, total=47)
    after = text_of(client.get(page_of(person, "baseline")))
    assert reverse("assessments:enter", args=[signed.uuid]) not in after
    assert "hidden from the site" in after
    monitor = text_of(
        browser(world.user(Role.DATA_MANAGER)).get(page_of(person, "baseline"))
    )
    assert reverse("assessments:enter", args=[signed.uuid]) in monitor


def test_a_form_is_started_by_those_who_give_it(world: World, browser: Browser) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    url = reverse(
        "assessments:start", args=[visit_of(person, "prep_1").uuid, "cssrs_slc"]
    )
    page = page_of(person, "prep_1")
    assert url in text_of(browser(world.user(Role.THERAPIST)).get(page))
    assert url not in text_of(browser(world.user(Role.COORDINATOR)).get(page))


def test_an_interview_that_is_assigned_names_its_rater(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    assessment = requested_caps(world, person)
    page = text_of(
        browser(world.user(Role.COORDINATOR)).get(page_of(person, "baseline"))
    )
    assert assessment.rater is not None
    assert assessment.rater.name in page


def test_a_visit_of_another_site_is_not_there(world: World, browser: Browser) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=10)
    for user in (
        world.user(Role.COORDINATOR, elsewhere=True),
        world.user(Role.RATER),
        world.user(Role.STATISTICIAN),
    ):
        assert browser(user).get(page_of(person, "screening")).status_code == 404


@pytest.mark.parametrize("code", ["screening", "dosing_1", "t4", "early_termination"])
def test_every_link_answers_and_nothing_is_written(
    world: World, browser: Browser, code: str
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    client = browser(world.user(Role.INVESTIGATOR))
    assert dead_links(client, page_of(person, code)) == []
    with only_reading():
        client.get(page_of(person, code))


def test_a_visit_whose_window_closed_is_recorded_before_it_is_booked_anew(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today - timedelta(days=20), days=50)
    actions.replan(participants=[person], today=today, by=world.actor(Role.COORDINATOR))
    client = browser(world.user(Role.COORDINATOR))
    page = client.get(page_of(person, "dosing_1"))
    assert page.context["chip"].word == "Overdue"
    assert page.context["acts"].primary.label == "Record visit"
    person_page = client.get(f"/participants/{person.uuid}/")
    assert person_page.context["acts"].primary.label == "Record V5"


def test_undoing_a_record_is_no_everyday_act(world: World, browser: Browser) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    client = browser(world.user(Role.COORDINATOR))
    held, dosed = (
        client.get(page_of(person, code)).context["acts"]
        for code in ("prep_1", "dosing_1")
    )
    assert not any("nstate" in act.label for act in (*held.beside, *dosed.beside))
    assert [act.label for act in held.rare] == [
        "Correct the day, or how it was held",
        "It was not held: undo this record",
    ]
    assert len(dosed.rare) == 1, "a dose on record shows that the visit took place"
