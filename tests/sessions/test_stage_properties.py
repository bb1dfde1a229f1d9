"""Properties of the planner about stages: what is revealed, and when it may be seen."""

from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sessions.schedule import State, plan
from tests.sessions.definitions import DEFINITIONS
from tests.sessions.many_lives import (
    EXAMPLES,
    LIVES,
    LIVES_EACH,
    SEEDS,
    STAGED,
    entry_of,
    lived,
    windowed,
)


@EXAMPLES
@given(**LIVES)
def test_before_unblinding_the_plan_ignores_what_is_revealed(
    name: str, seed: int
) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        if "unblinding" in snapshot.record.events:
            continue
        for told in (None, *definition.revealed_names):
            record = replace(snapshot.record, revealed=told)
            planned = plan(definition, record, snapshot.today)
            assert planned == snapshot.planned
        for visit in definition.visits:
            entry = entry_of(definition, visit)
            if entry is not None and visit.code not in snapshot.record.missed:
                assert snapshot.planned[visit.code].opens is None
                assert snapshot.planned[visit.code].target is None


@EXAMPLES
@given(name=st.sampled_from(STAGED), seed=SEEDS)
def test_what_is_not_held_back_is_planned_alike_for_every_group(
    name: str, seed: int
) -> None:
    """Whatever was revealed, and whatever took place that is held back."""
    definition = DEFINITIONS[name]
    hidden = definition.held_back.visits
    assert hidden
    for snapshot in lived(name, seed):
        was = snapshot.record
        for told in definition.revealed_names:
            record = replace(
                was,
                revealed=told,
                held={x: on for x, on in was.held.items() if x not in hidden},
                missed={x: on for x, on in was.missed.items() if x not in hidden},
                booked={x: on for x, on in was.booked.items() if x not in hidden},
                doses={x: on for x, on in was.doses.items() if x not in hidden},
            )
            planned = plan(definition, record, snapshot.today)
            assert {x: planned[x] for x in planned.keys() - hidden} == {
                x: snapshot.planned[x] for x in snapshot.planned.keys() - hidden
            }


@EXAMPLES
@given(name=st.sampled_from(STAGED), seed=SEEDS)
def test_no_visit_of_a_stage_opens_before_the_stage_is_entered(
    name: str, seed: int
) -> None:
    definition = DEFINITIONS[name]
    for snapshot in lived(name, seed):
        record = snapshot.record
        for visit in windowed(snapshot):
            entry = entry_of(definition, definition.visit(visit.code))
            if entry is None:
                continue
            assert visit.opens is not None
            assert visit.opens >= record.events[entry.after]
            assert visit.opens >= record.consents.get(entry.consent, date.min)
            assert record.revealed in entry.revealed


def test_generated_lives_reach_every_state() -> None:
    counts: Counter[State] = Counter()
    for name in sorted(DEFINITIONS):
        for seed in range(LIVES_EACH):
            for snapshot in lived(name, seed):
                counts.update(visit.state for visit in snapshot.planned.values())
    assert set(counts) == set(State), counts


def test_generated_lives_come_into_every_stage() -> None:
    for name in STAGED:
        definition = DEFINITIONS[name]
        missing = {stage.code for stage in definition.stages}
        for seed in range(40):
            held = lived(name, seed)[-1].record.held
            missing -= {x.stage for x in definition.visits if x.code in held}
            if not missing:
                break
        assert not missing, name
