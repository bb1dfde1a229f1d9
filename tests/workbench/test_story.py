"""The whole story of a participant: in order, with its signatures, and nothing hidden."""

import re

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from assessments.actions import Completion, complete, reopen
from participants.models import Participant
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.workbench.test_trail import words_of
from tests.world import (
    ON_TARGET,
    World,
    caps_answers,
    confirmed,
    rater_of,
    signed_caps,
)
from trials.access import today_at

MOST_QUERIES = 30


def story_of(person: Participant) -> str:
    return reverse("workbench:story", args=[person.uuid])


@pytest.fixture
def person(world: World) -> Participant:
    return confirmed(world)[0]


def test_the_story_goes_from_consent_onward_in_the_order_of_days(
    world: World, browser: Browser, person: Participant
) -> None:
    report_events(
        events=[
            NewEvent(
                participant=person,
                term="Euphoric mood",
                onset_on=ON_TARGET["prep_2"],
                severity="mild",
                valence="pleasant",
                outcome="recovered",
                action_taken="not_changed",
            )
        ],
        by=world.actor(Role.COORDINATOR),
    )
    client = browser(world.user(Role.MONITOR))
    with only_reading():
        page = client.get(story_of(person))
    told = page.context["story"].told
    assert [each.on for each in told] == sorted(each.on for each in told)
    kinds = {each.kind for each in told}
    assert kinds >= {"Consent", "Eligibility", "Course", "Visit", "Event"}
    text = words_of(text_of(page))
    assert "Signed consent form" in text
    assert "Euphoric mood" in text
    assert world.trial.title in text
    assert f"Monitor, {today_at(world.site):%-d %b %Y}" in text


@pytest.mark.requirement("SIG-01")
@pytest.mark.requirement("SIG-04")
def test_each_signature_is_printed_with_name_time_zone_meaning_and_whether_it_holds(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_caps(world, person, total=43)
    client = browser(world.user(Role.MONITOR))
    text = words_of(text_of(client.get(story_of(person))))
    assert form.rater is not None
    assert f"Signed by {form.rater.name}" in text
    assert "“I rated this interview” Whole" in text
    assert "none broken" in text
    assert re.search(r"\d{1,2} \w{3} \d{4} \d\d:\d\d M[SD]T", text)
    by = rater_of(world, form)
    reopen(assessment=form, reason="Item 2 was misheard", by=by)
    changed = caps_answers(43) | {"caps02": 4}
    on = form.assessed_on or ON_TARGET["baseline"]
    complete(
        completions=[Completion(form, on, "direct", changed)],
        by=by,
        reason="Item 2 was misheard",
    )
    text = words_of(text_of(client.get(story_of(person))))
    assert "“I rated this interview” Broken: changed since" in text
    assert "1 broken" in text


@pytest.mark.requirement("AUD-09")
def test_the_print_names_how_long_the_trail_is_and_its_last_hash(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.MONITOR))
    head = client.get(story_of(person)).context["head"]
    text = words_of(text_of(client.get(story_of(person))))
    assert f"{head.position} acts, last hash {head.hash}" in text
    assert len(head.hash) == 64
    signed_caps(world, person)
    again = client.get(story_of(person)).context["head"]
    assert again.position > head.position
    assert again.hash != head.hash


@pytest.mark.requirement("BLD-04")
@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.DATA_MANAGER])
def test_the_story_holds_no_score_whoever_reads_it(
    world: World, browser: Browser, person: Participant, role: Role
) -> None:
    signed_caps(world, person, total=73)
    page = text_of(browser(world.user(role)).get(story_of(person)))
    text = words_of(page).replace(person.number, "")
    head = browser(world.user(role)).get(story_of(person)).context["head"]
    assert "73" not in text.replace(head.hash, "")


def test_only_readers_of_the_trail_at_the_site_read_the_story(
    world: World, browser: Browser, person: Participant
) -> None:
    assert browser(world.user(Role.AUDITOR)).get(story_of(person)).status_code == 200
    for user in (
        world.user(Role.MONITOR, elsewhere=True),
        world.user(Role.RATER),
        world.user(Role.PHARMACIST),
        world.user(Role.SPONSOR),
    ):
        assert browser(user).get(story_of(person)).status_code in {403, 404}


def test_the_story_costs_the_same_for_a_long_course(
    world: World, browser: Browser
) -> None:
    today = today_at(world.site)
    (short,) = lives(world, 1, today=today, days=60)
    (whole,) = lives(world, 1, today=today, days=176)
    client = browser(world.user(Role.MONITOR))
    few = queries_of(client, story_of(short))
    assert queries_of(client, story_of(whole)) == few
    assert few <= MOST_QUERIES
