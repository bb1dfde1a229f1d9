"""The table of published figures says where each came from and agrees with itself."""

import pytest

from simulation.figures import Arm, Measure, Provenance, published_figures
from simulation.schedule import Slot, session_of
from simulation.trajectories import Goal


def test_recalled_rates_are_marked_unverified() -> None:
    for figure in published_figures():
        if figure.measure is Measure.WITH_EVENT:
            assert figure.provenance is Provenance.UNVERIFIED


def test_baseline_deviations_are_those_of_the_publication() -> None:
    found = {
        figure.arm: figure.value
        for figure in published_figures()
        if figure.measure is Measure.TOTAL_SD and figure.time == "T1"
    }
    assert found == {Arm.ACTIVE: 6.6, Arm.COMPARATOR: 6.7}


def test_a_goal_is_missed_only_beyond_its_margin() -> None:
    goal = Goal(10.0, 2.0)
    assert goal.miss(10.5) == 0
    assert goal.miss(12.0) == pytest.approx(0.5625)
    assert goal.miss(8.0) == goal.miss(12.0)


def test_usual_days_outside_of_the_window_are_refused() -> None:
    with pytest.raises(ValueError, match="outside the window"):
        Slot("t2", "dosing_1", 21, 35, 20, 25)


@pytest.mark.parametrize(
    ("code", "session"),
    [
        ("dosing_3", 3),
        ("integration_1_2", 1),
        ("call_1_day_2", 1),
        ("prep_3", None),
        ("t2", None),
    ],
)
def test_a_visit_belongs_to_the_session_in_its_code(
    code: str, session: int | None
) -> None:
    assert session_of(code) == session
