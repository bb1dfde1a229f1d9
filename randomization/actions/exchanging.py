"""Exchanging a kit that was damaged or lost for one that holds the same, unseen."""

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
from randomization.actions.dispensing import check_participant, kits_in_order
from randomization.models import Kit
from sessions.actions import AssignedKit, assign_kits
from sessions.actions.statements import update_rows
from sessions.dosing import WORDS, Administration
from sessions.drawing.windows import day_text
from sessions.models import DoseAdministration, Visit
from trials.access import local_time, protocol_versions, require

UNUSABLE = frozenset({"damaged", "lost"})
NO_OTHER_KIT = (
    "No other kit for this dose is left at the site, so nothing was exchanged. "
    "Call the pharmacist."
)

_Key = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """The kit of one administration cannot be given: it was `damaged` or `lost`."""

    visit: Visit
    part: str
    condition: str
    at: datetime


def exchange_kits(
    *, exchanges: Sequence[Exchange], reason: str, by: AnyActor
) -> list[Kit]:
    """Mark kits as damaged or lost and dispense others in their place, in this order.

    The database finds a kit of the site with the same sealed contents, at random among
    them; nobody learns what they are. Refused, with nothing saved, once the dose was given
    or withheld, or where any kit has no match: the sentence is the same whatever the arm.
    """
    visits = [each.visit for each in exchanges]
    require(
        by=by,
        permission=Permission.DISPENSE,
        site_ids={visit.site_id for visit in visits},
    )
    if not reason.strip():
        raise ReasonNeeded("Say what happened to the kit.")
    prefetch_related_objects(visits, "participant")
    with acting(
        "exchange kit",
        by=by,
        reason=reason,
        subject=in_words(names=(_name(each) for each in exchanges)),
        place=place_of(participants=[visit.participant for visit in visits]),
    ):
        people = held_still(participants=[visit.participant for visit in visits])
        definitions = protocol_versions(visit.protocol_version_id for visit in visits)
        for visit in visits:
            check_participant(
                person=people[visit.participant_id],
                definition=definitions[visit.protocol_version_id],
            )
        assign_kits(kits=_others(exchanges, reason=reason), by=by, reason=reason)
    return kits_in_order(
        administrations=[(each.visit.pk, each.part) for each in exchanges]
    )


def _others(exchanges: Sequence[Exchange], *, reason: str) -> list[AssignedKit]:
    """Exchange the kits behind the wall, and return the new ones for their doses."""
    visits = [each.visit for each in exchanges]
    kits, steps = _dispensed(visits), _steps(visits)
    for each in exchanges:
        _check(each, kits)
    numbers = _exchanged(exchanges, kits, reason=reason)
    if len(numbers) < len(exchanges):
        raise Refused(NO_OTHER_KIT)
    return [
        AssignedKit(
            visit=each.visit,
            part=each.part,
            step=steps[each.visit.pk, each.part],
            kit_number=numbers[kits[each.visit.pk, each.part].pk],
        )
        for each in exchanges
    ]


def _name(each: Exchange) -> str:
    return f"{each.visit.participant.number}, visit {each.visit.called}"


def _dispensed(visits: Sequence[Visit]) -> dict[_Key, Kit]:
    """Return the usable kit of each administration, locked until the commit."""
    rows = Kit.objects.select_for_update().filter(visit__in=visits, condition="usable")
    return {(kit.visit_id, kit.part): kit for kit in rows.order_by("pk")}


def _steps(visits: Sequence[Visit]) -> dict[_Key, str]:
    doses = DoseAdministration.objects.filter(visit__in=visits)
    return {(dose.visit_id, dose.part): dose.step for dose in doses}


def _check(each: Exchange, kits: Mapping[_Key, Kit]) -> None:
    if each.condition not in UNUSABLE:
        raise Refused("A kit is exchanged because it was damaged or lost.")
    if (each.visit.pk, each.part) not in kits:
        known = {part.value for part in Administration}
        dose = (
            WORDS[Administration(each.part)].lower() if each.part in known else "dose"
        )
        raise Refused(f"No kit was dispensed for the {dose} of {each.visit.called}.")
    dispensed_at = kits[each.visit.pk, each.part].dispensed_at
    if dispensed_at is not None and each.at < dispensed_at:
        first = local_time(each.visit.participant.site, dispensed_at)
        raise Refused(
            f"The kit was dispensed on {day_text(first.date())} at {first:%H:%M}, so it was "
            "not exchanged before then."
        )


def _exchanged(
    exchanges: Sequence[Exchange], kits: Mapping[_Key, Kit], *, reason: str
) -> dict[int, str]:
    """Mark the kits, and return by their ids the numbers of those dispensed instead."""
    marked = []
    for each in exchanges:
        kit = kits[each.visit.pk, each.part]
        kit.condition, kit.condition_note = each.condition, reason.strip()
        marked.append(kit)
    update_rows(rows=marked, fields=("condition", "condition_note"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kit, kit_number FROM sealed.exchange(%s, %s)",
            [[kit.pk for kit in marked], [each.at for each in exchanges]],
        )
        return dict(cursor.fetchall())
