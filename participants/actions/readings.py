"""Facts that are read from other records of the participant, in the act that wrote them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.trail import acting
from participants.access import facts_of, is_frozen
from participants.actions.batch import locked, place_of, site_ids_of, subject_of
from participants.models import Fact, Participant
from trials.access import protocol_versions, require

LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class FactReading:
    """What the records say of a fact now, as JSON keeps it; None where it is not known.

    `code` is a fact's of the definition, or one of those that the record keeps for
    itself (`trials.protocol.records`).
    """

    participant: Participant
    code: str
    value: Any
    observed_on: date | None
    source: str = ""


def take_readings(*, readings: Sequence[FactReading], by: AnyActor) -> None:
    """Bring facts to what the records say; what they said before stays, superseded.

    Why a record changed is said where it was changed. A fact that the course has frozen
    stays as it was known then, whatever is recorded later.
    """
    people = [item.participant for item in readings]
    require(
        by=by,
        permission=Permission.RECORD_FACTS,
        site_ids=site_ids_of(participants=people),
    )
    with acting(
        "record facts",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        definitions = protocol_versions(
            row.protocol_version_id for row in rows.values()
        )
        current = facts_of(rows)
        new: list[Fact] = []
        replaced: list[int] = []
        for item in readings:
            person = rows[item.participant.pk]
            before = current[person.pk].get(item.code)
            known = definitions[person.protocol_version_id].facts_by_code.get(item.code)
            frozen_by = known.frozen_by if known else ""
            if _is_same(before, item) or is_frozen(person, frozen_by):
                continue
            if before is not None:
                replaced.append(before.pk)
            if item.value is not None and item.observed_on is not None:
                new.append(_row(item, item.observed_on, frozen_by))
        Fact.objects.filter(pk__in=replaced).update(is_current=False)
        Fact.objects.bulk_create(new)


def _is_same(before: Fact | None, now: FactReading) -> bool:
    if before is None:
        return now.value is None
    return (before.value, before.observed_on, before.source) == (
        now.value,
        now.observed_on,
        now.source[:LONGEST_SOURCE],
    )


def _row(item: FactReading, on: date, frozen_by: str) -> Fact:
    return Fact(
        trial_id=item.participant.trial_id,
        site_id=item.participant.site_id,
        participant_id=item.participant.pk,
        code=item.code,
        value=item.value,
        observed_on=on,
        source=item.source[:LONGEST_SOURCE],
        frozen_by=frozen_by,
    )
