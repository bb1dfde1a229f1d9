"""Randomizing: the next place of the sealed list, exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.vocabulary import Permission
from adverse_events.actions.batch import held_still, in_words, place_of
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.access import eligible_at
from participants.actions import Step, mark_randomized
from participants.lifecycle import Move, State, moved
from participants.models import Participant
from randomization.access import stratum_of
from randomization.models import Randomization
from sessions.actions import replan
from trials.access import local_time, protocol_versions, require
from trials.protocol import ProtocolDefinition


@dataclass(frozen=True, slots=True)
class Randomizing:
    """One participant is randomized at an aware time."""

    participant: Participant
    at: datetime


def randomize(
    *, randomizings: Sequence[Randomizing], by: AnyActor
) -> list[Randomization]:
    """Give confirmed participants the next free places of their strata's sealed lists.

    Two requests at once wait for each other in the database, so no place is given twice
    and none is left out. Refused, with nothing saved, for a participant who is not
    confirmed, and when a list has no place left (ICH E9 2.3.2).
    """
    people = [item.participant for item in randomizings]
    sites = {person.site_id for person in people}
    require(by=by, permission=Permission.RANDOMIZE, site_ids=sites)
    subject = in_words(names=(person.number for person in people))
    place = place_of(participants=people)
    with acting("randomize", by=by, subject=subject, place=place):
        rows = held_still(participants=people)
        definitions = protocol_versions(
            row.protocol_version_id for row in rows.values()
        )
        _check(rows.values(), definitions)
        strata = {
            row.pk: stratum_of(row.site, definitions[row.protocol_version_id])
            for row in (rows[person.pk] for person in people)
        }
        trials = {row.pk: row.trial_id for row in rows.values()}
        numbers = _allocated(strata, trials=trials)
        made = Randomization.objects.bulk_create(
            Randomization(
                trial_id=item.participant.trial_id,
                site_id=item.participant.site_id,
                participant=item.participant,
                number=numbers[item.participant.pk],
                randomized_at=item.at,
            )
            for item in randomizings
        )
        _move_on(randomizings, rows, by)
    return made


def _check(
    rows: Iterable[Participant], definitions: Mapping[int, ProtocolDefinition]
) -> None:
    people = list(rows)
    eligible = eligible_at(people)
    for row in people:
        planned = definitions[row.protocol_version_id].randomization
        if planned is None:
            raise Refused("This protocol has no randomization.")
        moved(State(row.state), Move.RANDOMIZE)
        for milestone in planned.needs:
            if milestone not in eligible.get(row.pk, ()):
                raise Refused(
                    f"{row.number} needs the investigator's signed decision on "
                    f"{milestone.replace('_', ' ')} first."
                )


def _allocated(
    strata: Mapping[int, str], *, trials: Mapping[int, int]
) -> dict[int, str]:
    """Return the randomization number of each participant, one statement a stratum.

    The strata in one order, so that two batches never wait for each other.
    """
    groups: dict[tuple[int, str], list[int]] = {}
    for participant_id, stratum in strata.items():
        groups.setdefault((trials[participant_id], stratum), []).append(participant_id)
    numbers: dict[int, str] = {}
    for (trial_id, stratum), ids in sorted(groups.items()):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT participant, list_position FROM sealed.allocate(%s, %s, %s)",
                [trial_id, stratum, ids],
            )
            given = dict(cursor.fetchall())
        if len(given) < len(ids):
            raise Refused(
                "The sealed list has no place left here, so nobody was randomized. "
                "Call the trial's statistician."
            )
        numbers |= {key: f"{stratum}-{place:03d}" for key, place in given.items()}
    return numbers


def _move_on(
    randomizings: Sequence[Randomizing], rows: Mapping[int, Participant], by: AnyActor
) -> None:
    days = {
        item.participant.pk: local_time(rows[item.participant.pk].site, item.at).date()
        for item in randomizings
    }
    steps = [Step(item.participant, days[item.participant.pk]) for item in randomizings]
    mark_randomized(steps=steps, by=by)
    people = [step.participant for step in steps]
    replan(participants=people, today=days, by=by)
