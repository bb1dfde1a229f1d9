"""The medical page and its forms: each tried by who may, and by who may not."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from medical.models import ECG, MODELS, Condition, LabResult, Medication, TestResult
from medical.vocabulary import Kind
from participants.actions import NewFact, record_facts
from participants.models import Participant
from tests.medical.world import everything_of, recorded
from tests.pages import own_statements, signed_in_as
from tests.world import SCREENED_ON, World, consented, new_world

TYPED: dict[Kind, dict[str, str]] = {
    Kind.CONDITION: {
        "kind": "medical",
        "term": "Asthma",
        "since": "2011",
        "is_ongoing": "yes",
        "is_controlled": "",
        "reported_on": "2025-03-03",
    },
    Kind.HISTORY: {"taken_on": "2025-03-03"},
    Kind.MEDICATION: {
        "drug": "sertraline",
        "indication": "Depression",
        "dose": "50 mg once a day",
        "reported_on": "2025-03-03",
    },
    Kind.TEST: {
        "kind": "pregnancy",
        "result": "negative",
        "performed_on": "2025-03-03",
    },
    Kind.LAB: {
        "code": "sodium",
        "value": "128",
        "unit": "mmol/L",
        "low": "135",
        "high": "145",
        "sampled_on": "2025-03-03",
    },
    Kind.ECG: {"rate": "75", "qt": "360", "recorded_on": "2025-03-03"},
}
READERS = {
    Role.COORDINATOR,
    Role.THERAPIST,
    Role.INVESTIGATOR,
    Role.MONITOR,
    Role.DATA_MANAGER,
    Role.MEDICAL_MONITOR,
    Role.SAFETY_OFFICER,
    Role.AUDITOR,
}


def records_page(person: Participant) -> str:
    return reverse("workbench:medical", args=[person.uuid])


def test_raters_pharmacists_and_sponsors_find_no_medical_page(
    world: World, person: Participant
) -> None:
    found = set()
    for role in set(Role) - {Role.IRB_CONTACT}:
        client = signed_in_as(world, role)
        if client.get(records_page(person)).status_code == 200:
            found.add(role)
        tab = client.get(reverse("workbench:participant", args=[person.uuid]))
        assert (records_page(person) in tab.text) == (role in READERS), role
    assert found == READERS
    away = signed_in_as(world, Role.COORDINATOR, elsewhere=True)
    assert away.get(records_page(person)).status_code == 404


def test_an_open_washout_says_which_answer_counts_and_leads_to_it(db: None) -> None:
    world = new_world()
    (person,) = consented(world)
    recorded(world, person, Kind.HISTORY)
    recorded(world, person, Kind.MEDICATION, last_dose_on=None)
    client = signed_in_as(world, Role.COORDINATOR)
    page = client.get(records_page(person)).text
    assert "Not known" in page
    assert "”: not answered yet." in page
    assert reverse("participants:eligibility", args=[person.uuid]) in page
    answer = NewFact(person, "washout_complete", True, SCREENED_ON, "Chart")
    record_facts(facts=[answer], by=world.actor(Role.COORDINATOR))
    page = client.get(records_page(person)).text
    assert "Over, as answered under Eligibility" in page
    assert "”: Yes." in page
    answer = NewFact(person, "washout_complete", False, SCREENED_ON, "Chart")
    record_facts(facts=[answer], by=world.actor(Role.COORDINATOR), reason="Misread")
    page = client.get(records_page(person)).text
    assert "Not over, as answered under Eligibility" in page


def test_each_kind_is_added_on_its_form_and_shown(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    for kind, typed in TYPED.items():
        address = reverse("medical:record", args=[person.uuid, kind])
        assert address in client.get(records_page(person)).text
        assert client.get(address).status_code == 200
        answer = client.post(address, typed | {"source": "Chart"})
        assert answer.status_code == 302, answer.context["form"].errors
        assert MODELS[kind].objects.count() == 1
    text = client.get(records_page(person)).text
    assert ECG.objects.get().qtcf == 388
    assert Condition.objects.get().is_controlled is None
    assert Medication.objects.get().last_dose_on is None
    for words in ("Asthma", "No last dose is recorded", "128 mmol/L", "388 ms"):
        assert words in text, words
    assert "out of range" in text
    assert "ECG of 3 Mar 2025" in text
    # On a phone the table has no columns: each cell says what it holds.
    for head in ("Heart rate", "Washout", "Reference range", "Day, source"):
        assert f'data-label="{head}"' in text, head


def test_before_anybody_asked_the_page_says_what_an_empty_list_means(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.THERAPIST)
    text = client.get(records_page(person)).text
    assert "does not mean that nothing was taken" in text
    assert "/new/" not in text
    recorded(world, person, Kind.HISTORY)
    assert "does not mean" not in client.get(records_page(person)).text


def test_a_refusal_keeps_what_was_typed(world: World, person: Participant) -> None:
    client = signed_in_as(world, Role.COORDINATOR)
    address = reverse("medical:record", args=[person.uuid, "ecg"])
    typed = TYPED[Kind.ECG] | {"qt": "40", "source": "Chart"}
    answer = client.post(address, typed)
    assert "QT interval: 40 is not between" in answer.text
    assert 'value="40"' in answer.text


def act(name: str, row: Any, kind: Kind) -> str:
    return reverse(f"medical:{name}", args=[kind, row.uuid])


def test_forms_are_there_only_for_those_who_may(
    world: World, person: Participant
) -> None:
    row = recorded(world, person, Kind.LAB)
    may = {
        "correct": {Role.COORDINATOR, Role.INVESTIGATOR},
        "void": {Role.COORDINATOR, Role.INVESTIGATOR},
        "review": {Role.INVESTIGATOR},
    }
    for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.THERAPIST, Role.SPONSOR):
        client = signed_in_as(world, role)
        for name, roles in may.items():
            found = client.get(act(name, row, Kind.LAB)).status_code
            assert found == (200 if role in roles else 404), (role, name)
    away = signed_in_as(world, Role.INVESTIGATOR, elsewhere=True)
    assert away.get(act("review", row, Kind.LAB)).status_code == 404


def test_an_address_of_another_kind_is_not_found(
    world: World, person: Participant
) -> None:
    row = recorded(world, person, Kind.LAB)
    client = signed_in_as(world, Role.INVESTIGATOR)
    assert client.get(act("correct", row, Kind.ECG)).status_code == 404
    unknown = reverse("medical:record", args=[person.uuid, "xray"])
    assert client.get(unknown).status_code == 404
    history = recorded(world, person, Kind.HISTORY)
    assert client.get(act("review", history, Kind.HISTORY)).status_code == 404


def test_a_record_is_corrected_reviewed_and_voided_on_pages(
    world: World, person: Participant
) -> None:
    row = recorded(world, person, Kind.TEST)
    coordinator = signed_in_as(world, Role.COORDINATOR)
    page = coordinator.get(act("correct", row, Kind.TEST))
    typed = TYPED[Kind.TEST] | {
        "result": "invalid",
        "source": "Chart",
        "seen": page.context["edit"].seen,
    }
    refused = coordinator.post(act("correct", row, Kind.TEST), typed)
    assert "say why" in refused.text
    answer = coordinator.post(
        act("correct", row, Kind.TEST), typed | {"reason": "Misread"}
    )
    assert answer.status_code == 302
    investigator = signed_in_as(world, Role.INVESTIGATOR)
    page = investigator.get(act("review", row, Kind.TEST))
    typed = {"seen": page.context["edit"].seen, "finding": "not_significant"}
    refused = investigator.post(act("review", row, Kind.TEST), typed)
    assert "Say why" in refused.text
    answer = investigator.post(
        act("review", row, Kind.TEST), typed | {"reason": "To be repeated"}
    )
    assert answer.status_code == 302
    page = coordinator.get(act("void", row, Kind.TEST))
    typed = {"seen": page.context["edit"].seen, "reason": "Entered twice"}
    assert coordinator.post(act("void", row, Kind.TEST), typed).status_code == 302
    assert TestResult.objects.get().void_reason == "Entered twice"
    text = coordinator.get(records_page(person)).text
    assert "Voided" in text
    assert coordinator.get(act("correct", row, Kind.TEST)).status_code == 404


def test_the_page_asks_a_fixed_number_of_questions(
    world: World, person: Participant
) -> None:
    client = signed_in_as(world, Role.INVESTIGATOR)
    everything_of(world, person)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(records_page(person)).status_code == 200
        counts.append(len(own_statements(queries.captured_queries)))
        for _ in range(4):
            everything_of(world, person)
    assert counts[0] == counts[1] <= 20


def test_each_record_leads_to_its_history(world: World, person: Participant) -> None:
    made = everything_of(world, person)
    client = signed_in_as(world, Role.MONITOR)
    text = client.get(records_page(person)).text
    for row in made:
        address = reverse("workbench:history", args=[row._meta.db_table, row.uuid])
        assert address in text
        assert client.get(address).status_code == 200


def test_eligibility_shows_what_is_read_and_leads_to_where(
    world: World, person: Participant
) -> None:
    recorded(world, person, Kind.ECG)
    client = signed_in_as(world, Role.COORDINATOR)
    page = client.get(reverse("participants:eligibility", args=[person.uuid]))
    rows = {
        row.fact.code: row for group in page.context["groups"] for row in group.rows
    }
    assert rows["qtc_ms"].field is None
    assert rows["qtc_ms"].value == "420 ms"
    assert rows["pregnancy_negative"].field is None
    assert rows["weight_kg"].field is not None
    assert "From the medical record" in page.text
    assert LabResult.objects.count() == 0
