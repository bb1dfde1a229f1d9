"""What the protocol expects of held visits, and who sees the course of scores."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from assessments.access import (
    assessments_for,
    caps_rules,
    expected_forms,
    outstanding_forms,
    rater_queue,
    trajectory,
)
from participants.models import Participant
from tests.world import (
    World,
    completed_caps,
    enrolled,
    rater_of,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)

pytestmark = pytest.mark.django_db


def test_a_held_visit_lacks_every_form_of_the_protocol(
    world: World, participant: Participant
) -> None:
    found = outstanding_forms([world.site.pk])
    assert [(form.visit_number, form.code, form.state) for form in found] == [
        ("SCR", "pcl5", "not_started"),
        ("V0", "cssrs_slc", "not_started"),
        ("V1", "cssrs_slc", "not_started"),
        ("V2", "cssrs_slc", "not_started"),
        ("V3", "caps5", "not_started"),
        ("V3", "sds_adapted", "not_started"),
    ]
    assert {form.participant_number for form in found} == {participant.number}


def test_a_finished_form_is_not_waited_for(
    world: World, participant: Participant
) -> None:
    signed_caps(world, participant)
    completed = started(world, participant, "screening", "pcl5")
    states = {form.code: form.state for form in outstanding_forms([world.site.pk])}
    assert "caps5" not in states
    assert states["pcl5"] == completed.state == "in_progress"


def test_another_sites_visits_are_not_in_the_answer(
    world: World, participant: Participant
) -> None:
    assert outstanding_forms([world.elsewhere.pk]) == []


def test_outstanding_forms_of_many_cost_as_many_queries_as_of_one(
    world: World, participant: Participant
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            outstanding_forms([world.site.pk])
        return len(captured)

    before = queries()
    enrolled(world, 5)
    assert queries() == before == 1


def test_the_forms_of_a_visit_stand_in_the_protocols_order(
    world: World, participant: Participant
) -> None:
    requested_caps(world, participant)
    visit = visit_of(participant, "baseline")
    forms = expected_forms([visit])[visit.pk]
    assert [(form.title, form.words, form.is_for_rater) for form in forms] == [
        ("CAPS-5", "Assigned", True),
        ("SDS (adapted)", "Not started", True),
    ]


def test_only_who_may_see_outcomes_sees_the_course(
    world: World, participant: Participant
) -> None:
    signed_caps(world, participant, total=43)
    for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.RATER):
        assert trajectory(participant.pk, user_id=world.user(role).pk) == []
    for role in (Role.DATA_MANAGER, Role.MEDICAL_MONITOR):
        (plot,) = trajectory(participant.pk, user_id=world.user(role).pk)
        assert plot.name == "CAPS-5 total severity"
        assert [row.value for row in plot.rows] == ["43"]


def test_an_unsigned_score_is_on_no_course(
    world: World, participant: Participant
) -> None:
    completed_caps(world, participant)
    manager = world.user(Role.DATA_MANAGER)
    assert trajectory(participant.pk, user_id=manager.pk) == []


def test_a_rater_sees_their_own_interviews_in_the_order_of_days(world: World) -> None:
    people = enrolled(world, 4)
    forms = [requested_caps(world, person) for person in people]
    by = rater_of(world, forms[0])
    mine = [form for form in forms if form.rater_id == by.user_id]
    queue = list(rater_queue(by.user_id))
    assert {row.pk for row in queue} == {row.pk for row in mine}
    assert {row.pk for row in assessments_for(by.user_id)} == {row.pk for row in mine}
    assert [row.due_on for row in queue] == sorted(
        row.due_on or date.max for row in mine
    )


def test_the_rule_of_many_costs_as_many_queries_as_of_one(world: World) -> None:
    people = enrolled(world, 4)

    def queries(chosen: list[Participant]) -> int:
        with CaptureQueriesContext(connection) as captured:
            rules = caps_rules(chosen, on=date(2025, 5, 1))
        assert set(rules.values()) == {"undetermined"}
        return len(captured)

    assert queries(people) == queries(people[:1]) == 2
