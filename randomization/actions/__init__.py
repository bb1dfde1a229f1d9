"""Every verb of randomization; the only writers of its tables and of the sealed ones."""

from randomization.actions.allocating import Randomizing, randomize
from randomization.actions.dispensing import KitRequest, dispense_kits
from randomization.actions.loading import NewKit, load_kits, load_list
from randomization.actions.revealing import reveal_arm

__all__ = [
    "KitRequest",
    "NewKit",
    "Randomizing",
    "dispense_kits",
    "load_kits",
    "load_list",
    "randomize",
    "reveal_arm",
]
