"""Who stops treatment, who leaves, and on whom a defect is planted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from participants.vocabulary import AFTER_LEAVING, EndCause
from simulation import figures
from simulation.figures import Arm
from simulation.moments import stream


class Defect(StrEnum):
    """The kinds of defect that the cohort carries on purpose, one of each."""

    LATE_VISIT = "late_visit"
    MISSING_ITEM = "missing_item"
    DOUBLE_ENTRY = "double_entry"
    EARLY_SUPPLEMENT = "early_supplement"
    REPEATED_RATER = "repeated_rater"
    PROTOCOL_DEVIATION = "protocol_deviation"
    WITHHELD_SUPPLEMENT = "withheld_supplement"
    UNBLINDING = "unblinding"
    SERIOUS_EVENT = "serious_event"


@dataclass(frozen=True, slots=True)
class Leaving:
    """How one participant stops treatment, leaves, or both.

    `stops_after` is the visit some days after which treatment stops. `stays` means
    assessments go on: their results count de facto, and not de jure. Otherwise the
    participant withdraws then, `is_lost` without a word, and `is_seen` comes once
    more for the early-termination visit.
    """

    stops_after: str
    days_later: tuple[int, int]
    reason: str
    assessed: int
    stays: bool = False
    is_lost: bool = False
    is_seen: bool = False
    is_unblinded: bool = False

    @property
    def cause(self) -> EndCause:
        return CAUSES[self.reason]

    @property
    def allows(self) -> frozenset[str]:
        """Who is seen once more allowed it, and who is lost took nothing back."""
        return frozenset(AFTER_LEAVING if self.is_seen or self.is_lost else ())


UNBLINDED = "Serious event needed the allocation; no further dosing after unblinding"
MEDICATION = "Needs a medication that the protocol does not allow with dosing"
CHOICE = "Participant wants no further dosing session and goes on with assessments"
LEFT_EARLY = "Consent withdrawn: expected more of the first session"
LOST = "Lost to follow-up after two calls and a letter"
NO_BENEFIT = "Consent withdrawn: no benefit felt"
MOVED = "Consent withdrawn: moved away from the site"
UNWELL = "Adverse event: anxiety between sessions"
NO_TIME = "Consent withdrawn: visits cannot be combined with work"
CAUSES = {
    UNBLINDED: EndCause.PHYSICIAN,
    MEDICATION: EndCause.PHYSICIAN,
    CHOICE: EndCause.SUBJECT,
    LEFT_EARLY: EndCause.SUBJECT,
    LOST: EndCause.LOST,
    NO_BENEFIT: EndCause.SUBJECT,
    MOVED: EndCause.SUBJECT,
    UNWELL: EndCause.ADVERSE_EVENT,
    NO_TIME: EndCause.SUBJECT,
}

# How many assessments count follows the published n: 53/53/53/52 and 51/50/44/42.
# Reasons, and who goes on with assessments, are assumed.
LEAVINGS: dict[Arm, tuple[Leaving, ...]] = {
    Arm.ACTIVE: (Leaving("t3", (0, 1), CHOICE, assessed=3, stays=True),),
    Arm.COMPARATOR: (
        Leaving("integration_1_2", (1, 3), LEFT_EARLY, assessed=1, is_seen=True),
        Leaving(
            "dosing_2",
            (10, 10),
            UNBLINDED,
            assessed=2,
            stays=True,
            is_unblinded=True,
        ),
        Leaving("dosing_2", (9, 12), MEDICATION, assessed=2, stays=True),
        Leaving("integration_2_2", (30, 40), LOST, assessed=2, is_lost=True),
        Leaving("t2", (1, 2), NO_BENEFIT, assessed=2, is_seen=True),
        Leaving("integration_2_2", (1, 4), MOVED, assessed=2),
        Leaving("integration_2_1", (3, 6), UNWELL, assessed=2, is_seen=True),
        Leaving("integration_3_2", (2, 8), NO_BENEFIT, assessed=3, is_seen=True),
        Leaving("t3", (1, 2), NO_TIME, assessed=3),
    ),
}
WITHDRAWS = Leaving("t2", (1, 2), NO_TIME, assessed=2, is_seen=True)
# Planted on participants of either arm who complete; the missing item, the
# unblinding and the serious event are planted on those who stop treatment and stay,
# where they leave the published figures alone.
ON_COMPLETERS = (
    Defect.LATE_VISIT,
    Defect.DOUBLE_ENTRY,
    Defect.EARLY_SUPPLEMENT,
    Defect.REPEATED_RATER,
    Defect.PROTOCOL_DEVIATION,
    Defect.WITHHELD_SUPPLEMENT,
)


def leavings(seed: bytes, arms: Sequence[Arm]) -> dict[int, Leaving]:
    """Return who leaves and how, by position in the order of randomization."""
    rng = stream(seed, "leaving")
    chosen: dict[int, Leaving] = {}
    for arm, ways in LEAVINGS.items():
        members = [i for i, each in enumerate(arms) if each is arm]
        chosen |= dict(zip(rng.sample(members, len(ways)), ways, strict=True))
    return chosen


def assessed_of(index: int, leaving: dict[int, Leaving]) -> int:
    """Return how many of a participant's four assessments count de jure."""
    found = leaving.get(index)
    return found.assessed if found else len(figures.TIMES)


def plant(seed: bytes, leaving: dict[int, Leaving]) -> dict[int, frozenset[Defect]]:
    """Return the defects of each participant who carries any."""
    rng: random.Random = stream(seed, "defects")
    completers = [i for i in range(figures.PARTICIPANTS) if i not in leaving]
    planted: dict[int, frozenset[Defect]] = {
        index: frozenset({defect})
        for index, defect in zip(
            rng.sample(completers, len(ON_COMPLETERS)), ON_COMPLETERS, strict=True
        )
    }
    for index, way in leaving.items():
        if way.is_unblinded:
            planted[index] = frozenset({Defect.UNBLINDING, Defect.SERIOUS_EVENT})
        elif way.reason == MEDICATION:
            planted[index] = frozenset({Defect.MISSING_ITEM})
    return planted
