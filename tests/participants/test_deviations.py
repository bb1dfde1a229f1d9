"""A deviation says what was not done as planned, by whoever may say so."""

from dataclasses import replace

import pytest

from accounts.vocabulary import Role
from audit.models import Action, RowChange
from audit.refusal import NotPermitted, Refused
from participants.actions import NewDeviation, record_deviations
from participants.models import Deviation
from tests.world import SCREENED_ON, World, new_world, screened


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def new(world: World) -> NewDeviation:
    (person,) = screened(world)
    words = "The room was not free"
    return NewDeviation(person, "out_of_window", SCREENED_ON, words, "prep_1")


def test_a_deviation_is_one_act_that_names_the_visit(
    world: World, new: NewDeviation
) -> None:
    (made,) = record_deviations(deviations=[new], by=world.actor(Role.THERAPIST))
    action = Action.objects.latest("id")
    assert action.subject == f"{new.participant.number}, visit prep_1"
    change = RowChange.objects.get(action_id=action.id)
    assert (change.row_id, change.participant_id) == (str(made.pk), new.participant.pk)


@pytest.mark.parametrize("change", [{"description": "  "}, {"kind": "mood"}])
def test_a_deviation_without_words_or_of_no_kind_is_refused(
    world: World, new: NewDeviation, change: dict[str, str]
) -> None:
    with pytest.raises(Refused):
        record_deviations(
            deviations=[replace(new, **change)],  # type: ignore[arg-type] # fields of one dataclass
            by=world.actor(Role.COORDINATOR),
        )
    assert not Deviation.objects.exists()


def test_whoever_assigns_raters_records_their_deviation_and_no_other(
    world: World, new: NewDeviation
) -> None:
    by = world.actor(Role.DATA_MANAGER)
    with pytest.raises(NotPermitted):
        record_deviations(deviations=[new], by=by)
    record_deviations(deviations=[replace(new, kind="rater")], by=by)
    assert Deviation.objects.get().kind == "rater"
