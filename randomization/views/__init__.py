"""Pages of randomization: treating, unblinding, and loading what is sealed."""

from randomization.views.loading import kits, load_kits, load_list
from randomization.views.treating import (
    correct_time,
    dispense,
    exchange,
    randomize,
)
from randomization.views.unblinding import (
    accident,
    arms,
    impact,
    planned,
    unblind,
    unblindings,
)

__all__ = [
    "accident",
    "arms",
    "correct_time",
    "dispense",
    "exchange",
    "impact",
    "kits",
    "load_kits",
    "load_list",
    "planned",
    "randomize",
    "unblind",
    "unblindings",
]
