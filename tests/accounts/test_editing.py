"""Two people save the same form: the second sees both versions, and nothing is lost."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import NewUser, create_users
from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from adverse_events.models import AdverseEvent
from assessments.instruments import instrument
from assessments.models import Assessment, Draft, ItemResponse
from audit.models import Action, RowChange
from participants.models import Fact
from tests.accounts.test_once import at_once
from tests.forms import posted
from tests.pages import signed_in_as
from tests.world import (
    LONG_AGO,
    PASSWORD,
    SETUP,
    World,
    completed_caps,
    consented,
    enrolled,
    held,
    new_world,
    started,
    visit_of,
)
from trials.actions import NewDelegation, delegate

pytestmark = pytest.mark.requirement("DAT-04")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def an_event(world: World) -> AdverseEvent:
    (person,) = consented(world)
    new = NewEvent(
        participant=person,
        term="Headache",
        valence="unpleasant",
        severity="mild",
        onset_on=date(2025, 4, 28),
        outcome="not_recovered",
        action_taken="not_changed",
    )
    (event,) = report_events(events=[new], by=world.actor(Role.COORDINATOR))
    return event


def amend_url(event: AdverseEvent) -> str:
    return reverse("adverse_events:amend", args=[event.uuid])


def said(answer: Any) -> str:
    return " ".join(str(each) for each in answer.wsgi_request._messages)


def opened(client: Client, address: str, *, having: str = "seen") -> dict[str, Any]:
    return posted(client.get(address).content.decode(), having=having)


def two_on(world: World, address: str) -> tuple[Any, Any, Any, Any]:
    """Return two people, each with the form open."""
    first = signed_in_as(world, Role.COORDINATOR)
    second = signed_in_as(world, Role.INVESTIGATOR)
    return first, opened(first, address), second, opened(second, address)


def test_what_both_changed_is_shown_in_both_versions_and_waits_for_a_choice(
    world: World,
) -> None:
    event = an_event(world)
    address = amend_url(event)
    first, ones, second, others = two_on(world, address)
    why = {"reason": "Follow-up information"}
    assert first.post(address, ones | why | {"severity": "severe"}).status_code == 302
    page = second.post(address, others | why | {"severity": "moderate"})
    html = page.content.decode()
    assert page.status_code == 200
    assert "Changed while you had it open" in html
    line = page.context["edit"].lines[0]
    assert (line.mine, line.theirs) == ("Moderate", "Severe")
    assert line.who == world.user(Role.COORDINATOR).name
    event.refresh_from_db()
    assert event.severity == "severe"
    form = posted(html, having="seen")
    assert form["severity"] == ["moderate"]
    # Without a choice nothing is saved.
    assert second.post(address, form).status_code == 200
    kept = second.post(address, form | {"keep_severity": "mine"})
    assert kept.status_code == 302
    event.refresh_from_db()
    assert event.severity == "moderate"


def test_the_value_of_the_other_person_can_be_chosen(world: World) -> None:
    event = an_event(world)
    address = amend_url(event)
    first, ones, second, others = two_on(world, address)
    why = {"reason": "Follow-up information"}
    first.post(address, ones | why | {"severity": "severe"})
    page = second.post(
        address, others | why | {"severity": "moderate", "term": "Migraine"}
    )
    form = posted(page.content.decode(), having="seen") | {"keep_severity": "theirs"}
    assert second.post(address, form).status_code == 302
    event.refresh_from_db()
    assert (event.severity, event.term) == ("severe", "Migraine")


def test_what_only_the_other_changed_is_taken_over_and_said(world: World) -> None:
    event = an_event(world)
    address = amend_url(event)
    first, ones, second, others = two_on(world, address)
    why = {"reason": "Follow-up information"}
    first.post(address, ones | why | {"severity": "severe"})
    answer = second.post(address, others | why | {"term": "Migraine"})
    assert answer.status_code == 302
    told = said(answer)
    assert "How strong it was" in told
    event.refresh_from_db()
    assert (event.severity, event.term) == ("severe", "Migraine")


def test_ones_own_earlier_change_is_no_conflict(world: World) -> None:
    event = an_event(world)
    address = amend_url(event)
    client = signed_in_as(world, Role.COORDINATOR)
    form = opened(client, address) | {"reason": "Follow-up information"}
    assert client.post(address, form | {"severity": "severe"}).status_code == 302
    again = form | {
        "severity": "moderate",
        "request_key": opened(client, address)["request_key"],
    }
    assert client.post(address, again).status_code == 302


def test_a_third_change_is_compared_again(world: World) -> None:
    event = an_event(world)
    address = amend_url(event)
    first, ones, second, others = two_on(world, address)
    why = {"reason": "Follow-up information"}
    first.post(address, ones | why | {"severity": "severe"})
    page = second.post(address, others | why | {"severity": "moderate"})
    form = posted(page.content.decode(), having="seen") | {"keep_severity": "mine"}
    third = opened(first, address)
    first.post(address, third | why | {"severity": "mild"})
    again = second.post(address, form)
    assert again.status_code == 200
    assert again.context["edit"].lines[0].theirs == "Mild"


def test_a_booking_of_two_people(world: World) -> None:
    (person,) = enrolled(world)
    visit = visit_of(person, "prep_1")
    address = reverse("sessions:book", args=[visit.uuid])
    first, ones, second, others = two_on(world, address)
    day = date.fromisoformat(ones["on"])
    assert first.post(address, ones).status_code == 302
    later = (day + timedelta(days=1)).isoformat()
    page = second.post(address, others | {"on": later, "time": "10:30"})
    assert page.status_code == 200
    visit.refresh_from_db()
    assert (visit.booked_on, visit.booked_time) == (day, None)
    edit = page.context["edit"]
    assert page.context["form"]["time"].value() == "10:30"
    assert [line.name for line in edit.lines] == ["on"]


def test_a_booking_that_somebody_moved_is_not_taken_off_unseen(world: World) -> None:
    (person,) = enrolled(world)
    visit = visit_of(person, "prep_1")
    address = reverse("sessions:book", args=[visit.uuid])
    first = signed_in_as(world, Role.COORDINATOR)
    second = signed_in_as(world, Role.INVESTIGATOR)
    assert first.post(address, opened(first, address)).status_code == 302
    unbook = reverse("sessions:unbook", args=[visit.uuid])
    html = second.get(address).content.decode()
    form = posted(html, action=unbook)
    later = date.fromisoformat(opened(first, address)["on"]) + timedelta(days=1)
    moved = opened(first, address) | {"on": later.isoformat(), "reason": "Asked so"}
    assert first.post(address, moved).status_code == 302
    answer = second.post(unbook, form)
    told = said(answer)
    assert "changed this while you had it open" in told
    visit.refresh_from_db()
    assert visit.booked_on == later


def test_facts_of_two_people(world: World) -> None:
    (person,) = consented(world)
    address = reverse("participants:eligibility", args=[person.uuid])
    first, ones, second, others = two_on(world, address)
    code = next(name for name in others if name.startswith("fact_"))
    common = {"source": "Chart", "observed_on": "2025-04-01"}
    mine, theirs = ("70", "80")
    assert first.post(address, ones | common | {code: theirs}).status_code == 302, code
    page = second.post(address, others | common | {code: mine})
    assert page.status_code == 200
    assert [line.name for line in page.context["edit"].lines] == [code]
    saved = Fact.objects.get(participant=person, code=code.removeprefix("fact_"))
    assert str(saved.value) == theirs


def test_an_identity_of_two_people_is_read_on_the_trail(world: World) -> None:
    (person,) = consented(world)
    address = reverse("participants:identity", args=[person.uuid])
    first, ones, second, others = two_on(world, address)
    common = {"act": "save", "birth_date": "1990-02-03"}
    assert first.post(address, ones | common | {"name": "Ada One"}).status_code == 302
    page = second.post(address, others | common | {"name": "Ada Two"})
    assert page.status_code == 200
    assert "Ada One" in page.content.decode()
    shown = Action.objects.filter(verb="show identity")
    assert [each.actor_name for each in shown] == [world.user(Role.INVESTIGATOR).name]
    kept = posted(page.content.decode(), having="seen")
    kept |= {"act": "save", "keep_name": "theirs", "reason": "Compared"}
    second.post(address, kept)
    assert "Ada Two" not in str(RowChange.objects.values_list("new", flat=True))


def answers(form: Assessment, value: int) -> dict[str, Any]:
    edition = instrument(form.instrument, form.version)
    return {item.code: str(value) for item in edition.items}


@pytest.fixture
def questionnaire(world: World) -> Assessment:
    (person,) = consented(world)
    held(world, [person], "screening")
    return started(world, person, "screening", "pcl5")


def test_a_form_that_somebody_else_completed_is_compared_not_dropped(
    world: World, questionnaire: Assessment
) -> None:
    address = reverse("assessments:enter", args=[questionnaire.uuid])
    first, second = coordinators(world, 2)
    ones, others = opened(first, address), opened(second, address)
    given = answers(questionnaire, 1)
    done = first.post(address, ones | given)
    assert done.status_code == 302, done.context["form"].errors
    item = next(iter(given))
    page = second.post(address, others | given | {item: "3"})
    assert page.status_code == 200
    assert [line.name for line in page.context["edit"].lines] == [item]
    form = posted(page.content.decode(), having="seen")
    form |= {f"keep_{item}": "mine", "reason": "Checked with the paper"}
    assert second.post(address, form).status_code == 302
    assert ItemResponse.objects.get(assessment=questionnaire, item=item).value == 3


def test_what_another_had_typed_is_kept_and_told_until_the_form_is_signed(
    world: World, questionnaire: Assessment
) -> None:
    address = reverse("assessments:enter", args=[questionnaire.uuid])
    draft = reverse("assessments:draft", args=[questionnaire.uuid])
    first, second = coordinators(world, 2)
    given = answers(questionnaire, 1)
    item = next(iter(given))
    second.post(draft, {"item": item, "value": "4", "missing": "", "sequence": "1"})
    first.post(address, opened(first, address) | given)
    assert Draft.objects.count() == 1
    assert "yours 4, saved 1" in second.get(address).content.decode()


def test_a_signature_is_not_put_under_what_was_changed_meanwhile(
    world: World, questionnaire: Assessment
) -> None:
    address = reverse("assessments:enter", args=[questionnaire.uuid])
    first = signed_in_as(world, Role.COORDINATOR)
    signer = signed_in_as(world, Role.INVESTIGATOR)
    given = answers(questionnaire, 1)
    first.post(address, opened(first, address) | given)
    form = opened(signer, address, having="password")
    item = next(iter(given))
    correction = opened(first, f"{address}?correct=1")
    done = first.post(
        f"{address}?correct=1", correction | {item: "2", "reason": "Misheard"}
    )
    assert done.status_code == 302
    sign = reverse("assessments:sign", args=[questionnaire.uuid])
    page = signer.post(sign, form | {"password": PASSWORD})
    assert "Look at it as it stands now" in page.content.decode()
    questionnaire.refresh_from_db()
    assert questionnaire.state == "complete"


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.parametrize(("people", "rounds"), [(2, 2), (20, 3)])
def test_of_many_at_once_one_saves_in_each_round_and_all_others_see_the_conflict(
    own_database: str, people: int, rounds: int
) -> None:
    """Whoever was second keeps to their own version, and sends it in the next round."""
    world = new_world()
    event = an_event(world)
    address = amend_url(event)
    why = {"reason": "At the same time"}
    waiting = {
        client: opened(client, address) | why | {"term": f"Version {n}"}
        for n, client in enumerate(coordinators(world, people))
    }
    for round_ in range(1, rounds + 1):
        asks = [partial(_sent, client, address, waiting[client]) for client in waiting]
        answers = dict(at_once(asks))
        done = [one for one, answer in answers.items() if answer.status_code == 302]
        assert len(done) == 1
        event.refresh_from_db()
        assert event.term == waiting.pop(done[0])["term"]
        for client in waiting:
            # Not its context: that of a test's client mixes what threads render at once.
            html = answers[client].content.decode()
            assert f"<b>Yours</b> {waiting[client]['term']}</span>" in html
            assert f"<b>Saved now</b> {event.term}\n" in html
            form = posted(html, having="seen")
            waiting[client] = form | why | {"keep_term": "mine"}
        table = AdverseEvent._meta.db_table
        changes = RowChange.objects.filter(table_name=table, operation="U")
        assert changes.count() == round_


@pytest.mark.services
def test_a_raters_corrections_at_the_same_moment_are_compared_too(
    own_database: str,
) -> None:
    """To raters the trail is closed, so that a look at it finds nobody who was quicker."""
    world = new_world()
    form = completed_caps(world, enrolled(world)[0])
    is_second = form.rater_id == world.user(Role.RATER, second=True).pk
    address = reverse("assessments:enter", args=[form.uuid]) + "?correct=1"
    waiting = {}
    for value in "0", "1":
        client = signed_in_as(world, Role.RATER, second=is_second)
        corrected = {"caps01": value, "reason": "Misheard"}
        waiting[client] = opened(client, address) | corrected
    answers = dict(
        at_once([partial(_sent, one, address, sent) for one, sent in waiting.items()])
    )
    done = [one for one, answer in answers.items() if answer.status_code == 302]
    assert len(done) == 1
    saved = waiting.pop(done[0])["caps01"]
    assert ItemResponse.objects.get(assessment=form, item="caps01").value == int(saved)
    (second,) = waiting
    assert "Changed while you had it open" in answers[second].content.decode()


def _sent(client: Client, address: str, form: dict[str, Any]) -> tuple[Client, Any]:
    return client, client.post(address, form)


def coordinators(world: World, count: int) -> list[Client]:
    """Return browsers of as many different coordinators of the first site."""
    people = create_users(
        people=[
            NewUser(username=f"many-{n}", name=f"Many {n}", password=PASSWORD)
            for n in range(count)
        ],
        by=SETUP,
    )
    lines = [
        NewDelegation(
            user=user, role=Role.COORDINATOR, starts_on=LONG_AGO, site=world.site
        )
        for user in people
    ]
    delegate(trial=world.trial, delegations=lines, by=SETUP)
    clients = []
    for user in people:
        client = Client()
        client.post(
            reverse("accounts:sign_in"),
            {"username": user.username, "password": PASSWORD},
        )
        clients.append(client)
    return clients
