"""Events of a participant, as the people of a test report and judge them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts.vocabulary import Role
from adverse_events.actions import (
    Determination,
    NewEvent,
    Receipt,
    determine,
    receive,
    report_events,
)
from adverse_events.models import AdverseEvent
from participants.models import Participant
from tests.world import World

AWARE = datetime(2025, 4, 29, 9, 30, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def new(person: Participant, **other: Any) -> NewEvent:
    event = NewEvent(
        participant=person,
        term="Tightness of the jaw",
        onset_on=date(2025, 4, 28),
        severity="mild",
        valence="unpleasant",
        outcome="recovering",
        action_taken="not_changed",
    )
    return replace(event, **other)


def reported(world: World, person: Participant, **other: Any) -> AdverseEvent:
    by = world.actor(Role.THERAPIST)
    return report_events(events=[new(person, **other)], by=by)[0]


def serious(world: World, person: Participant, *criteria: str) -> AdverseEvent:
    found = frozenset(criteria or {"hospitalization"})
    return reported(world, person, seriousness=found, site_aware_at=AWARE)


def received(world: World, event: AdverseEvent) -> AdverseEvent:
    by = world.actor(Role.MEDICAL_MONITOR)
    return receive(receipts=[Receipt(event, AWARE + HOUR)], by=by)[0]


def determined(
    world: World,
    event: AdverseEvent,
    *,
    unexpected: bool = True,
    suspected: bool = True,
    hours: int = 48,
) -> AdverseEvent:
    decision = Determination(event, unexpected, suspected, AWARE + hours * HOUR)
    by = world.actor(Role.MEDICAL_MONITOR)
    return determine(determinations=[decision], by=by)[0]


def kinds(event: AdverseEvent) -> list[str]:
    return sorted(event.reports.values_list("kind", flat=True))
