"""Recording what was found out: any number of records of any kinds, in one act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.trail import acting
from medical.actions.batch import held_still
from medical.actions.checking import check, refuse_after_leaving
from medical.actions.feeding import feed
from medical.models import MODELS, Record
from medical.vocabulary import KIND_WORDS, Kind
from participants.access import allowed_after_leaving
from participants.actions.batch import about, place_of, site_ids_of, subject_of
from participants.models import Participant
from trials.access import protocol_versions, require, today_at

_PLACE = frozenset(
    {"id", "uuid", "trial", "site", "participant", "voided_at", "void_reason"}
)
_REVIEW = frozenset({"reviewed_by", "reviewed_at", "significance", "review_note"})
# What somebody writes of each kind: the fields of its table, but for place and review.
FIELDS: Mapping[Kind, frozenset[str]] = {
    kind: frozenset(field.name for field in model._meta.concrete_fields)  # noqa: SLF001 - Django's public name
    - _PLACE
    - _REVIEW
    for kind, model in MODELS.items()
}


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One record of a kind; `values` by the names of its fields (`FIELDS`)."""

    participant: Participant
    kind: Kind
    values: Mapping[str, Any]


def record(*, records: Sequence[NewRecord], by: AnyActor) -> list[Record]:
    """Record what was found out, with its source and day; facts read from it follow.

    A medication history is the act of asking: until it was taken no washout is known to
    be over. Refused before consent. ICH E6(R3) 4.2.2, 21 CFR 312.62(b).
    """
    people = [new.participant for new in records]
    require(
        by=by,
        permission=Permission.RECORD_MEDICAL,
        site_ids=site_ids_of(participants=people),
    )
    kinds = {new.kind for new in records}
    with acting(
        f"record {_words(kinds)}",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = held_still(participants=people)
        made = _checked(records, rows)
        for kind in sorted(kinds):
            model = MODELS[kind]
            model.objects.bulk_create(x for x in made if isinstance(x, MODELS[kind]))
        feed(participants=rows, kinds=kinds, by=by)
    return made


def _checked(
    records: Sequence[NewRecord], rows: Mapping[int, Participant]
) -> list[Record]:
    """Return the rows to keep, each refused where it cannot stand."""
    definitions = protocol_versions(row.protocol_version_id for row in rows.values())
    allowed = allowed_after_leaving(rows)
    made = []
    for new in records:
        row = rows[new.participant.pk]
        one = _row(new, row)
        with about(participant=row, of=len(records)):
            refuse_after_leaving(record=one, allows=allowed.get(row.pk, ()))
            check(
                record=one,
                definition=definitions[row.protocol_version_id],
                today=today_at(row.site),
            )
        made.append(one)
    return made


def _words(kinds: set[Kind]) -> str:
    return KIND_WORDS[min(kinds)] if len(kinds) == 1 else "medical records"


def _row(new: NewRecord, participant: Participant) -> Record:
    if unknown := new.values.keys() - FIELDS[new.kind]:
        raise ValueError(f"A {new.kind} has nothing called {sorted(unknown)}.")
    made: Record = MODELS[new.kind](
        trial_id=participant.trial_id,
        site_id=participant.site_id,
        participant=participant,
        **new.values,
    )
    return made
