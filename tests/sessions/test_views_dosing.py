"""The pages of doses and therapy: what they wait for, offer and keep."""

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
from participants.models import Deviation, EligibilityDecision
from sessions import actions
from sessions.models import DoseAdministration, TherapySession, Visit
from tests.sessions.addresses import of
from tests.world import SETUP, World, enrolled, held, randomized, visit_of
from tests.world import confirmed as confirmed_people

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
NINE = datetime(2025, 4, 28, 9, 0, tzinfo=DENVER)


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
        ("Signed consent, version 1.0 of the form.", "Met"),
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
