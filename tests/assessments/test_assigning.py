"""Who a form goes to, and which forms come into being at a visit."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from assessments.actions import (
    NotDone,
    RatingRequest,
    Start,
    mark_not_done,
    request_ratings,
    start,
)
from assessments.models import Assessment
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.models import Deviation, Participant
from tests.world import (
    ON_TARGET,
    World,
    enrolled,
    rater_of,
    requested_caps,
    started,
    visit_of,
)

pytestmark = pytest.mark.django_db


def test_a_request_goes_to_a_rater_of_the_pool_under_an_opaque_code(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    raters = {world.user(Role.RATER).pk, world.user(Role.RATER, second=True).pk}
    assert assessment.rater_id in raters
    assert assessment.state == "assigned"
    assert assessment.is_hidden_from_site
    letters, _, digits = assessment.opaque_code.partition("-")
    assert len(letters) == len(digits) == 3
    assert participant.number not in assessment.opaque_code


def test_one_rater_holds_the_whole_interview_of_a_visit(
    world: World, participant: Participant
) -> None:
    first = requested_caps(world, participant)
    second = request_ratings(
        requests=[
            RatingRequest(
                visit_of(participant, "baseline"), "sds_adapted", date(2025, 4, 14)
            )
        ],
        by=world.actor(Role.COORDINATOR),
    )[0]
    assert second.rater_id == first.rater_id
    assert second.opaque_code != first.opaque_code


def test_the_next_visit_goes_to_somebody_who_has_not_met_the_participant(
    world: World, participant: Participant
) -> None:
    first = requested_caps(world, participant)
    second = requested_caps(world, participant, visit="t2")
    assert second.rater_id != first.rater_id
    assert not Deviation.objects.filter(kind="rater").exists()


def test_a_pool_that_has_met_the_participant_leaves_a_deviation(
    world: World, participant: Participant
) -> None:
    for visit in ("baseline", "t2", "t3"):
        requested_caps(world, participant, visit=visit)
    assert Deviation.objects.get(kind="rater").visit_code == "t3"


def test_the_least_busy_rater_is_chosen(world: World) -> None:
    people = enrolled(world, 6)
    for person in people:
        requested_caps(world, person)
    loads = [
        Assessment.objects.filter(rater=world.user(Role.RATER, second=second)).count()
        for second in (False, True)
    ]
    assert loads == [3, 3]


def test_a_coordinator_does_not_name_the_rater(
    world: World, participant: Participant
) -> None:
    request = RatingRequest(
        visit_of(participant, "baseline"),
        "caps5",
        date(2025, 4, 14),
        rater=world.user(Role.RATER),
    )
    with pytest.raises(NotPermitted, match="assign raters"):
        request_ratings(requests=[request], by=world.actor(Role.COORDINATOR))
    made = request_ratings(requests=[request], by=world.actor(Role.DATA_MANAGER))
    assert made[0].rater_id == world.user(Role.RATER).pk


def test_an_interview_is_requested_once(world: World, participant: Participant) -> None:
    requested_caps(world, participant)
    with pytest.raises(Refused, match="requested already"):
        requested_caps(world, participant)


def test_a_site_cannot_start_an_interview_of_the_rater(
    world: World, participant: Participant
) -> None:
    with pytest.raises(Refused, match="request it"):
        started(world, participant, "baseline", "caps5")


def test_a_clinicians_form_is_not_started_by_the_coordinator(
    world: World, participant: Participant
) -> None:
    begin = Start(visit_of(participant, "prep_1"), "cssrs_slc")
    with pytest.raises(NotPermitted, match="therapist or investigator"):
        start(starts=[begin], by=world.actor(Role.COORDINATOR))
    made = start(starts=[begin], by=world.actor(Role.THERAPIST))[0]
    assert made.state == "in_progress"


def test_nobody_starts_a_form_at_another_site(
    world: World, participant: Participant
) -> None:
    begin = Start(visit_of(participant, "screening"), "pcl5")
    with pytest.raises(NotPermitted):
        start(starts=[begin], by=world.actor(Role.COORDINATOR, elsewhere=True))


def test_starting_twice_gives_the_same_form(
    world: World, participant: Participant
) -> None:
    first = started(world, participant, "screening", "pcl5")
    assert started(world, participant, "screening", "pcl5").pk == first.pk


def test_a_form_outside_the_protocols_table_does_not_exist(
    world: World, participant: Participant
) -> None:
    with pytest.raises(Refused, match="no form pcl5 at visit V1"):
        started(world, participant, "prep_1", "pcl5")


def test_many_starts_cost_as_many_queries_as_one(world: World) -> None:
    people = enrolled(world, 12)
    by = world.actor(Role.COORDINATOR)

    def queries(chosen: list[Participant]) -> int:
        starts = [Start(visit_of(person, "screening"), "pcl5") for person in chosen]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            start(starts=starts, by=by)
        return len(captured)

    assert queries(people[:1]) == queries(people[1:])


def test_a_form_not_done_says_why(world: World, participant: Participant) -> None:
    visit = visit_of(participant, "screening")
    by = world.actor(Role.COORDINATOR)
    with pytest.raises(ReasonNeeded):
        mark_not_done(forms=[NotDone(visit, "pcl5", " ")], by=by)
    made = mark_not_done(forms=[NotDone(visit, "pcl5", "Tablet was flat")], by=by)[0]
    assert (made.state, made.not_done_reason) == ("not_done", "Tablet was flat")


def test_a_rater_may_say_that_their_interview_was_not_held(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    form = NotDone(assessment.visit, "caps5", "Did not come to the call")
    other = world.actor(
        Role.RATER, second=assessment.rater_id == world.user(Role.RATER).pk
    )
    with pytest.raises(NotPermitted):
        mark_not_done(forms=[form], by=other)
    mark_not_done(forms=[form], by=rater_of(world, assessment))
    assessment.refresh_from_db()
    assert assessment.state == "not_done"
    assert ON_TARGET["baseline"] == assessment.due_on


def test_the_forms_of_one_interview_have_one_code_with_a_number(
    world: World, participant: Participant
) -> None:
    """Two unrelated codes hid from the rater that they belong together."""
    caps = requested_caps(world, participant)
    visit = visit_of(participant, "baseline")
    (sds,) = request_ratings(
        requests=[RatingRequest(visit, "sds_adapted", ON_TARGET["baseline"])],
        by=world.actor(Role.COORDINATOR),
    )
    assert len(caps.opaque_code) == 7
    assert sds.opaque_code == f"{caps.opaque_code}-2"
    other = requested_caps(world, participant, visit="t2")
    assert not other.opaque_code.startswith(caps.opaque_code)
