"""Which medical records a person may see, and what they say of somebody."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from accounts.vocabulary import Permission
from medical.models import DAYS, MODELS, Medication, Record
from medical.vocabulary import NO_WASHOUT, REVIEWED_KINDS, Kind
from participants.eligibility import StoppedDrug
from trials.access import sites_for


def records_for(
    user_id: int, kind: Kind, permission: Permission = Permission.VIEW_MEDICAL
) -> QuerySet[Any]:
    """Return the records of a kind at the sites where this person has the permission.

    Voided ones stay visible, with the reason. Neither a rater nor a sponsor has it.
    """
    model = MODELS[kind]
    found: QuerySet[Any] = model.objects.filter(site__in=sites_for(user_id, permission))
    return found.select_related(
        "participant__site", "participant__protocol_version"
    ).defer("participant__protocol_version__text")


def records_of(participant_ids: Iterable[int], kind: Kind) -> QuerySet[Any]:
    """Return every record of a kind of some participants, the latest day first."""
    model = MODELS[kind]
    found: QuerySet[Any] = model.objects.filter(participant_id__in=set(participant_ids))
    if kind in REVIEWED_KINDS:
        found = found.select_related("reviewed_by")
    return found.order_by(f"-{DAYS[kind]}", "-pk")


def standing_records(participant_ids: Iterable[int], kind: Kind) -> QuerySet[Any]:
    """Return the records that were not voided, the latest day first."""
    return records_of(participant_ids, kind).filter(voided_at__isnull=True)


def taken(medications: Iterable[Medication]) -> list[StoppedDrug]:
    """Return what washouts are asked about; a drug off the list counts as not known.

    Unless somebody who may said that no washout of the protocol is meant for it.
    """
    return [
        StoppedDrug(each.drug, each.last_dose_on)
        for each in medications
        if each.drug or each.significance != NO_WASHOUT
    ]


def is_open_to_review(record: Record) -> bool:
    """Tell whether a record waits to be read by somebody who may judge it."""
    return record.voided_at is None and getattr(record, "reviewed_at", True) is None
