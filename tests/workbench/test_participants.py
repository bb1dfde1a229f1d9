"""The list of participants: found by number, page by page, at the same price."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from participants.actions import NewScreening, Step, fail_screening, screen
from sessions import actions
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.world import World, screened, visit_of
from trials.access import today_at
from workbench.views.ordering import COLUMNS
from workbench.views.participants import PAGE

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
    assert [len(page) for page in seen] == [PAGE, PAGE, PAGE]
    numbers = [number for page in seen for number in page]
    assert numbers == sorted(person.number for person in people)
    assert context["pager"]["older_url"] == ""
    back = client.get(LIST + context["pager"]["newer_url"]).context["rows"]
    assert [row.participant.number for row in back] == seen[1]


def numbers_of(client: Client, **query: str) -> list[str]:
    return [row.participant.number for row in client.get(LIST, query).context["rows"]]


def test_those_in_the_trial_come_before_those_who_left(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    left, stays = screened(world, 2, on=today)
    fail_screening(
        steps=[Step(left, today, "Moved away")], by=world.actor(Role.COORDINATOR)
    )
    (randomized,) = lives(world, 1, today=today, days=60)
    client = browser(world.user(Role.COORDINATOR))
    assert numbers_of(client) == [stays.number, randomized.number, left.number]
    by_number = [left.number, stays.number, randomized.number]
    assert numbers_of(client, sort="number") == by_number
    assert numbers_of(client, sort="-number") == by_number[::-1]
    by_state = [stays.number, randomized.number, left.number]
    assert numbers_of(client, sort="state") == by_state
    assert numbers_of(client, sort="-state") == by_state[::-1]
    assert numbers_of(client, sort="nonsense") == numbers_of(client)


def test_the_list_is_sorted_by_the_days_of_visits(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (nobody,) = screened(world, 1, on=today)
    (late,) = lives(world, 1, today=today, days=25)
    (soon,) = lives(world, 1, today=today, days=61)
    actions.book(
        bookings=[
            actions.Booking(visit_of(soon, "integration_1_2"), today, None, "in_person")
        ],
        by=world.actor(Role.COORDINATOR),
    )
    client = browser(world.user(Role.COORDINATOR))
    assert numbers_of(client, sort="next")[0] == soon.number
    assert numbers_of(client, sort="next")[-1] == nobody.number
    assert numbers_of(client, sort="-next")[0] == nobody.number
    rows = client.get(LIST, {"sort": "last"}).context["rows"]
    held = [row.last_held.held_on for row in rows if row.last_held]
    assert held == sorted(held)
    assert len(held) == 2
    assert numbers_of(client, sort="last")[0] == nobody.number
    assert {late.number, soon.number} == set(numbers_of(client, sort="last")[1:])


def test_a_head_says_how_the_list_is_sorted_and_keeps_the_search(
    world: World, browser: Browser
) -> None:
    screened(world, 2)
    client = browser(world.user(Role.COORDINATOR))
    first = text_of(client.get(LIST, {"q": "01"}))
    assert "aria-sort" not in first
    assert 'href="?q=01&amp;sort=next"' in first
    up = text_of(client.get(LIST, {"q": "01", "sort": "next"}))
    assert up.count('aria-sort="ascending"') == 1
    assert 'href="?q=01&amp;sort=-next"' in up
    down = text_of(client.get(LIST, {"q": "01", "sort": "-next"}))
    assert down.count('aria-sort="descending"') == 1
    assert 'href="?q=01"' in down


@pytest.mark.parametrize("column", ["", *COLUMNS])
@pytest.mark.parametrize("way", ["", "-"])
def test_pages_of_every_order_follow_each_other_and_cost_the_same(
    world: World, browser: Browser, column: str, way: str
) -> None:
    today = today_at(world.site)
    people = screen(
        screenings=[NewScreening(world.site, today)] * 55,
        by=world.actor(Role.COORDINATOR),
    )
    people += lives(world, 3, today=today, days=30)
    client = browser(world.user(Role.COORDINATOR))
    first = client.get(LIST, {"sort": way + column}).context
    older = LIST + first["pager"]["older_url"]
    second = client.get(older).context
    shown = [row.participant.number for row in [*first["rows"], *second["rows"]]]
    assert sorted(shown) == sorted(person.number for person in people)
    back = client.get(LIST + second["pager"]["newer_url"]).context["rows"]
    assert [row.participant.number for row in back] == shown[:PAGE]
    assert queries_of(client, older) <= MOST_QUERIES


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
    keys = ("x", "_", "1_9999999999999999999999", "__", "0_01_-1", "0_01_\0", "0__1")
    for key in keys:
        assert person.number in text_of(client.get(LIST, {"after": key}))


def test_looking_at_the_list_writes_nothing(world: World, browser: Browser) -> None:
    screened(world, 1)
    client = browser(world.user(Role.COORDINATOR))
    with only_reading():
        client.get(LIST)


def test_a_number_is_found_as_people_type_it(world: World, browser: Browser) -> None:
    people = screened(world, 3)
    third = people[2]
    client = browser(world.user(Role.COORDINATOR))
    home = reverse("workbench:participant", args=[third.uuid])
    assert client.get(LIST, {"q": third.number.replace("-", "")})["Location"] == home
    for typed in ("3", "003", "01003"):
        page = text_of(client.get(LIST, {"q": typed}))
        assert third.number in page, typed
        assert people[0].number not in page, typed


def test_a_wrong_check_digit_names_who_may_be_meant(
    world: World, browser: Browser
) -> None:
    person, *_ = screened(world, 2)
    (stranger,) = screened(world, 1, elsewhere=True)
    client = browser(world.user(Role.COORDINATOR))
    for each, is_told in ((person, True), (stranger, False)):
        wrong = f"{each.number[:-1]}{(int(each.number[-1]) + 1) % 10}"
        page = text_of(client.get(LIST, {"q": wrong}))
        assert (f"Did you mean {each.number}?" in page) is is_told
