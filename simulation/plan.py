"""What is planned for a synthetic participant: dated acts, without any record.

Days count from day 0, a Monday for the finished cohort; the driver puts day 0 on the
calendar. Clock times are local to the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from adverse_events.vocabulary import (
    ActionTaken,
    Relatedness,
    SeriousnessCriterion,
    Severity,
    Valence,
)
from participants.vocabulary import EndCause
from simulation.figures import Arm
from simulation.items import Answers, Person


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One synthetic site and how many participants it randomizes."""

    code: str
    name: str
    country: str
    time_zone: str
    size: int


@dataclass(frozen=True, slots=True)
class DosePlan:
    """One dosing session: when the initial and the supplemental dose are given.

    `supplement_after` is in minutes from the initial dose, None where the supplement
    is withheld for `withheld_reason`.
    """

    step: str
    initial_at: time
    supplement_after: int | None
    withheld_reason: str = ""


@dataclass(frozen=True, slots=True)
class DeviationPlan:
    """A departure from the protocol: its kind, and how the site describes it."""

    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """One visit: held on a day, or missed with a reason.

    `opens` and `closes` are the days of its window. `rater` is the index of the
    independent rater where one assesses. `counts` is False after treatment was
    discontinued: such assessments are outside the de jure analysis.
    """

    code: str
    day: int
    starts_at: time
    opens: int
    closes: int
    missed_reason: str = ""
    rater: int | None = None
    dose: DosePlan | None = None
    answers: tuple[Answers, ...] = ()
    deviation: DeviationPlan | None = None
    counts: bool = True

    @property
    def is_held(self) -> bool:
        """Tell whether the visit took place."""
        return not self.missed_reason

    @property
    def is_in_window(self) -> bool:
        """Tell whether the visit's day lies in its window."""
        return self.opens <= self.day <= self.closes


@dataclass(frozen=True, slots=True)
class EventPlan:
    """One adverse event, favorable and neutral ones included; all are recovered from.

    Relatedness is that to the study drug, judged blind.

    `dosing` names the dosing visit the onset is counted from and
    `minutes_after_dose` the time since that session's initial dose; both are empty for
    events between sessions. `duplicate_of` is the position of the event, in the
    participant's events, that this one repeats by mistake; it is then voided on
    `voided_day`.
    """

    term: str
    day: int
    severity: Severity
    valence: Valence
    relatedness: Relatedness
    duration_days: int
    aware_day: int
    dosing: str = ""
    minutes_after_dose: int | None = None
    serious: tuple[SeriousnessCriterion, ...] = ()
    action: ActionTaken = ActionTaken.NOT_CHANGED
    determined_day: int | None = None
    duplicate_of: int | None = None
    voided_day: int | None = None
    voided_reason: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """A dated end with its reason: of treatment, or of taking part.

    `allows` is what somebody who leaves allows still (participants.vocabulary).
    """

    day: int
    reason: str
    cause: EndCause
    allows: frozenset[str]


@dataclass(frozen=True, slots=True)
class UnblindingPlan:
    """One emergency unblinding: when, why, and who learned the arm."""

    day: int
    reason: str
    learned_by: str


@dataclass(frozen=True, slots=True)
class ParticipantPlan:
    """A synthetic participant's whole course.

    `arm` is None for those placed relative to today, whose allocation the plan does
    not know. Without consent there is no name and no address either. `index` is the
    position in the order of randomization.
    """

    index: int
    name: str
    email: str
    site: int
    arm: Arm | None
    sex: str
    age: int
    person: Person
    consent_day: int | None
    visits: tuple[VisitPlan, ...]
    confirmed_day: int | None
    randomized_day: int | None
    events: tuple[EventPlan, ...] = ()
    treatment_stopped: Ending | None = None
    withdrawn: Ending | None = None
    completed_day: int | None = None
    unblinding: UnblindingPlan | None = None

    def visit(self, code: str) -> VisitPlan | None:
        """Return the visit with that code, None if none is planned."""
        return next((visit for visit in self.visits if visit.code == code), None)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The finished synthetic participants, in the order of randomization."""

    seed: bytes
    participants: tuple[ParticipantPlan, ...]

    @property
    def last_day(self) -> int:
        """Return the last day on which anything happens, counted from day 0."""
        days = [visit.day for p in self.participants for visit in p.visits]
        days += [event.aware_day for p in self.participants for event in p.events]
        days += [event.voided_day or 0 for p in self.participants for event in p.events]
        return max(days)
