"""The list of participants: found by number, page by page, at the same price."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from participants.actions import NewScreening, screen
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.world import World, screened
from trials.access import today_at

LIST = "/participants/"
MOST_QUERIES = 8


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.DATA_MANAGER, Role.MONITOR])
def test_the_list_costs_the_same_for_one_and_for_thirty(
    world: World, browser: Browser, role: Role
) -> None:
    today = today_at(world.site)
    lives(world, 1, today=today, days=60)
    client = browser(world.user(role))
    few = queries_of(client, LIST)
    for days in (3, 40, 60):
        lives(world, 10, today=today, days=days)
    assert queries_of(client, LIST) == few
    assert few <= MOST_QUERIES


def test_a_full_number_leads_straight_to_the_participant(
    world: World, browser: Browser
) -> None:
    person, *_ = screened(world, 3)
    client = browser(world.user(Role.COORDINATOR))
    answer = client.get(LIST, {"q": person.number})
    assert answer["Location"] == reverse("workbench:participant", args=[person.uuid])


def test_a_search_by_prefix_or_site_number_keeps_to_the_persons_sites(
    world: World, browser: Browser
) -> None:
    here, there = screened(world, 2), screened(world, 2, elsewhere=True)
    ours = text_of(browser(world.user(Role.COORDINATOR)).get(LIST, {"q": "0"}))
    both = text_of(browser(world.user(Role.DATA_MANAGER)).get(LIST, {"q": "02"}))
    assert all(person.number in ours for person in here)
    assert not any(person.number in ours for person in there)
    assert all(person.number in both for person in there)
    assert not any(person.number in both for person in here)


def test_a_state_chip_leaves_the_others_out(world: World, browser: Browser) -> None:
    today = today_at(world.site)
    (enrolled,) = lives(world, 1, today=today, days=40)
    (screening,) = screened(world, 1)
    page = text_of(
        browser(world.user(Role.COORDINATOR)).get(LIST, {"state": "enrolled"})
    )
    assert enrolled.number in page
    assert screening.number not in page


def test_pages_follow_each_other_without_a_gap_and_back(
    world: World, browser: Browser
) -> None:
    people = screen(
        screenings=[NewScreening(world.site, today_at(world.site))] * 120,
        by=world.actor(Role.COORDINATOR),
    )
    client = browser(world.user(Role.COORDINATOR))
    seen, url = [], LIST
    for _ in range(3):
        context = client.get(url).context
        seen.append([row.participant.number for row in context["rows"]])
        url = LIST + context["pager"]["older_url"]
    assert [len(page) for page in seen] == [50, 50, 20]
    numbers = [number for page in seen for number in page]
    assert numbers == sorted(person.number for person in people)
    assert context["pager"]["older_url"] == ""
    back = client.get(LIST + context["pager"]["newer_url"]).context["rows"]
    assert [row.participant.number for row in back] == seen[1]


def test_the_csv_holds_the_rows_shown_and_no_name(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=60)
    answer = browser(world.user(Role.COORDINATOR)).get(LIST, {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert [row["Number"] for row in rows] == [person.number]
    assert rows[0]["State"] == "Randomized"
    assert rows[0]["Last visit held"] == "V6 Integration session 1.1"
    assert rows[0]["Held on"] == (today - timedelta(days=3)).isoformat()
    assert int(rows[0]["Open items"]) > 0


def test_a_rater_finds_no_participant(world: World, browser: Browser) -> None:
    (person,) = screened(world, 1)
    page = text_of(browser(world.user(Role.RATER)).get(LIST))
    assert person.number not in page


def test_a_key_that_nobody_made_shows_the_first_page(
    world: World, browser: Browser
) -> None:
    (person,) = screened(world, 1)
    client = browser(world.user(Role.COORDINATOR))
    for key in ("x", "_", "1_9999999999999999999999", "__", "01_-1"):
        assert person.number in text_of(client.get(LIST, {"after": key}))


def test_looking_at_the_list_writes_nothing(world: World, browser: Browser) -> None:
    screened(world, 1)
    client = browser(world.user(Role.COORDINATOR))
    with only_reading():
        client.get(LIST)
