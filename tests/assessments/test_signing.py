"""Signing a form: who may, what it freezes, and how a later change shows."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from accounts.vocabulary import Role
from assessments.access import TABLE, caps_rule, is_signature_intact
from assessments.actions import (
    Completion,
    complete,
    reopen,
    sign,
)
from assessments.instruments import REGISTRY
from assessments.instruments.caps5 import CAPS5
from assessments.models import ItemResponse, ScoreValue
from audit.models import RowChange
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import signatures_of
from participants.access import facts_of
from participants.models import Participant
from tests.world import (
    PASSWORD,
    World,
    caps_answers,
    completed_caps,
    enrolled,
    held,
    rater_of,
    signed_caps,
)

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 14)


@pytest.mark.requirement("DAT-03")
def test_signing_freezes_every_score(world: World, participant: Participant) -> None:
    assessment = signed_caps(world, participant, total=43)
    scores = dict(
        ScoreValue.objects.filter(assessment=assessment).values_list("score", "value")
    )
    assert scores["total"] == 43
    assert scores["diagnosis"] == 1
    assert scores["delayed_expression"] is None
    assert scores["cluster_b"] == Decimal(13)


@pytest.mark.requirement("DAT-03")
def test_a_new_scorer_leaves_the_scores_of_the_old_one_in_place(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signed_caps(world, participant, total=43)
    newer = replace(
        CAPS5,
        scorer_version="2",
        scoring=lambda answers: CAPS5.scoring(answers) | {"total": 1},
    )
    monkeypatch.setitem(cast(Any, REGISTRY), (CAPS5.code, CAPS5.version), newer)
    (other,) = enrolled(world)
    held(world, [other], "prep_1", "prep_2", "baseline")
    after = signed_caps(world, other, total=43)
    kept = ScoreValue.objects.filter(score="total")
    found = kept.values_list("assessment", "value", "scorer_version")
    assert set(found) == {
        (before.pk, Decimal(43), "1"),
        (after.pk, Decimal(1), "2"),
    }


def test_signing_tells_eligibility_what_the_form_says(
    world: World, participant: Participant
) -> None:
    assert caps_rule(participant) == "undetermined"
    signed_caps(world, participant, total=43)
    facts = facts_of([participant.pk])[participant.pk]
    assert facts["caps5_baseline"].value == 43
    assert facts["caps5_baseline"].is_outcome
    assert facts["caps5_baseline"].source == "CAPS-5, V3, signed"
    assert facts["caps5_baseline_diagnosis"].value is True
    assert caps_rule(participant) == "met"


def test_a_low_total_does_not_meet_the_rule(
    world: World, participant: Participant
) -> None:
    signed_caps(world, participant, total=20)
    assert caps_rule(participant) == "not met"


def test_nobody_but_the_assigned_rater_signs_an_interview(
    world: World, participant: Participant
) -> None:
    assessment = completed_caps(world, participant)
    other = world.actor(
        Role.RATER, second=assessment.rater_id == world.user(Role.RATER).pk
    )
    for by in (other, world.actor(Role.INVESTIGATOR), world.actor(Role.COORDINATOR)):
        with pytest.raises(NotPermitted):
            sign(assessments=[assessment], password=PASSWORD, by=by)


@pytest.mark.requirement("SIG-02")
def test_a_wrong_password_signs_nothing(world: World, participant: Participant) -> None:
    assessment = completed_caps(world, participant)
    with pytest.raises(NotPermitted, match="password"):
        sign(
            assessments=[assessment],
            password="not this one",
            by=rater_of(world, assessment),
        )
    assessment.refresh_from_db()
    assert assessment.state == "complete"
    assert not ScoreValue.objects.filter(assessment=assessment).exists()
    assert is_signature_intact(assessment) is None


@pytest.mark.requirement("SIG-03")
def test_a_signature_names_the_rater_and_covers_the_answers(
    world: World, participant: Participant
) -> None:
    assessment = signed_caps(world, participant)
    signature = signatures_of(TABLE, [assessment.pk])[str(assessment.pk)][0]
    assert signature.user_id == assessment.rater_id
    assert signature.meaning == "I rated this interview"
    assert is_signature_intact(assessment)


@pytest.mark.requirement("SIG-04")
def test_a_signature_is_broken_by_a_later_change(
    world: World, participant: Participant
) -> None:
    assessment = signed_caps(world, participant, total=43)
    by = rater_of(world, assessment)
    reopen(assessment=assessment, reason="Item 2 was misheard", by=by)
    assert is_signature_intact(assessment)
    complete(
        completions=[
            Completion(
                assessment,
                DAY,
                "direct",
                caps_answers(43) | {"caps02": 4},
            )
        ],
        by=by,
        reason="Item 2 was misheard",
    )
    assert is_signature_intact(assessment) is False
    sign(assessments=[assessment], password=PASSWORD, by=by)
    assert is_signature_intact(assessment)
    assert ScoreValue.objects.get(assessment=assessment, score="total").value == 44


def test_reopening_makes_the_facts_of_the_form_unknown(
    world: World, participant: Participant
) -> None:
    assessment = signed_caps(world, participant, total=43)
    reopen(
        assessment=assessment,
        reason="Item 2 was misheard",
        by=rater_of(world, assessment),
    )
    assert "caps5_baseline" not in facts_of([participant.pk])[participant.pk]
    assert caps_rule(participant) == "undetermined"


def test_reopening_needs_a_reason(world: World, participant: Participant) -> None:
    assessment = signed_caps(world, participant)
    with pytest.raises(ReasonNeeded):
        reopen(assessment=assessment, reason=" ", by=rater_of(world, assessment))


def test_a_reopened_form_changes_only_with_a_reason(
    world: World, participant: Participant
) -> None:
    assessment = signed_caps(world, participant, total=43)
    by = rater_of(world, assessment)
    reopen(assessment=assessment, reason="Item 2 was misheard", by=by)
    changed = Completion(assessment, DAY, "direct", caps_answers(43) | {"caps02": 4})
    with pytest.raises(ReasonNeeded):
        complete(completions=[changed], by=by)
    before = RowChange.objects.filter(table_name="assessments_itemresponse").count()
    complete(completions=[changed], by=by, reason="Item 2 was misheard")
    after = RowChange.objects.filter(table_name="assessments_itemresponse").count()
    assert after - before == 1
    assert ItemResponse.objects.get(assessment=assessment, item="caps02").value == 4


def test_a_signed_form_takes_no_correction(
    world: World, participant: Participant
) -> None:
    assessment = signed_caps(world, participant)
    with pytest.raises(Refused, match="Reopen it with a reason first"):
        complete(
            completions=[Completion(assessment, DAY, "direct", caps_answers(1))],
            by=rater_of(world, assessment),
            reason="I changed my mind",
        )
