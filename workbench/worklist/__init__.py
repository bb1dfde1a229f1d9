"""Today's work: what waits, in order of consequence, each line linked to its place."""

from workbench.worklist.gathering import gather, next_booked
from workbench.worklist.lines import Clock, Line
from workbench.worklist.steps import Step, next_step
from workbench.worklist.visits import standing_of, window_of

__all__ = [
    "Clock",
    "Line",
    "Step",
    "gather",
    "next_booked",
    "next_step",
    "standing_of",
    "window_of",
]
