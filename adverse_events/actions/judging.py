"""The investigator's judgment of causality, signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.vocabulary import Permission
from adverse_events.access import signed_content
from adverse_events.actions.batch import locked, place_of, subject_of
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import Relatedness
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, Refused
from audit.signing import reauthenticate, sign
from audit.trail import acting
from sessions.actions.statements import update_rows
from trials.access import require

MEANING = "I have judged whether the study drug caused this event"
TABLE = "adverse_events_adverseevent"


@dataclass(frozen=True, slots=True)
class Causality:
    """The judgment of one event; `relatedness` is a word of the vocabulary."""

    event: AdverseEvent
    relatedness: str
    at: datetime


def assess_causality(
    *, assessments: Sequence[Causality], password: str, by: AnyActor, reason: str = ""
) -> list[AdverseEvent]:
    """Judge and sign the relatedness of events (21 CFR 312.64(b), 11.50, 11.200).

    Only an investigator may; a second judgment needs a reason, and both stay on the
    trail.
    """
    if not isinstance(by, Actor):
        raise NotPermitted("Causality is judged by an investigator, never by a job.")
    events = [item.event for item in assessments]
    sites = {event.site_id for event in events}
    require(by=by, permission=Permission.ASSESS_CAUSALITY, site_ids=sites)
    words = {word.value for word in Relatedness}
    if any(item.relatedness not in words for item in assessments):
        raise Refused("Choose the event's relatedness from the list.")
    reauthenticate(by=by, password=password)
    with acting(
        "assess causality",
        by=by,
        reason=reason,
        subject=subject_of(events=events),
        place=place_of(participants=[event.participant for event in events]),
    ):
        rows = locked(events=events)
        for item in assessments:
            row = rows[item.event.pk]
            row.relatedness = item.relatedness
            row.relatedness_by_id = by.user_id
            row.relatedness_at = item.at
        update_rows(
            rows=list(rows.values()),
            fields=["relatedness", "relatedness_by", "relatedness_at"],
        )
        sign(
            meaning=MEANING,
            table=TABLE,
            records=[(row.pk, signed_content(row)) for row in rows.values()],
        )
    return list(rows.values())
