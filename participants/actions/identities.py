"""Who a participant is: written after consent, shown by an act that leaves an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting, noted
from participants.actions.batch import (
    about,
    locked,
    place_of,
    site_ids_of,
    subject_of,
)
from participants.models import ConsentItem, Identity, Participant
from participants.vocabulary import PARTICIPATION
from trials.access import require

FIELDS = ("name", "birth_date", "email", "phone")


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """Name, birth date and ways to reach somebody who consented."""

    participant: Participant
    name: str
    birth_date: date
    email: str = ""
    phone: str = ""


def record_identities(
    *, identities: Sequence[NewIdentity], by: AnyActor, reason: str = ""
) -> None:
    """Record or correct who participants are; refused before consent (45 CFR 46.111).

    Only what differs is written, compared in plain text here, so that the trail (which
    masks these fields) shows a change only where there is one. A correction needs a
    reason.
    """
    people = [identity.participant for identity in identities]
    require(
        by=by,
        permission=Permission.RECORD_CONSENT,
        site_ids=site_ids_of(participants=people),
    )
    with acting(
        "record identity",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        locked(participants=people)
        consented = set(
            ConsentItem.objects.filter(
                participant__in=people, code=PARTICIPATION, is_given=True
            ).values_list("participant_id", flat=True)
        )
        for identity in identities:
            with about(participant=identity.participant, of=len(identities)):
                _check(identity, is_consented=identity.participant.pk in consented)
        _keep(identities)


def show_identity(*, participant: Participant, by: AnyActor) -> Identity | None:
    """Return who the participant is, after leaving an entry that says who looked.

    None where nothing is recorded; nothing was shown then, and no entry is left.
    """
    require(by=by, permission=Permission.VIEW_IDENTITY, site_ids={participant.site_id})
    identity = Identity.objects.filter(participant=participant).first()
    if identity is not None:
        noted(
            "show identity",
            by=by,
            subject=participant.number,
            place=place_of(participants=[participant]),
        )
    return identity


def _check(identity: NewIdentity, *, is_consented: bool) -> None:
    if not is_consented:
        raise Refused(
            "No consent is recorded yet. A name, a birth date or a contact is kept only "
            "after consent: record the consent first."
        )
    if not identity.name.strip():
        raise Refused("The name is empty.")


def _keep(identities: Sequence[NewIdentity]) -> None:
    ids = [identity.participant.pk for identity in identities]
    kept = {
        row.participant_id: row for row in Identity.objects.filter(participant__in=ids)
    }
    new: list[Identity] = []
    changed: list[Identity] = []
    for identity in identities:
        row = kept.get(identity.participant.pk)
        if row is None:
            new.append(_row(identity))
        elif _write(identity, row):
            changed.append(row)
    Identity.objects.bulk_create(new)
    Identity.objects.bulk_update(changed, FIELDS)


def _write(identity: NewIdentity, row: Identity) -> bool:
    """Put what was typed into the row and tell whether anything differs."""
    before = [getattr(row, field) for field in FIELDS]
    for field in FIELDS:
        setattr(row, field, getattr(identity, field))
    return before != [getattr(row, field) for field in FIELDS]


def _row(identity: NewIdentity) -> Identity:
    return Identity(
        trial_id=identity.participant.trial_id,
        site_id=identity.participant.site_id,
        participant_id=identity.participant.pk,
        name=identity.name,
        birth_date=identity.birth_date,
        email=identity.email,
        phone=identity.phone,
    )
