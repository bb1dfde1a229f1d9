"""What the trail says of an act on visits, and the rows as they stand when it begins."""

from collections.abc import Iterable, Sequence

from django.db.models import prefetch_related_objects

from audit.actors import Place
from participants.models import Participant
from sessions.models import Visit

# A batch of a thousand visits is one entry; its row changes name each of them.
MOST_NAMED = 20


def visit_name(visit: Visit) -> str:
    """Return how people call a visit: its number, or its label where it has none."""
    return visit.number or visit.label


def named(visits: Sequence[Visit]) -> str:
    """Return the visits in words, as in "01-001-7, visit V5"."""
    prefetch_related_objects(list(visits), "participant")
    return _listed(
        f"{visit.participant.number}, visit {visit_name(visit)}" for visit in visits
    )


def numbered(participants: Sequence[Participant]) -> str:
    """Return the participants' numbers in words."""
    return _listed(participant.number for participant in participants)


def place_of(rows: Sequence[Visit] | Sequence[Participant]) -> Place:
    """Return the trial, site and participant that all the rows have in common."""
    trials = {row.trial_id for row in rows}
    sites = {row.site_id for row in rows}
    people = {row.participant_id if isinstance(row, Visit) else row.pk for row in rows}
    return Place(_only(trials), _only(sites), _only(people))


def locked(participants: Iterable[Participant]) -> dict[int, Participant]:
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


def as_they_stand(visits: Sequence[Visit]) -> dict[int, Visit]:
    """Lock the visits' participants, and return the visits by id as they stand now."""
    prefetch_related_objects(list(visits), "participant")
    people = locked(visit.participant for visit in visits)
    rows = Visit.objects.filter(pk__in={visit.pk for visit in visits})
    found = {row.pk: row for row in rows}
    for row in found.values():
        row.participant = people[row.participant_id]
    return found


def _listed(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    shown = "; ".join(known[:MOST_NAMED])
    more = len(known) - MOST_NAMED
    return f"{shown}; and {more} more" if more > 0 else shown


def _only(ids: set[int]) -> int | None:
    return next(iter(ids)) if len(ids) == 1 else None
