"""Causality, voiding, and who sees an event."""

from typing import Any

import pytest

from accounts.vocabulary import Role
from adverse_events.access import (
    events_for,
    events_without_causality,
    reports_due,
    signed_content,
)
from adverse_events.actions import (
    Causality,
    assess_causality,
    report_events,
    void_event,
)
from audit.models import Action
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import digest, signatures_of
from participants.models import Participant
from tests.adverse_events.events import AWARE, HOUR, new, received, reported, serious
from tests.world import PASSWORD, SETUP, World, consented


@pytest.mark.django_db
def test_causality_is_judged_by_an_investigator_with_a_password(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    judgment = [Causality(event, "possible", AWARE)]
    with pytest.raises(NotPermitted):
        assess_causality(
            assessments=judgment, password=PASSWORD, by=world.actor(Role.COORDINATOR)
        )
    with pytest.raises(NotPermitted, match="never by a job"):
        assess_causality(assessments=judgment, password=PASSWORD, by=SETUP)
    by = world.actor(Role.INVESTIGATOR)
    with pytest.raises(NotPermitted, match="password"):
        assess_causality(assessments=judgment, password="guess", by=by)
    assert list(events_without_causality([world.site.pk])) == [event]
    assess_causality(assessments=judgment, password=PASSWORD, by=by)
    event.refresh_from_db()
    assert (event.relatedness, event.relatedness_by_id) == ("possible", by.user_id)
    (signature,) = signatures_of("adverse_events_adverseevent", [event.pk])[
        str(event.pk)
    ]
    assert signature.digest == digest(signed_content(event))
    assert signature.user_id == by.user_id


@pytest.mark.django_db
def test_a_second_judgment_needs_a_reason(world: World, person: Participant) -> None:
    event = reported(world, person)
    ask: dict[str, Any] = {
        "password": PASSWORD,
        "by": world.actor(Role.INVESTIGATOR),
    }
    assess_causality(assessments=[Causality(event, "possible", AWARE)], **ask)
    again = [Causality(event, "unrelated", AWARE + HOUR)]
    with pytest.raises(ReasonNeeded):
        assess_causality(assessments=again, **ask)
    assess_causality(assessments=again, reason="The laboratory called", **ask)
    event.refresh_from_db()
    assert event.relatedness == "unrelated"


@pytest.mark.django_db
def test_a_voided_event_stays_and_is_waited_for_no_more(
    world: World, person: Participant
) -> None:
    event = serious(world, person)
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        void_event(event=event, reason="", at=AWARE, by=by)
    void_event(event=event, reason="Entered twice", at=AWARE, by=by)
    event.refresh_from_db()
    assert event.void_reason == "Entered twice"
    assert reports_due([world.site.pk]) == []
    assert not events_without_causality([world.site.pk]).exists()
    with pytest.raises(Refused, match="voided"):
        received(world, event)
    assert Action.objects.get(verb="void adverse event").reason == "Entered twice"


@pytest.mark.django_db
def test_an_event_that_was_reported_is_amended_not_voided(
    world: World, person: Participant
) -> None:
    event = received(world, serious(world, person))
    with pytest.raises(Refused, match="reported already"):
        void_event(
            event=event,
            reason="Entered twice",
            at=AWARE,
            by=world.actor(Role.COORDINATOR),
        )


@pytest.mark.django_db
def test_events_are_seen_at_ones_site_by_the_sponsor_and_never_by_raters(
    world: World, person: Participant
) -> None:
    event = reported(world, person)
    (other,) = consented(world, elsewhere=True)
    by = world.actor(Role.COORDINATOR, elsewhere=True)
    (foreign,) = report_events(events=[new(other)], by=by)

    def seen(role: Role, *, elsewhere: bool = False) -> set[int]:
        user = world.user(role, elsewhere=elsewhere)
        return {row.pk for row in events_for(user.pk)}

    assert seen(Role.THERAPIST) == {event.pk}
    assert seen(Role.THERAPIST, elsewhere=True) == {foreign.pk}
    for role in (Role.MEDICAL_MONITOR, Role.SPONSOR, Role.AUDITOR):
        assert seen(role) == {event.pk, foreign.pk}
    for role in (Role.RATER, Role.STATISTICIAN):
        assert seen(role) == set()
