"""What the trail says of an act on visits, and the rows as they stand when it begins."""

from collections.abc import Iterable, Sequence

from django.db.models import prefetch_related_objects

from audit.actors import Place
from audit.refusal import Refused
from participants.actions.batch import NAMED_AT_MOST, place_of
from participants.models import Participant
from sessions.models import Visit


class ExplanationNeeded(Refused):
    """What happened may be recorded, once somebody says why it was out of order."""

    field = "explanation"


def named(*, visits: Sequence[Visit]) -> str:
    """Return the visits in words, as in "01-001-7, visit V5"."""
    prefetch_related_objects(list(visits), "participant")
    names = [f"{visit.participant.number}, visit {visit.called}" for visit in visits]
    shown = "; ".join(names[:NAMED_AT_MOST])
    more = len(names) - NAMED_AT_MOST
    return f"{shown}; and {more} more" if more > 0 else shown


def placed(*, visits: Sequence[Visit]) -> Place:
    """Return the trial, site and participant that all the visits have in common."""
    prefetch_related_objects(list(visits), "participant")
    return place_of(participants=[visit.participant for visit in visits])


def locked(*, participants: Iterable[Participant]) -> dict[int, Participant]:
    """Return the participants as they stand now, by id, each locked until the commit.

    Two acts on one participant at once would otherwise each compute windows from what
    the other has not saved yet, and the later commit would undo the earlier's.
    """
    ids = {participant.pk for participant in participants}
    rows = (
        Participant.objects.select_for_update(of=("self",))
        .select_related("site")
        .filter(pk__in=ids)
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def as_they_stand(*, visits: Sequence[Visit]) -> dict[int, Visit]:
    """Lock the visits' participants, and return the visits by id as they stand now."""
    prefetch_related_objects(list(visits), "participant")
    people = locked(participants=[visit.participant for visit in visits])
    rows = Visit.objects.filter(pk__in={visit.pk for visit in visits})
    found = {row.pk: row for row in rows}
    for row in found.values():
        row.participant = people[row.participant_id]
    return found
