"""The version of a record: what was seen of it, and who changed it since."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, amend_event, report_events
from adverse_events.models import AdverseEvent
from audit import versions
from audit.refusal import Changed
from audit.versions import Seen
from tests.world import World, consented, new_world

pytestmark = pytest.mark.requirement("DAT-04")
WHY = "Follow-up information"


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def event(world: World) -> AdverseEvent:
    (person,) = consented(world)
    new = NewEvent(
        participant=person,
        term="Headache",
        valence="unpleasant",
        severity="mild",
        onset_on=date(2025, 4, 28),
        outcome="not_recovered",
        action_taken="not_changed",
    )
    return report_events(events=[new], by=world.actor(Role.COORDINATOR))[0]


def amended(world: World, event: AdverseEvent, role: Role, severity: str) -> None:
    by = world.actor(role)
    amend_event(event=event, changes={"severity": severity}, reason=WHY, by=by)


def test_an_act_is_taken_back_where_another_was_quicker(
    world: World, event: AdverseEvent
) -> None:
    records = versions.records_of([event])
    seen = versions.newest(records)
    amended(world, event, Role.INVESTIGATOR, "severe")
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(Changed), versions.unless_changed(records, seen, by=by):
        amended(world, event, Role.COORDINATOR, "moderate")
    event.refresh_from_db()
    assert event.severity == "severe"


def test_ones_own_changes_never_stand_in_ones_way(
    world: World, event: AdverseEvent
) -> None:
    records = versions.records_of([event])
    seen = versions.newest(records)
    by = world.actor(Role.COORDINATOR)
    for severity in ("severe", "moderate"):
        with versions.unless_changed(records, seen, by=by):
            amended(world, event, Role.COORDINATOR, severity)
    event.refresh_from_db()
    assert event.severity == "moderate"


def test_a_change_says_who_made_it_and_on_which_columns(
    world: World, event: AdverseEvent
) -> None:
    records = versions.records_of([event])
    seen = versions.newest(records)
    amended(world, event, Role.INVESTIGATOR, "severe")
    (change,) = versions.since(records, seen)
    assert change.who == world.user(Role.INVESTIGATOR).name
    assert change.columns == frozenset({"severity"})
    assert versions.since(records, versions.newest(records)) == []


def test_a_row_read_too_early_catches_up(world: World, event: AdverseEvent) -> None:
    stale = AdverseEvent.objects.get(pk=event.pk)
    amended(world, event, Role.INVESTIGATOR, "severe")
    assert stale.severity == "mild"
    versions.catch_up([stale, AdverseEvent()])
    assert stale.severity == "severe"


names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)
keys = st.one_of(st.integers(0, 10**9).map(str), st.uuids().map(str))


@given(st.dictionaries(st.tuples(names, keys), st.integers(0, 10**17), max_size=6))
def test_what_was_seen_is_read_back_as_it_was_written(
    entries: dict[tuple[str, str], int],
) -> None:
    seen = Seen.parsed(str(Seen(entries)))
    assert dict(seen) == entries
    assert seen["never", "seen"] == 0


@given(st.text(max_size=60))
def test_whatever_is_sent_for_it_is_read_or_left_out(text: str) -> None:
    assert all(number >= 0 for number in Seen.parsed(text).values())
