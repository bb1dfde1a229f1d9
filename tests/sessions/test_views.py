"""The pages of visits: who finds them, what they say, and what they keep."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from participants.models import Deviation
from sessions import actions
from sessions.models import Visit
from tests.sessions.addresses import of
from tests.world import World, consented, enrolled, held, randomized, visit_of
from trials.access import today_at

pytestmark = pytest.mark.django_db
PARTICIPANT_PAGES = [
    "consent",
    "enroll",
    "confirm",
    "withdraw",
    "stop_treatment",
    "fail_screening",
]
VISIT_PAGES = ["book", "hold", "miss", "reinstate"]


@pytest.mark.parametrize("name", PARTICIPANT_PAGES)
def test_a_participant_page_opens_for_the_site_and_nobody_else(
    world: World, as_: Callable[..., Client], name: str
) -> None:
    [person] = consented(world)
    url = of(name, person)
    page = as_(Role.COORDINATOR).get(url)
    assert page.status_code == 200
    assert person.number in page.content.decode()
    assert as_(Role.COORDINATOR, elsewhere=True).get(url).status_code == 404
    assert as_(Role.RATER).get(url).status_code == 404
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize("name", VISIT_PAGES)
def test_a_visit_page_opens_for_those_who_record_visits(
    world: World, as_: Callable[..., Client], name: str
) -> None:
    [person] = consented(world)
    url = of(name, visit_of(person, "screening"))
    assert as_(Role.THERAPIST).get(url).status_code == 200
    for role, elsewhere in ((Role.MONITOR, False), (Role.COORDINATOR, True)):
        assert as_(role, elsewhere=elsewhere).get(url).status_code == 404


def test_looking_changes_nothing(world: World, as_: Callable[..., Client]) -> None:
    [person] = consented(world)
    before = Visit.objects.values().get(participant=person, code="screening")
    for name in VISIT_PAGES:
        as_(Role.COORDINATOR).get(of(name, visit_of(person, "screening")))
    assert Visit.objects.values().get(participant=person, code="screening") == before


def test_a_visit_is_booked_moved_and_taken_off(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    browser = as_(Role.COORDINATOR)
    visit = visit_of(person, "prep_1")
    on = today_at(world.site) + timedelta(days=3)
    response = browser.post(
        of("book", visit), {"on": on.isoformat(), "time": "10:30", "mode": "video"}
    )
    assert response.headers["Location"] == reverse("workbench:visit", args=[visit.uuid])
    visit.refresh_from_db()
    assert (visit.booked_on, visit.mode) == (on, "video")
    changed = browser.post(of("book", visit), {"on": on.isoformat(), "mode": "phone"})
    assert "say why" in changed.content.decode()
    browser.post(of("unbook", visit))
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_holding_outside_the_window_asks_why_and_keeps_the_day_typed(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    browser = as_(Role.COORDINATOR)
    typed = {"on": "2025-04-17", "mode": "in_person", "explanation": ""}
    page = browser.post(of("hold", visit), typed).content.decode()
    assert "3 days after the window" in page
    assert "2025-04-17" in page
    browser.post(of("hold", visit), typed | {"explanation": "Snow"})
    assert Deviation.objects.get().description.endswith("Snow")


def test_a_correction_shows_the_reason_box(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    held(world, [person], "prep_1")
    browser = as_(Role.COORDINATOR)
    url = of("hold", visit_of(person, "prep_1"))
    page = browser.get(url).content.decode()
    assert "data-reason" in page
    count = page.count("data-reason-text")
    assert f"keys 1 to {count} choose a usual reason" in page
    typed = {"on": "2025-04-01", "mode": "in_person"}
    assert "say why" in browser.post(url, typed).content.decode()
    browser.post(url, typed | {"reason": "Source says the 1st"})
    assert visit_of(person, "prep_1").held_on == date(2025, 4, 1)


def test_a_missed_visit_and_its_undoing(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    browser = as_(Role.COORDINATOR)
    browser.post(of("miss", visit), {"on": "2025-04-15", "why": "Did not come"})
    assert visit_of(person, "prep_1").state == "missed"
    browser.post(of("reinstate", visit), {"why": "Wrong participant"})
    assert visit_of(person, "prep_1").state == "planned"


def chosen(page: str) -> list[str]:
    """Return the ways of holding a visit that a page has ticked."""
    inputs = re.findall(r"<input[^>]*name=.mode.[^>]*>", page)
    found = [re.search(r'value="(\w+)"', each) for each in inputs if "checked" in each]
    return [each[1] for each in found if each]


@pytest.mark.parametrize(
    ("code", "mode"),
    [("call_1_day_2", "phone"), ("t2", "video"), ("dosing_1", "in_person")],
)
def test_a_visit_is_offered_as_the_protocol_asks_for_it(
    world: World, as_: Callable[..., Client], code: str, mode: str
) -> None:
    [person] = randomized(world)
    if code != "dosing_1":
        held(world, [person], "dosing_1")
    visit = visit_of(person, code)
    page = as_(Role.COORDINATOR).get(of("hold", visit)).content.decode()
    assert chosen(page) == [mode]


def test_a_booking_is_moved_for_somebody_who_asked_and_not_as_an_error(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    on = today_at(world.site) + timedelta(days=3)
    actions.book(
        bookings=[actions.Booking(visit, on)], by=world.actor(Role.COORDINATOR)
    )
    page = as_(Role.COORDINATOR).get(of("book", visit)).content.decode()
    assert "Participant asked" in page
    assert "Transcription error" not in page
    # A booking that does not say how is told without it, and not with an empty word.
    assert ", ." not in re.sub(r"\s+", " ", page)


def test_an_overdue_visit_is_called_so_where_it_is_recorded(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    page = as_(Role.COORDINATOR).get(of("hold", visit_of(person, "prep_1")))
    assert page.context["state"] == "Overdue"


def test_a_visit_without_a_number_is_named_by_its_label_and_never_by_its_code() -> None:
    call = Visit(code="call_1_day_6", label="Phone call, day 6")
    assert str(call) == "Phone call, day 6"
    assert (
        str(Visit(code="prep_1", number="V1", label="Preparation")) == "V1 Preparation"
    )
