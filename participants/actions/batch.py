"""What every act on participants begins with: rows held still, and the act's subject."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.template.defaultfilters import pluralize

from audit.actors import Place
from audit.refusal import Refused
from participants.models import Participant

NAMED_AT_MOST = 12
SHORTEST_REASON = 3  # as the database asks (audit/sql)


def place_of(*, participants: Iterable[Participant]) -> Place:
    """Return what the participants have in common: trial, site, or being one person."""
    rows = list(participants)
    trials = {row.trial_id for row in rows}
    sites = {row.site_id for row in rows}
    people = {row.pk for row in rows}
    return Place(
        trial_id=trials.pop() if len(trials) == 1 else None,
        site_id=sites.pop() if len(sites) == 1 else None,
        participant_id=people.pop() if len(people) == 1 else None,
    )


def subject_of(*, participants: Iterable[Participant]) -> str:
    """Return the participants' numbers in words, a long list cut short."""
    numbers = list(dict.fromkeys(row.number for row in participants))
    named = ", ".join(numbers[:NAMED_AT_MOST])
    more = len(numbers) - NAMED_AT_MOST
    return f"{named} and {more} more" if more > 0 else named


def site_ids_of(*, participants: Iterable[Participant]) -> set[int]:
    return {row.site_id for row in participants}


def locked(*, participants: Iterable[Participant]) -> dict[int, Participant]:
    """Return the participants as they stand now, held until the act ends.

    What the caller fetched may be minutes old: two people deciding about the same
    participant would otherwise both go by a state that is gone. Locked in one order,
    so that two batches never wait for each other.
    """
    wanted = {row.pk for row in participants}
    rows = (
        Participant.objects.select_for_update()
        .filter(pk__in=wanted)
        .order_by("pk")
        .in_bulk()
    )
    if missing := wanted - rows.keys():
        count = len(missing)
        raise Refused(
            f"{count} of these participants no longer exist{pluralize(count, 's,')}."
        )
    return rows


def refresh(
    *,
    participants: Iterable[Participant],
    rows: dict[int, Participant],
    fields: Sequence[str],
) -> None:
    """Bring the caller's own objects up to date with what was just written.

    A caller in the same act (the replanning of visits) reads them next.
    """
    for participant in participants:
        for field in fields:
            setattr(participant, field, getattr(rows[participant.pk], field))


@contextmanager
def about(*, participant: Participant, of: int) -> Iterator[None]:
    """Name the participant in a refusal that stops a batch of more than one."""
    try:
        yield
    except Refused as refusal:
        if of == 1:
            raise
        raise type(refusal)(f"{participant.number}: {refusal}") from refusal


def reason_of(*, reasons: Iterable[str]) -> str:
    """Return the one reason of an act from those of its parts."""
    return "; ".join(dict.fromkeys(text.strip() for text in reasons if text.strip()))
