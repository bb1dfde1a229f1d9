"""What every act on medical records begins with: rows held still, and words for them."""

from collections.abc import Iterable, Sequence

from audit.refusal import Refused
from medical.models import Record, kind_of
from medical.vocabulary import KIND_WORDS
from participants.actions.batch import subject_of
from participants.models import Consent, Participant

SHORTEST_REASON = 3  # as the database asks (audit/sql)


def held_still(*, participants: Iterable[Participant]) -> dict[int, Participant]:
    """Return the participants as they stand now, locked until the act ends.

    What is read from the records, and kept as facts, is then read by one act at a time.
    Refused before consent: then nothing is known of anybody's health (CON-01).
    """
    wanted = {row.pk for row in participants}
    found = (
        Participant.objects.select_for_update(of=("self",))
        .select_related("site")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    rows = {row.pk: row for row in found}
    consents = Consent.objects.filter(participant_id__in=rows)
    consented = set(consents.values_list("participant_id", flat=True))
    for row in rows.values():
        if row.pk not in consented:
            raise Refused(
                f"{row.number} has not consented: record the signed consent form first."
            )
    return rows


def as_it_stands(*, record: Record) -> Record:
    """Return a record as it is now, held until the act ends; refused where it is void."""
    row = type(record).objects.select_for_update().get(pk=record.pk)  # type: ignore[attr-defined] # of one of its tables
    if row.voided_at is not None:
        raise Refused(
            f"This {KIND_WORDS[kind_of(row)]} was voided: nothing more is recorded of it."
        )
    return row  # type: ignore[no-any-return] # see above


def subject(*, records: Sequence[Record]) -> str:
    """Return an act's subject: the participants, and what one record is."""
    numbers = subject_of(participants=[record.participant for record in records])
    if len(records) != 1:
        return numbers
    return f"{numbers}, {KIND_WORDS[kind_of(records[0])]} {records[0]}"
