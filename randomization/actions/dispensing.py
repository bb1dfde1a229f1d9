"""Dispensing kits: a number in hand, the contents behind the wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import prefetch_related_objects

from accounts.vocabulary import Permission
from adverse_events.actions.batch import held_still, in_words, place_of
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.access import settled_in, settled_on
from participants.lifecycle import TAKEN_WORDS, TREATMENT_WORDS, State, Treatment
from participants.models import Participant
from randomization.access import WHOLE_TRIAL
from randomization.models import Kit
from sessions.actions import AssignedKit, assign_kits
from sessions.actions.statements import update_rows
from sessions.dosing import WORDS, Administration
from sessions.drawing.windows import day_text
from sessions.models import DoseAdministration, Visit
from trials.access import local_time, protocol_versions, require
from trials.protocol import ProtocolDefinition

NO_KIT = (
    "No kit for this dose is left at the site, so nothing was dispensed. "
    "Call the pharmacist."
)
NO_PLACE = (
    "No cohort has a place left, so nothing was dispensed. Call the trial's "
    "statistician."
)
_STOPPED = {Treatment.DISCONTINUED, Treatment.FINISHED}


@dataclass(frozen=True, slots=True)
class KitRequest:
    """A kit for one administration: `part` initial or supplement, a step of the visit.

    `at` is when it was handed out, as a person says it.
    """

    visit: Visit
    part: str
    step: str
    at: datetime


def dispense_kits(*, requests: Sequence[KitRequest], by: AnyActor) -> list[Kit]:
    """Choose and hand out a kit for each request, in the order of the requests.

    The database chooses among the site's kits that hold what the participant's arm gets
    at the step, at random. Refused, with nothing saved, when any request finds none; the
    sentence is the same whatever the arm.
    """
    visits = [request.visit for request in requests]
    require(
        by=by,
        permission=Permission.DISPENSE,
        site_ids={visit.site_id for visit in visits},
    )
    prefetch_related_objects(visits, "participant")
    with acting(
        "dispense kit",
        by=by,
        subject=in_words(names=(_name(request) for request in requests)),
        place=place_of(participants=[visit.participant for visit in visits]),
    ):
        people = held_still(participants=[visit.participant for visit in visits])
        _check(requests, people)
        numbers = _dispensed(requests)
        assign_kits(
            kits=[
                AssignedKit(
                    visit=request.visit,
                    part=request.part,
                    step=request.step,
                    kit_number=numbers[request.visit.pk, request.part],
                )
                for request in requests
            ],
            by=by,
        )
    return kits_in_order(
        administrations=[(request.visit.pk, request.part) for request in requests]
    )


@dataclass(frozen=True, slots=True)
class DispensedAt:
    """When the kit of one administration was handed out, as it should have been saved."""

    visit: Visit
    part: str
    at: datetime


def correct_dispensing(
    *, corrections: Sequence[DispensedAt], reason: str, by: AnyActor
) -> None:
    """Change when kits were handed out, with a reason.

    Never to a time before randomization, or after the dose was given: the database
    compares the two times (randomization/sql/dispensed_before_given.sql).
    """
    visits = [each.visit for each in corrections]
    require(
        by=by,
        permission=Permission.DISPENSE,
        site_ids={visit.site_id for visit in visits},
    )
    if not reason.strip():
        raise ReasonNeeded("Saved data is changed: say why, in a few words.")
    prefetch_related_objects(visits, "participant")
    with acting(
        "correct time of dispensing",
        by=by,
        reason=reason,
        subject=in_words(names=(_name(each) for each in corrections)),
        place=place_of(participants=[visit.participant for visit in visits]),
    ):
        people = held_still(participants=[visit.participant for visit in visits])
        rows = Kit.objects.select_for_update().filter(
            visit__in=visits, condition="usable"
        )
        kits = {(kit.visit_id, kit.part): kit for kit in rows.order_by("pk")}
        definitions = protocol_versions(visit.protocol_version_id for visit in visits)
        changed = []
        for each in corrections:
            kit = kits.get((each.visit.pk, each.part))
            if kit is None:
                raise Refused(f"No kit was dispensed for this dose of {each.visit}.")
            definition = definitions[each.visit.protocol_version_id]
            _check_time(each, people[each.visit.participant_id], definition)
            kit.dispensed_at = each.at
            changed.append(kit)
        update_rows(rows=changed, fields=("dispensed_at",))


def _name(request: KitRequest | DispensedAt) -> str:
    visit = request.visit
    return f"{visit.participant.number}, visit {visit.number or visit.label}"


def kits_in_order(*, administrations: Sequence[tuple[int, str]]) -> list[Kit]:
    """Return the usable kit of each visit id and part, in their order."""
    visits = {visit for visit, _ in administrations}
    kits = Kit.objects.filter(visit_id__in=visits, condition="usable").order_by("id")
    found = {(kit.visit_id, kit.part): kit for kit in kits}
    return [found[key] for key in administrations]


def _fill_cohorts(requests: Sequence[KitRequest]) -> None:
    """Give whoever is dosed for the first time the next place of the cohorts.

    Only now: whoever leaves before a dose takes no place of a cohort, which is judged
    by those who were dosed.
    """
    definitions = protocol_versions(each.visit.protocol_version_id for each in requests)
    joining: dict[int, list[int]] = {}
    for each in requests:
        if definitions[each.visit.protocol_version_id].fills_cohorts:
            people = joining.setdefault(each.visit.trial_id, [])
            people.append(each.visit.participant_id)
    for trial_id, people in sorted(joining.items()):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sealed.fill_cohorts(%s, %s, %s)",
                [trial_id, WHOLE_TRIAL, list(dict.fromkeys(people))],
            )
            (without_place,) = cursor.fetchone()
        if without_place:
            raise Refused(NO_PLACE)


def _dispensed(requests: Sequence[KitRequest]) -> dict[tuple[int, str], str]:
    """Return the number of the kit chosen for each visit id and part."""
    _fill_cohorts(requests)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visit, part, kit_number FROM sealed.dispense(%s, %s, %s, %s, %s)",
            [
                [request.visit.participant_id for request in requests],
                [request.visit.pk for request in requests],
                [request.part for request in requests],
                [request.step for request in requests],
                [request.at for request in requests],
            ],
        )
        numbers = {(visit, part): number for visit, part, number in cursor}
    if len(numbers) < len(requests):
        raise Refused(NO_KIT)
    return numbers


def _check(requests: Sequence[KitRequest], people: Mapping[int, Participant]) -> None:
    versions = [request.visit.protocol_version_id for request in requests]
    definitions = protocol_versions(versions)
    steps: dict[int, str] = dict(
        DoseAdministration.objects.filter(
            visit_id__in={request.visit.pk for request in requests}
        )
        .order_by("visit_id", "part")
        .values_list("visit_id", "step")
    )
    for request in requests:
        person = people[request.visit.participant_id]
        definition = definitions[request.visit.protocol_version_id]
        check_participant(person=person, definition=definition)
        _check_time(request, person, definition)
        _check_dose(request, definition)
        if steps.setdefault(request.visit.pk, request.step) != request.step:
            raise Refused("Both doses of a session belong to one step of the protocol.")


def check_participant(*, person: Participant, definition: ProtocolDefinition) -> None:
    """Refuse kits for somebody who is not randomized, or whose treatment is over.

    Where nobody is randomized: who is not confirmed.
    """
    settled = settled_in(definition)
    if State(person.state) is not settled:
        step = TAKEN_WORDS[settled]
        raise Refused(f"{person.number} is not {step}, so no kit can be chosen.")
    if Treatment(person.treatment) in _STOPPED:
        raise Refused(f"{TREATMENT_WORDS[Treatment(person.treatment)]}: no more kits.")


def _check_time(
    request: KitRequest | DispensedAt,
    person: Participant,
    definition: ProtocolDefinition,
) -> None:
    on = local_time(person.site, request.at).date()
    since = settled_on(person, definition)
    if since is not None and on < since:
        step = TAKEN_WORDS[settled_in(definition)]
        raise Refused(
            f"{person.number} was {step} on {day_text(since)}, so no kit was dispensed "
            f"on {day_text(on)}."
        )


def _check_dose(request: KitRequest, definition: ProtocolDefinition) -> None:
    planned = definition.visits_by_code.get(request.visit.code)
    if planned is None or not planned.dose:
        raise Refused("No dose is planned at this visit.")
    if request.step not in planned.dose:
        raise Refused("The protocol does not plan this step at this visit.")
    if request.part not in {part.value for part in Administration}:
        words = " or ".join(word.lower() for word in WORDS.values())
        raise Refused(f"A kit is for the {words}.")
