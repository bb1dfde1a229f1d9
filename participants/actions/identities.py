"""Who a participant is: written after consent, shown by an act that leaves an entry."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.access import has_identity, identified
from participants.actions import door
from participants.actions.batch import (
    SHORTEST_REASON,
    about,
    locked,
    place_of,
    site_ids_of,
    subject_of,
)
from participants.actions.consenting import OLDEST
from participants.actions.door import KnownIdentity, PlacedIdentity, StoredIdentity
from participants.models import Consent, ConsentItem, Participant
from participants.vocabulary import PARTICIPATION
from trials.access import require


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """Name, birth date and ways to reach somebody who consented."""

    participant: Participant
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)


def record_identities(
    *, identities: Sequence[NewIdentity], by: AnyActor, reason: str = ""
) -> None:
    """Record or correct who participants are; refused before consent (45 CFR 46.111).

    Only what differs is written, compared in plain text here, so that the trail (which
    holds ciphertext) shows a change only where there is one. A correction needs a
    reason, and an act of its own: to compare is to read.
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
        rows = locked(participants=people)
        consented = set(
            ConsentItem.objects.filter(
                participant__in=people, code=PARTICIPATION, is_given=True
            ).values_list("participant_id", flat=True)
        )
        signed = Consent.objects.filter(participant__in=people).order_by("signed_on")
        ages = {
            person_id: (rows[person_id].age, signed_on)
            for person_id, signed_on in signed.values_list(
                "participant_id", "signed_on"
            )
        }
        for identity in identities:
            with about(participant=identity.participant, of=len(identities)):
                _check(identity, is_consented=identity.participant.pk in consented)
                _check_age(identity, *ages[identity.participant.pk], reason=reason)
        _keep(identities)


def show_identity(*, participant: Participant, by: AnyActor) -> KnownIdentity | None:
    """Return who the participant is, after leaving an entry that says who looked.

    None where nothing is recorded; nothing was shown then, and no entry is left. Refused
    where what is stored does not open; nothing is shown then either.
    """
    require(by=by, permission=Permission.VIEW_IDENTITY, site_ids={participant.site_id})
    if not has_identity(participant.pk):
        return None
    with acting(
        "show identity",
        by=by,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        (row,) = door.read(participant_ids=[participant.pk])
        name, born_on, email, phone = door.opened(row=row)
        return KnownIdentity(name, date.fromisoformat(born_on), email, phone)


def address_of(*, participant: Participant, by: AnyActor) -> str:
    """Return a participant's email address, "" where none is recorded.

    An act of its own, committed before a mail leaves: reading an address is on the trail
    whether or not the mail server takes the mail (45 CFR 164.312(b)).
    """
    if not has_identity(participant.pk):
        return ""
    with acting(
        "address reminder",
        by=by,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        (row,) = door.read(participant_ids=[participant.pk])
        (email,) = door.opened(row=row, columns=["email"])
        return email


def _check(identity: NewIdentity, *, is_consented: bool) -> None:
    if not is_consented:
        raise Refused(
            "No consent is recorded yet. A name, a birth date or a contact is kept only "
            "after consent: record the consent first."
        )
    if not identity.name.strip():
        raise Refused("The name is empty.")


def _check_age(
    identity: NewIdentity, age: int | None, signed_on: date, *, reason: str
) -> None:
    """Compare the birth date with the age that the latest consent form has.

    A year more or less may be a birthday between the two; more needs a reason.
    """
    born_on = identity.birth_date
    had_birthday = (signed_on.month, signed_on.day) >= (born_on.month, born_on.day)
    by_date = signed_on.year - born_on.year - (not had_birthday)
    if not 0 < by_date <= OLDEST:
        raise Refused(
            "By this birth date nobody can have signed the consent form. Correct it."
        )
    if age is None or abs(by_date - age) <= 1 or len(reason.strip()) >= SHORTEST_REASON:
        return
    raise ReasonNeeded(
        f"By this birth date the participant was {by_date} years old at consent; the "
        f"consent form says {age}. Correct the birth date, or say which of the two is "
        "right and how you know."
    )


def _keep(identities: Sequence[NewIdentity]) -> None:
    known = identified(identity.participant.pk for identity in identities)
    if known and len(identities) > 1:
        raise Refused(
            "Somebody's identity is recorded already. Correct one at a time: each "
            "correction is an entry of its own."
        )
    door.write(
        rows=[
            row
            for identity in identities
            if (row := _corrected(identity) if known else _new(identity)) is not None
        ]
    )


def _new(identity: NewIdentity) -> PlacedIdentity:
    row_id = uuid4()
    values = door.sealed(row_id=row_id, values=_values(identity))
    return _placed(
        identity, StoredIdentity(row_id, identity.participant.pk, tuple(values))
    )


def _corrected(identity: NewIdentity) -> PlacedIdentity | None:
    """Return the row with what differs encrypted anew; None where nothing does."""
    (row,) = door.read(participant_ids=[identity.participant.pk])
    before, after = door.opened(row=row), _values(identity)
    if before == after:
        return None
    anew = door.sealed(row_id=row.id, values=after)
    values = tuple(
        stored if was == now else new
        for was, now, stored, new in zip(before, after, row.values, anew, strict=True)
    )
    return _placed(identity, StoredIdentity(row.id, row.participant_id, values))


def _values(identity: NewIdentity) -> tuple[str, ...]:
    born_on = identity.birth_date.isoformat()
    return (identity.name, born_on, identity.email, identity.phone)


def _placed(identity: NewIdentity, stored: StoredIdentity) -> PlacedIdentity:
    participant = identity.participant
    return PlacedIdentity(stored, participant.trial_id, participant.site_id)
