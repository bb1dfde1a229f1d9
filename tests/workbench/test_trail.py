"""A participant's trail in sentences: what it tells, and what it keeps to itself."""

import re

import pytest

from accounts.vocabulary import Role
from participants.actions import NewIdentity, record_identities
from participants.models import Participant
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.world import World, consented, signed_caps
from trials.access import today_at

MOST_QUERIES = 10


def trail_of(person: Participant) -> str:
    return f"/participants/{person.uuid}/trail/"


def words_of(page: str) -> str:
    """Return what a reader reads: the text without tags, spaces made single."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace(" ,", ",")


def test_an_act_reads_as_a_sentence_with_who_what_and_from_to(
    world: World, browser: Browser
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=30)
    text = words_of(text_of(browser(world.user(Role.MONITOR)).get(trail_of(person))))
    assert f"Coordinator (coordinator) held visit: {person.number}, visit V1" in text
    assert "V1 · state: from planned to held" in text.casefold().replace("v1", "V1")


@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.AUDITOR]
)
def test_no_outcome_is_told_to_those_who_may_not_see_it(
    world: World, browser: Browser, role: Role
) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    # No minute of the clock and no day of a month is a 71.
    signed_caps(world, person, total=71)
    text = words_of(text_of(browser(world.user(role)).get(trail_of(person))))
    assert "scores: (hidden outcome)" in text
    assert "answers: (hidden outcome)" in text
    assert not re.search(r"\b71\b|diagnosis yes", text)


def test_a_data_manager_reads_the_scores(world: World, browser: Browser) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    signed_caps(world, person, total=71)
    page = browser(world.user(Role.DATA_MANAGER)).get(trail_of(person))
    assert "total 71" in words_of(text_of(page))


def test_nobody_reads_a_name_from_the_trail(world: World, browser: Browser) -> None:
    (person,) = consented(world)
    identity = NewIdentity(
        person, "Robin Example", today_at(world.site).replace(year=1990, day=1)
    )
    record_identities(identities=[identity], by=world.actor(Role.COORDINATOR))
    text = words_of(
        text_of(browser(world.user(Role.COORDINATOR)).get(trail_of(person)))
    )
    assert "recorded identity" in text
    assert "Robin" not in text
    assert "(not shown: identity)" in text


def test_nothing_of_the_machine_is_shown(world: World, browser: Browser) -> None:
    (person,) = lives(world, 1, today=today_at(world.site), days=60)
    text = words_of(text_of(browser(world.user(Role.MONITOR)).get(trail_of(person))))
    assert not re.search(r"\{|\buuid\b|_id\b|[0-9a-f]{8}-[0-9a-f]{4}-", text)


def test_the_trail_is_paged_by_key_and_costs_the_same_on_each_page(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (person,) = lives(world, 1, today=today, days=176)
    client = browser(world.user(Role.COORDINATOR))
    first = client.get(trail_of(person)).context
    older = trail_of(person) + first["pager"]["older_url"]
    second = client.get(older).context
    ids = [entry.id for entry in (*first["entries"], *second["entries"])]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) > 25
    cost = queries_of(client, trail_of(person))
    lives(world, 29, today=today, days=60)
    assert queries_of(client, trail_of(person)) == queries_of(client, older) == cost
    assert cost <= MOST_QUERIES


def test_a_role_without_the_trail_has_no_such_page(
    world: World, browser: Browser
) -> None:
    (person,) = consented(world)
    assert browser(world.user(Role.PHARMACIST)).get(trail_of(person)).status_code == 404
    monitor = browser(world.user(Role.MONITOR))
    with only_reading():
        assert monitor.get(trail_of(person)).status_code == 200
