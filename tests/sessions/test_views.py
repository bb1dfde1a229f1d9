"""The pages of sessions: who finds them, what they say, and what they keep."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from audit.refusal import Refused
from audit.trail import acting
from participants.actions import record_facts
from participants.models import Consent, Deviation, EligibilityDecision, Participant
from sessions import actions
from sessions.models import DoseAdministration, TherapySession, Visit
from tests.world import (
    ON_TARGET,
    PASSWORD,
    SETUP,
    World,
    baseline_facts,
    consented,
    eligible_facts,
    enrolled,
    held,
    new_world,
    randomized,
    screened,
    visit_of,
)
from tests.world import confirmed as confirmed_people
from trials.access import today_at

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
NINE = datetime(2025, 4, 28, 9, 0, tzinfo=DENVER)


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def as_(world: World) -> Callable[..., Client]:
    """Return a browser signed in as somebody of the world."""

    def signed_in(role: Role, **which: bool) -> Client:
        client = Client()
        client.post(
            reverse("accounts:sign_in"),
            {"username": world.user(role, **which).username, "password": PASSWORD},
        )
        return client

    return signed_in


def of(name: str, row: Participant | Visit, *more: str) -> str:
    return reverse(f"sessions:{name}", args=[row.uuid, *more])


PARTICIPANT_PAGES = [
    "consent",
    "enroll",
    "confirm",
    "withdraw",
    "stop_treatment",
    "fail_screening",
]
VISIT_PAGES = ["book", "hold", "miss", "reinstate"]


@pytest.mark.parametrize("name", PARTICIPANT_PAGES)
def test_a_participant_page_opens_for_the_site_and_nobody_else(
    world: World, as_: Callable[..., Client], name: str
) -> None:
    [person] = consented(world)
    url = of(name, person)
    page = as_(Role.COORDINATOR).get(url)
    assert page.status_code == 200
    assert person.number in page.content.decode()
    assert as_(Role.COORDINATOR, elsewhere=True).get(url).status_code == 404
    assert as_(Role.RATER).get(url).status_code == 404
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize("name", VISIT_PAGES)
def test_a_visit_page_opens_for_those_who_record_visits(
    world: World, as_: Callable[..., Client], name: str
) -> None:
    [person] = consented(world)
    url = of(name, visit_of(person, "screening"))
    assert as_(Role.THERAPIST).get(url).status_code == 200
    for role, elsewhere in ((Role.MONITOR, False), (Role.COORDINATOR, True)):
        assert as_(role, elsewhere=elsewhere).get(url).status_code == 404


def test_looking_changes_nothing(world: World, as_: Callable[..., Client]) -> None:
    [person] = consented(world)
    before = Visit.objects.values().get(participant=person, code="screening")
    for name in VISIT_PAGES:
        as_(Role.COORDINATOR).get(of(name, visit_of(person, "screening")))
    assert Visit.objects.values().get(participant=person, code="screening") == before


def test_consent_is_recorded_and_leads_to_the_participant(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = screened(world)
    typed = {
        "form_version": "2.0",
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
    assert (consent.form_version, consent.signed_on) == ("2.0", date(2025, 3, 4))
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
    browser.post(of("stop_treatment", person), {"on": "2025-05-10", "why": "Rash"})
    person.refresh_from_db()
    assert (person.treatment, person.treatment_stop_reason) == ("discontinued", "Rash")


def test_a_visit_is_booked_moved_and_taken_off(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    browser = as_(Role.COORDINATOR)
    visit = visit_of(person, "prep_1")
    on = today_at(world.site) + timedelta(days=3)
    response = browser.post(
        of("book", visit), {"on": on.isoformat(), "time": "10:30", "mode": "video"}
    )
    assert response.headers["Location"] == reverse("workbench:visit", args=[visit.uuid])
    visit.refresh_from_db()
    assert (visit.booked_on, visit.mode) == (on, "video")
    changed = browser.post(of("book", visit), {"on": on.isoformat(), "mode": "phone"})
    assert "say why" in changed.content.decode()
    browser.post(of("unbook", visit))
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_holding_outside_the_window_asks_why_and_keeps_the_day_typed(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    browser = as_(Role.COORDINATOR)
    typed = {"on": "2025-04-17", "mode": "in_person", "explanation": ""}
    page = browser.post(of("hold", visit), typed).content.decode()
    assert "3 days after the window" in page
    assert "2025-04-17" in page
    browser.post(of("hold", visit), typed | {"explanation": "Snow"})
    assert Deviation.objects.get().description.endswith("Snow")


def test_a_correction_shows_the_reason_box(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    held(world, [person], "prep_1")
    browser = as_(Role.COORDINATOR)
    url = of("hold", visit_of(person, "prep_1"))
    assert "data-reason" in browser.get(url).content.decode()
    typed = {"on": "2025-04-01", "mode": "in_person"}
    assert "say why" in browser.post(url, typed).content.decode()
    browser.post(url, typed | {"reason": "Source says the 1st"})
    assert visit_of(person, "prep_1").held_on == date(2025, 4, 1)


def test_a_missed_visit_and_its_undoing(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    browser = as_(Role.COORDINATOR)
    browser.post(of("miss", visit), {"on": "2025-04-15", "why": "Did not come"})
    assert visit_of(person, "prep_1").state == "missed"
    browser.post(of("reinstate", visit), {"why": "Wrong participant"})
    assert visit_of(person, "prep_1").state == "planned"


def test_a_session_offers_the_therapists_of_the_site_alone(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    browser = as_(Role.THERAPIST)
    assert browser.get(of("session", visit)).headers["Location"] == of("hold", visit)
    held(world, [person], "prep_1")
    page = browser.get(of("session", visit)).content.decode()
    assert "Therapist 2" in page
    assert "Therapist elsewhere" not in page
    typed = {
        "lead_therapist": world.user(Role.THERAPIST).pk,
        "co_therapist": world.user(Role.THERAPIST, second=True).pk,
        "started": "09:00",
        "ended_on": "2025-03-31",
        "ended": "10:30",
        "note": "",
    }
    assert browser.post(of("session", visit), typed).status_code == 302
    saved = TherapySession.objects.get(visit=visit)
    # 09:00 in Denver is 15:00 UTC in summer time.
    assert saved.started_at.astimezone(ZoneInfo("UTC")).hour == 15


def ready(world: World, *parts: str) -> Visit:
    """A dosing session that was held, with kits for the given parts."""
    [person] = randomized(world)
    held(world, [person], "dosing_1")
    visit = visit_of(person, "dosing_1")
    kits = [actions.AssignedKit(visit, part, "starting", f"K-{part}") for part in parts]
    if kits:
        actions.assign_kits(kits=kits, by=world.actor(Role.PHARMACIST))
    return visit


def dose(world: World, at: str, **more: str) -> dict[str, object]:
    return {
        "on": "2025-04-28",
        "at": at,
        "capsules": "1",
        "given_by": world.user(Role.THERAPIST).pk,
        "witnessed_by": world.user(Role.COORDINATOR).pk,
    } | more


def test_the_dosing_page_waits_for_a_kit(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world)
    page = as_(Role.THERAPIST).get(of("dosing", visit)).content.decode()
    assert "No kit has been dispensed" in page
    assert "coordinator, investigator or pharmacist dispenses it" in page
    assert "Record dose" not in page
    dispense = reverse("randomization:dispense", args=[visit.uuid])
    assert dispense not in page
    page = as_(Role.COORDINATOR).get(of("dosing", visit)).content.decode()
    assert dispense in page
    assert "dispenses it" not in page


@pytest.mark.requirement("DAT-09")
def test_the_dosing_page_shows_the_gates_that_the_act_refuses_on(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world, "initial")
    browser = as_(Role.THERAPIST)
    gates = browser.get(of("dosing", visit)).context["gates"]
    assert [(gate["sentence"], gate["word"]) for gate in gates] == [
        ("Signed consent.", "Met"),
        ("The investigator's signed decision on confirmation.", "Met"),
        ("Randomization.", "Met"),
        ("Treatment is not stopped.", "Met"),
    ]
    with acting("undo", by=SETUP, reason="A test takes a gate away"):
        EligibilityDecision.objects.update(is_eligible=False)
    answer = browser.get(of("dosing", visit))
    assert answer.context["gates"][1]["word"] == "Not recorded"
    assert "Record dose" not in answer.content.decode()
    refused = browser.post(of("give_dose", visit, "initial"), dose(world, "09:00"))
    assert refused.status_code == 404


def test_doses_are_recorded_and_the_window_stands_in_local_time(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world, "initial", "supplement")
    browser = as_(Role.THERAPIST)
    browser.post(of("give_dose", visit, "initial"), dose(world, "09:00"))
    page = browser.get(of("dosing", visit)).content.decode()
    assert "28 Apr 2025 10:30 MDT" in page
    assert "28 Apr 2025 11:00 MDT" in page
    late = browser.post(of("give_dose", visit, "supplement"), dose(world, "11:20"))
    assert "20 minutes after its window closed" in late.content.decode()
    assert "11:20" in late.content.decode()
    browser.post(
        of("give_dose", visit, "supplement"), dose(world, "11:20", explanation="Nausea")
    )
    given = DoseAdministration.objects.get(visit=visit, part="supplement")
    assert given.given_at == NINE + timedelta(minutes=140)
    assert Deviation.objects.get().kind == "dosing"


def test_a_dose_is_withheld_with_a_reason_of_the_protocol(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world, "initial")
    browser = as_(Role.THERAPIST)
    url = of("withhold_dose", visit, "initial")
    empty = browser.post(url, {"why": "other", "note": ""})
    assert "Say what the other reason is" in empty.content.decode()
    browser.post(url, {"why": "vital_signs", "note": "190/110 at 08:50"})
    row = DoseAdministration.objects.get(visit=visit)
    assert row.withheld_reason == "Vital signs out of range: 190/110 at 08:50"


def test_a_coordinator_sees_the_doses_and_records_none(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world, "initial")
    browser = as_(Role.COORDINATOR)
    page = browser.get(of("dosing", visit)).content.decode()
    assert "K-initial" in page
    assert "Record dose" not in page
    url = of("give_dose", visit, "initial")
    assert browser.post(url, dose(world, "09:00")).status_code == 404
    assert not DoseAdministration.objects.filter(given_at__isnull=False).exists()


def test_no_page_names_a_drug_or_an_amount(
    world: World, as_: Callable[..., Client]
) -> None:
    visit = ready(world, "initial", "supplement")
    page = as_(Role.THERAPIST).get(of("dosing", visit)).content.decode().lower()
    assert "record dose" in page
    for word in ("mdma", "placebo", "midomafetamine", " mg", "active", "comparator"):
        assert word not in page


@pytest.mark.parametrize("name", ["dosing", "session"])
def test_a_baseline_visit_has_no_page_for_doses_or_therapy(
    world: World, as_: Callable[..., Client], name: str
) -> None:
    [person] = confirmed_people(world)
    visit = visit_of(person, "baseline")
    assert as_(Role.THERAPIST).get(of(name, visit)).status_code == 404


def test_pages_take_few_queries(world: World, as_: Callable[..., Client]) -> None:
    visit = ready(world, "initial", "supplement")
    browser = as_(Role.THERAPIST)
    counts = {}
    for name in ("hold", "dosing"):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(of(name, visit)).status_code == 200
        counts[name] = len(queries)
    assert counts["hold"] <= 12
    assert counts["dosing"] <= 25


def test_withdrawal_of_somebody_not_randomized_is_refused_in_words(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = consented(world)
    page = as_(Role.COORDINATOR).post(
        of("withdraw", person), {"on": "2025-03-20", "why": "Moved away"}
    )
    assert "cannot be withdrawn" in page.content.decode()


def chosen(page: str) -> list[str]:
    """Return the ways of holding a visit that a page has ticked."""
    inputs = re.findall(r"<input[^>]*name=.mode.[^>]*>", page)
    found = [re.search(r'value="(\w+)"', each) for each in inputs if "checked" in each]
    return [each[1] for each in found if each]


@pytest.mark.parametrize(
    ("code", "mode"),
    [("call_1_day_2", "phone"), ("t2", "video"), ("dosing_1", "in_person")],
)
def test_a_visit_is_offered_as_the_protocol_asks_for_it(
    world: World, as_: Callable[..., Client], code: str, mode: str
) -> None:
    [person] = randomized(world)
    if code != "dosing_1":
        held(world, [person], "dosing_1")
    visit = visit_of(person, code)
    page = as_(Role.COORDINATOR).get(of("hold", visit)).content.decode()
    assert chosen(page) == [mode]


def test_nobody_is_dosed_by_phone(world: World, as_: Callable[..., Client]) -> None:
    [person] = randomized(world)
    visit = visit_of(person, "dosing_1")
    page = as_(Role.COORDINATOR).get(of("hold", visit)).content.decode()
    assert 'value="phone"' not in page
    by, on = world.actor(Role.COORDINATOR), date(2025, 4, 28)
    with pytest.raises(Refused, match="only be held in person"):
        actions.hold(holdings=[actions.Holding(visit, on, "phone")], by=by)
    with pytest.raises(Refused, match="only be held in person"):
        actions.book(bookings=[actions.Booking(visit, on, None, "video")], by=by)


def test_a_booking_is_moved_for_somebody_who_asked_and_not_as_an_error(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    visit = visit_of(person, "prep_1")
    on = today_at(world.site) + timedelta(days=3)
    actions.book(
        bookings=[actions.Booking(visit, on)], by=world.actor(Role.COORDINATOR)
    )
    page = as_(Role.COORDINATOR).get(of("book", visit)).content.decode()
    assert "Participant asked" in page
    assert "Transcription error" not in page
    # A booking that does not say how is told without it, and not with an empty word.
    assert ", ." not in re.sub(r"\s+", " ", page)


def test_an_overdue_visit_is_called_so_where_it_is_recorded(
    world: World, as_: Callable[..., Client]
) -> None:
    [person] = enrolled(world)
    page = as_(Role.COORDINATOR).get(of("hold", visit_of(person, "prep_1")))
    assert page.context["state"] == "Overdue"


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
