"""An interview goes to another rater: at once, whole, and never twice to the same one."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.vocabulary import Role
from assessments.access import assessments_for, draft_of
from assessments.actions import (
    Completion,
    RatingRequest,
    Reassignment,
    complete,
    reassign_ratings,
    request_ratings,
    sign,
)
from assessments.models import Assessment, Draft
from audit.models import Action
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.models import Deviation, Participant
from tests.drafting import save_answer
from tests.world import (
    PASSWORD,
    SETUP,
    World,
    caps_answers,
    completed_caps,
    rater_of,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)
from trials.actions import NewDelegation, delegate

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ILL = "The rater fell ill"


def reassigned(
    world: World,
    assessment: Assessment,
    *,
    role: Role = Role.COORDINATOR,
    rater: User | None = None,
) -> Assessment:
    reassign_ratings(
        reassignments=[Reassignment(assessment, rater)],
        reason=ILL,
        by=world.actor(role),
    )
    return Assessment.objects.get(pk=assessment.pk)


def address(assessment: Assessment, name: str = "reassign") -> str:
    return reverse(f"assessments:{name}", args=[assessment.uuid])


def rater_user(assessment: Assessment) -> User:
    return User.objects.get(pk=assessment.rater_id or 0)


def test_the_other_rater_gets_it_and_the_former_one_loses_it_at_once(
    world: World, participant: Participant, page_of: Browser
) -> None:
    before = requested_caps(world, participant)
    former = page_of(rater_user(before))
    assert former.get(address(before, "enter")).status_code == 200
    after = reassigned(world, before)
    assert after.rater_id != before.rater_id
    assert after.opaque_code == before.opaque_code
    assert before not in assessments_for(before.rater_id or 0)
    for name in ("enter", "draft", "sign"):
        assert former.post(address(before, name), {}).status_code == 404
    assert (
        before.opaque_code
        not in former.get(reverse("assessments:ratings")).content.decode()
    )
    assert page_of(rater_user(after)).get(address(after, "enter")).status_code == 200
    assert not Deviation.objects.exists()
    assert Action.objects.get(verb="reassign rating").reason == ILL


def test_the_former_rater_completes_nothing_with_a_page_still_open(
    world: World, participant: Participant
) -> None:
    before = requested_caps(world, participant)
    by = rater_of(world, before)
    after = reassigned(world, before)
    completion = Completion(before, date(2025, 4, 14), "direct", caps_answers(40))
    with pytest.raises(NotPermitted):
        complete(completions=[completion], by=by)
    with pytest.raises(NotPermitted):
        save_answer(assessment=after, item="caps01", value=2, missing="", by=by)


def test_all_open_forms_of_the_interview_go_along(
    world: World, participant: Participant
) -> None:
    caps = requested_caps(world, participant)
    request = RatingRequest(
        visit_of(participant, "baseline"), "sds_adapted", date(2025, 4, 14)
    )
    (sds,) = request_ratings(requests=[request], by=world.actor(Role.COORDINATOR))
    other = requested_caps(world, participant, visit="t2")
    after = reassigned(world, caps)
    sds.refresh_from_db()
    assert sds.rater_id == after.rater_id
    assert Assessment.objects.get(pk=other.pk).rater_id == other.rater_id


def test_what_the_former_rater_typed_is_set_aside_and_shown_to_nobody(
    world: World, participant: Participant
) -> None:
    before = requested_caps(world, participant)
    save_answer(
        assessment=before,
        item="caps01",
        value=3,
        missing="",
        by=rater_of(world, before),
    )
    after = reassigned(world, before)
    assert draft_of(after, after.rater_id or 0) == {}
    by = rater_of(world, after)
    completion = Completion(after, date(2025, 4, 14), "direct", caps_answers(40))
    complete(completions=[completion], by=by)
    kept = Draft.objects.get()
    assert (kept.user_id, kept.is_set_aside) == (before.rater_id, True)
    assert kept.answers["caps01"]["value"] == 3


def test_somebody_who_began_has_met_the_participant(
    world: World, participant: Participant
) -> None:
    before = requested_caps(world, participant)
    save_answer(
        assessment=before,
        item="caps01",
        value=3,
        missing="",
        by=rater_of(world, before),
    )
    reassigned(world, before)
    requested_caps(world, participant, visit="t2")
    # Both raters of the pool have met them, so that whoever comes is a repeat.
    assert Deviation.objects.get(kind="rater").visit_code == "t2"


def test_somebody_who_never_began_is_still_new_to_the_participant(
    world: World, participant: Participant
) -> None:
    before = requested_caps(world, participant)
    reassigned(world, before)
    later = requested_caps(world, participant, visit="t2")
    assert later.rater_id == before.rater_id
    assert not Deviation.objects.exists()


def test_a_pool_that_has_met_the_participant_warns_and_leaves_a_deviation(
    world: World, participant: Participant, page_of: Browser
) -> None:
    signed_caps(world, participant)
    later = requested_caps(world, participant, visit="t2")
    client = page_of(world.user(Role.COORDINATOR))
    assert "Everybody else in the pool" in client.get(address(later)).content.decode()
    assert not Deviation.objects.exists()
    page = client.post(
        address(later), {"due_on": "2025-05-20", "why": ILL}, follow=True
    ).content.decode()
    assert "has rated the participant before" in page
    assert Deviation.objects.get(kind="rater").visit_code == "t2"


def test_nobody_is_named_again_while_the_pool_has_somebody_new(
    world: World, participant: Participant
) -> None:
    first = signed_caps(world, participant)
    delegate(
        trial=world.trial,
        delegations=[
            NewDelegation(
                world.user(Role.SAFETY_OFFICER), Role.RATER, date(2020, 1, 1), None
            )
        ],
        by=SETUP,
    )
    later = requested_caps(world, participant, visit="t2")
    with pytest.raises(Refused, match="others in the pool have not"):
        reassigned(world, later, role=Role.DATA_MANAGER, rater=rater_user(first))
    after = reassigned(world, later, role=Role.DATA_MANAGER)
    assert after.rater_id not in {first.rater_id, later.rater_id}


def test_a_named_rater_is_another_one_and_of_the_pool(
    world: World, participant: Participant
) -> None:
    caps = requested_caps(world, participant)
    for wrong in (rater_user(caps), world.user(Role.THERAPIST)):
        with pytest.raises(Refused, match="is not another rater for this site"):
            reassigned(world, caps, role=Role.DATA_MANAGER, rater=wrong)
    with pytest.raises(NotPermitted, match="assign raters"):
        reassigned(world, caps, rater=world.user(Role.RATER, second=True))


def test_without_a_reason_nothing_changes(
    world: World, participant: Participant
) -> None:
    caps = requested_caps(world, participant)
    with pytest.raises(ReasonNeeded):
        reassign_ratings(
            reassignments=[Reassignment(caps)],
            reason=" ",
            by=world.actor(Role.COORDINATOR),
        )
    assert Assessment.objects.get(pk=caps.pk).rater_id == caps.rater_id


def test_a_completed_interview_stays_with_its_rater(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = completed_caps(world, participant)
    with pytest.raises(Refused, match="completed by its rater"):
        reassigned(world, caps)
    sign(assessments=[caps], password=PASSWORD, by=rater_of(world, caps))
    page = page_of(world.user(Role.COORDINATOR)).get(address(caps)).content.decode()
    assert "The interview was held" in page


def test_a_form_of_the_site_has_no_rater_to_change(
    world: World, participant: Participant, page_of: Browser
) -> None:
    form = started(world, participant, "screening", "pcl5")
    with pytest.raises(Refused, match="no rater to change"):
        reassigned(world, form)
    client = page_of(world.user(Role.COORDINATOR))
    assert client.get(address(form)).status_code == 404


def test_the_visit_leads_to_the_page_and_a_data_manager_names_somebody(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = requested_caps(world, participant)
    other = world.user(
        Role.RATER, second=rater_of(world, caps).user_id == world.user(Role.RATER).pk
    )
    visit = reverse("workbench:visit", args=[caps.visit.uuid])
    for role in (Role.COORDINATOR, Role.DATA_MANAGER):
        client = page_of(world.user(role))
        assert address(caps) in client.get(visit).content.decode()
    page = client.get(address(caps)).content.decode()
    assert other.name in page
    sent = {"rater": str(other.pk), "due_on": "2025-04-16", "why": ILL}
    assert client.post(address(caps), sent)["Location"] == visit
    caps.refresh_from_db()
    assert (caps.rater_id, caps.due_on) == (other.pk, date(2025, 4, 16))


def test_a_coordinator_is_offered_no_names(
    world: World, participant: Participant, page_of: Browser
) -> None:
    caps = requested_caps(world, participant)
    page = page_of(world.user(Role.COORDINATOR)).get(address(caps)).content.decode()
    assert 'name="rater"' not in page


@pytest.mark.parametrize(
    ("role", "elsewhere"),
    [
        (Role.RATER, False),
        (Role.PHARMACIST, False),
        (Role.MONITOR, False),
        (Role.COORDINATOR, True),
    ],
)
def test_the_page_does_not_exist_for_others(
    world: World,
    participant: Participant,
    page_of: Browser,
    role: Role,
    elsewhere: bool,
) -> None:
    caps = requested_caps(world, participant)
    client = page_of(world.user(role, elsewhere=elsewhere))
    assert client.get(address(caps)).status_code == 404
    sent = {"due_on": "2025-04-16", "why": ILL}
    assert client.post(address(caps), sent).status_code == 404
    assert Assessment.objects.get(pk=caps.pk).rater_id == caps.rater_id


def test_an_interview_that_was_begun_is_assigned_anew(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    by = rater_of(world, assessment)
    save_answer(assessment=assessment, item="caps01", value=3, missing="", by=by)
    assessment.refresh_from_db()
    assert assessment.state == "in_progress"
    reassign_ratings(
        reassignments=[Reassignment(assessment)],
        reason="The rater fell ill",
        by=world.actor(Role.COORDINATOR),
    )
    assessment.refresh_from_db()
    assert assessment.state == "assigned"
