"""Checks the blinded part: stages, arms, doses, randomization, unblinding."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.parts import (
    Arm,
    Dose,
    Dosing,
    Randomization,
    Stage,
    Unblinding,
    VisitDefinition,
)
from trials.protocol.problems import Problem, meant
from trials.protocol.vocabulary import (
    PARENT_EVENTS,
    RATERS,
    Assignment,
    Event,
    VisitKind,
)


def stage_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Entry conditions that could unblind, or that can never hold."""
    for stage in definition.stages:
        for sentence in _entry_sentences(stage, definition):
            yield Problem(sentence, f"Stage {stage.code}")
        if stage.blinded and stage.doses:
            sentence = "is blinded and may not give doses; put them in [[arms]]."
            yield Problem(sentence, f"Stage {stage.code}")


def _entry_sentences(stage: Stage, definition: ProtocolDefinition) -> Iterator[str]:
    enter = stage.enter
    if enter is None:
        return
    events = [event.value for event in Event]
    events += PARENT_EVENTS if definition.parent else ()
    if enter.after and enter.after not in events:
        yield f"'{enter.after}' is not an event.{meant(enter.after, events)}"
    if enter.revealed and stage.blinded:
        yield "is blinded and may not depend on an arm."
    if enter.revealed and enter.after != Event.UNBLINDING:
        yield (
            'depends on what was revealed, so it must be entered after = "unblinding".'
        )
    revealed = definition.revealed_names
    for name in set(enter.revealed) - set(revealed):
        known = ", ".join(revealed) or "nothing"
        yield f"'{name}' is never revealed; unblinding reveals {known}."


def open_dose_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """One step of two open stages: a kit is packed for a step, whoever comes to it."""
    planned: dict[str, Stage] = {}
    for stage in definition.stages:
        for step, dose in stage.doses.items():
            other = planned.setdefault(step, stage)
            if _amounts(other.doses[step]) != _amounts(dose):
                sentence = (
                    f"gives another dose at the step '{step}' than {other.code}; "
                    "give the step of one of them another name."
                )
                yield Problem(sentence, f"Stage {stage.code}")


def _amounts(dose: Dose) -> tuple[tuple[Decimal, ...], ...]:
    return dose.initial_mg, dose.supplement_mg


def allocation_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Randomization and unblinding against the arms."""
    in_order = [x for x in definition.arms if x.assigned_by is Assignment.ORDER]
    if in_order:
        yield from _cohort_problems(definition, in_order)
    elif len(definition.arms) > 1 and definition.randomization is None:
        yield Problem("The trial has several arms but no [randomization].")
    if definition.randomization is not None:
        yield from _randomization_problems(definition, definition.randomization)
    if definition.unblinding is not None:
        yield from _unblinding_problems(definition.unblinding)
        yield from _group_problems(definition, definition.unblinding)


def _randomization_problems(
    definition: ProtocolDefinition, randomization: Randomization
) -> Iterator[Problem]:
    place = "Randomization"
    if len(definition.arms) < 2:
        yield Problem("there is nothing to randomize: give two [[arms]].", place)
    ratios = [arm.ratio for arm in definition.arms]
    total = sum(ratios)
    for size in randomization.block_sizes:
        if total and size % total:
            ratio = ":".join(map(str, ratios))
            sentence = f"a block of {size} cannot hold the ratio {ratio}"
            yield Problem(f"{sentence}; use a multiple of {total}.", place)
    milestones = [milestone.code for milestone in definition.milestones]
    for need in randomization.needs:
        if need not in milestones:
            near = meant(need, milestones)
            yield Problem(f"'{need}' is not a milestone.{near}", place)


def _cohort_problems(
    definition: ProtocolDefinition, cohorts: Sequence[Arm]
) -> Iterator[Problem]:
    """Cohorts of an escalation beside arms that only randomization can fill."""
    for arm in definition.arms:
        if arm not in cohorts:
            sentence = (
                "is randomized while other arms are assigned by order; choose one."
            )
            yield Problem(sentence, f"Arm {arm.code}")
        elif arm.ratio != 1:
            sentence = "is assigned by order, so its ratio means nothing; drop it."
            yield Problem(sentence, f"Arm {arm.code}")
    if definition.randomization is not None:
        sentence = "the arms are assigned by order, so nothing is randomized; drop it."
        yield Problem(sentence, "Randomization")


def _unblinding_problems(unblinding: Unblinding) -> Iterator[Problem]:
    for role in unblinding.stays_blind:
        if role not in RATERS:
            near = meant(role, RATERS) or f" Use one of {', '.join(RATERS)}."
            yield Problem(f"'{role}' is no role that stays blind.{near}", "Unblinding")


def _group_problems(
    definition: ProtocolDefinition, unblinding: Unblinding
) -> Iterator[Problem]:
    if not unblinding.groups:
        return
    arms = [arm.code for arm in definition.arms]
    grouped = [arm for group in unblinding.groups.values() for arm in group]
    missing = [arm for arm in arms if arm not in grouped]
    if missing:
        sentence = f"every arm must be in a group: missing {', '.join(missing)}."
        yield Problem(sentence, "Unblinding")
    for arm in dict.fromkeys(grouped):
        if arm not in arms:
            sentence = f"'{arm}' is not an arm.{meant(arm, arms)}"
            yield Problem(sentence, "Unblinding")
        elif grouped.count(arm) > 1:
            yield Problem(f"{arm} is in two groups.", "Unblinding")


def dose_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Dose steps of visits against `[dosing]`, and milligrams against its rules."""
    yield from _step_problems(definition)
    dosing = definition.dosing
    if dosing is None:
        if definition.dosing_visits:
            yield Problem("The trial has dosing visits but no [dosing].")
        return
    supplement = dosing.supplement
    if supplement and supplement.opens_minutes > supplement.closes_minutes:
        yield Problem("the supplement closes before it opens.", "Dosing")
    yield from _coverage_problems(definition)
    for arm in definition.arms:
        yield from _amount_problems(f"Arm {arm.code}", arm.doses, dosing)
    for stage in definition.stages:
        yield from _amount_problems(f"Stage {stage.code}", stage.doses, dosing)


def _step_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    steps = definition.dosing.steps if definition.dosing else ()
    for visit in definition.visits:
        place = f"Visit {visit.code}"
        if visit.kind is not VisitKind.DOSING:
            if visit.dose:
                yield Problem("names a dose but is not a dosing visit.", place)
            continue
        if not visit.dose:
            yield Problem("is a dosing visit and must name its dose.", place)
        for step in visit.dose:
            if definition.dosing and step not in steps:
                near = meant(step, steps)
                yield Problem(f"the dose step '{step}' is not known.{near}", place)


def _coverage_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Every step that a visit uses has milligrams in every arm, or in its stage."""
    for visit in definition.dosing_visits:
        for place, doses in _doses_for(visit, definition):
            for step in visit.dose:
                if step not in doses:
                    sentence = f"has no dose for the step '{step}'"
                    yield Problem(f"{sentence}, which visit {visit.code} uses.", place)


def _doses_for(
    visit: VisitDefinition, definition: ProtocolDefinition
) -> list[tuple[str, Mapping[str, Dose]]]:
    stages = {stage.code: stage for stage in definition.stages}
    stage = stages.get(visit.stage or next(iter(stages)))
    if stage is None:
        return []
    if stage.blinded:
        return [(f"Arm {arm.code}", arm.doses) for arm in definition.arms]
    return [(f"Stage {stage.code}", stage.doses)]


def _amount_problems(
    place: str, doses: Mapping[str, Dose], dosing: Dosing
) -> Iterator[Problem]:
    for step, dose in doses.items():
        where = f"{place}, step {step}"
        if step not in dosing.steps:
            near = meant(step, dosing.steps)
            yield Problem(f"the dose step '{step}' is not known.{near}", place)
        for sentence in _amount_sentences(dose, dosing):
            yield Problem(sentence, where)


def _amount_sentences(dose: Dose, dosing: Dosing) -> Iterator[str]:
    supplement = dosing.supplement
    if supplement is None and dose.supplement_mg:
        yield "gives a supplement, but [dosing.supplement] is not there."
        return
    given = dose.supplement_mg
    if given and len(given) != len(dose.initial_mg):
        yield "gives not one supplement for each initial amount."
        return
    seconds = given or (Decimal(0),) * len(dose.initial_mg)
    for initial, second in zip(dose.initial_mg, seconds, strict=True):
        if supplement and given and second != initial * supplement.fraction:
            sentence = f"the supplement {second} mg is not {supplement.fraction} of"
            yield f"{sentence} {initial} mg."
        most = dosing.maximum_session_mg
        if most is not None and initial + second > most:
            total = initial + second
            yield f"{total} mg is over the session maximum of {most} mg."
