"""Two sites with a row in every table that is behind row-level security."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from audit.actors import Place
from audit.trail import acting
from notices.models import Notice
from participants.actions import (
    NewDeviation,
    NewIdentity,
    record_deviations,
    record_identities,
)
from participants.models import Participant, Waiver
from randomization.models import Kit, Randomization, Unblinding
from reminders.models import Reminder
from sessions.models import DoseAdministration, TherapySession
from tests.drafting import save_answer
from tests.medical.world import everything_of
from tests.world import (
    SETUP,
    World,
    held,
    new_world,
    randomized,
    rater_of,
    requested_caps,
    signed_caps,
    visit_of,
)
from trials.models import Suspension

DAY = date(2025, 4, 28)
AT = datetime(2025, 4, 28, 10, 0, tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True)
class Lived:
    """Somebody treated at each site; `shared` is an act on both of them."""

    world: World
    here: Participant
    there: Participant
    shared: int


def new_lived() -> Lived:
    world = new_world("WALLS")
    here, there = (_treated(world, elsewhere=elsewhere) for elsewhere in (False, True))
    place = Place(trial_id=world.trial.pk)
    numbers = f"{here.number}; {there.number}"
    with acting("note", by=SETUP, subject=numbers, place=place) as shared:
        for person in (here, there):
            record_deviations(
                deviations=[NewDeviation(person, "other", DAY, "Both sites closed")],
                by=SETUP,
            )
    return Lived(world, here, there, shared)


def _treated(world: World, *, elsewhere: bool) -> Participant:
    (person,) = randomized(world, elsewhere=elsewhere)
    coordinator = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    record_identities(
        identities=[NewIdentity(person, "Ada Example", date(1990, 1, 1))],
        by=coordinator,
    )
    signed_caps(world, person)
    held(world, [person], "dosing_1", elsewhere=elsewhere)
    _drafted(world, person)
    report_events(
        events=[
            NewEvent(
                *(person, "Syncope", DAY, "moderate", "unpleasant", "recovered"),
                "not_changed",
                seriousness=frozenset({"hospitalization"}),
                site_aware_at=AT,
            )
        ],
        by=coordinator,
    )
    _examined(world, person)
    _set_by_set(world, person)
    return person


def _examined(world: World, person: Participant) -> None:
    """The medical record, and a waiver: granted before randomization otherwise."""
    everything_of(world, person)
    place = Place(person.trial_id, person.site_id, person.pk)
    with acting("fill", by=SETUP, place=place):
        Waiver.objects.create(
            trial_id=person.trial_id,
            site_id=person.site_id,
            participant=person,
            code="e6",
            reason="Light for years",
            granted_on=DAY,
            granted_by=world.user(Role.INVESTIGATOR),
        )


def _drafted(world: World, person: Participant) -> None:
    interview = requested_caps(world, person, visit="t2")
    save_answer(
        assessment=interview,
        item="caps01",
        value=1,
        missing="",
        by=rater_of(world, interview),
    )


def _set_by_set(world: World, person: Participant) -> None:
    """What takes a pharmacist, a session or a clock to come about otherwise."""
    site = world.site if person.site_id == world.site.pk else world.elsewhere
    visit = visit_of(person, "dosing_1")
    user = world.user(Role.INVESTIGATOR, elsewhere=site == world.elsewhere)
    whose = {"trial": world.trial, "site": site, "participant": person}
    place = Place(world.trial.pk, site.pk, person.pk)
    with acting("fill", by=SETUP, place=place):
        Randomization.objects.create(
            **whose, number=f"{site.number}-001", randomized_at=AT
        )
        Suspension.objects.create(
            trial=world.trial,
            site=site,
            suspended_on=date(2019, 1, 1),
            why="Minutes were missing",
            lifted_on=date(2019, 2, 1),
        )
        Kit.objects.create(trial=world.trial, site=site, number=f"K-{site.number}")
        Unblinding.objects.create(
            **whose, kind="emergency", revealed_to=user, revealed_at=AT, why="Coma"
        )
        TherapySession.objects.create(
            **whose, visit=visit, lead_therapist=user, started_at=AT
        )
        DoseAdministration.objects.create(
            **whose,
            visit=visit,
            part="initial",
            step="starting",
            withheld_reason="Unwell",
        )
        Reminder.objects.create(
            **whose, visit=visit, kind="visit", audience="site", due_on=DAY
        )
        if not Notice.objects.filter(participant=person).exists():
            Notice.objects.create(
                **whose, kind="serious_event", about=uuid4(), occurred_at=AT
            )
