"""A protocol that asks for laboratory, ECG or a test before each dose, by name."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.vocabulary import Role
from medical.actions import Review, review, void
from medical.vocabulary import Kind
from sessions.access import standings_of
from sessions.models import Visit
from tests.medical.world import recorded
from tests.world import MAPP2, World, held, new_world, randomized, visit_of
from trials.protocol import ProtocolError, parse
from trials.protocol.lint import lint

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
GATES = """
[[gates]]
form = "pregnancy_test"
before = ["every dosing"]
within = "1 day"
reviewed = false

[[gates]]
form = "laboratory"
before = ["every dosing"]
within = "7 days"

[[gates]]
form = "ecg"
before = ["every dosing"]
within = "7 days"
"""
TEXT = MAPP2.read_text("utf-8").replace("[[facts]]", GATES + "\n[[facts]]", 1)


@pytest.fixture
def world() -> World:
    return new_world(text=TEXT)


@pytest.fixture
def visit(world: World) -> Visit:
    """A dosing visit that is held, of somebody with nothing on the medical record."""
    (person,) = randomized(world)
    held(world, [person], "dosing_1")
    return visit_of(person, "dosing_1")


def answers(visit: Visit) -> dict[str, bool | None]:
    """Return what the protocol's own gates say."""
    gates = standings_of([visit])[visit.pk].gates
    names = {"Pregnancy test", "Laboratory", "Ecg"}
    return {gate.label: gate.is_met for gate in gates if gate.label in names}


def before(visit: Visit, days: int) -> date:
    assert visit.held_on is not None
    return visit.held_on - timedelta(days=days)


def reviewed(world: World, record: object) -> None:
    by = world.actor(Role.INVESTIGATOR)
    one = Review(record, "normal")  # type: ignore[arg-type] # a record of any kind
    review(reviews=[one], at=NOW, by=by)


def test_nothing_on_record_passes_no_gate(visit: Visit) -> None:
    assert answers(visit) == {"Pregnancy test": None, "Laboratory": None, "Ecg": None}


@pytest.mark.parametrize(
    ("days", "is_met"), [(-1, None), (0, True), (1, True), (2, None)]
)
def test_a_test_counts_within_its_span_and_not_after_the_dose(
    world: World, visit: Visit, days: int, is_met: bool | None
) -> None:
    recorded(world, visit.participant, Kind.TEST, performed_on=before(visit, days))
    assert answers(visit)["Pregnancy test"] is is_met


def test_a_later_test_takes_nothing_from_the_one_before_the_dose(
    world: World, visit: Visit
) -> None:
    for days in (1, -3):
        recorded(world, visit.participant, Kind.TEST, performed_on=before(visit, days))
    assert answers(visit)["Pregnancy test"] is True


def test_what_is_to_be_reviewed_passes_once_it_is(world: World, visit: Visit) -> None:
    lab = recorded(world, visit.participant, Kind.LAB, sampled_on=before(visit, 5))
    assert answers(visit)["Laboratory"] is False
    reviewed(world, lab)
    assert answers(visit)["Laboratory"] is True


def test_a_record_that_is_voided_passes_nothing(world: World, visit: Visit) -> None:
    ecg = recorded(world, visit.participant, Kind.ECG, recorded_on=before(visit, 3))
    reviewed(world, ecg)
    assert answers(visit)["Ecg"] is True
    ecg.refresh_from_db()
    void(
        record=ecg,
        reason="Of somebody else",
        at=NOW,
        by=world.actor(Role.COORDINATOR),
    )
    assert answers(visit)["Ecg"] is None


def test_a_drug_screen_is_no_pregnancy_test(world: World, visit: Visit) -> None:
    recorded(
        world,
        visit.participant,
        Kind.TEST,
        kind="urine_drug_screen",
        performed_on=before(visit, 0),
    )
    assert answers(visit)["Pregnancy test"] is None


def test_the_gates_meet_what_reviewers_looked_for_before_a_dose() -> None:
    wanted = {"F3.chemistry_before", "F3.ecg_before", "F3.pregnancy_before"}
    assert wanted <= found_in(MAPP2.read_text("utf-8"))
    assert not wanted & found_in(TEXT.replace("reviewed = false\n", ""))


def found_in(text: str) -> set[str]:
    """Return the codes of what lint finds."""
    return {each.expectation.code for each in lint(parse(text, filename="mapp2.toml"))}


def test_a_gate_on_what_is_done_nowhere_is_refused() -> None:
    text = TEXT.replace('form = "ecg"', 'form = "eeg"')
    with pytest.raises(ProtocolError, match="never scheduled"):
        parse(text, filename="mapp2.toml")
