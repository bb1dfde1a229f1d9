"""A signature whose record was changed afterwards: its signer is told on their own day."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import (
    Causality,
    NewEvent,
    amend_event,
    assess_causality,
    report_events,
)
from adverse_events.models import AdverseEvent
from assessments.actions import Completion, complete, reopen, sign
from assessments.models import Assessment
from audit.signing import Became, ChangedSince
from participants.models import Participant
from tests.workbench.conftest import Browser, only_reading, queries_of, text_of
from tests.workbench.test_trail import words_of
from tests.world import (
    ON_TARGET,
    PASSWORD,
    World,
    caps_answers,
    confirmed,
    rater_of,
    signed_caps,
    started,
)
from workbench.vocabulary import Kind
from workbench.worklist import Line

pytestmark = pytest.mark.requirement("SIG-04")
ANSWERS = {f"pcl{n:02}": 1 for n in range(1, 21)}
MOST_QUERIES = 20


@pytest.fixture
def person(world: World) -> Participant:
    return confirmed(world)[0]


def signed_pcl5(world: World, person: Participant) -> Assessment:
    form = started(world, person, "screening", "pcl5")
    answers = Completion(form, ON_TARGET["screening"], "direct", ANSWERS)
    complete(completions=[answers], by=world.actor(Role.COORDINATOR))
    sign(assessments=[form], password=PASSWORD, by=world.actor(Role.INVESTIGATOR))
    return form


def change(world: World, form: Assessment, *, to: int) -> None:
    answers = Completion(
        form, ON_TARGET["screening"], "direct", ANSWERS | {"pcl01": to}
    )
    by = world.actor(Role.COORDINATOR)
    complete(completions=[answers], by=by, reason="Compared with the sheet")


def broken(client: Client) -> Sequence[Line]:
    groups = client.get("/").context["groups"]
    return [
        line for group in groups for line in group.lines if line.kind is Kind.SIGNATURES
    ]


def test_a_form_that_was_reopened_and_changed_is_on_its_signers_day(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_pcl5(world, person)
    signer = browser(world.user(Role.INVESTIGATOR))
    assert broken(signer) == []
    by = world.actor(Role.THERAPIST)
    reopen(assessment=form, reason="Item 1 was misread", by=by)
    (line,) = broken(signer)
    assert "it was reopened on" in line.why
    assert "by Therapist: Item 1 was misread" in line.why
    change(world, form, to=4)
    with only_reading():
        (line,) = broken(signer)
    assert line.what == "Sign PCL-5 again"
    assert "it was changed on" in line.why
    assert line.url == reverse("assessments:enter", args=[form.uuid])
    text = words_of(text_of(signer.get(line.url)))
    assert "Signature broken" in text
    sign(assessments=[form], password=PASSWORD, by=world.actor(Role.INVESTIGATOR))
    assert broken(signer) == []


def test_who_did_not_sign_is_told_nothing(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_pcl5(world, person)
    by = world.actor(Role.THERAPIST)
    reopen(assessment=form, reason="Item 1 was misread", by=by)
    change(world, form, to=4)
    for user in (
        world.user(Role.INVESTIGATOR, second=True),
        world.user(Role.COORDINATOR),
        world.user(Role.INVESTIGATOR, elsewhere=True),
    ):
        assert broken(browser(user)) == []


def test_a_form_that_was_changed_back_before_it_was_signed_again_is_not_broken(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_pcl5(world, person)
    signer = browser(world.user(Role.INVESTIGATOR))
    by = world.actor(Role.THERAPIST)
    reopen(assessment=form, reason="Item 1 was misread", by=by)
    change(world, form, to=1)
    (line,) = broken(signer)
    assert "it was reopened on" in line.why


def test_the_first_signer_is_told_that_somebody_else_signed_the_changed_form(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_pcl5(world, person)
    by = world.actor(Role.THERAPIST)
    reopen(assessment=form, reason="Item 1 was misread", by=by)
    change(world, form, to=4)
    sign(assessments=[form], password=PASSWORD, by=by)
    (line,) = broken(browser(world.user(Role.INVESTIGATOR)))
    assert line.what == "Read PCL-5"
    assert "was changed and signed again" in line.why
    assert broken(browser(world.user(Role.THERAPIST))) == []


def test_an_event_amended_after_its_causality_was_signed_is_told_to_the_investigator(
    world: World, browser: Browser, person: Participant
) -> None:
    event = judged(world, person)
    signer = browser(world.user(Role.INVESTIGATOR))
    assert broken(signer) == []
    amend_event(
        event=event,
        changes={"term": "Syncope on standing"},
        reason="Follow-up information",
        by=world.actor(Role.COORDINATOR),
    )
    (line,) = broken(signer)
    assert line.what == "Judge causality again: Syncope on standing"
    page = text_of(signer.get(line.url))
    assert "Signature broken" in page


def judged(world: World, person: Participant) -> AdverseEvent:
    (event,) = report_events(
        events=[
            NewEvent(
                participant=person,
                term="Syncope",
                onset_on=ON_TARGET["prep_2"],
                severity="mild",
                valence="unpleasant",
                outcome="recovered",
                action_taken="not_changed",
            )
        ],
        by=world.actor(Role.COORDINATOR),
    )
    # In the site's own zone, as its page has it: read again it is in UTC.
    now = timezone.now().astimezone(ZoneInfo(world.site.time_zone))
    judgment = Causality(event, "possible", now)
    by = world.actor(Role.INVESTIGATOR)
    assess_causality(assessments=[judgment], password=PASSWORD, by=by)
    return event


@pytest.mark.requirement("BLD-04")
def test_a_rater_is_told_on_the_page_of_interviews_and_not_who_did_it(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_caps(world, person, total=43)
    assert form.rater is not None
    client = browser(form.rater)
    page = reverse("assessments:ratings")
    assert "Signature broken" not in text_of(client.get(page))
    by = rater_of(world, form)
    reopen(assessment=form, reason="Item 2 was misheard", by=by)
    on = form.assessed_on or ON_TARGET["baseline"]
    changed = Completion(form, on, "direct", caps_answers(43) | {"caps02": 4})
    complete(completions=[changed], by=by, reason="Item 2 was misheard")
    text = words_of(text_of(client.get(page)))
    assert "Signature broken" in text
    assert f"{form.opaque_code} CAPS-5 was changed" in text
    assert person.number not in text
    other = world.user(Role.RATER, second=by == world.actor(Role.RATER))
    assert "Signature broken" not in text_of(browser(other).get(page))
    sign(assessments=[form], password=PASSWORD, by=by)
    assert "Signature broken" not in text_of(client.get(page))


def test_the_day_costs_the_same_for_many_broken_signatures(
    world: World, browser: Browser
) -> None:
    people = confirmed(world, 6)
    forms = [signed_pcl5(world, each) for each in people]
    signer = browser(world.user(Role.INVESTIGATOR))
    by = world.actor(Role.THERAPIST)
    reopen(assessment=forms[0], reason="Item 1 was misread", by=by)
    few = queries_of(signer, "/")
    for form in forms[1:]:
        reopen(assessment=form, reason="Item 1 was misread", by=by)
    assert queries_of(signer, "/") == few
    assert len(broken(signer)) == 6
    assert few <= MOST_QUERIES


def test_what_somebody_else_signed_anew_is_told_for_two_weeks() -> None:
    now = timezone.now()

    def since(days: int) -> Became | None:
        at = now - timedelta(days=days)
        change = ChangedSince("t", "1", "old", "I signed", at, 1, at, at)
        return change.became("new", is_open=False, now=now)

    assert since(13) is Became.SIGNED_ANEW
    assert since(15) is None
