"""A whole protocol definition, and the questions that the rest of the system asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trials.protocol.observations import (
    AcuteEffects,
    AdverseEventWindow,
    Amendment,
    AssessmentRow,
    Criterion,
    Drug,
    Endpoint,
    Estimand,
    Fact,
    Gate,
    NotYet,
    OutcomeClass,
    Vitals,
    Waiver,
    Washout,
)
from trials.protocol.parts import (
    UNVERIFIED,
    Arm,
    Dosing,
    HeldBack,
    Milestone,
    Parent,
    Part,
    Period,
    Randomization,
    Source,
    Stage,
    Stopping,
    Unblinding,
    VisitDefinition,
)
from trials.protocol.vocabulary import Assignment, VisitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolDefinition:
    """What a trial is. Made by `parse` only, which has checked every reference.

    `visits` are in the order of the course, repetition written out; `order` is the
    order in which the planner computes them, so that a plan is a single pass.
    `held_back` is what the site alone may read before the lock.
    """

    identifier: str
    version: str
    title: str
    reconstruction: bool
    stages: tuple[Stage, ...]
    visits: tuple[VisitDefinition, ...]
    registry: str = ""
    study_day_1: str = ""
    outcomes_visible_to_site: bool = False
    forbidden_words: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    parent: Parent | None = None
    arms: tuple[Arm, ...] = ()
    dosing: Dosing | None = None
    randomization: Randomization | None = None
    unblinding: Unblinding | None = None
    milestones: tuple[Milestone, ...] = ()
    periods: tuple[Period, ...] = ()
    stopping: Stopping | None = None
    assessments: tuple[AssessmentRow, ...] = ()
    gates: tuple[Gate, ...] = ()
    facts: tuple[Fact, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    drugs: tuple[Drug, ...] = ()
    washouts: tuple[Washout, ...] = ()
    adverse_events: tuple[AdverseEventWindow, ...] = ()
    vitals: Vitals | None = None
    acute_effects: AcuteEffects | None = None
    outcome_classes: tuple[OutcomeClass, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    estimands: tuple[Estimand, ...] = ()
    amendment: Amendment | None = None
    waivers: tuple[Waiver, ...] = ()
    not_yet: tuple[NotYet, ...] = ()
    order: tuple[str, ...] = ()
    held_back: HeldBack = field(default_factory=HeldBack)
    visits_by_code: Mapping[str, VisitDefinition] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # Frozen, so the index is set past the guard: it is derived, never changed,
        # and a lookup per visit and plan would otherwise search the whole list.
        by_code = {visit.code: visit for visit in self.visits}
        object.__setattr__(self, "visits_by_code", by_code)

    def visit(self, code: str) -> VisitDefinition:
        """The visit with this code; raises KeyError for a code it does not have."""
        return self.visits_by_code[code]

    def visits_of_kind(self, kind: VisitKind) -> tuple[VisitDefinition, ...]:
        return tuple(visit for visit in self.visits if visit.kind is kind)

    @property
    def dosing_visits(self) -> tuple[VisitDefinition, ...]:
        return self.visits_of_kind(VisitKind.DOSING)

    @property
    def fills_cohorts(self) -> bool:
        """Whether arms are filled in the order of joining, and nobody is randomized."""
        return any(arm.assigned_by is Assignment.ORDER for arm in self.arms)

    @property
    def revealed_names(self) -> tuple[str, ...]:
        """What the planned unblinding can reveal: its groups, or the arms themselves."""
        if self.unblinding is None:
            return ()
        return tuple(self.unblinding.groups) or tuple(arm.code for arm in self.arms)

    @property
    def facts_by_code(self) -> dict[str, Fact]:
        return {fact.code: fact for fact in self.facts}

    def stage(self, code: str) -> Stage:
        """The stage with this code; raises KeyError for a code it does not have."""
        return {stage.code: stage for stage in self.stages}[code]

    def milestone(self, code: str) -> Milestone:
        """The milestone with this code; raises KeyError when there is none."""
        return {milestone.code: milestone for milestone in self.milestones}[code]

    def row(self, code: str) -> AssessmentRow:
        """The assessment row with this code; raises KeyError when there is none."""
        return {row.code: row for row in self.assessments}[code]

    def forms_at(self, visit_code: str) -> tuple[AssessmentRow, ...]:
        """The rows of the time-and-events table at one visit, in protocol order."""
        return tuple(row for row in self.assessments if visit_code in row.at)

    def criteria_at(self, milestone: str) -> tuple[Criterion, ...]:
        """The criteria asked at a milestone, in protocol order."""
        return tuple(item for item in self.criteria if milestone in item.at)

    def rows_of(self, form: str) -> tuple[AssessmentRow, ...]:
        """The rows that schedule the form with this registry code."""
        return tuple(row for row in self.assessments if row.form == form)

    def is_hidden_from_site(self, form: str) -> bool:
        """Whether site staff may not read the form: any row that hides it decides."""
        return any(row.hidden_from_site for row in self.rows_of(form))

    def allows_paper(self, form: str) -> bool:
        """Whether the form may be transcribed from paper: every row must allow it."""
        rows = self.rows_of(form)
        return bool(rows) and all(row.from_paper for row in rows)

    def provenance_of(self, rule: Part, key: str = "") -> Source:
        """Where a part, or one key of it, comes from; silence is unverified.

        `key` is the key of the file ("latest", "from"), not the field's name.
        """
        return self.sources.get(rule.source_of.get(key, rule.source), UNVERIFIED)
