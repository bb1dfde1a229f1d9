"""Every verb of randomization; the only writers of its tables and of the sealed ones."""

from randomization.actions.allocating import Randomizing, randomize
from randomization.actions.dispensing import KitRequest, dispense_kits
from randomization.actions.exchanging import Exchange, exchange_kits
from randomization.actions.loading import (
    NewKit,
    is_sealed_list,
    load_kits,
    load_list,
)
from randomization.actions.revealing import (
    Accident,
    assess_impact,
    record_accident,
    reveal_arm,
    unblind_as_planned,
)

__all__ = [
    "Accident",
    "Exchange",
    "KitRequest",
    "NewKit",
    "Randomizing",
    "assess_impact",
    "dispense_kits",
    "exchange_kits",
    "is_sealed_list",
    "load_kits",
    "load_list",
    "randomize",
    "record_accident",
    "reveal_arm",
    "unblind_as_planned",
]
