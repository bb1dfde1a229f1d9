"""The parts of a definition that make the course, as frozen data: one class each.

Every part may say where it comes from: ``source`` is a key of the definition's
``[sources]`` for the whole part, ``source_of`` one for a single key of it.
Amounts are milligrams, clock lengths are minutes; both say so in their names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trials.protocol.spans import Span
from trials.protocol.vocabulary import (
    Assignment,
    Otherwise,
    ParentLink,
    Provenance,
    VisitKind,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What every part of a definition has: where its values come from."""

    source: str = ""
    source_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of ``[sources]``: how well known, and what to cite."""

    code: str
    provenance: Provenance
    cite: str


# In `source_of`, takes the mark of the whole part away from a single key.
UNVERIFIED_MARK = "unverified"
UNVERIFIED = Source(UNVERIFIED_MARK, Provenance.UNVERIFIED, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent(Part):
    """The study that this one follows: its dates come in as ``parent.*`` events."""

    trials: tuple[str, ...]
    link: ParentLink
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose(Part):
    """Allowed amounts of one dose step in milligrams; several mean a choice."""

    initial_mg: tuple[Decimal, ...]
    supplement_mg: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntry(Part):
    """What must be true to enter a stage; every condition that is given must hold."""

    after: str = ""
    revealed: tuple[str, ...] = ()
    consent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Part):
    code: str
    label: str
    blinded: bool
    enter: StageEntry | None = None
    doses: Mapping[str, Dose] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Part):
    """Sealed until unblinding: to be read behind the wall only.

    Arms assigned by order are the cohorts of an escalation: each is filled before the
    next is begun, in the order of the file, and nothing is randomized.
    """

    code: str
    label: str
    ratio: int = 1
    assigned_by: Assignment = Assignment.RANDOMIZATION
    doses: Mapping[str, Dose] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A code that is stored and the words that people read for it."""

    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement(Part):
    """The second administration: its window counts from the initial dose."""

    opens_minutes: int
    closes_minutes: int
    fraction: Decimal = Decimal("0.5")
    optional: bool = True
    decided_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing(Part):
    """What is the same at every dosing session in every arm."""

    steps: tuple[str, ...]
    maximum_session_mg: Decimal | None = None
    stay_minutes: int | None = None
    people_present: int | None = None
    withheld_reasons: tuple[Choice, ...] = ()
    supplement: Supplement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomization(Part):
    """Block sizes are for unblinded roles alone: knowing them helps to guess."""

    at: str
    strata: tuple[str, ...]
    block_sizes: tuple[int, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Codes of what comes to some arms only, or for some of them on other days.

    `visits` of stages that wait for what was revealed, and those that count from them;
    `facts` that are found at such a visit; `items` of the consent to such a stage.
    """

    visits: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()

    def as_lists(self) -> dict[str, list[str]]:
        """Return the codes by kind, as the database keeps them; {} where there are none."""
        if not self.visits:
            return {}
        return {
            "visits": sorted(self.visits),
            "facts": sorted(self.facts),
            "items": sorted(self.items),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblinding(Part):
    """The planned unblinding: at a visit or event, or after database lock."""

    at: str = ""
    after: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stays_blind: tuple[str, ...] = ()

    def group_of(self, arm: str) -> str:
        """What unblinding reveals of `arm`: its group, or itself without groups."""
        for group, arms in self.groups.items():
            if arm in arms:
                return group
        return arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Part):
    """A point of the course; `asks` is "eligibility" where criteria are asked."""

    code: str
    at: str
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing(Part):
    """A window counted from one anchor, or back from it when `is_ahead`.

    Counted back, `earliest` is the longest span before the anchor and `latest` the
    shortest, so that opening, target and closing are in order either way.
    """

    anchor: str
    earliest: Span
    target: Span
    latest: Span
    is_ahead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(Part):
    """Narrows a window by another visit or event: after it, or before it."""

    anchor: str
    is_before: bool = False
    at_least: Span | None = None
    at_most: Span | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDefinition(Part):
    """One planned encounter, after repetition is written out.

    `pattern` is the code as the file gives it (``call_{n}_day_{day}``), `repetition`
    the number of the visit that it follows or precedes (1, 2, …) and `day` its day
    offset; for a visit that is not repeated they are the code, None and None.
    """

    code: str
    label: str
    kind: VisitKind
    number: str = ""
    stage: str = ""
    mode: str = ""
    length_minutes: int | None = None
    overnight: bool = False
    repeatable: bool = False
    when: Timing | None = None
    otherwise: Otherwise | Timing = Otherwise.FROM_TARGET
    constraints: tuple[Constraint, ...] = ()
    dose: tuple[str, ...] = ()
    pattern: str = ""
    repetition: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Part):
    """A named stretch between two visits; its lengths constrain the second."""

    code: str
    label: str
    start: str
    end: str
    at_least: Span | None = None
    at_most: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Part):
    """Kinds of visits dropped when treatment stops, or kept when a study is left."""

    cancels: tuple[VisitKind, ...]
    on_leaving_keeps: tuple[VisitKind, ...] = ()
