"""Changing the key of identities: batch by batch, each an act that can be the last."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import pluralize

from audit.actors import AnyActor
from audit.refusal import Refused
from audit.seeing import seeing
from audit.trail import acting
from participants.actions import door
from participants.actions.door import PlacedIdentity, StoredIdentity
from participants.models import Participant

_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many identities a batch encrypted anew, how many it could not read, and whither."""

    changed: int
    unreadable: int
    last: UUID


def rotate_identities(
    *, by: AnyActor, after: UUID = _BEFORE_ALL, most: int = 500
) -> Rotation | None:
    """Encrypt the next identities of older keys with the first key of the ring.

    One act for a batch; None when none is left after `after`. What is committed stays
    when the next batch fails, so that a run that was stopped is simply started again. An
    identity that does not open is left as it is and counted.
    """
    key = settings.IDENTITY_KEYS.current
    with seeing(by), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, participant_id FROM identity.of_other_keys(%s, %s, %s)",
            [key, after, most],
        )
        found = dict(cursor.fetchall())
    if not found:
        return None
    with acting(
        "change identity key",
        by=by,
        reason=f"Key {key} is the first of the ring",
        subject=f"identities of {len(found)} participant{pluralize(len(found))}",
    ):
        rows = door.read(participant_ids=found.values())
        anew = [each for row in rows if (each := _anew(row)) is not None]
        door.write(rows=_placed(anew))
    return Rotation(len(anew), len(rows) - len(anew), max(found))


def _anew(row: StoredIdentity) -> StoredIdentity | None:
    try:
        plain = door.opened(row=row)
    except Refused:
        return None
    values = door.sealed(row_id=row.id, values=plain)
    return StoredIdentity(row.id, row.participant_id, values)


def _placed(rows: list[StoredIdentity]) -> list[PlacedIdentity]:
    people = Participant.objects.only("trial_id", "site_id").in_bulk(
        [row.participant_id for row in rows]
    )
    return [
        PlacedIdentity(
            row, people[row.participant_id].trial_id, people[row.participant_id].site_id
        )
        for row in rows
    ]
