"""Today's work: what waits, in order of consequence, each line linked to its place."""

from workbench.worklist.gathering import gather, next_booked
from workbench.worklist.lines import Clock, Line, window_of
from workbench.worklist.steps import Step, next_step

__all__ = [
    "Clock",
    "Line",
    "Step",
    "gather",
    "next_booked",
    "next_step",
    "window_of",
]
