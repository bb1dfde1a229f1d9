"""Completing a form: nothing blank, nothing impossible, nothing alarming unanswered."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.vocabulary import Role
from assessments.actions import (
    ActionNeeded,
    Completion,
    NotWhole,
    complete,
    correct,
    reopen,
    sign,
)
from assessments.models import Assessment, Draft, ItemResponse
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from participants.models import Participant
from tests.drafting import save_answer
from tests.world import (
    PASSWORD,
    World,
    caps_answers,
    completed_caps,
    enrolled,
    rater_of,
    requested_caps,
    started,
)

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 14)


def suicidality(**other: int) -> dict[str, int]:
    """A C-SSRS on which nothing is reported, except what is given."""
    codes = ("01", "02", "12", "14", "15", "17", "19", "21")
    return {f"cssrs{code}": 0 for code in codes} | other


def test_a_completed_form_has_a_response_for_every_answer(
    world: World, participant: Participant
) -> None:
    assessment = completed_caps(world, participant, total=33)
    responses = ItemResponse.objects.filter(assessment=assessment)
    assert responses.count() == len(caps_answers(33))
    symptoms = [f"caps{number:02}" for number in range(1, 21)]
    values = responses.filter(item__in=symptoms).values_list("value", flat=True)
    assert sum(value or 0 for value in values) == 33
    assert assessment.state == "complete"
    assert assessment.entered_by_id == assessment.rater_id


@pytest.mark.requirement("DAT-02")
def test_a_blank_item_is_named(world: World, participant: Participant) -> None:
    assessment = requested_caps(world, participant)
    answers = caps_answers(33)
    del answers["caps08"]
    with pytest.raises(NotWhole, match="8 Amnesia for part of event has no answer"):
        complete(
            completions=[Completion(assessment, DAY, "direct", answers)],
            by=rater_of(world, assessment),
        )
    assert not ItemResponse.objects.exists()


@pytest.mark.requirement("DAT-11")
def test_a_coded_reason_stands_in_for_an_answer(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    complete(
        completions=[
            Completion(
                assessment, DAY, "direct", caps_answers(33) | {"caps08": "refused"}
            )
        ],
        by=rater_of(world, assessment),
    )
    response = ItemResponse.objects.get(assessment=assessment, item="caps08")
    assert (response.value, response.missing) == (None, "refused")


@pytest.mark.parametrize("answer", [5, "forgot", "not_applicable"])
def test_an_answer_off_the_scale_is_refused(
    world: World, participant: Participant, answer: int | str
) -> None:
    assessment = requested_caps(world, participant)
    with pytest.raises(NotWhole, match="Amnesia"):
        complete(
            completions=[
                Completion(
                    assessment, DAY, "direct", caps_answers(33) | {"caps08": answer}
                )
            ],
            by=rater_of(world, assessment),
        )


def test_nobody_completes_an_interview_of_another_rater(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    other = world.actor(
        Role.RATER, second=assessment.rater_id == world.user(Role.RATER).pk
    )
    completion = Completion(assessment, DAY, "direct", caps_answers(33))
    for by in (other, world.actor(Role.INVESTIGATOR)):
        with pytest.raises(NotPermitted):
            complete(completions=[completion], by=by)


def test_paper_is_refused_where_the_protocol_does_not_allow_it(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    completion = Completion(assessment, DAY, "paper", caps_answers(33))
    with pytest.raises(Refused, match="transcribed from paper"):
        complete(completions=[completion], by=rater_of(world, assessment))


@pytest.mark.requirement("DAT-19")
def test_a_questionnaire_from_paper_says_who_typed_it(
    world: World, participant: Participant
) -> None:
    assessment = started(world, participant, "screening", "pcl5")
    answers = {f"pcl{number:02}": 2 for number in range(1, 21)}
    complete(
        completions=[Completion(assessment, DAY, "paper", answers)],
        by=world.actor(Role.COORDINATOR),
    )
    assessment.refresh_from_db()
    assert assessment.source == "paper"
    assert assessment.entered_by == world.user(Role.COORDINATOR)


def test_completing_removes_the_draft(world: World, participant: Participant) -> None:
    assessment = requested_caps(world, participant)
    by = rater_of(world, assessment)
    save_answer(assessment=assessment, item="caps01", value=3, missing="", by=by)
    complete(
        completions=[Completion(assessment, DAY, "direct", caps_answers(33))], by=by
    )
    assert not Draft.objects.exists()


@pytest.mark.requirement("DAT-04")
def test_a_form_is_completed_once(world: World, participant: Participant) -> None:
    assessment = completed_caps(world, participant)
    with pytest.raises(Refused, match="cannot be completed"):
        complete(
            completions=[Completion(assessment, DAY, "direct", caps_answers(1))],
            by=rater_of(world, assessment),
        )


def test_a_correction_without_a_reason_is_refused(
    world: World, participant: Participant
) -> None:
    assessment = completed_caps(world, participant)
    completion = Completion(assessment, DAY, "direct", caps_answers(41))
    with pytest.raises(ReasonNeeded):
        correct(completions=[completion], reason="  ", by=rater_of(world, assessment))


def test_a_correction_of_one_item_leaves_one_entry(
    world: World, participant: Participant
) -> None:
    assessment = completed_caps(world, participant, total=40)
    completion = Completion(assessment, DAY, "direct", caps_answers(40) | {"caps05": 4})
    correct(
        completions=[completion],
        reason="Misheard",
        by=rater_of(world, assessment),
    )
    action = Action.objects.get(verb="correct assessment")
    changes = RowChange.objects.filter(
        action_id=action.pk, table_name="assessments_itemresponse"
    )
    assert [(each.old, each.new) for each in changes] == [({"value": 2}, {"value": 4})]
    assert action.reason == "Misheard"


def test_a_cleared_optional_answer_leaves_a_reason_not_a_gap(
    world: World, participant: Participant
) -> None:
    assessment = requested_caps(world, participant)
    by = rater_of(world, assessment)
    whole = caps_answers(40) | {"caps21": 12}
    complete(completions=[Completion(assessment, DAY, "direct", whole)], by=by)
    correct(
        completions=[Completion(assessment, DAY, "direct", caps_answers(40))],
        reason="Belongs to another form",
        by=by,
    )
    response = ItemResponse.objects.get(assessment=assessment, item="caps21")
    assert (response.value, response.missing) == (None, "not_done")


def test_completing_many_forms_costs_as_many_queries_as_one(world: World) -> None:
    people = enrolled(world, 9)
    forms = [started(world, person, "screening", "pcl5") for person in people]
    answers = {f"pcl{number:02}": 1 for number in range(1, 21)}
    by = world.actor(Role.INVESTIGATOR)

    def queries(chosen: list[Assessment]) -> list[int]:
        completions = [Completion(form, DAY, "direct", answers) for form in chosen]
        with CaptureQueriesContext(connection) as completing:
            complete(completions=completions, by=by)
        with CaptureQueriesContext(connection) as signing:
            sign(assessments=chosen, password=PASSWORD, by=by)
        return [len(completing), len(signing)]

    assert queries(forms[:1]) == queries(forms[1:])


def test_a_quiet_suicidality_form_needs_no_action(
    world: World, participant: Participant
) -> None:
    assessment = started(world, participant, "prep_1", "cssrs_slc")
    complete(
        completions=[Completion(assessment, DAY, "direct", suicidality())],
        by=world.actor(Role.THERAPIST),
    )
    assessment.refresh_from_db()
    assert assessment.state == "complete"


@pytest.mark.requirement("SAF-06")
@pytest.mark.parametrize(
    "positive",
    [
        {"cssrs02": 1, "cssrs03": 0, "cssrs04": 1, "cssrs05": 0},
        {"cssrs02": 1, "cssrs03": 0, "cssrs04": 0, "cssrs05": 1},
        {"cssrs12": 1},
        {"cssrs15": 1},
        {"cssrs17": 1},
        {"cssrs19": 1},
    ],
)
def test_serious_ideation_or_behavior_is_complete_only_with_what_was_done(
    world: World, participant: Participant, positive: dict[str, int]
) -> None:
    assessment = started(world, participant, "prep_1", "cssrs_slc")
    by = world.actor(Role.THERAPIST)
    answers = suicidality(**positive)
    for said in ("", " ", "no"):
        with pytest.raises(ActionNeeded, match="Say what was done"):
            complete(
                completions=[Completion(assessment, DAY, "direct", answers, said)],
                by=by,
            )
    done = "Dr. Ito spoke with her at 14:10; safety plan made"
    complete(completions=[Completion(assessment, DAY, "direct", answers, done)], by=by)
    assessment.refresh_from_db()
    assert assessment.alert_action == done


@pytest.mark.requirement("AUD-05")
def test_what_was_done_is_not_changed_without_a_reason(
    world: World, participant: Participant
) -> None:
    assessment = started(world, participant, "prep_1", "cssrs_slc")
    by, answers = world.actor(Role.THERAPIST), suicidality(cssrs12=1)
    first, other = "Dr. Ito spoke with her at 14:10", "Nobody was told"
    complete(completions=[Completion(assessment, DAY, "direct", answers, first)], by=by)
    sign(assessments=[assessment], password=PASSWORD, by=by)
    reopen(assessment=assessment, reason="Signed too early", by=by)
    changed = [Completion(assessment, DAY, "direct", answers, other)]
    with pytest.raises(ReasonNeeded):
        complete(completions=changed, by=by)
    assessment.refresh_from_db()
    assert assessment.alert_action == first
    complete(completions=changed, by=by, reason="It was another person")
    assessment.refresh_from_db()
    assert assessment.alert_action == other


def test_ideation_below_intent_is_not_an_alert(
    world: World, participant: Participant
) -> None:
    assessment = started(world, participant, "prep_1", "cssrs_slc")
    answers = suicidality(cssrs01=1, cssrs02=1, cssrs03=1, cssrs04=0, cssrs05=0)
    complete(
        completions=[Completion(assessment, DAY, "direct", answers)],
        by=world.actor(Role.THERAPIST),
    )
    assessment.refresh_from_db()
    assert assessment.alert_action == ""
