"""History beside the data: whose it is to read, and what of it is told to whom."""

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from assessments.actions import Completion, complete, correct, reopen
from assessments.models import Assessment, ItemResponse
from participants.actions import (
    FactRetraction,
    NewIdentity,
    record_facts,
    record_identities,
    retract_facts,
)
from participants.models import Fact, Participant
from tests.facts import eligible_facts
from tests.workbench.conftest import Browser, queries_of, text_of
from tests.workbench.test_trail import words_of
from tests.world import (
    ON_TARGET,
    World,
    caps_answers,
    completed_caps,
    confirmed,
    rater_of,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)
from trials.models import Delegation

pytestmark = pytest.mark.requirement("AUD-18")
MOST_QUERIES = 14


def history_of(table: str, row: object, field: str = "") -> str:
    url = reverse("workbench:history", args=[table, row])
    return f"{url}?field={field}" if field else url


def told(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return words_of(text_of(answer))


@pytest.fixture
def person(world: World) -> Participant:
    return confirmed(world)[0]


def pcl5_corrected(world: World, person: Participant) -> Assessment:
    """Return a PCL-5 of which the first item was corrected from 1 to 4."""
    form = started(world, person, "screening", "pcl5")
    answers = {f"pcl{n:02}": 1 for n in range(1, 21)}
    by, on = world.actor(Role.COORDINATOR), ON_TARGET["screening"]
    complete(completions=[Completion(form, on, "direct", answers)], by=by)
    changed = Completion(form, on, "direct", answers | {"pcl01": 4})
    correct(completions=[changed], reason="Mistyped from the sheet", by=by)
    return form


def test_one_item_has_its_old_and_new_value_who_when_and_why_two_clicks_away(
    world: World, browser: Browser, person: Participant
) -> None:
    form = pcl5_corrected(world, person)
    client = browser(world.user(Role.COORDINATOR))
    shown = text_of(client.get(reverse("assessments:enter", args=[form.uuid])))
    link = history_of("assessments_assessment", form.uuid, "pcl01")
    assert link in shown
    text = told(client, link)
    assert "from 1 to 4" in text
    assert "Coordinator (coordinator)" in text.replace("(C", "(c")
    assert "Reason: Mistyped from the sheet" in text
    assert re.search(r"\d{1,2} \w{3} \d{4} \d\d:\d\d M[SD]T", text)
    assert "pcl02" not in text


def test_every_page_of_the_record_leads_to_the_history_of_what_it_shows(
    world: World, browser: Browser, person: Participant
) -> None:
    form = requested_caps(world, person)
    visit = visit_of(person, "baseline")
    client = browser(world.user(Role.INVESTIGATOR))
    at_home = text_of(client.get(reverse("workbench:participant", args=[person.uuid])))
    assert history_of("participants_participant", person.uuid) in at_home
    at_visit = text_of(client.get(reverse("workbench:visit", args=[visit.uuid])))
    assert history_of("study_sessions_visit", visit.uuid) in at_visit
    assert history_of("assessments_assessment", form.uuid) in at_visit
    facts = text_of(client.get(reverse("participants:eligibility", args=[person.uuid])))
    decision = person.decisions.get()
    assert history_of("participants_eligibilitydecision", decision.uuid) in facts
    trial = text_of(client.get(reverse("trials:trial", args=[world.trial.uuid])))
    own = _delegation(world)
    whole = Delegation.objects.get(user=world.user(Role.MEDICAL_MONITOR))
    assert history_of("trials_delegation", own.pk) in trial
    assert history_of("trials_delegation", whole.pk) not in trial


def test_every_link_to_a_history_opens_for_whoever_is_shown_it(
    world: World, browser: Browser, person: Participant
) -> None:
    pcl5_corrected(world, person)
    completed_caps(world, person)
    for role in (Role.COORDINATOR, Role.MONITOR, Role.AUDITOR, Role.DATA_MANAGER):
        client = browser(world.user(role))
        pages = [
            reverse("workbench:participant", args=[person.uuid]),
            *(
                reverse("workbench:visit", args=[visit_of(person, code).uuid])
                for code in ("screening", "baseline")
            ),
            reverse("participants:eligibility", args=[person.uuid]),
            reverse("trials:trial", args=[world.trial.uuid]),
        ]
        links = {
            link.replace("&amp;", "&")
            for page in pages
            for link in re.findall(
                r'href="(/history/[^"]+)"', text_of(client.get(page))
            )
        }
        assert len(links) > 4
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(
            links, 200
        )


def test_a_field_alone_shows_what_it_began_with_and_each_change(
    world: World, browser: Browser, person: Participant
) -> None:
    visit = visit_of(person, "prep_1")
    text = told(
        browser(world.user(Role.MONITOR)),
        history_of("study_sessions_visit", visit.uuid, "state"),
    )
    assert "state: from planned to held" in text.lower()
    assert "state: planned" in text.lower()
    assert not re.search(r"held on: (from )?\d", text, re.IGNORECASE)


def test_a_fact_is_read_with_the_facts_that_it_followed(
    world: World, browser: Browser, person: Participant
) -> None:
    changed = next(fact for fact in eligible_facts(person) if fact.code == "qtc_ms")
    by = world.actor(Role.INVESTIGATOR)
    new = type(changed)(
        participant=person,
        code="qtc_ms",
        value=433,
        observed_on=changed.observed_on,
        source="ECG",
    )
    record_facts(facts=[new], by=by, reason="Read again by the cardiologist")
    fact = Fact.objects.get(participant=person, code="qtc_ms", is_current=True)
    text = told(
        browser(world.user(Role.MONITOR)), history_of("participants_fact", fact.pk)
    )
    assert "433" in text
    assert "value: from 420 to 433" in text.lower()
    assert "qtc ms" not in text.lower()
    assert "current: " not in text.lower()
    assert "Reason: Read again by the cardiologist" in text
    trail = told(
        browser(world.user(Role.MONITOR)),
        reverse("workbench:trail", args=[person.uuid]),
    )
    assert "QTc interval, repeated measurement · value: from 420 to 433" in trail


def test_a_fact_that_is_taken_back_tells_what_it_was(
    world: World, browser: Browser, person: Participant
) -> None:
    taken_back = FactRetraction(person, "weight_kg")
    retract_facts(
        retractions=[taken_back],
        by=world.actor(Role.COORDINATOR),
        reason="Of another person",
    )
    text = told(
        browser(world.user(Role.MONITOR)),
        reverse("workbench:trail", args=[person.uuid]),
    )
    assert "value: from 61.5 to nothing" in text.lower()


def test_an_identity_has_a_history_without_a_value(
    world: World, browser: Browser, person: Participant
) -> None:
    identity = NewIdentity(person, "Robin Example", date(1990, 1, 2), "r@mail.invalid")
    record_identities(identities=[identity], by=world.actor(Role.COORDINATOR))
    text = told(
        browser(world.user(Role.COORDINATOR)),
        history_of("participants_identity", person.uuid),
    )
    assert "recorded identity" in text
    assert "(not shown: identity)" in text
    assert not re.search(r"Robin|1990|mail\.invalid", text)


@pytest.mark.requirement("BLD-04")
@pytest.mark.parametrize("field", ["", "caps01"])
@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.AUDITOR]
)
def test_a_hidden_form_tells_a_site_no_answer(
    world: World, browser: Browser, person: Participant, role: Role, field: str
) -> None:
    form = signed_caps(world, person, total=73)
    text = told(
        browser(world.user(role)),
        history_of("assessments_assessment", form.uuid, field),
    )
    assert "(hidden outcome)" in text
    assert "73" not in text.replace(person.number, "")
    assert not re.search(r"value: ?\d", text, re.IGNORECASE)


def test_a_data_manager_reads_the_answers_of_a_hidden_form(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_caps(world, person, total=73)
    text = told(
        browser(world.user(Role.DATA_MANAGER)),
        history_of("assessments_assessment", form.uuid),
    )
    assert "total 73" in text


@pytest.mark.requirement("BLD-04")
def test_a_rater_reads_the_own_form_and_neither_visit_participant_nor_site(
    world: World, browser: Browser, person: Participant
) -> None:
    form = signed_caps(world, person, total=43)
    by = rater_of(world, form)
    reopen(assessment=form, reason="Item 2 was misheard", by=by)
    changed = caps_answers(43) | {"caps02": 4}
    on = form.assessed_on or ON_TARGET["baseline"]
    complete(
        completions=[Completion(form, on, "direct", changed)],
        by=by,
        reason="Item 2 was misheard",
    )
    assert form.rater is not None
    client = browser(form.rater)
    text = told(client, history_of("assessments_assessment", form.uuid, "caps02"))
    assert "from 3 to 4" in text
    assert "Reason: Item 2 was misheard" in text
    whole = told(client, history_of("assessments_assessment", form.uuid))
    assert form.opaque_code in whole
    forbidden = (person.number, "V3", "baseline", "Baseline", "Denver", "Coordinator")
    assert [word for word in forbidden if word in whole] == []
    page = text_of(client.get(history_of("assessments_assessment", form.uuid)))
    assert str(person.uuid) not in page
    assert "total" not in whole


@pytest.mark.parametrize("second", [False, True])
def test_a_rater_reads_no_form_of_another_rater_and_no_other_record(
    world: World, browser: Browser, person: Participant, second: bool
) -> None:
    form = completed_caps(world, person)
    other = world.user(Role.RATER, second=second)
    if other.pk == form.rater_id:
        other = world.user(Role.RATER, second=not second)
    client = browser(other)
    visit = visit_of(person, "baseline")
    for url in (
        history_of("assessments_assessment", form.uuid),
        history_of("assessments_assessment", form.pk),
        history_of("assessments_itemresponse", _answer(form).pk),
        history_of("participants_participant", person.uuid),
        history_of("study_sessions_visit", visit.uuid),
    ):
        assert client.get(url).status_code == 404
    rater = form.rater
    assert rater is not None
    own = browser(rater)
    assert own.get(history_of("study_sessions_visit", visit.uuid)).status_code == 404
    answer = history_of("assessments_itemresponse", _answer(form).pk)
    assert own.get(answer).status_code == 404


def _answer(form: Assessment) -> ItemResponse:
    return ItemResponse.objects.filter(assessment=form).order_by("pk")[0]


def test_nobody_reads_a_history_of_another_site_or_of_nothing(
    world: World, browser: Browser, person: Participant
) -> None:
    form = completed_caps(world, person)
    visit = visit_of(person, "baseline")
    there = browser(world.user(Role.MONITOR, elsewhere=True))
    for url in (
        history_of("assessments_assessment", form.uuid),
        history_of("participants_participant", person.uuid),
        history_of("study_sessions_visit", visit.pk),
        history_of("participants_identity", person.uuid),
        history_of("trials_delegation", _delegation(world).pk),
    ):
        assert there.get(url).status_code == 404
    here = browser(world.user(Role.MONITOR))
    for table, row in (
        ("nothing", "1"),
        ("sealed.list_entry", "1"),
        ("list_entry", "1"),
        ("accounts_user", str(world.user(Role.MONITOR).pk)),
        ("study_sessions_visit", "x"),
        ("study_sessions_visit", "9" * 30),
        ("assessments_assessment", "0"),
    ):
        assert here.get(history_of(table, row)).status_code == 404


def _delegation(world: World) -> Delegation:
    return Delegation.objects.get(user=world.user(Role.THERAPIST))


def test_what_is_read_costs_the_same_however_long_the_history(
    world: World, browser: Browser, person: Participant
) -> None:
    form = pcl5_corrected(world, person)
    client = browser(world.user(Role.COORDINATOR))
    url = history_of("assessments_assessment", form.uuid)
    few = queries_of(client, url)
    by, on = world.actor(Role.COORDINATOR), ON_TARGET["screening"]
    answers = {f"pcl{n:02}": 1 for n in range(1, 21)}
    for n in range(8):
        changed = Completion(form, on, "direct", answers | {"pcl02": n % 4})
        correct(completions=[changed], reason="Compared again", by=by)
    assert queries_of(client, url) == few
    assert few <= MOST_QUERIES
