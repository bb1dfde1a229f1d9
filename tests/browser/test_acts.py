"""Every other page that has a form: axe finds nothing, and it fits a phone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.urls import get_resolver, resolve, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import (
    Causality,
    NewEvent,
    Receipt,
    assess_causality,
    determine,
    receive,
    report_events,
)
from adverse_events.actions import Determination as Determined
from adverse_events.models import AdverseEvent
from assessments.models import Assessment
from exports.actions import issue_token
from exports.models import ApiToken
from medical.models import ECG
from medical.vocabulary import Kind
from participants.actions import NewWaiver, grant_waivers
from participants.models import Participant
from randomization.actions import (
    Accident,
    KitRequest,
    Randomizing,
    dispense_kits,
    randomize,
    record_accident,
)
from randomization.models import Unblinding
from tests import databases
from tests.browser import test_pages
from tests.browser.conftest import Site, serving
from tests.browser.looking import Desk
from tests.locking import locked, reopened
from tests.medical.world import everything_of
from tests.randomization.world import sealed
from tests.sessions.amendments import SLEEP, adopted, with_visits
from tests.world import (
    LONG_AGO,
    PASSWORD,
    SETUP,
    World,
    completed_caps,
    confirmed,
    consented,
    enrolled,
    held,
    new_world,
    requested_caps,
    screened,
    started,
    visit_of,
)
from trials.access import today_at
from trials.actions import suspend_approval
from trials.models import Reopening, Suspension

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PARTS = 6  # of one test, so that several processors share it

# Routes that are no pages: what they answer is data, or they only take a POST.
NO_PAGES = {
    "health",
    "health_of_trail",
    "workbench:changes_seen",
    "workbench:review_seen",
    # Not in this protocol, which unblinds nobody before the database is locked.
    "randomization:planned",
    # Nor does it continue another study: tests/browser/test_parents.py.
    "sessions:parent",
    "accounts:sign_out",
    "trials:become",
    "sessions:unbook",
    "sessions:give_dose",
    "sessions:withhold_dose",
    "assessments:draft",
    "assessments:start",
    "assessments:sign",
    "assessments:reopen",
    "exports:index",
    "exports:datasets",
    "exports:dataset",
    "exports:manifest",
    "exports:schema",
    "exports:issue",
}


@dataclass
class Busy:
    """Somebody in every state that a page can be about."""

    world: World
    new: Participant
    consented: Participant
    enrolled: Participant
    confirmed: Participant
    dosed: Participant
    event: AdverseEvent
    decided: AdverseEvent
    complete: Assessment
    open: Assessment
    token: ApiToken
    unblinding: Unblinding


@dataclass(frozen=True)
class Acts:
    """The busy world, and who opens which page in it."""

    busy: Busy
    pages: list[tuple[Role, str]]


@pytest.fixture(scope="module")
def acts(django_db_setup: None, django_db_blocker: Any) -> Iterator[Acts]:
    with django_db_blocker.unblock(), databases.cloned():
        busy = new_busy()
        yield Acts(busy, list(pages(busy)))


@pytest.fixture(scope="module")
def site(acts: Acts, static_files: Path) -> Iterator[Site]:
    """One site for all tests here: they only look."""
    name = connections["default"].settings_dict["NAME"]
    with serving(name, static_files) as served:
        yield served


def new_busy() -> Busy:
    world = sealed(new_world("ACTS-1"))
    (fresh,), (signed,), (in_it,) = screened(world), consented(world), enrolled(world)
    ready, dosed = confirmed(world, 2)
    by = world.actor(Role.COORDINATOR)
    at = datetime(2025, 4, 22, 18, tzinfo=UTC)
    randomize(randomizings=[Randomizing(dosed, at)], by=by)
    held(world, [dosed], "dosing_1")
    visit = visit_of(dosed, "dosing_1")
    request = KitRequest(visit, "initial", "starting", timezone.now())
    dispense_kits(requests=[request], by=by)
    token, _ = issue_token(
        trial=world.trial,
        user=world.user(Role.SPONSOR),
        name="Nightly pull",
        expires_at=timezone.now() + timedelta(days=30),
        by=world.actor(Role.DATA_MANAGER),
    )
    return Busy(
        world=world,
        new=fresh,
        consented=signed,
        enrolled=in_it,
        confirmed=ready,
        dosed=dosed,
        event=serious_event(world, dosed),
        decided=decided_event(world, dosed),
        complete=completed_caps(world, dosed),
        open=requested_caps(world, ready),
        token=token,
        unblinding=accident_about(world, dosed),
    )


def accident_about(world: World, person: Participant) -> Unblinding:
    accident = Accident(
        person,
        timezone.now(),
        "treatment",
        "An envelope lay open",
        "None yet",
        others="A night nurse",
    )
    return record_accident(accident=accident, by=world.actor(Role.COORDINATOR))


def serious_event(world: World, person: Participant) -> AdverseEvent:
    event = NewEvent(
        participant=person,
        term="Fainting on standing, with a long story that needs more than one line",
        onset_on=date(2025, 4, 28),
        severity="severe",
        valence="unpleasant",
        outcome="recovering",
        action_taken="not_changed",
        dosing_visit=visit_of(person, "dosing_1"),
        seriousness=frozenset({"hospitalization", "life_threatening"}),
        site_aware_at=timezone.now() - timedelta(hours=26),
    )
    return report_events(events=[event], by=world.actor(Role.COORDINATOR))[0]


def decided_event(world: World, person: Participant) -> AdverseEvent:
    event = serious_event(world, person)
    now = timezone.now()
    monitor = world.actor(Role.MEDICAL_MONITOR)
    assess_causality(
        assessments=[Causality(event, "possible", now)],
        password=PASSWORD,
        by=world.actor(Role.INVESTIGATOR),
    )
    receive(receipts=[Receipt(event, now)], by=monitor)
    determine(determinations=[Determined(event, True, True, now)], by=monitor)
    return event


def pages(busy: Busy) -> Iterator[tuple[Role, str]]:
    """Yield who opens which page; what test_pages looks at is not repeated."""
    visit = visit_of(busy.dosed, "dosing_1").uuid
    for name, person in (
        ("sessions:consent", busy.new),
        ("sessions:consent", busy.enrolled),
        ("sessions:enroll", busy.consented),
        ("sessions:withdraw", busy.dosed),
        ("sessions:stop_treatment", busy.dosed),
        ("assessments:complete_trial", busy.dosed),
        ("workbench:participant", busy.new),
        ("participants:screening_day", busy.new),
        ("workbench:participant", busy.dosed),
        ("randomization:randomize", busy.dosed),
    ):
        yield Role.COORDINATOR, reverse(name, args=[person.uuid])
    for name in ("hold", "reinstate", "session", "dosing"):
        yield Role.THERAPIST, reverse(f"sessions:{name}", args=[visit])
    yield Role.THERAPIST, reverse("workbench:visit", args=[visit])
    yield Role.COORDINATOR, reverse("randomization:dispense", args=[visit])
    correct_time = reverse("randomization:correct_time", args=[visit, "initial"])
    yield Role.COORDINATOR, correct_time
    for show in ("forms", "events"):
        address = reverse("workbench:participant", args=[busy.dosed.uuid])
        yield Role.COORDINATOR, f"{address}?show={show}"
    yield Role.COORDINATOR, reverse("randomization:accident", args=[busy.dosed.uuid])
    yield Role.MONITOR, reverse("randomization:unblindings")
    yield (
        Role.DATA_MANAGER,
        reverse("workbench:review_trial", args=[busy.world.trial.uuid]),
    )
    unblinding = reverse("randomization:impact", args=[busy.unblinding.uuid])
    yield Role.INVESTIGATOR, unblinding
    yield from pages_of_forms(busy)
    yield from pages_of_events(busy)
    yield from pages_of_the_trial(busy)
    yield from pages_of_records(busy)
    for name in ("sessions:confirm", "randomization:unblind"):
        person = busy.enrolled if name == "sessions:confirm" else busy.dosed
        yield Role.INVESTIGATOR, reverse(name, args=[person.uuid])


def pages_of_forms(busy: Busy) -> Iterator[tuple[Role, str]]:
    cssrs = started(busy.world, busy.dosed, "dosing_1", "cssrs_slc")
    pcl = started(busy.world, busy.dosed, "screening", "pcl5")
    baseline = visit_of(busy.dosed, "baseline").uuid
    for name in ("enter", "set_aside"):
        yield Role.THERAPIST, reverse(f"assessments:{name}", args=[cssrs.uuid])
    yield Role.COORDINATOR, reverse("assessments:enter", args=[pcl.uuid])
    for name in ("not_done", "request_rating"):
        address = reverse(f"assessments:{name}", args=[baseline, "sds_adapted"])
        yield Role.COORDINATOR, address
    yield Role.DATA_MANAGER, reverse("assessments:enter", args=[busy.complete.uuid])
    yield Role.THERAPIST, reverse("assessments:signing")


def pages_of_events(busy: Busy) -> Iterator[tuple[Role, str]]:
    event, decided = busy.event.uuid, busy.decided.uuid
    for role, name in (
        (Role.COORDINATOR, "event"),
        (Role.COORDINATOR, "amend"),
        (Role.COORDINATOR, "void"),
        (Role.INVESTIGATOR, "causality"),
        (Role.MEDICAL_MONITOR, "receive"),
        (Role.MEDICAL_MONITOR, "event"),
    ):
        yield role, reverse(f"adverse_events:{name}", args=[event])
    for name in ("event", "determine"):
        address = reverse(f"adverse_events:{name}", args=[decided])
        yield Role.MEDICAL_MONITOR, address
    address = reverse("adverse_events:send", args=[event, "site_to_sponsor"])
    yield Role.COORDINATOR, address
    yield Role.MEDICAL_MONITOR, reverse("workbench:home")


def pages_of_the_trial(busy: Busy) -> Iterator[tuple[Role, str]]:
    trial = busy.world.trial
    line = trial.delegations.order_by("id")[0]
    yield Role.DATA_MANAGER, reverse("trials:end_delegation", args=[line.pk])
    yield Role.DATA_MANAGER, reverse("exports:revoke", args=[busy.token.uuid])
    yield Role.STATISTICIAN, reverse("randomization:kits")
    yield Role.STATISTICIAN, reverse("randomization:load_list", args=[trial.uuid])
    yield (
        Role.PHARMACIST,
        reverse("randomization:load_kits", args=[busy.world.site.uuid]),
    )
    version = adopted(busy.world, with_visits(SLEEP), on=today_at(busy.world.site))
    yield Role.DATA_MANAGER, reverse("workbench:amend", args=[version.pk])
    # Locked, and open again: what comes after this goes on writing.
    reopened(locked(busy.world))
    asked = Reopening.objects.get()
    yield Role.STATISTICIAN, reverse("randomization:arms", args=[trial.uuid])
    yield Role.DATA_MANAGER, reverse("workbench:lock", args=[trial.uuid])
    yield Role.DATA_MANAGER, reverse("trials:reopen", args=[trial.uuid])
    yield Role.MEDICAL_MONITOR, reverse("trials:agree", args=[asked.pk])


def pages_of_records(busy: Busy) -> Iterator[tuple[Role, str]]:
    """Yield the pages of medical records, waivers and approvals; what they need is made."""
    person, world = busy.enrolled, busy.world
    everything_of(world, person)
    new = NewWaiver(person, "i1", today_at(world.site), "Asked for by the sponsor")
    by = world.actor(Role.INVESTIGATOR)
    [waiver] = grant_waivers(waivers=[new], password=PASSWORD, by=by)
    suspend_approval(site=world.elsewhere, on=LONG_AGO, why="Late", by=SETUP)
    yield Role.COORDINATOR, reverse("workbench:medical", args=[person.uuid])
    for kind in Kind:
        yield Role.COORDINATOR, reverse("medical:record", args=[person.uuid, kind])
    ecg = ECG.objects.get(participant=person)
    for name in ("correct", "void"):
        yield Role.COORDINATOR, reverse(f"medical:{name}", args=["ecg", ecg.uuid])
    yield Role.INVESTIGATOR, reverse("medical:review", args=["ecg", ecg.uuid])
    yield Role.INVESTIGATOR, reverse("participants:waive", args=[person.uuid])
    yield Role.INVESTIGATOR, reverse("participants:end_waiver", args=[waiver.uuid])
    trial, pause = world.trial.uuid, Suspension.objects.get()
    yield Role.COORDINATOR, reverse("workbench:protocol", args=[trial])
    yield Role.DATA_MANAGER, reverse("trials:approve", args=[trial])
    yield Role.DATA_MANAGER, reverse("trials:suspend", args=[world.site.uuid])
    yield Role.DATA_MANAGER, reverse("trials:lift", args=[pause.pk])


@pytest.mark.parametrize("part", range(PARTS))
def test_the_pages_of_all_acts_pass_axe_and_fit_a_phone(
    acts: Acts, enter: Callable[..., Desk], part: int
) -> None:
    by_role: dict[Role, list[str]] = {}
    for role, address in acts.pages[part::PARTS]:
        by_role.setdefault(role, []).append(address)
    assert by_role
    for role, addresses in by_role.items():
        test_pages.looked_at(enter, acts.busy.world.user(role), addresses)


def test_the_page_to_sign_passes_axe_for_whoever_completed_a_form(
    acts: Acts, enter: Callable[..., Desk]
) -> None:
    rater = [reverse("assessments:signing")]
    test_pages.looked_at(enter, acts.busy.complete.rater, rater)


def test_no_page_is_left_out(acts: Acts) -> None:
    """A new page is looked at, or said here to be none."""
    # Only the addresses are asked for: any visits will do for those of other states.
    busy = acts.busy
    dosing = visit_of(busy.dosed, "dosing_1")
    lived = test_pages.Lived(busy.world, busy.dosed, busy.open, dosing, dosing)
    addresses = [address for _, address in acts.pages]
    addresses += test_pages.site_pages(lived) + test_pages.oversight_pages(lived)
    addresses += test_pages.raters_pages(lived) + test_pages.data_managers_pages(lived)
    addresses += test_pages.strangers_pages()
    seen = {resolve(address.partition("?")[0]).view_name for address in addresses}
    known = {name for name in names() if not name.startswith(("oversight:", "trail:"))}
    assert known - seen - NO_PAGES == set()
    assert known >= NO_PAGES


def names(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            space = f"{each.namespace}:" if each.namespace else ""
            yield from names(each.url_patterns, prefix + space)
        elif each.name:
            yield prefix + each.name
