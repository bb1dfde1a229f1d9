"""The pages: each tried by one who may, one from another site, one whose role may not."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.models import Action
from participants.access import definition_for
from participants.actions import (
    NewIdentity,
    Step,
    enroll,
    record_consents,
    record_facts,
    record_identities,
)
from participants.models import Deviation, Fact, Participant
from participants.vocabulary import SEXES
from tests.facts import baseline_facts, eligible_facts
from tests.identities import known_of
from tests.pages import shown_identity
from tests.participants.conftest import SignIn
from tests.world import SCREENED_ON, World, consent_of, screened

NAME = "Ada Longname-Example"
ENROLLED_ON = SCREENED_ON + timedelta(days=10)


@pytest.fixture
def participant(world: World) -> Participant:
    return screened(world)[0]


@pytest.fixture
def coordinator(world: World, browser: SignIn) -> Client:
    return browser(world.user(Role.COORDINATOR))


def consent(world: World, participant: Participant) -> None:
    record_consents(
        consents=[consent_of(world, participant)], by=world.actor(Role.COORDINATOR)
    )


def identified(world: World, participant: Participant) -> None:
    consent(world, participant)
    record_identities(
        identities=[NewIdentity(participant, NAME, date(1990, 5, 17))],
        by=world.actor(Role.COORDINATOR),
    )


def page(name: str, participant: Participant) -> str:
    return reverse(f"participants:{name}", args=[participant.uuid])


@pytest.mark.parametrize("name", ["identity", "eligibility", "new_deviation"])
def test_a_page_opens_to_who_may_and_is_not_found_from_another_site(
    world: World, participant: Participant, browser: SignIn, name: str
) -> None:
    address = page(name, participant)
    assert browser(world.user(Role.COORDINATOR)).get(address).status_code == 200
    away = browser(world.user(Role.COORDINATOR, elsewhere=True))
    assert away.get(address).status_code == 404
    assert away.post(address, {"act": "show"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("identity", Role.THERAPIST),
        ("identity", Role.MONITOR),
        ("eligibility", Role.RATER),
        ("new_deviation", Role.MONITOR),
        ("new_deviation", Role.PHARMACIST),
    ],
)
def test_a_page_is_not_found_by_a_role_that_may_not(
    world: World, participant: Participant, browser: SignIn, name: str, role: Role
) -> None:
    client = browser(world.user(role))
    assert client.get(page(name, participant)).status_code == 404
    assert client.post(page(name, participant), {}).status_code == 404


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.RATER, Role.SPONSOR])
def test_the_screening_log_is_closed_to_other_roles(
    world: World, browser: SignIn, role: Role
) -> None:
    client = browser(world.user(role))
    assert client.get(reverse("participants:screen")).status_code == 404


def test_screening_asks_for_site_and_day_only(coordinator: Client) -> None:
    form = coordinator.get(reverse("participants:screen")).context["form"]
    assert list(form.fields) == ["site", "on"]


def test_somebody_screened_gets_a_page_of_their_own(
    world: World, coordinator: Client
) -> None:
    response = coordinator.post(
        reverse("participants:screen"), {"site": world.site.pk, "on": "2025-03-03"}
    )
    made = Participant.objects.get()
    assert response["Location"] == reverse("workbench:participant", args=[made.uuid])


@pytest.mark.parametrize("on", ["2125-01-01", "", "soon"])
def test_a_day_that_has_not_come_is_refused_and_what_was_typed_stays(
    world: World, coordinator: Client, on: str
) -> None:
    address = reverse("participants:screen")
    response = coordinator.post(address, {"site": world.site.pk, "on": on})
    assert response.status_code == 200
    assert response.context["form"].errors["on"]
    assert response.context["form"]["on"].value() == on
    assert not Participant.objects.exists()


def test_another_site_cannot_be_chosen(world: World, coordinator: Client) -> None:
    response = coordinator.post(
        reverse("participants:screen"), {"site": world.elsewhere.pk, "on": "2025-03-03"}
    )
    assert response.context["form"].errors["site"]


def test_identity_before_consent_offers_no_form(
    coordinator: Client, participant: Participant
) -> None:
    response = coordinator.get(page("identity", participant))
    assert b"Identity comes after consent" in response.content
    assert b"birth_date" not in response.content


def test_identity_is_typed_in_after_consent(
    world: World, coordinator: Client, participant: Participant
) -> None:
    consent(world, participant)
    typed = {"act": "save", "name": NAME, "birth_date": "1990-05-17"}
    response = coordinator.post(page("identity", participant), typed)
    assert response["Location"] == page("identity", participant)
    assert known_of(participant).name == NAME


def test_a_get_of_the_identity_page_never_says_the_name_and_leaves_nothing(
    world: World, coordinator: Client, participant: Participant
) -> None:
    identified(world, participant)
    before = Action.objects.count()
    response = coordinator.get(page("identity", participant))
    assert NAME not in response.text
    assert "1990" not in response.text
    assert Action.objects.count() == before


def test_showing_the_name_leaves_an_entry_and_is_not_kept_by_the_browser(
    world: World, coordinator: Client, participant: Participant
) -> None:
    identified(world, participant)
    response = coordinator.post(page("identity", participant), {})
    assert NAME in response.text
    assert "no-store" in response["Cache-Control"]
    entry = Action.objects.latest("id")
    assert (entry.verb, entry.actor_name) == ("show identity", "Coordinator")
    assert NAME not in coordinator.get(page("identity", participant)).text


def test_a_corrected_name_without_a_reason_stays_typed(
    world: World, coordinator: Client, participant: Participant
) -> None:
    identified(world, participant)
    typed = shown_identity(coordinator, page("identity", participant))
    typed |= {"name": "Ada Other", "birth_date": "1990-05-17"}
    response = coordinator.post(page("identity", participant), typed)
    assert "say why" in response.text
    assert "Ada Other" in response.text
    assert known_of(participant).name == NAME
    typed |= {"reason": "Changed name"}
    assert coordinator.post(page("identity", participant), typed).status_code == 302
    assert known_of(participant).name == "Ada Other"


def test_a_deviation_is_recorded_for_a_visit_of_the_protocol(
    coordinator: Client, participant: Participant
) -> None:
    address = page("new_deviation", participant)
    form = coordinator.get(f"{address}?visit=baseline").context["form"]
    assert form["visit_code"].value() == "baseline"
    typed = {
        "kind": "procedure",
        "visit_code": "baseline",
        "occurred_on": "2025-03-10",
        "description": "The recording failed",
    }
    assert coordinator.post(address, typed | {"visit_code": "V99"}).status_code == 200
    assert coordinator.post(address, typed).status_code == 302
    made = Deviation.objects.get()
    assert (made.visit_code, made.kind) == ("baseline", "procedure")


def answers(**other: str) -> dict[str, str]:
    source = {"source": "Screening interview", "observed_on": "2025-03-04"}
    return source | {f"fact_{code}": value for code, value in other.items()}


def gates_of(response: Any) -> dict[str, Any]:
    gates = [*response.context["in_the_way"], *response.context["met_gates"]]
    return {gate["sentence"].split(" · ")[0]: gate for gate in gates}


def test_eligibility_names_every_criterion_and_what_is_missing(
    coordinator: Client, participant: Participant
) -> None:
    response = coordinator.get(page("eligibility", participant))
    gates = gates_of(response)
    assert len(gates) == response.context["total"] == response.context["unknown"] == 19
    assert "Missing: Duration of PTSD" not in gates["I1"]["sentence"]
    assert "Duration of PTSD symptoms" in gates["I9"]["sentence"]
    codes = [
        row.fact.code for group in response.context["groups"] for row in group.rows
    ]
    assert len(codes) == len(set(codes))


def test_answers_are_saved_with_their_source_and_turn_the_line(
    coordinator: Client, participant: Participant
) -> None:
    typed = answers(
        ptsd_by_interview="yes",
        symptom_months="60",
        weight_kg="61.5",
        ketamine_or_ect_on="2024-01-05",
        alcohol_use_disorder="mild",
    )
    response = coordinator.post(page("eligibility", participant), typed)
    assert response.status_code == 302
    saved = dict(Fact.objects.values_list("code", "value"))
    assert saved == {
        "ptsd_by_interview": True,
        "symptom_months": 60,
        "weight_kg": 61.5,
        "ketamine_or_ect_on": "2024-01-05",
        "alcohol_use_disorder": "mild",
    }
    again = coordinator.get(page("eligibility", participant))
    assert gates_of(again)["I9"]["word"] == "Met"
    assert "Screening interview, 4 Mar 2025" in again.text


def test_only_what_changed_is_saved_and_a_change_asks_for_a_reason(
    coordinator: Client, participant: Participant
) -> None:
    address = page("eligibility", participant)
    coordinator.post(address, answers(symptom_months="60", qtc_ms="420"))
    assert (
        "Nothing was changed"
        in coordinator.post(address, answers(symptom_months="60", qtc_ms="420")).text
    )
    changed = answers(symptom_months="61", qtc_ms="420")
    refused = coordinator.post(address, changed)
    assert "say why" in refused.text
    assert 'value="61"' in refused.text
    assert (
        coordinator.post(address, changed | {"reason": "Mistyped"}).status_code == 302
    )
    assert list(Fact.objects.filter(code="qtc_ms").values_list("value", flat=True)) == [
        420
    ]
    assert Fact.objects.get(code="symptom_months", is_current=True).value == 61


def test_an_answer_taken_back_is_not_known_any_more(
    coordinator: Client, participant: Participant
) -> None:
    address = page("eligibility", participant)
    coordinator.post(address, answers(risk_to_others="no"))
    taken_back = answers(risk_to_others="unknown") | {"observed_on": "2025-03-20"}
    assert "say why" in coordinator.post(address, taken_back).text
    coordinator.post(address, taken_back | {"reason": "Another person's chart"})
    assert not Fact.objects.filter(is_current=True).exists()


def test_age_and_sex_are_suggested_from_the_consent(
    world: World, coordinator: Client, participant: Participant
) -> None:
    consent(world, participant)
    form = coordinator.get(page("eligibility", participant)).context["form"]
    assert form["fact_age"].value() == 34
    assert form["fact_sex_at_birth"].value() == "female"


def test_who_may_not_record_facts_reads_them_and_cannot_post(
    world: World, participant: Participant, browser: SignIn
) -> None:
    by = world.actor(Role.COORDINATOR)
    record_facts(facts=eligible_facts(participant), by=by)
    client = browser(world.user(Role.MONITOR))
    response = client.get(page("eligibility", participant))
    assert response.context["form"] is None
    assert "61.5 kg" in response.text
    client.post(page("eligibility", participant), answers(weight_kg="70"))
    assert Fact.objects.get(code="weight_kg").value == 61.5


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR])
def test_a_hidden_score_shows_as_a_rule_and_never_as_a_number(
    world: World, participant: Participant, browser: SignIn, role: Role
) -> None:
    by = world.actor(Role.COORDINATOR)
    consent(world, participant)
    record_facts(facts=eligible_facts(participant), by=by)
    enroll(steps=[Step(participant, ENROLLED_ON)], by=by)
    client = browser(world.user(role))
    gates = gates_of(client.get(page("eligibility", participant)))
    assert gates["I10"]["word"] == "Undetermined"
    score = baseline_facts(participant, on=ENROLLED_ON, but={"caps5_baseline": 7919})
    record_facts(facts=score, by=world.actor(Role.THERAPIST))
    response = client.get(page("eligibility", participant))
    assert gates_of(response)["I10"]["word"] == "Rule met"
    assert "7919" not in response.text


def test_the_eligibility_page_takes_the_same_queries_with_every_fact(
    world: World, coordinator: Client, participant: Participant
) -> None:
    address = page("eligibility", participant)
    coordinator.get(address)
    with CaptureQueriesContext(connection) as empty:
        coordinator.get(address)
    record_facts(facts=eligible_facts(participant), by=world.actor(Role.COORDINATOR))
    with CaptureQueriesContext(connection) as full:
        coordinator.get(address)
    # Two more for all facts together: which version of them the form shows.
    assert len(full) == len(empty) + 2


def test_the_next_act_waits_until_every_criterion_is_met(
    world: World, coordinator: Client, participant: Participant
) -> None:
    address = page("eligibility", participant)
    waiting = coordinator.get(address)
    assert waiting.context["next_act"] == {"label": "Enroll participant", "url": ""}
    assert 'aria-disabled="true"' in waiting.text
    record_facts(facts=eligible_facts(participant), by=world.actor(Role.COORDINATOR))
    ready = coordinator.get(address).context["next_act"]
    assert ready["url"] == reverse("sessions:enroll", args=[participant.uuid])


def test_only_who_may_act_is_offered_the_next_act(
    world: World, participant: Participant, browser: SignIn
) -> None:
    client = browser(world.user(Role.MONITOR))
    response = client.get(page("eligibility", participant))
    assert response.context["next_act"] is None


def test_what_excludes_and_is_not_there_never_reads_as_met(
    world: World, coordinator: Client, participant: Participant
) -> None:
    """ "Exclusion criterion met" says in clinics that the person has what excludes."""
    by = world.actor(Role.COORDINATOR)
    facts = eligible_facts(participant, but={"arrhythmia_history": True})
    record_facts(facts=facts, by=by)
    response = coordinator.get(page("eligibility", participant))
    gates = gates_of(response)
    assert gates["I9"]["word"] == "Met"
    assert gates["E2"]["word"] == "Not present"
    assert gates["E5"]["word"] == "Present"
    assert "18 satisfied, 1 not satisfied" in response.text


def test_what_the_consent_said_is_not_called_missing(
    world: World, coordinator: Client, participant: Participant
) -> None:
    consent(world, participant)
    response = coordinator.get(page("eligibility", participant))
    rows = {
        row.fact.code: row for group in response.context["groups"] for row in group.rows
    }
    assert rows["age"].is_suggested
    assert rows["sex_at_birth"].is_suggested
    assert not rows["qtc_ms"].is_suggested
    assert response.text.count("from the consent, not saved yet") == 2


def test_consent_and_facts_offer_the_same_sexes(
    world: World, participant: Participant
) -> None:
    fact = definition_for(participant).facts_by_code["sex_at_birth"]
    assert {choice.code: choice.label for choice in fact.choices} == dict(SEXES)
