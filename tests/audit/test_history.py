"""Reading the trail: one participant's history tells of nobody else."""

import pytest

from accounts.vocabulary import Role
from audit.history import (
    MOST_RECORDS,
    Subject,
    entries,
    of_participant,
    of_row,
)
from audit.models import Action
from audit.naming import names_in
from audit.sentences import CUT, sentences
from audit.trail import acting
from participants.models import Participant
from tests.world import enrolled, new_world, screened

pytestmark = pytest.mark.django_db


def test_an_act_on_many_tells_only_of_the_one_whose_history_is_read() -> None:
    first, second = enrolled(new_world(), 2)
    about = Subject(first.pk, first.number)
    told = entries(of_participant(first.pk), about=about, limit=200)
    assert "enroll" in {entry.verb for entry in told}
    assert all(second.number not in entry.subject for entry in told)
    rows = {
        change.row
        for entry in told
        for change in entry.changes
        if change.table == "participants_participant"
    }
    assert rows == {str(first.pk)}


def test_pages_of_the_trail_follow_one_another_without_gap_or_repetition() -> None:
    (participant,) = enrolled(new_world())
    everything = [e.id for e in entries(of_participant(participant.pk), limit=500)]
    paged: list[int] = []
    before = None
    while page := entries(of_participant(participant.pk), before=before, limit=3):
        paged += [entry.id for entry in page]
        before = paged[-1]
    assert paged == everything
    assert len(paged) > 3


def test_the_history_of_a_row_holds_its_acts_alone() -> None:
    world = new_world()
    first, second = enrolled(world, 2)
    by = world.actor(Role.COORDINATOR)
    with acting("correct age", by=by, reason="Typed in error"):
        Participant.objects.filter(pk=second.pk).update(age=50)
    verbs = [e.verb for e in entries(of_row("participants_participant", first.pk))]
    assert "correct age" not in verbs


def test_a_huge_act_is_told_in_part_in_a_list_and_says_so() -> None:
    world = new_world()
    people = screened(world, MOST_RECORDS + 5)
    (told,) = entries(Action.objects.filter(verb="add to screening log"))
    assert told.is_cut
    rows = {change.row for change in told.changes}
    assert len(rows) == MOST_RECORDS
    (sentence,) = sentences([told], names=names_in([told]))
    assert sentence.changes[-1].after == CUT
    last = people[-1]
    about = Subject(last.pk, last.number)
    (own,) = entries(of_participant(last.pk), about=about)
    assert not own.is_cut
    assert {change.row for change in own.changes} == {str(last.pk)}
