"""Recording events: whatever they felt like, numbered, by whom."""

import threading
from collections.abc import Callable
from datetime import date, time, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.vocabulary import Role
from adverse_events.actions import amend_event, report_events
from adverse_events.models import AdverseEvent, SafetyReport
from audit.refusal import NotPermitted, Refused
from audit.trail import acting
from participants.models import Participant
from tests.adverse_events.events import AWARE, kinds, new, reported
from tests.world import World, consented, new_world, screened, visit_of


@pytest.mark.django_db
@pytest.mark.requirement("SAF-01")
@pytest.mark.parametrize("valence", ["pleasant", "neutral", "unpleasant"])
def test_an_effect_is_recorded_whatever_it_felt_like(
    world: World, person: Participant, valence: str
) -> None:
    event = reported(world, person, valence=valence)
    assert AdverseEvent.objects.get(pk=event.pk).valence == valence
    assert kinds(event) == []


@pytest.mark.django_db
def test_events_of_each_participant_are_numbered_from_one(world: World) -> None:
    one, other = consented(world, 2)
    by = world.actor(Role.COORDINATOR)
    made = report_events(events=[new(one), new(other), new(one)], by=by)
    assert [event.sequence for event in made] == [1, 1, 2]
    assert reported(world, one).sequence == 3


@pytest.mark.django_db
def test_a_hundred_events_take_as_many_statements_as_two(
    world: World, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    people = consented(world, 4)
    by = world.actor(Role.COORDINATOR)
    danger: dict[str, Any] = {
        "seriousness": frozenset({"life_threatening"}),
        "site_aware_at": AWARE,
    }
    with django_assert_max_num_queries(40) as few:
        report_events(events=[new(people[0]), new(people[1], **danger)], by=by)
    with django_assert_max_num_queries(len(few)):
        report_events(
            events=[
                new(people[n % 4], **(danger if n % 2 else {})) for n in range(100)
            ],
            by=by,
        )
    assert SafetyReport.objects.count() == 51


@pytest.mark.django_db
def test_nothing_is_recorded_of_somebody_who_has_not_consented(world: World) -> None:
    (person,) = screened(world)
    with pytest.raises(Refused, match="not consented"):
        reported(world, person)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"term": "  "}, "Say what happened"),
        ({"severity": "huge"}, "severity"),
        ({"valence": ""}, "valence"),
        ({"outcome": "fatal"}, "come together"),
        (
            {"seriousness": frozenset({"death"}), "site_aware_at": AWARE},
            "come together",
        ),
        ({"seriousness": frozenset({"rudeness"})}, "not known"),
        ({"seriousness": frozenset({"disability"})}, "moment when the site learned"),
        ({"ended_on": date(2025, 4, 1)}, "end before it began"),
        ({"special_interest": "everything"}, "special interest"),
    ],
)
def test_a_contradictory_event_is_refused(
    world: World, person: Participant, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        reported(world, person, **change)
    assert AdverseEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "at", "is_refused"),
    [
        (28, None, False),
        (29, None, False),  # the day of the awareness, at a time that nobody knows
        (29, time(3, 30), False),
        (29, time(3, 31), True),
        (30, None, True),
    ],
)
def test_a_site_does_not_learn_of_an_event_before_it_began(
    world: World, person: Participant, *, day: int, at: time | None, is_refused: bool
) -> None:
    # Half past nine in London is half past three in Denver.
    known: dict[str, Any] = {"onset_on": date(2025, 4, day), "onset_time": at}
    if is_refused:
        with pytest.raises(Refused, match="before it began"):
            reported(world, person, site_aware_at=AWARE, **known)
        return
    event = reported(world, person, site_aware_at=AWARE, **known)
    with pytest.raises(
        Refused, match="29 Apr 2025 at 03:30, before it began on 30 Apr"
    ):
        amend_event(
            event=event,
            changes={"onset_on": date(2025, 4, 30)},
            reason="Misread the source",
            by=world.actor(Role.THERAPIST),
        )


@pytest.mark.django_db
def test_the_database_refuses_awareness_days_before_onset(
    world: World, person: Participant
) -> None:
    event = reported(world, person, site_aware_at=AWARE)
    event.onset_on = AWARE.date() + timedelta(days=2)
    by = world.actor(Role.THERAPIST)
    with (
        pytest.raises(Refused, match="would have learned of the event before"),
        acting("amend adverse event", by=by, reason="A slip"),
    ):
        event.save()


@pytest.mark.django_db
def test_an_event_is_linked_only_to_the_participants_own_dosing_visit(
    world: World,
) -> None:
    one, other = consented(world, 2)
    with pytest.raises(Refused, match="another participant"):
        reported(world, one, dosing_visit=visit_of(other, "dosing_1"))
    with pytest.raises(Refused, match="Only a dosing visit"):
        reported(world, one, dosing_visit=visit_of(one, "prep_1"))
    event = reported(world, one, dosing_visit=visit_of(one, "dosing_1"))
    assert event.dosing_visit_id == visit_of(one, "dosing_1").pk


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.RATER, Role.MONITOR, Role.AUDITOR, Role.SPONSOR])
def test_a_role_without_the_permission_reports_nothing(
    world: World, person: Participant, role: Role
) -> None:
    with pytest.raises(NotPermitted):
        report_events(events=[new(person)], by=world.actor(role))


@pytest.mark.services
@pytest.mark.slow
def test_ten_reports_at_once_take_ten_numbers(own_database: str) -> None:
    world = new_world()
    (person,) = consented(world)
    by = world.actor(Role.THERAPIST)
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a thread's failure fails the test
            failures.append(error)
        finally:
            connection.close()

    acts = [partial(report_events, events=[new(person)], by=by) for _ in range(10)]
    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    numbers = AdverseEvent.objects.order_by("sequence").values_list(
        "sequence", flat=True
    )
    assert list(numbers) == list(range(1, 11))
