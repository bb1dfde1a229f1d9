"""Reading the trail: one participant's history tells of nobody else."""

import pytest

from accounts.vocabulary import Role
from audit.history import Subject, entries, of_participant, of_row
from audit.trail import acting
from participants.models import Participant
from tests.world import enrolled, new_world

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
