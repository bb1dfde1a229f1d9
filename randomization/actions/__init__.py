"""Every verb of randomization; the only writers of its tables and of the sealed ones."""

from randomization.actions.allocating import Randomizing, randomize
from randomization.actions.dispensing import (
    DispensedAt,
    KitRequest,
    correct_dispensing,
    dispense_kits,
)
from randomization.actions.exchanging import Exchange, exchange_kits
from randomization.actions.loading import (
    NewKit,
    is_sealed_list,
    load_kits,
    load_list,
)
from randomization.actions.revealing import (
    Accident,
    AllocatedArm,
    arms_of_locked_trial,
    assess_impact,
    record_accident,
    reveal_arm,
    unblind_as_planned,
)

__all__ = [
    "Accident",
    "AllocatedArm",
    "DispensedAt",
    "Exchange",
    "KitRequest",
    "NewKit",
    "Randomizing",
    "arms_of_locked_trial",
    "assess_impact",
    "correct_dispensing",
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
