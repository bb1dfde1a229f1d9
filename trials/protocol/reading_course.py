"""Reads the parts that make the course: stages, arms, dosing, visits, periods."""

from typing import Any

from trials.protocol.entries import Entry
from trials.protocol.expansion import VisitTemplate
from trials.protocol.parts import (
    Arm,
    Constraint,
    Dose,
    Dosing,
    Milestone,
    Parent,
    Period,
    Randomization,
    Stage,
    StageEntry,
    Stopping,
    Supplement,
    Timing,
    Unblinding,
    VisitDefinition,
)
from trials.protocol.reading_rules import read_choices
from trials.protocol.spans import Span
from trials.protocol.vocabulary import Assignment, Otherwise, ParentLink, VisitKind


def read_parent(entry: Entry) -> Parent:
    return Parent(
        trials=entry.texts("trials", needed=True),
        link=entry.word("link", ParentLink),
        carries=entry.texts("carries"),
        **entry.provenance(),
    )


def read_stage(entry: Entry) -> Stage:
    enter = entry.inner("enter")
    return Stage(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        blinded=entry.flag("blinded"),
        enter=_read_stage_entry(enter) if enter else None,
        doses=_read_doses(entry),
        **entry.provenance(),
    )


def _read_stage_entry(entry: Entry) -> StageEntry:
    stage_entry = StageEntry(
        after=entry.text("after"),
        revealed=entry.texts("revealed"),
        consent=entry.text("consent"),
        **entry.provenance(),
    )
    entry.close()
    return stage_entry


def read_arm(entry: Entry) -> Arm:
    ratio = entry.whole("ratio")
    if ratio == 0:
        entry.wrong("must be 1 or more.", "ratio")
    return Arm(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        ratio=ratio or 1,
        assigned_by=entry.word(
            "assigned_by", Assignment, default=Assignment.RANDOMIZATION
        ),
        doses=_read_doses(entry),
        **entry.provenance(),
    )


def _read_doses(entry: Entry) -> dict[str, Dose]:
    doses = entry.inner("doses")
    if doses is None:
        return {}
    read: dict[str, Dose] = {}
    for step in doses.table:
        inner = doses.inner(step)
        if inner is not None:
            read[step] = Dose(
                initial_mg=inner.numbers("initial_mg", needed=True),
                supplement_mg=inner.numbers("supplement_mg"),
                **inner.provenance(),
            )
            inner.close()
    return read


def read_dosing(entry: Entry) -> Dosing:
    supplement = entry.inner("supplement")
    return Dosing(
        steps=entry.texts("steps", needed=True),
        maximum_session_mg=entry.number("maximum_session_mg"),
        stay_minutes=entry.minutes("stay"),
        people_present=entry.whole("people_present"),
        withheld_reasons=read_choices(entry, "withheld_reasons"),
        supplement=_read_supplement(supplement) if supplement else None,
        **entry.provenance(),
    )


def _read_supplement(entry: Entry) -> Supplement:
    more: dict[str, Any] = entry.provenance()
    if (fraction := entry.number("fraction")) is not None:
        more["fraction"] = fraction
    supplement = Supplement(
        opens_minutes=entry.minutes("opens", needed=True) or 0,
        closes_minutes=entry.minutes("closes", needed=True) or 0,
        optional=entry.flag("optional", default=True),
        decided_by=entry.text("decided_by"),
        **more,
    )
    entry.close()
    return supplement


def read_randomization(entry: Entry) -> Randomization:
    return Randomization(
        at=entry.text("at", needed=True),
        strata=entry.texts("strata", needed=True),
        block_sizes=entry.wholes("block_sizes", needed=True),
        needs=entry.texts("needs"),
        **entry.provenance(),
    )


def read_unblinding(entry: Entry) -> Unblinding:
    groups = entry.inner("groups")
    unblinding = Unblinding(
        at=entry.text("at"),
        after=entry.text("after"),
        groups={group: groups.texts(group) for group in groups.table} if groups else {},
        stays_blind=entry.texts("stays_blind"),
        **entry.provenance(),
    )
    if bool(unblinding.at) == bool(unblinding.after):
        entry.wrong('needs either at, or after = "database_lock".')
    elif unblinding.after not in {"", "database_lock"}:
        entry.wrong('can only be "database_lock".', "after")
    return unblinding


def read_milestone(entry: Entry) -> Milestone:
    asks = entry.text("asks")
    if asks not in {"", "eligibility"}:
        entry.wrong('can only be "eligibility".', "asks")
    return Milestone(
        code=entry.text("code", needed=True),
        at=entry.text("at", needed=True),
        asks=asks,
        **entry.provenance(),
    )


def read_period(entry: Entry) -> Period:
    return Period(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        start=entry.text("from", needed=True),
        end=entry.text("to", needed=True),
        at_least=entry.span("at_least"),
        at_most=entry.span("at_most"),
        **entry.provenance(),
    )


def read_stopping(entry: Entry) -> Stopping:
    return Stopping(
        cancels=entry.words("cancels", VisitKind, needed=True),
        on_leaving_keeps=entry.words("on_leaving_keeps", VisitKind),
        **entry.provenance(),
    )


def read_visit(entry: Entry) -> VisitTemplate:
    when = entry.inner("when")
    numbers = entry.texts("number")
    # An arm in a visit deserves its own sentence: it is the mistake that unblinds.
    if entry.has("arm") or entry.has("arms"):
        entry.wrong("may not name an arm. Put it in a stage entered after unblinding.")
    visit = VisitDefinition(
        code=entry.text("code", needed=True),
        label=entry.text("label", needed=True),
        kind=entry.word("kind", VisitKind),
        stage=entry.text("stage"),
        mode=entry.text("mode"),
        length_minutes=entry.minutes("length"),
        overnight=entry.flag("overnight", default=False),
        repeatable=entry.flag("repeatable", default=False),
        when=read_timing(when) if when else None,
        otherwise=_read_otherwise(entry),
        constraints=tuple(_read_constraint(x) for x in entry.inners("constraints")),
        dose=entry.texts("dose"),
        **entry.provenance(),
    )
    return VisitTemplate(
        visit=visit,
        numbers=numbers,
        follows_each=entry.texts("follows_each"),
        precedes_each=entry.texts("precedes_each"),
        on_days=entry.wholes("on_days"),
        before_next=entry.flag("before_next", default=False),
    )


def read_timing(entry: Entry) -> Timing:
    """A `when`; its anchor is empty where repetition will supply it."""
    after, ahead_of = entry.text("after"), entry.text("ahead_of")
    if after and ahead_of:
        entry.wrong("give either after or ahead_of.")
    earliest, latest = entry.span("earliest"), entry.span("latest")
    target = entry.span("target") or earliest or Span()
    if "target" not in entry.table and not {"earliest", "latest"} <= set(entry.table):
        entry.wrong("says no day; give target, or earliest and latest.")
    for key, span in (("earliest", earliest), ("target", target)):
        if span and span.unlimited:
            entry.wrong('only latest can be "no limit".', key)
    timing = Timing(
        anchor=after or ahead_of,
        is_ahead=bool(ahead_of),
        earliest=earliest or target,
        target=target,
        latest=latest or target,
        **entry.provenance(),
    )
    entry.close()
    return timing


def _read_otherwise(entry: Entry) -> Otherwise | Timing:
    if isinstance(entry.table.get("otherwise"), dict):
        inner = entry.inner("otherwise")
        if inner is not None:
            return read_timing(inner)
    return entry.word("otherwise", Otherwise, default=Otherwise.FROM_TARGET)


def _read_constraint(entry: Entry) -> Constraint:
    after, before = entry.text("after"), entry.text("before")
    if bool(after) == bool(before):
        entry.wrong("needs either after or before.")
    constraint = Constraint(
        anchor=after or before,
        is_before=bool(before),
        at_least=entry.span("at_least"),
        at_most=entry.span("at_most"),
        why=entry.text("why"),
        **entry.provenance(),
    )
    if after and constraint.at_least is None and constraint.at_most is None:
        entry.wrong("narrows nothing; add at_least or at_most.")
    entry.close()
    return constraint
