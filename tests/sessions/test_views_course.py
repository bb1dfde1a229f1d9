"""The pages of a participant's course: consent, enrollment, confirmation, leaving."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from participants.actions import record_facts
from participants.models import Consent, Participant
from participants.vocabulary import AFTER_LEAVING
from tests.facts import baseline_facts, eligible_facts
from tests.sessions.addresses import of
from tests.world import (
    ON_TARGET,
    PASSWORD,
    SETUP,
    World,
    consented,
    enrolled,
    held,
    randomized,
    screened,
    visit_of,
)
from trials.access import today_at

pytestmark = pytest.mark.django_db


def test_consent_is_recorded_and_leads_to_the_participant(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = screened(world)
    typed = {
        "form_version": "1.0",
        "is_able": "on",
        "signed_on": "2025-03-04",
        "obtained_by": world.user(Role.INVESTIGATOR).pk,
        "sex": "female",
        "age": "41",
        "participation": "on",
    }
    response = as_(Role.COORDINATOR).post(of("consent", person), typed)
    assert response.headers["Location"] == reverse(
        "workbench:participant", args=[person.uuid]
    )
    consent = Consent.objects.get(participant=person)
    assert (consent.form_version, consent.signed_on) == ("1.0", date(2025, 3, 4))
    assert visit_of(person, "screening").plan == "firm"


def test_consent_that_agrees_to_nothing_keeps_what_was_typed(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = screened(world)
    typed = {
        "form_version": "2.0-typed",
        "signed_on": "2025-03-04",
        "sex": "female",
        "age": "41",
    }
    page = as_(Role.COORDINATOR).post(of("consent", person), typed).content.decode()
    assert "Without it there is no consent to record" in page
    assert "2.0-typed" in page
    assert not Consent.objects.exists()


def test_enrolling_too_early_says_what_stands_in_the_way(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = consented(world)
    page = as_(Role.COORDINATOR).get(of("enroll", person)).content.decode()
    assert "Not known yet" in page
    answer = as_(Role.COORDINATOR).post(of("enroll", person), {"on": "2025-03-24"})
    assert "Cannot be enrolled yet" in answer.content.decode()
    person.refresh_from_db()
    assert person.state == "screening"


def prepared(world: World) -> Participant:
    """Somebody whose confirmation waits for the signature alone."""
    [person] = enrolled(world)
    held(world, [person], "prep_1", "prep_2", "baseline", "prep_3")
    record_facts(facts=baseline_facts(person, on=ON_TARGET["baseline"]), by=SETUP)
    return person


def test_a_coordinator_sees_confirmation_prepared_and_cannot_sign(
    world: World, as_: Callable[..., Client]
) -> None:
    person = prepared(world)
    browser = as_(Role.COORDINATOR)
    page = browser.get(of("confirm", person)).content.decode()
    assert "Only an investigator can sign" in page
    assert 'name="password"' not in page
    browser.post(of("confirm", person), {"on": "2025-04-21", "password": PASSWORD})
    person.refresh_from_db()
    assert person.state == "enrolled"


def test_the_investigator_signs_with_the_password(
    world: World, as_: Callable[..., Client]
) -> None:
    person = prepared(world)
    browser = as_(Role.INVESTIGATOR)
    url = of("confirm", person)
    wrong = browser.post(url, {"on": "2025-04-21", "password": "not mine at all"})
    assert "The password is not right" in wrong.content.decode()
    person.refresh_from_db()
    assert person.state == "enrolled"
    assert (
        browser.post(url, {"on": "2025-04-21", "password": PASSWORD}).status_code == 302
    )
    person.refresh_from_db()
    assert (person.state, person.confirmed_on) == ("confirmed", date(2025, 4, 21))


def test_confirmation_shows_no_score(world: World, as_: Callable[..., Client]) -> None:
    person = prepared(world)
    page = as_(Role.INVESTIGATOR).get(of("confirm", person)).content.decode()
    assert "Met" in page
    # The words alone: ids and tokens in attributes hold any two digits by chance.
    words = re.sub(r"<[^>]*>", " ", page).replace(person.number, "")
    assert not re.search(r"\b69\b", words)


def test_stopping_treatment_needs_a_reason(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = randomized(world)
    browser = as_(Role.COORDINATOR)
    page = browser.post(of("stop_treatment", person), {"on": "2025-05-10", "why": ""})
    assert "This field is required" in page.content.decode()
    browser.post(
        of("stop_treatment", person),
        {"on": "2025-05-10", "why": "Rash", "cause": "adverse_event"},
    )
    person.refresh_from_db()
    assert (person.treatment, person.treatment_stop_reason) == ("discontinued", "Rash")


def test_withdrawal_of_somebody_not_randomized_is_refused_in_words(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = consented(world)
    page = as_(Role.COORDINATOR).post(
        of("withdraw", person),
        {"on": "2025-03-20", "why": "Moved away", "cause": "subject"}
        | dict.fromkeys(AFTER_LEAVING, "no"),
    )
    assert "cannot be withdrawn" in page.content.decode()


def test_enrollment_is_offered_for_the_day_of_its_visit(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = consented(world)
    facts = eligible_facts(person)
    record_facts(facts=facts, by=world.actor(Role.COORDINATOR))
    held(world, [person], "screening", "enrollment_visit")
    form = as_(Role.COORDINATOR).get(of("enroll", person)).context["form"]
    assert form["on"].value() == visit_of(person, "enrollment_visit").held_on


def test_enrollment_is_offered_for_today_where_facts_came_after_its_visit(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = consented(world)
    today = today_at(world.site)
    facts = eligible_facts(person, on=today)
    record_facts(facts=facts, by=world.actor(Role.COORDINATOR))
    held(world, [person], "screening", "enrollment_visit")
    form = as_(Role.COORDINATOR).get(of("enroll", person)).context["form"]
    assert form["on"].value() == today
