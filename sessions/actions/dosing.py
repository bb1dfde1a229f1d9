"""Kits assigned to administrations, and doses given or withheld.

Nothing here knows a drug or an amount: a kit is a number, a dose is capsules and a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import User
from accounts.vocabulary import Permission, roles_with
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants import actions as course
from participants.access import settled_in, settled_on
from participants.actions import Step
from participants.lifecycle import TAKEN_WORDS, Treatment
from participants.models import Participant
from sessions.access import standings_of
from sessions.actions.entries import as_they_stand, named, placed
from sessions.actions.planning import latest_days, replan
from sessions.actions.statements import update_rows
from sessions.actions.supplement import Key, supplement_deviations
from sessions.dosing import WORDS, Administration, forbidding, who_dispenses
from sessions.drawing.windows import day_text
from sessions.models import DoseAdministration, Visit
from trials.access import (
    DelegationLog,
    delegation_log,
    local_time,
    protocol_versions,
    require,
)
from trials.protocol import ProtocolDefinition

_GIVEN = ("given_at", "capsules", "given_by", "witnessed_by")


@dataclass(frozen=True, slots=True)
class AssignedKit:
    """A kit that the pharmacist dispensed for one administration of a visit."""

    visit: Visit
    part: str
    step: str
    kit_number: str


@dataclass(frozen=True, slots=True)
class GivenDose:
    """An administration as it happened: when, how many capsules, which two people."""

    visit: Visit
    part: str
    given_at: datetime
    capsules: int
    given_by: User
    witnessed_by: User
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class WithheldDose:
    """An administration that was not given, and why."""

    visit: Visit
    part: str
    step: str
    why: str


def assign_kits(*, kits: Sequence[AssignedKit], by: AnyActor, reason: str = "") -> None:
    """Tie kits to administrations; before it is given, a kit is exchanged with a reason."""
    chosen = [kit.visit for kit in kits]
    with acting(
        "assign kit",
        by=by,
        reason=reason,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = _dosing_visits(chosen, permission=Permission.DISPENSE, by=by)
        definitions = _definitions(visits)
        saved = _saved(visits)
        added: list[DoseAdministration] = []
        changed: list[DoseAdministration] = []
        for kit in kits:
            visit = visits[kit.visit.pk]
            _refuse_step(visit, kit.step, definitions[visit.protocol_version_id])
            _refuse_treatment_over(visit, definitions[visit.protocol_version_id])
            row = saved.get((visit.pk, kit.part))
            if row is not None and (row.given_at or row.withheld_reason):
                done = "given" if row.given_at else "withheld"
                raise Refused(
                    f"The {_words(kit.part)} of {visit.called} is recorded as "
                    f"{done}, so no kit can be assigned to it."
                )
            (added if row is None else changed).append(
                _with_kit(row or _new(visit, kit.part), kit)
            )
        DoseAdministration.objects.bulk_create(added)
        update_rows(rows=changed, fields=("step", "kit_number"))


def _with_kit(row: DoseAdministration, kit: AssignedKit) -> DoseAdministration:
    row.step, row.kit_number = kit.step, kit.kit_number
    return row


def give_doses(
    *,
    doses: Sequence[GivenDose],
    by: AnyActor,
    reason: str = "",
    today: date | None = None,
) -> None:
    """Record doses that were given; a saved one is corrected with a reason.

    Refused while a gate before a dose is not met (`sessions.access.standings_of`).
    The supplement comes after the initial dose. Outside its window it needs an
    explanation and leaves a deviation: what happened is never refused. The first dose
    starts treatment.
    """
    chosen = [dose.visit for dose in doses]
    with acting(
        "record dose",
        by=by,
        reason=reason,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = _dosing_visits(chosen, permission=Permission.RECORD_DOSE, by=by)
        saved = _saved(visits)
        before = {key: row.given_at for key, row in saved.items()}
        _take_over(doses, visits, saved)
        deviations = supplement_deviations(
            visits=visits.values(),
            rows=saved,
            changed={k for k, row in saved.items() if before.get(k) != row.given_at},
            definitions=_definitions(visits),
            explanations=_explanations(doses),
        )
        update_rows(
            rows=[saved[dose.visit.pk, dose.part] for dose in doses], fields=_GIVEN
        )
        if deviations:
            course.record_deviations(deviations=deviations, by=by)
        _start_treatment(doses, visits, by=by)
        replan(participants=_people(visits), today=today or _days(doses, visits), by=by)


def _people(visits: Mapping[int, Visit]) -> list[Participant]:
    return list({v.participant_id: v.participant for v in visits.values()}.values())


def _days(doses: Sequence[GivenDose], visits: Mapping[int, Visit]) -> dict[int, date]:
    return latest_days(
        days=(
            (
                each.visit.participant_id,
                _local_day(visits[each.visit.pk], each.given_at),
            )
            for each in doses
        )
    )


def _take_over(
    doses: Sequence[GivenDose],
    visits: Mapping[int, Visit],
    saved: dict[Key, DoseAdministration],
) -> None:
    """Check each dose by itself, and put what was given into its row."""
    log = delegation_log(
        person for dose in doses for person in (dose.given_by, dose.witnessed_by)
    )
    standings = standings_of(visits.values())
    for dose in doses:
        visit = visits[dose.visit.pk]
        row = saved.get((visit.pk, dose.part))
        _check_kit(row, visit, dose.part)
        _check_day(dose, visit)
        is_correction = row is not None and row.given_at is not None
        if not is_correction and (wrong := forbidding(standings[visit.pk])):
            raise Refused(" ".join(wrong))
        _check_people(dose, visit, log)
        saved[visit.pk, dose.part] = _given(row or _new(visit, dose.part), dose)


def _explanations(doses: Sequence[GivenDose]) -> dict[int, str]:
    """Return what was explained of each visit, whichever of its doses it came with."""
    found: dict[int, str] = {}
    for dose in doses:
        text = dose.explanation.strip()
        if text:
            found[dose.visit.pk] = f"{found.get(dose.visit.pk, '')} {text}".strip()
    return found


def _given(row: DoseAdministration, dose: GivenDose) -> DoseAdministration:
    for name in _GIVEN:
        setattr(row, name, getattr(dose, name))
    return row


def _check_kit(row: DoseAdministration | None, visit: Visit, part: str) -> None:
    name = visit.called
    if row is not None and row.withheld_reason:
        raise Refused(f"The {_words(part)} of {name} was recorded as withheld.")
    if row is None or not row.kit_number:
        raise Refused(
            f"No kit has been dispensed for the {_words(part)} of {name}. "
            f"{who_dispenses()}"
        )


def _check_day(dose: GivenDose, visit: Visit) -> None:
    """Refuse a dose on another day than the session's, its night included."""
    name = visit.called
    if visit.held_on is None:
        raise Refused(f"Record first that {name} was held.")
    day = _local_day(visit, dose.given_at)
    if not visit.held_on <= day <= visit.held_on + timedelta(days=1):
        raise Refused(
            f"{name} was held on {day_text(visit.held_on)}, and the dose would be on "
            f"{day_text(day)}. Correct one of them."
        )
    if dose.capsules < 1:
        raise Refused("A dose that was given has at least one capsule.")


def _check_people(dose: GivenDose, visit: Visit, log: DelegationLog) -> None:
    if dose.given_by == dose.witnessed_by:
        raise Refused("The witness must be a second person.")
    site, day = visit.participant.site, _local_day(visit, dose.given_at)
    for person, permission in (
        (dose.given_by, Permission.RECORD_DOSE),
        (dose.witnessed_by, Permission.WITNESS_DOSE),
    ):
        if not log.gives(person, roles_with(permission), site, on=day):
            raise Refused(
                f"{person.name} was not delegated to {permission.value} at this site on "
                f"{day_text(day)}."
            )


def _start_treatment(
    doses: Sequence[GivenDose], visits: Mapping[int, Visit], *, by: AnyActor
) -> None:
    """Start treatment with the first dose; a session without a dose starts nothing."""
    first: dict[int, Step] = {}
    for dose in sorted(doses, key=lambda each: each.given_at):
        visit = visits[dose.visit.pk]
        person = visit.participant
        if person.treatment == Treatment.NOT_STARTED and person.pk not in first:
            day = _local_day(visit, dose.given_at)
            first[person.pk] = Step(participant=person, on=day)
    if first:
        course.start_treatment(steps=list(first.values()), by=by)


def withhold_doses(
    *, doses: Sequence[WithheldDose], by: AnyActor, reason: str = ""
) -> None:
    """Record doses that were not given, each with its reason, kit or no kit."""
    chosen = [dose.visit for dose in doses]
    with acting(
        "withhold dose",
        by=by,
        reason=reason,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        visits = _dosing_visits(chosen, permission=Permission.RECORD_DOSE, by=by)
        definitions = _definitions(visits)
        saved = _saved(visits)
        added: list[DoseAdministration] = []
        changed: list[DoseAdministration] = []
        for dose in doses:
            visit = visits[dose.visit.pk]
            _refuse_step(visit, dose.step, definitions[visit.protocol_version_id])
            row = saved.get((visit.pk, dose.part))
            _refuse_withholding(row, visit, dose)
            (added if row is None else changed).append(
                _withheld(row or _new(visit, dose.part), dose)
            )
        DoseAdministration.objects.bulk_create(added)
        update_rows(rows=changed, fields=("withheld_reason",))


def _refuse_withholding(
    row: DoseAdministration | None, visit: Visit, dose: WithheldDose
) -> None:
    name = visit.called
    if visit.held_on is None:
        raise Refused(f"Record first that {name} was held, or that it was missed.")
    if row is not None and row.given_at is not None:
        raise Refused(
            f"The {_words(dose.part)} of {name} was given, so it was not withheld."
        )
    if not dose.why.strip():
        raise Refused("Say why the dose was withheld.")


def _withheld(row: DoseAdministration, dose: WithheldDose) -> DoseAdministration:
    # A kit dispensed for another step stays on record as it was dispensed.
    row.step = row.step or dose.step
    row.withheld_reason = dose.why.strip()
    return row


def _dosing_visits(
    chosen: Sequence[Visit], *, permission: Permission, by: AnyActor
) -> dict[int, Visit]:
    require(by=by, permission=permission, site_ids={visit.site_id for visit in chosen})
    visits = as_they_stand(visits=chosen)
    for visit in visits.values():
        if visit.kind != "dosing":
            raise Refused(f"{visit.called} is not a dosing session.")
    return visits


def _definitions(visits: Mapping[int, Visit]) -> dict[int, ProtocolDefinition]:
    return protocol_versions(visit.protocol_version_id for visit in visits.values())


def _saved(visits: Mapping[int, Visit]) -> dict[Key, DoseAdministration]:
    rows = DoseAdministration.objects.filter(visit__in=visits)
    return {(row.visit_id, row.part): row for row in rows}


def _new(visit: Visit, part: str) -> DoseAdministration:
    if part not in {kind.value for kind in Administration}:
        raise Refused("A dose is either the initial or the supplemental one.")
    return DoseAdministration(
        trial_id=visit.trial_id,
        site_id=visit.site_id,
        participant_id=visit.participant_id,
        visit=visit,
        part=part,
    )


def _refuse_step(visit: Visit, step: str, definition: ProtocolDefinition) -> None:
    known = definition.visits_by_code
    if visit.code not in known or step not in known[visit.code].dose:
        raise Refused(f"The protocol has no dose step “{step}” at {visit.called}.")


def _refuse_treatment_over(visit: Visit, definition: ProtocolDefinition) -> None:
    person = visit.participant
    if settled_on(person, definition) is None:
        step = TAKEN_WORDS[settled_in(definition)]
        raise Refused(f"{person.number} is not {step}, so there is no kit to assign.")
    if person.treatment == Treatment.DISCONTINUED:
        raise Refused(f"Treatment of {person.number} was stopped. No kit is assigned.")


def _words(part: str) -> str:
    return WORDS[Administration(part)].lower()


def _local_day(visit: Visit, moment: datetime) -> date:
    return local_time(visit.participant.site, moment).date()
