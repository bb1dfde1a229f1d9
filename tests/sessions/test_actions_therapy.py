"""Therapy sessions: two people in the room, on the day of the visit, and reasons."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from accounts.vocabulary import Role
from audit.refusal import ReasonNeeded, Refused
from participants.models import Participant
from sessions import actions
from sessions.models import TherapySession, Visit
from tests.world import World, visit_of

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
NINE = datetime(2025, 4, 28, 9, 0, tzinfo=DENVER)


def session(
    world: World,
    visit: Visit,
    *,
    lead: User | None = None,
    second: User | None = None,
    start: datetime = NINE,
    reason: str = "",
    note: str = "",
) -> TherapySession:
    new = actions.NewSession(
        visit,
        lead or world.user(Role.THERAPIST),
        second or world.user(Role.THERAPIST, second=True),
        start,
        start + timedelta(hours=8),
        note,
    )
    actions.record_sessions(
        sessions=[new], by=world.actor(Role.THERAPIST), reason=reason
    )
    return TherapySession.objects.get(visit=visit)


def test_a_session_is_saved_and_corrected_with_a_reason(
    world: World, visit: Visit
) -> None:
    saved = session(world, visit)
    assert saved.ended_at == NINE + timedelta(hours=8)
    with pytest.raises(ReasonNeeded):
        session(world, visit, start=NINE + timedelta(minutes=10))
    saved = session(
        world, visit, start=NINE + timedelta(minutes=10), reason="Log says 9:10"
    )
    assert saved.started_at == NINE + timedelta(minutes=10)


def test_the_two_therapists_are_two_people(world: World, visit: Visit) -> None:
    with pytest.raises(Refused, match="must be two people"):
        session(world, visit, second=world.user(Role.THERAPIST))


def test_a_therapist_is_on_the_delegation_log_of_the_site(
    world: World, visit: Visit
) -> None:
    for stranger in (
        world.user(Role.THERAPIST, elsewhere=True),
        world.user(Role.COORDINATOR),
    ):
        with pytest.raises(
            Refused, match="was not on the delegation log as a therapist"
        ):
            session(world, visit, lead=stranger)


def test_a_dosing_session_has_two_people_in_the_room(
    world: World, visit: Visit
) -> None:
    alone = actions.NewSession(
        visit, world.user(Role.THERAPIST), None, NINE, NINE + timedelta(hours=8)
    )
    with pytest.raises(Refused, match="two people in the room"):
        actions.record_sessions(sessions=[alone], by=world.actor(Role.THERAPIST))


def test_a_session_begins_on_the_day_of_its_visit(world: World, visit: Visit) -> None:
    with pytest.raises(Refused, match="would begin on 29 Apr 2025"):
        session(world, visit, start=NINE + timedelta(days=1))


def test_an_assessment_visit_has_no_therapy_session(
    world: World, person: Participant
) -> None:
    assert person.number
    with pytest.raises(Refused, match="V3 is not a therapy session"):
        session(world, visit_of(person, "baseline"))
