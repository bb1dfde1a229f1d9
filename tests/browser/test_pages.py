"""Every page that people open all day: axe finds nothing, and it fits a phone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from assessments.models import Assessment
from participants.models import Participant
from randomization.actions import (
    Exchange,
    KitRequest,
    Randomizing,
    dispense_kits,
    exchange_kits,
    randomize,
)
from sessions.actions import Unscheduled, add_unscheduled
from sessions.models import Visit
from tests import databases
from tests.browser.conftest import Site, serving
from tests.browser.looking import Desk, check, overflow, sideways, violations
from tests.randomization.world import sealed
from tests.world import ON_TARGET, World, confirmed, new_world, requested_caps, visit_of
from trials.access import today_at

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 390, "height": 844}
PARTS = 3  # of one test, so that several processors share it


@dataclass
class Lived:
    """A world in which enough has happened for its pages to have something to show."""

    world: World
    participant: Participant
    interview: Assessment
    to_come: Visit  # unscheduled
    dispensed: Visit  # with a kit that nobody has given yet


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock(), databases.cloned():
        yield new_lived()


@pytest.fixture(scope="module")
def site(lived: Lived, static_files: Path) -> Iterator[Site]:
    """One site for all tests here: they only look."""
    name = connections["default"].settings_dict["NAME"]
    with serving(name, static_files) as served:
        yield served


def new_lived() -> Lived:
    world = sealed(new_world("PAGES-1"))
    participant, treated = confirmed(world, 2)
    report_events(
        events=[
            NewEvent(
                participant=participant,
                term="Euphoric mood",
                onset_on=ON_TARGET["prep_2"],
                severity="mild",
                valence="pleasant",
                outcome="recovered",
                action_taken="not_changed",
            )
        ],
        by=world.actor(Role.COORDINATOR),
    )
    interview = requested_caps(world, participant)
    return Lived(
        world,
        participant,
        interview,
        to_come(world, treated),
        dispensed(world, treated),
    )


def to_come(world: World, person: Participant) -> Visit:
    today = today_at(world.site)
    wanted = Unscheduled(person, today, "phone", "Low mood", took_place=False)
    by = world.actor(Role.COORDINATOR)
    return add_unscheduled(additions=[wanted], by=by, today=today)[0]


def dispensed(world: World, person: Participant) -> Visit:
    """Return a dosing visit with a kit in the place of one that was damaged."""
    at, by = timezone.now(), world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(person, at)], by=by)
    visit = visit_of(person, "dosing_1")
    dispense_kits(requests=[KitRequest(visit, "initial", "starting", at)], by=by)
    exchange = Exchange(visit, "initial", "damaged", at)
    exchange_kits(exchanges=[exchange], reason="The seal was broken", by=by)
    return visit


def site_pages(lived: Lived) -> list[str]:
    uuid = lived.participant.uuid
    visit = visit_of(lived.participant, "dosing_1").uuid
    return [
        reverse("workbench:home"),
        reverse("workbench:participants"),
        reverse("workbench:participant", args=[uuid]),
        reverse("workbench:trail", args=[uuid]),
        reverse("workbench:story", args=[uuid]),
        reverse("workbench:changes", args=[uuid]),
        reverse("workbench:review"),
        reverse("workbench:review_site", args=[lived.world.site.uuid]),
        reverse("workbench:late"),
        reverse("workbench:history", args=["participants_participant", uuid]),
        reverse("workbench:history", args=["study_sessions_visit", visit])
        + "?field=state",
        reverse("workbench:visit", args=[visit]),
        reverse("participants:screen"),
        reverse("participants:identity", args=[uuid]),
        reverse("participants:eligibility", args=[uuid]),
        reverse("participants:new_deviation", args=[uuid]),
        reverse("randomization:randomize", args=[uuid]),
        reverse("adverse_events:report", args=[uuid]),
        reverse("adverse_events:event", args=[lived.participant.events.all()[0].uuid]),
        reverse("adverse_events:board"),
        reverse("sessions:unscheduled", args=[uuid]),
        reverse("sessions:agreements", args=[uuid]),
        reverse("workbench:visit", args=[lived.to_come.uuid]),
        reverse("sessions:cancel", args=[lived.to_come.uuid]),
        reverse("randomization:dispense", args=[lived.dispensed.uuid]),
        reverse("randomization:exchange", args=[lived.dispensed.uuid, "initial"]),
        reverse("assessments:reassign", args=[lived.interview.uuid]),
        reverse("sessions:book", args=[visit]),
        reverse("sessions:miss", args=[visit]),
        reverse("sessions:dosing", args=[visit]),
        reverse("sessions:fail_screening", args=[uuid]),
        reverse("trials:trial", args=[lived.world.trial.uuid]),
        reverse("accounts:change_password"),
    ]


def oversight_pages(lived: Lived) -> list[str]:
    pk = lived.participant.pk
    return [
        reverse("oversight:index"),
        reverse("trail:list"),
        reverse("trail:participant", args=[pk]),
        reverse("oversight:participants_participant_changelist"),
        reverse("oversight:participants_participant_change", args=[pk]),
        reverse("oversight:study_sessions_visit_changelist"),
    ]


def raters_pages(lived: Lived) -> list[str]:
    return [
        reverse("assessments:ratings"),
        reverse("assessments:enter", args=[lived.interview.uuid]),
    ]


def data_managers_pages(lived: Lived) -> list[str]:
    trial = lived.world.trial.uuid
    return [
        reverse("trials:delegate", args=[trial]),
        reverse("exports:home"),
        reverse("assessments:reassign", args=[lived.interview.uuid]),
    ]


def strangers_pages() -> list[str]:
    return [reverse("accounts:sign_in"), reverse("trials:demonstration")]


def looked_at(enter: Callable[..., Desk], user: object, addresses: list[str]) -> None:
    desk = enter(user)
    wide = []
    for address in addresses:
        response = desk.page.goto(address)
        assert response is not None
        assert response.status == 200, address
        check(desk.page)
        desk.page.set_viewport_size(PHONE)  # type: ignore[arg-type] # two ints by name
        wide += overflow(desk.page)
        wide += sideways(desk.page) + violations(desk.page)
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        wide += overflow(desk.page)
    assert not wide, wide


@pytest.mark.parametrize("part", range(PARTS))
def test_the_pages_of_a_site_pass_axe_and_fit_a_phone(
    lived: Lived, enter: Callable[..., Desk], part: int
) -> None:
    pages = site_pages(lived)[part::PARTS]
    looked_at(enter, lived.world.user(Role.COORDINATOR), pages)


def test_a_raters_pages_pass_axe_and_fit_a_phone(
    lived: Lived, enter: Callable[..., Desk]
) -> None:
    looked_at(enter, lived.interview.rater, raters_pages(lived))


def test_the_sponsors_and_data_managers_pages_pass_axe_and_fit_a_phone(
    lived: Lived, enter: Callable[..., Desk]
) -> None:
    looked_at(enter, lived.world.user(Role.SPONSOR), [reverse("exports:home")])
    pages = data_managers_pages(lived)
    looked_at(enter, lived.world.user(Role.DATA_MANAGER), pages)


def test_strangers_pages_pass_axe(lived: Lived, enter: Callable[..., Desk]) -> None:
    looked_at(enter, None, strangers_pages())


def test_the_oversight_site_passes_axe(
    lived: Lived, enter: Callable[..., Desk]
) -> None:
    auditor = lived.world.user(Role.AUDITOR)
    desk = enter(auditor)
    found = []
    for address in oversight_pages(lived):
        response = desk.page.goto(address)
        assert response is not None
        assert response.status == 200, address
        found += violations(desk.page)
    assert not found, "\n".join(found)
