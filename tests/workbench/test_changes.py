"""What changed since somebody last looked: exactly that, by record, from old to new."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action
from audit.seeing import seeing
from participants.models import Participant
from sessions import actions
from sessions.models import Visit
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.life import lives
from tests.workbench.test_trail import words_of
from tests.world import World, confirmed, signed_caps, visit_of
from trials.access import today_at
from workbench.actions import mark_seen
from workbench.models import Look

pytestmark = pytest.mark.requirement("AUD-18")
MOST_QUERIES = 12


def changes_of(person: Participant) -> str:
    return reverse("workbench:changes", args=[person.uuid])


def mark(client: Client, person: Participant) -> None:
    """Do what the button of the page does, with what stands in its form."""
    page = client.get(changes_of(person))
    answer = client.post(
        reverse("workbench:changes_seen", args=[person.uuid]),
        {"position": page.context["position"]},
    )
    assert answer.status_code == 302


def book(world: World, person: Participant, days: int) -> Visit:
    visit = visit_of(person, "dosing_1")
    on = today_at(world.site) + timedelta(days=days)
    actions.book(
        bookings=[actions.Booking(visit, on, None, "in_person")],
        by=world.actor(Role.COORDINATOR),
        reason="The room was taken",
    )
    return visit


@pytest.fixture
def person(world: World) -> Participant:
    return lives(world, 1, today=today_at(world.site), days=54)[0]


def test_reading_writes_nothing_and_marks_nothing(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.MONITOR))
    with only_reading():
        text = words_of(text_of(client.get(changes_of(person))))
    assert "You have not marked this record as seen yet" in text
    assert not Look.objects.exists()


def test_to_mark_leaves_no_act_on_the_trail(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.MONITOR))
    before = Action.objects.count()
    mark(client, person)
    assert Action.objects.count() == before
    assert Look.objects.get().chain == f"participant:{person.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('workbench_look'::regclass)")
        assert cursor.fetchone()[0].startswith("Not audited: ")


def test_a_changed_field_is_shown_from_old_to_new_with_who_and_why(
    world: World, browser: Browser, person: Participant
) -> None:
    book(world, person, 2)
    client = browser(world.user(Role.MONITOR))
    mark(client, person)
    assert "Nothing has changed" in text_of(client.get(changes_of(person)))
    book(world, person, 4)
    book(world, person, 3)
    page = client.get(changes_of(person))
    diff = page.context["diff"]
    group = next(each for each in diff.groups if each.title == "V5")
    booked = [
        change for change in group.changes if "booked for" in change.label.lower()
    ]
    old, new = (today_at(world.site) + timedelta(days=days) for days in (2, 3))
    assert [(each.before, each.after) for each in booked] == [
        (f"{old:%-d %b %Y}", f"{new:%-d %b %Y}")
    ]
    assert group.acts == 2
    text = words_of(text_of(page))
    assert "Coordinator" in text
    assert "Reason: The room was taken" in text


def test_what_was_changed_and_changed_back_is_said_and_not_hidden(
    world: World, browser: Browser, person: Participant
) -> None:
    book(world, person, 2)
    client = browser(world.user(Role.MONITOR))
    mark(client, person)
    book(world, person, 4)
    book(world, person, 2)
    page = client.get(changes_of(person))
    group = next(each for each in page.context["diff"].groups if each.title == "V5")
    assert "Booked for" in group.taken_back
    assert "Changed, and changed back" in text_of(page)


def test_the_participants_page_counts_what_is_new_to_each_person(
    world: World, browser: Browser, person: Participant
) -> None:
    reader = browser(world.user(Role.MONITOR))
    other = browser(world.user(Role.INVESTIGATOR))
    mark(reader, person)
    mark(other, person)
    book(world, person, 2)
    mark(other, person)

    def counted(client: Client) -> object:
        page = client.get(reverse("workbench:participant", args=[person.uuid]))
        return page.context["tabs"][-1]["count"]

    assert counted(reader) == 1
    assert counted(other) == 0


def test_an_act_that_commits_after_a_later_one_was_seen_stays_new(
    world: World, browser: Browser, person: Participant
) -> None:
    """Positions are given at the commit: an id below the one that was seen is not seen."""
    client = browser(world.user(Role.MONITOR))
    mark(client, person)
    seen = Look.objects.get().position
    book(world, person, 2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position FROM audit.acts_since(%s, %s, 10)",
            [f"participant:{person.pk}", seen],
        )
        assert cursor.fetchall() == [(seen + 1,)]


def test_what_happens_while_the_page_is_read_stays_new(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.MONITOR))
    mark(client, person)
    book(world, person, 2)
    shown = client.get(changes_of(person)).context["position"]
    book(world, person, 3)
    client.post(
        reverse("workbench:changes_seen", args=[person.uuid]), {"position": shown}
    )
    assert client.get(changes_of(person)).context["unseen"].acts == 1


def test_nobody_marks_what_has_not_happened_or_what_they_may_not_see(
    world: World, browser: Browser, person: Participant
) -> None:
    chain = f"participant:{person.pk}"
    by = world.actor(Role.MONITOR)
    client = browser(world.user(Role.MONITOR))
    head = client.get(changes_of(person)).context["unseen"].head.position
    client.post(
        reverse("workbench:changes_seen", args=[person.uuid]), {"position": head + 50}
    )
    assert Look.objects.get().position == head
    client.post(reverse("workbench:changes_seen", args=[person.uuid]), {"position": 1})
    assert Look.objects.get(user_id=by.user_id).position == head
    there = browser(world.user(Role.MONITOR, elsewhere=True))
    there.post(reverse("workbench:review_seen"), {"seen": [f"{chain} 5", "system 3"]})
    assert not Look.objects.exclude(user_id=by.user_id).exists()
    assert there.get(changes_of(person)).status_code == 404
    rater = browser(world.user(Role.RATER))
    assert rater.get(changes_of(person)).status_code == 404
    assert rater.get(reverse("workbench:review")).status_code == 404


@pytest.mark.requirement("BLD-04")
def test_the_diff_tells_a_site_no_outcome(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.COORDINATOR))
    mark(client, person)
    signed_caps(world, person, total=71)
    text = words_of(text_of(client.get(changes_of(person))))
    assert "(hidden outcome)" in text
    assert "71" not in text.replace(person.number, "")


def test_the_review_lists_what_changed_of_every_record_and_marks_all_at_once(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.DATA_MANAGER))
    page = client.get(reverse("workbench:review"))
    lines = page.context["lines"]
    assert {line.label for line in lines} >= {person.number, world.trial.identifier}
    seen = [f"{line.chain} {line.state.head.position}" for line in lines]
    client.post(reverse("workbench:review_seen"), {"seen": seen})
    assert client.get(reverse("workbench:review")).context["new"] == []
    book(world, person, 2)
    page = client.get(reverse("workbench:review"))
    assert [line.label for line in page.context["new"]] == [person.number]
    for line in lines:
        assert client.get(line.url).status_code == 200


def test_a_change_of_the_trial_itself_is_read_by_those_of_the_whole_trial(
    world: World, browser: Browser
) -> None:
    whole = browser(world.user(Role.DATA_MANAGER))
    url = reverse("workbench:review_trial", args=[world.trial.uuid])
    site = reverse("workbench:review_site", args=[world.site.uuid])
    assert whole.get(url).status_code == 200
    here = browser(world.user(Role.MONITOR))
    assert here.get(url).status_code == 404
    assert here.get(site).status_code == 200
    there = browser(world.user(Role.MONITOR, elsewhere=True))
    assert there.get(site).status_code == 404


def test_the_pages_cost_the_same_for_thirty_records_and_long_histories(
    world: World, browser: Browser, person: Participant
) -> None:
    client = browser(world.user(Role.MONITOR))
    mark(client, person)
    book(world, person, 2)
    review = reverse("workbench:review")
    few = queries_of(client, changes_of(person)), queries_of(client, review)
    for days in range(3, 12):
        book(world, person, days)
    lives(world, 29, today=today_at(world.site), days=30)
    assert (queries_of(client, changes_of(person)), queries_of(client, review)) == few
    assert max(few) <= MOST_QUERIES


def test_the_person_of_a_sign_in_alone_counts(world: World) -> None:
    """The functions read who asks from the sign-in, whatever they are asked."""
    (person,) = confirmed(world)
    by = world.actor(Role.MONITOR, elsewhere=True)
    with seeing(by):
        assert mark_seen(seen={f"participant:{person.pk}": 4}, by=by) == 0
