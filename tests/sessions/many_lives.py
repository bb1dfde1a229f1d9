"""Lives of participants in every definition, shared by the properties of the planner."""

import os
from collections.abc import Iterator
from datetime import date
from functools import cache

from hypothesis import settings
from hypothesis import strategies as st

from sessions.schedule import WINDOWED, PlannedVisit
from tests.sessions.definitions import DEFINITIONS
from tests.sessions.lives import Snapshot, life
from trials.protocol import ProtocolDefinition, VisitDefinition
from trials.protocol.parts import StageEntry

STAGED = sorted(
    name
    for name, definition in DEFINITIONS.items()
    if any(stage.enter is not None for stage in definition.stages)
)
NAMES = st.sampled_from(sorted(DEFINITIONS))
# Of each definition. All properties share them: making a life costs more than a look.
LIVES_EACH = int(os.environ.get("LIVES", "4"))
SEEDS = st.integers(0, LIVES_EACH - 1)
LIVES = {"name": NAMES, "seed": SEEDS}
EXAMPLES = settings(max_examples=10 * LIVES_EACH, deadline=None)


@cache
def lived(name: str, seed: int) -> tuple[Snapshot, ...]:
    return tuple(life(DEFINITIONS[name], seed))


def windowed(snapshot: Snapshot) -> Iterator[PlannedVisit]:
    return (x for x in snapshot.planned.values() if x.state in WINDOWED)


def last_day(visit: PlannedVisit) -> date:
    return visit.closes or date.max


def window_of(visit: PlannedVisit) -> tuple[date, date, date]:
    assert visit.opens is not None
    assert visit.target is not None
    return visit.opens, visit.target, last_day(visit)


def entry_of(
    definition: ProtocolDefinition, visit: VisitDefinition
) -> StageEntry | None:
    """What must be true before this visit's stage begins; None where nothing must."""
    return definition.stage(visit.stage).enter if visit.stage else None
