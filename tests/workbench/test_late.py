"""Late entry: the lag is computed by the server's clock, and a changed day does not hide it."""

from datetime import date, timedelta

import pytest

from accounts.vocabulary import Role
from assessments.actions import Completion, complete, correct
from assessments.models import Assessment
from participants.models import Participant
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.workbench.test_trail import words_of
from tests.world import World, caps_answers, rater_of, requested_caps
from trials.access import today_at
from workbench.access.lateness import LateForm, late_forms

pytestmark = pytest.mark.requirement("AUD-20")
MOST_QUERIES = 8
LATE = "/review/late/"


@pytest.fixture
def person(world: World) -> Participant:
    return lives(world, 1, today=today_at(world.site), days=74)[0]


def rated(world: World, person: Participant, *, days_ago: int) -> Assessment:
    """Return a CAPS-5 that its rater enters today, of an interview days ago."""
    form = requested_caps(world, person)
    on = today_at(world.site) - timedelta(days=days_ago)
    answers = Completion(form, on, "direct", caps_answers(40))
    complete(completions=[answers], by=rater_of(world, form))
    form.refresh_from_db()
    return form


def changed(world: World, form: Assessment, on: date) -> None:
    answers = Completion(form, on, "direct", caps_answers(40))
    by = rater_of(world, form)
    correct(completions=[answers], reason="It was another day", by=by)


def listed(world: World, least: int = 3) -> list[LateForm]:
    return late_forms([world.site.pk], least=least)


def test_an_interview_entered_twenty_five_days_late_is_on_the_list(
    world: World, browser: Browser, person: Participant
) -> None:
    form = rated(world, person, days_ago=25)
    (late,) = listed(world)
    assert (late.uuid, late.days, late.changes) == (form.uuid, 25, 0)
    client = browser(world.user(Role.MONITOR))
    with only_reading():
        page = client.get(LATE)
    text = words_of(text_of(page))
    assert "CAPS-5" in text
    assert "25 d" in text
    assert late.entered_at.tzinfo is not None
    assert f"{late.entered_at:%H:%M %Z}" in text


def test_what_was_entered_the_same_day_is_not_on_the_list(
    world: World, person: Participant
) -> None:
    rated(world, person, days_ago=0)
    assert listed(world) == []


def test_a_day_changed_to_hide_the_lag_is_flagged_and_the_lag_stays(
    world: World, browser: Browser, person: Participant
) -> None:
    form = rated(world, person, days_ago=25)
    changed(world, form, today_at(world.site))
    (late,) = listed(world)
    assert late.assessed_on == today_at(world.site)
    assert late.said_on == today_at(world.site) - timedelta(days=25)
    assert (late.days, late.changes) == (25, 1)
    assert late.changed is not None
    assert late.changed.why == "It was another day"
    text = words_of(text_of(browser(world.user(Role.MONITOR)).get(LATE)))
    assert "Day changed" in text
    assert "It was another day" in text
    assert "25 d" in text


def test_a_changed_day_is_listed_however_short_its_lag(
    world: World, person: Participant
) -> None:
    form = rated(world, person, days_ago=0)
    changed(world, form, today_at(world.site) - timedelta(days=1))
    (late,) = late_forms([world.site.pk], least=21)
    assert (late.days, late.changes) == (1, 1)
    assert late_forms([world.site.pk], least=21, only_changed=True) == [late]


def test_a_first_day_set_back_later_counts_from_the_earlier_one(
    world: World, person: Participant
) -> None:
    """Somebody who first wrote today, and then the true day, entered it late."""
    form = rated(world, person, days_ago=0)
    changed(world, form, today_at(world.site) - timedelta(days=9))
    (late,) = listed(world)
    assert late.days == 9


def test_a_site_that_somebody_does_not_read_is_not_listed(
    world: World, browser: Browser, person: Participant
) -> None:
    rated(world, person, days_ago=25)
    there = browser(world.user(Role.MONITOR, elsewhere=True))
    assert person.number not in text_of(there.get(LATE))
    assert browser(world.user(Role.RATER)).get(LATE).status_code == 404
    assert browser(world.user(Role.SPONSOR)).get(LATE).status_code == 404


@pytest.mark.requirement("BLD-04")
def test_the_list_tells_no_score(
    world: World, browser: Browser, person: Participant
) -> None:
    form = rated(world, person, days_ago=25)
    text = words_of(text_of(browser(world.user(Role.COORDINATOR)).get(LATE)))
    assert "40" not in text.replace(person.number, "").replace(
        f"{listed(world)[0].entered_at:%H:%M}", ""
    )
    assert form.opaque_code not in text


def test_the_list_costs_the_same_for_many_forms(world: World, browser: Browser) -> None:
    first, *others = lives(world, 6, today=today_at(world.site), days=74)
    rated(world, first, days_ago=25)
    client = browser(world.user(Role.MONITOR))
    few = queries_of(client, LATE)
    for other in others:
        changed(world, rated(world, other, days_ago=20), today_at(world.site))
    assert queries_of(client, LATE) == few
    assert few <= MOST_QUERIES
