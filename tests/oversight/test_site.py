"""The oversight site: read-only by construction, the trail as sentences."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from audit.models import Action
from audit.trail import acting
from notices.models import Notice
from oversight.site import oversight_site
from reminders.models import Reminder
from tests.world import (
    PASSWORD,
    SETUP,
    World,
    enrolled,
    held,
    new_world,
    signed_caps,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def signed_in(client: Client, world: World, role: Role) -> Client:
    typed = {"username": world.user(role).username, "password": PASSWORD}
    response = client.post(reverse("accounts:sign_in"), typed)
    assert response.status_code == 302
    return client


ROUTES = [
    f"oversight:{model._meta.app_label}_{model._meta.model_name}"
    for model in oversight_site._registry
]


@pytest.mark.requirement("ACC-15")
@pytest.mark.parametrize("route", ROUTES)
def test_nothing_can_be_added_changed_or_deleted(
    client: Client, world: World, route: str
) -> None:
    enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    listing = reverse(f"{route}_changelist")
    assert client.get(listing).status_code == 200
    assert client.get(reverse(f"{route}_add")).status_code == 403
    row = oversight_site._registry[_model(route)].model.objects.first()
    before = Action.objects.count()
    if row is not None:
        assert client.get(reverse(f"{route}_change", args=[row.pk])).status_code == 200
        for name in ("change", "delete"):
            url = reverse(f"{route}_{name}", args=[row.pk])
            assert client.post(url, {"_save": "Save"}).status_code == 403
    actions = {"action": "delete_selected", "_selected_action": ["1"]}
    assert client.post(listing, actions).status_code in {200, 302, 403}
    assert Action.objects.count() == before


def _model(route: str) -> type:
    return next(
        model
        for model in oversight_site._registry
        if route == f"oversight:{model._meta.app_label}_{model._meta.model_name}"
    )


def test_the_first_page_lists_what_can_be_read(client: Client, world: World) -> None:
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("oversight:index")).content.decode()
    assert len(ROUTES) > 15
    for route in ROUTES:
        assert reverse(f"{route}_changelist") in page


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.RATER, Role.SPONSOR])
def test_people_who_do_not_oversee_find_nothing_there(
    client: Client, world: World, role: Role
) -> None:
    signed_in(client, world, role)
    response = client.get(reverse("oversight:index"), follow=True)
    assert response.status_code == 404


def test_the_trail_of_a_participant_reads_as_sentences(
    client: Client, world: World
) -> None:
    (participant,) = enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("trail:participant", args=[participant.pk]))
    text = page.content.decode()
    assert "enrolled" in text
    assert participant.number in text
    assert world.user(Role.COORDINATOR).name in text
    assert "{&quot;" not in text
    assert "{'" not in text


def test_an_act_on_many_says_in_each_line_whose_record_changed(
    client: Client, world: World
) -> None:
    people = enrolled(world, 4)
    signed_in(client, world, Role.AUDITOR)
    page = client.get(reverse("trail:list") + "?verb=enroll")
    (act,) = [entry for entry in page.context["entries"] if entry.did == "enrolled:"]
    labels = [line.label for line in act.changes]
    assert {label.partition(",")[0] for label in labels} == {
        person.number for person in people
    }


def test_the_trail_costs_the_same_for_one_participant_and_for_many(
    client: Client, world: World
) -> None:
    counts = []
    signed_in(client, world, Role.AUDITOR)
    for _ in range(2):
        enrolled(world, 5)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("trail:list")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_auditor_of_another_trial_finds_nothing_of_this_one(
    client: Client, world: World
) -> None:
    (participant,) = enrolled(world)
    other = new_world("TEST-2")
    signed_in(client, other, Role.AUDITOR)
    assert (
        client.get(reverse("trail:participant", args=[participant.pk])).status_code
        == 404
    )
    listing = client.get(reverse("oversight:participants_participant_changelist"))
    assert participant.number not in listing.content.decode()
    assert participant.number not in client.get(reverse("trail:list")).content.decode()


def test_the_trail_is_never_counted(client: Client, world: World) -> None:
    enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("trail:list")).status_code == 200
    trail = [q["sql"] for q in queries if "audit_" in q["sql"]]
    assert len(trail) == 1  # the acts with what they changed
    assert not [sql for sql in trail if "COUNT(" in sql.upper()]


def test_lists_and_filters_speak_in_words_and_write_days_one_way(
    client: Client, world: World
) -> None:
    """The same day once stood as "May 4, 2026" here and as "4 May 2026" elsewhere."""
    (participant,) = enrolled(world)
    held(world, [participant], "prep_1", "prep_2", "baseline")
    signed_caps(world, participant, total=54)
    signed_in(client, world, Role.AUDITOR)

    def shown(model: str, query: str = "") -> str:
        url = reverse(f"oversight:{model}_changelist")
        return client.get(url + query).content.decode()

    people = shown("participants_participant")
    assert "Treatment not started" in people
    assert "not_started" not in re.sub(r"<[^>]+>", "", people)
    assert f">{participant.screened_on:%-d %b %Y}<" in people
    assert participant.number in shown(
        "participants_participant", "?treatment=not_started"
    )
    assert participant.number not in shown(
        "participants_participant", "?treatment=finished"
    )
    forms = shown("assessments_assessment")
    assert "CAPS-5" in forms
    assert "caps5" not in re.sub(r"<[^>]+>", "", forms)
    scores = shown("assessments_scorevalue")
    assert re.search(r"field-value[^>]*>54<", scores)
    assert "Adverse events" in client.get(reverse("oversight:index")).content.decode()


def test_a_list_says_what_narrows_it_and_how_to_see_all_again(
    client: Client, world: World
) -> None:
    enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    listing = reverse("oversight:study_sessions_visit_changelist")
    everything = client.get(listing)
    assert "<h1>Visits</h1>" in everything.text
    assert everything.context["narrowed"] == []
    assert "Everything is shown." in everything.text
    asked = {"state__exact": "planned", "kind": "dosing", "q": "01-001"}
    page = client.get(listing, asked)
    told = [(each.title, each.value) for each in page.context["narrowed"]]
    assert told == [("state", "Planned"), ("kind", "Dosing"), ("search", "01-001")]
    for each, name in zip(page.context["narrowed"], asked, strict=True):
        assert f'href="{each.without.replace("&", "&amp;")}"' in page.text
        rest = client.get(listing + each.without)
        assert len(rest.context["narrowed"]) == 2
        assert name not in each.without
    assert '<a href="?">Show everything</a>' in page.text


def test_a_time_names_its_zone(client: Client, world: World) -> None:
    (participant,) = enrolled(world)
    now = timezone.now()
    with acting("notice", by=SETUP):
        notice = Notice.objects.create(
            trial=world.trial,
            site=world.site,
            participant=participant,
            kind="unblinding",
            about=uuid4(),
            occurred_at=now,
            why="Intubated",
        )
    signed_in(client, world, Role.AUDITOR)
    for url in (
        reverse("oversight:notices_notice_changelist"),
        reverse("oversight:notices_notice_change", args=[notice.pk]),
    ):
        html = client.get(url).content.decode()
        assert f"{now:%-d %b %Y %H:%M} UTC" in html
        assert "Emergency unblinding" in html


def test_a_reminder_says_whom_it_went_to(client: Client, world: World) -> None:
    (participant,) = enrolled(world)
    reader = world.user(Role.MEDICAL_MONITOR)
    with acting("notice", by=SETUP):
        notice = Notice.objects.create(
            trial=world.trial,
            site=world.site,
            participant=participant,
            kind="serious_event",
            about=uuid4(),
            occurred_at=timezone.now(),
        )
        Reminder.objects.create(
            trial=world.trial,
            site=world.site,
            participant=participant,
            notice=notice,
            recipient=reader,
            kind="serious_event",
            audience="safety",
            due_on=timezone.now().date(),
        )
    signed_in(client, world, Role.AUDITOR)
    url = reverse("oversight:reminders_reminder_changelist")
    html = client.get(url + f"?q={reader.name.split()[0]}").content.decode()
    assert reader.name in html
    assert "Serious event" in html


def test_the_trail_names_roles_as_every_other_page_does(
    client: Client, world: World
) -> None:
    """A rater was an "independent assessor" on the trail and nowhere else."""
    (participant,) = enrolled(world)
    held(world, [participant], "prep_1", "prep_2", "baseline")
    signed_caps(world, participant, total=54)
    signed_in(client, world, Role.AUDITOR)
    shown = client.get(reverse("trail:list") + "?verb=sign").content.decode()
    assert "(independent rater)" in shown
    assert "(independent assessor)" not in shown
    assert "54.0" not in shown


def test_a_story_is_read_from_its_beginning(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first only, a course had to be read backwards over three pages."""
    monkeypatch.setattr("oversight.views.PAGE", 3)
    (participant,) = enrolled(world)
    signed_in(client, world, Role.AUDITOR)
    url = reverse("trail:participant", args=[participant.pk])
    newest = client.get(url)
    story: list[int] = []
    page = client.get(url + newest.context["other_order"])
    assert not page.context["pager"]["older_url"]
    while True:
        story += [entry.id for entry in page.context["entries"]]
        if not (more := page.context["pager"]["newer_url"]):
            break
        page = client.get(url + more)
        assert page.context["pager"]["older_url"] == "?order=oldest"
    assert len(story) > 3
    assert story == sorted(set(story))
    assert newest.context["entries"][0].id == story[-1]
