"""The driver of the demonstration: plays plans through the ordinary actions."""

from simulation.driver.cast import PASSWORD
from simulation.driver.playing import began_on, begin, demonstrate
from simulation.driver.script import (
    IDENTIFIER,
    SEED,
    Member,
    Script,
    full_script,
    script_of,
)

__all__ = [
    "IDENTIFIER",
    "PASSWORD",
    "SEED",
    "Member",
    "Script",
    "began_on",
    "begin",
    "demonstrate",
    "full_script",
    "script_of",
]
