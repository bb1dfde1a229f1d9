"""Where each planted defect lies, so that it can be looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulation.items import Answers
from simulation.leaving import Defect
from simulation.plan import Cohort, ParticipantPlan, VisitPlan

SUPPLEMENT_OPENS = 90  # minutes from the initial dose (registry text)


@dataclass(frozen=True, slots=True)
class PlantedDefect:
    """One planted defect: its kind, whose, where, and what is to be seen there.

    `where` is a visit code, or `event N` for the N-th event of the participant,
    counted from 1; `item` is the item code of a missing answer.
    """

    kind: Defect
    index: int
    where: str
    what: str
    item: str = ""


def planted_defects(cohort: Cohort) -> tuple[PlantedDefect, ...]:
    """Return every planted defect of a cohort, read from the plans themselves."""
    found = [
        defect
        for participant in cohort.participants
        for defect in _defects_of(participant)
    ]
    return tuple(sorted(found, key=lambda defect: (defect.kind, defect.index)))


def _defects_of(participant: ParticipantPlan) -> Iterator[PlantedDefect]:
    for visit in participant.visits:
        yield from _on_visit(participant.index, visit)
        yield from _missing_items(participant.index, visit)
    yield from _raters(participant)
    yield from _events(participant)
    if participant.unblinding:
        yield PlantedDefect(
            Defect.UNBLINDING,
            participant.index,
            f"day {participant.unblinding.day}",
            participant.unblinding.reason,
        )


def _on_visit(index: int, visit: VisitPlan) -> Iterator[PlantedDefect]:
    note = visit.deviation.description if visit.deviation else ""
    if visit.is_held and not visit.is_in_window:
        yield PlantedDefect(Defect.LATE_VISIT, index, visit.code, note)
    if visit.deviation and visit.deviation.kind == "procedure":
        yield PlantedDefect(Defect.PROTOCOL_DEVIATION, index, visit.code, note)
    if visit.dose is None:
        return
    if visit.dose.supplement_after is None:
        reason = visit.dose.withheld_reason
        yield PlantedDefect(Defect.WITHHELD_SUPPLEMENT, index, visit.code, reason)
    elif visit.dose.supplement_after < SUPPLEMENT_OPENS:
        yield PlantedDefect(Defect.EARLY_SUPPLEMENT, index, visit.code, note)


def _missing_items(index: int, visit: VisitPlan) -> Iterator[PlantedDefect]:
    for answers in visit.answers:
        for code in _unanswered(answers):
            what = f"{answers.form}: {answers.missing[code].value}"
            yield PlantedDefect(Defect.MISSING_ITEM, index, visit.code, what, code)


def _unanswered(answers: Answers) -> list[str]:
    """Return the items left out by mistake: not those that do not apply."""
    return [
        code
        for code, reason in answers.missing.items()
        if reason is not reason.NOT_APPLICABLE
    ]


def _raters(participant: ParticipantPlan) -> Iterator[PlantedDefect]:
    seen: dict[int, str] = {}
    for visit in participant.visits:
        if visit.rater is None:
            continue
        if visit.rater in seen:
            what = f"same rater as {seen[visit.rater]}"
            yield PlantedDefect(
                Defect.REPEATED_RATER, participant.index, visit.code, what
            )
        seen.setdefault(visit.rater, visit.code)


def _events(participant: ParticipantPlan) -> Iterator[PlantedDefect]:
    for number, event in enumerate(participant.events, start=1):
        where = f"event {number}"
        if event.duplicate_of is not None:
            what = f"repeats event {event.duplicate_of + 1}; voided"
            yield PlantedDefect(Defect.DOUBLE_ENTRY, participant.index, where, what)
        if event.serious:
            yield PlantedDefect(
                Defect.SERIOUS_EVENT, participant.index, where, event.term
            )
