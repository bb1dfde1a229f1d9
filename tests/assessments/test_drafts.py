"""Drafts: every answer that was said to be saved is there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.vocabulary import Role
from assessments.access import draft_of
from assessments.actions import DraftClosed, GivenAnswer, keep_answers
from assessments.models import Assessment, Draft
from audit.actors import Actor
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, Refused
from tests.drafting import save_answer
from tests.world import (
    World,
    completed_caps,
    enrolled,
    new_world,
    rater_of,
    requested_caps,
    started,
)

ITEMS = [f"caps{number:02}" for number in range(1, 21)] + [
    f"caps{number:02}_tr" for number in (9, *range(11, 20))
]


@pytest.fixture
def assessment(world: World) -> Assessment:
    return requested_caps(world, enrolled(world)[0])


def test_an_answer_is_kept_with_the_servers_time(
    world: World, assessment: Assessment
) -> None:
    by = rater_of(world, assessment)
    saved_at = save_answer(
        assessment=assessment, item="caps01", value=3, missing="", by=by
    )
    answer = Draft.objects.get(assessment=assessment).answers["caps01"]
    assert (answer["value"], answer["at"]) == (3, saved_at.isoformat())


def test_the_first_answer_starts_the_form_and_the_draft_is_off_the_trail(
    world: World, assessment: Assessment
) -> None:
    """An interview once stayed "Assigned" until its end, and nobody had started it."""
    before = RowChange.objects.count()
    by = rater_of(world, assessment)
    save_answer(assessment=assessment, item="caps01", value=3, missing="", by=by)
    assessment.refresh_from_db()
    assert assessment.state == "in_progress"
    act = Action.objects.order_by("pk").last()
    assert act is not None
    assert (act.verb, act.actor_id) == ("start assessment", by.user_id)
    assert RowChange.objects.count() == before + 1
    stale = Assessment.objects.get(pk=assessment.pk)
    stale.state = "assigned"
    save_answer(assessment=stale, item="caps02", value=3, missing="", by=by)
    assert Action.objects.order_by("pk").last() == act
    assert RowChange.objects.count() == before + 1


def test_a_draft_is_seen_by_its_owner_alone(
    world: World, assessment: Assessment
) -> None:
    by = rater_of(world, assessment)
    save_answer(assessment=assessment, item="caps01", value=3, missing="", by=by)
    assert draft_of(assessment, by.user_id) == {"caps01": 3}
    assert draft_of(assessment, world.user(Role.INVESTIGATOR).pk) == {}


def test_clearing_an_answer_clears_it(world: World, assessment: Assessment) -> None:
    by = rater_of(world, assessment)
    for value in (3, None):
        save_answer(
            assessment=assessment, item="caps01", value=value, missing="", by=by
        )
    assert draft_of(assessment, by.user_id) == {}


def test_an_answer_overtaken_on_its_way_changes_nothing(
    world: World, assessment: Assessment
) -> None:
    by = rater_of(world, assessment)
    for value, sequence in ((4, 200), (1, 100)):
        save_answer(
            assessment=assessment,
            item="caps01",
            value=value,
            missing="",
            by=by,
            sequence=sequence,
        )
    assert draft_of(assessment, by.user_id) == {"caps01": 4}


def test_answers_sent_together_are_kept_together_and_the_newest_of_an_item_wins(
    world: World, assessment: Assessment
) -> None:
    by = rater_of(world, assessment)
    save_answer(
        assessment=assessment, item="caps03", value=4, missing="", by=by, sequence=9
    )
    given = [
        GivenAnswer("caps02", 3, "", 7),
        GivenAnswer("caps01", 2, "", 6),
        GivenAnswer("caps02", 1, "", 5),
        GivenAnswer("caps03", 0, "", 8),
    ]
    kept = keep_answers(assessment=assessment, given=given, by=by)
    assert kept.answers == {"caps01": 2, "caps02": 3, "caps03": 4}
    assert draft_of(assessment, by.user_id) == kept.answers


def test_what_is_no_answer_does_not_keep_the_others_from_being_kept(
    world: World, assessment: Assessment
) -> None:
    by = rater_of(world, assessment)
    given = [GivenAnswer("caps01", 9, "", 1), GivenAnswer("caps02", 2, "", 2)]
    kept = keep_answers(assessment=assessment, given=given, by=by)
    assert kept.refused == {"caps01": "9 is no answer; use 0, 1, 2, 3, 4."}
    assert draft_of(assessment, by.user_id) == {"caps02": 2}


@pytest.mark.parametrize(
    ("item", "value", "missing"),
    [
        ("caps01", 5, ""),
        ("caps01", "x", ""),
        ("caps99", 1, ""),
        ("caps01", 1, "refused"),
        ("caps01", None, "forgot"),
        ("action_taken", "x" * 2001, ""),
    ],
)
def test_what_is_no_answer_is_not_kept(
    world: World, assessment: Assessment, item: str, value: int | str, missing: str
) -> None:
    with pytest.raises(Refused):
        save_answer(
            assessment=assessment,
            item=item,
            value=value,
            missing=missing,
            by=rater_of(world, assessment),
        )
    assert not Draft.objects.exists()


def test_a_completed_form_takes_no_draft(world: World) -> None:
    assessment = completed_caps(world, enrolled(world)[0])
    with pytest.raises(DraftClosed):
        save_answer(
            assessment=assessment,
            item="caps01",
            value=3,
            missing="",
            by=rater_of(world, assessment),
        )


def test_nobody_keeps_a_draft_of_an_interview_that_is_not_theirs(
    world: World, assessment: Assessment
) -> None:
    other = world.actor(
        Role.RATER, second=assessment.rater_id == world.user(Role.RATER).pk
    )
    for by in (other, world.actor(Role.COORDINATOR), world.actor(Role.DATA_MANAGER)):
        with pytest.raises(NotPermitted):
            save_answer(
                assessment=assessment, item="caps01", value=3, missing="", by=by
            )


def test_a_clinician_keeps_a_draft_of_a_site_form(world: World) -> None:
    form = started(world, enrolled(world)[0], "enrollment_visit", "cssrs_slc")
    by = world.actor(Role.THERAPIST)
    save_answer(assessment=form, item="cssrs01", value=0, missing="", by=by)
    assert draft_of(form, by.user_id) == {"cssrs01": 0}


@pytest.mark.services
def test_thirty_answers_over_eight_connections_are_all_kept(own_database: str) -> None:
    """A read-modify-write kept 13 of 30 here and called all of them saved."""
    world = new_world("PARALLEL-1")
    assessment = requested_caps(world, enrolled(world)[0])
    by = rater_of(world, assessment)

    def save(numbered: tuple[int, str]) -> None:
        number, item = numbered
        value = 1 + number % 3
        try:
            save_answer(
                assessment=assessment, item=item, value=value, missing="", by=by
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(save, enumerate(ITEMS)))
    kept = draft_of(assessment, by.user_id)
    assert kept == {item: 1 + number % 3 for number, item in enumerate(ITEMS)}
    assert len(kept) == 30


def test_the_actor_of_a_draft_is_a_person(assessment: Assessment) -> None:
    nobody = Actor(user_id=0, name="Nobody", token="")
    with pytest.raises(NotPermitted):
        save_answer(
            assessment=assessment, item="caps01", value=3, missing="", by=nobody
        )
