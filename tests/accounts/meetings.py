"""For each form that changes a record: who has it open, and what another saves meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Model
from django.urls import reverse

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from adverse_events.models import AdverseEvent
from assessments.models import Assessment
from participants.actions import record_facts
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
from sessions.actions import Unscheduled, add_unscheduled
from sessions.models import Visit
from tests.facts import baseline_facts
from tests.randomization import world as wall
from tests.world import (
    ON_TARGET,
    PASSWORD,
    SETUP,
    World,
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

AT = datetime(2025, 4, 22, 18, 0, tzinfo=UTC)
WHY = {"why": "Told by the site"}
REASON = {"reason": "Follow-up information"}
SIGNED = {"password": PASSWORD}
Typed = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A form on a page: who opens it there, what is typed, and where it is sent to."""

    role: Role
    page: str
    typed: Typed
    to: str = ""
    is_second: bool = False


@dataclass(frozen=True)
class Meeting:
    """What one has open when others save; `more` is typed as well when it is sent again.

    `before` is saved before anybody opens anything. Where it `ends`, nothing is left to
    be saved afterwards: the page says this instead.
    """

    open: Form
    saved: list[Form]
    more: Typed = field(default_factory=dict)
    before: list[Form] = field(default_factory=list)
    ends: str = ""


@dataclass(frozen=True)
class Stage:
    """People at every station of the course, none of whom is touched outside a meeting."""

    world: World
    screened: Participant
    consented: Participant
    enrolled: Participant
    ready: Participant
    treated: Participant
    event: AdverseEvent
    questionnaire: Assessment
    interview: Assessment
    unblinding: Unblinding
    extra: Visit


def new_stage() -> Stage:
    world = wall.sealed(new_world(), times=6)
    (treated,) = confirmed(world)
    by = world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(treated, AT)], by=by)
    held(world, [treated], "dosing_1")
    dosing = visit_of(treated, "dosing_1")
    parts = ("initial", "supplement")
    requests = [KitRequest(dosing, part, "starting", AT) for part in parts]
    dispense_kits(requests=requests, by=by)
    ready, waiting = enrolled(world, 2)
    held(world, [ready], "prep_1", "prep_2", "baseline", "prep_3")
    record_facts(facts=baseline_facts(ready, on=ON_TARGET["baseline"]), by=SETUP)
    (asked,) = consented(world)
    held(world, [asked], "screening")
    (new,) = screened(world)
    return Stage(
        *(world, new, asked, waiting, ready, treated),
        event=_event(world, asked),
        questionnaire=started(world, asked, "screening", "pcl5"),
        interview=requested_caps(world, ready),
        unblinding=_unblinding(world, treated),
        extra=_extra(world, waiting),
    )


def _event(world: World, person: Participant) -> AdverseEvent:
    new = NewEvent(
        *(person, "Syncope", date(2025, 4, 28), "mild", "unpleasant", "recovered"),
        "not_changed",
        seriousness=frozenset({"hospitalization"}),
        site_aware_at=datetime(2025, 4, 28, 10, 0, tzinfo=UTC),
    )
    return report_events(events=[new], by=world.actor(Role.COORDINATOR))[0]


def _unblinding(world: World, person: Participant) -> Unblinding:
    accident = Accident(
        participant=person,
        at=datetime(2025, 4, 28, 20, 0, tzinfo=UTC),
        learned="likely",
        how="The kit was opened in the room",
        impact="",
        user=world.user(Role.THERAPIST),
        others="",
    )
    record_accident(accident=accident, by=world.actor(Role.DATA_MANAGER))
    return Unblinding.objects.get(participant=person)


def _extra(world: World, person: Participant) -> Visit:
    on = today_at(world.site) + timedelta(days=3)
    asked = Unscheduled(person, on, "phone", "Low mood", took_place=False)
    return add_unscheduled(additions=[asked], by=world.actor(Role.COORDINATOR))[0]


Case = Callable[[Stage], Meeting]
CASES: dict[str, Case] = {}


def case(route: str) -> Callable[[Case], Case]:
    def keep(function: Case) -> Case:
        CASES[route] = function
        return function

    return keep


def url(route: str, row: Model, *more: str) -> str:
    return reverse(route, args=[getattr(row, "uuid", row.pk), *more])


def two(route: str, row: Model, one: Typed, other: Typed, **more: Any) -> Meeting:
    """Return a meeting of two people of one role who type into the same form."""
    role, common = more.pop("role", Role.COORDINATOR), more.pop("common", {})
    address = url(route, row, *more.pop("parts", ()))
    first = Form(role, address, common | one)
    return Meeting(Form(role, address, common | other, is_second=True), [first], **more)
