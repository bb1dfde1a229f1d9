"""The record of a therapy session: who led it, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.vocabulary import Permission, Role
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from sessions.actions.entries import as_they_stand, named, placed
from sessions.actions.statements import update_rows
from sessions.drawing.windows import day_text
from sessions.models import TherapySession, Visit
from trials.access import (
    DelegationLog,
    delegation_log,
    local_time,
    protocol_versions,
    require,
)

SESSION_KINDS = frozenset({"preparatory", "dosing", "integration"})
_FIELDS = ("lead_therapist", "co_therapist", "started_at", "ended_at", "note")


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it was: two therapists of the delegation log, aware times."""

    visit: Visit
    lead_therapist: User
    co_therapist: User | None
    started_at: datetime
    ended_at: datetime | None
    note: str = ""


def record_sessions(
    *, sessions: Sequence[NewSession], by: AnyActor, reason: str = ""
) -> None:
    """Record sessions at visits that were held; a saved one is corrected with a reason."""
    chosen = [session.visit for session in sessions]
    with acting(
        "record session",
        by=by,
        reason=reason,
        subject=named(visits=chosen),
        place=placed(visits=chosen),
    ):
        require(
            by=by,
            permission=Permission.RECORD_VISITS,
            site_ids={visit.site_id for visit in chosen},
        )
        visits = as_they_stand(visits=chosen)
        definitions = protocol_versions(v.protocol_version_id for v in visits.values())
        people = [(item.lead_therapist, item.co_therapist) for item in sessions]
        log = delegation_log(person for pair in people for person in pair)
        for item in sessions:
            visit = visits[item.visit.pk]
            _check(item, visit, log)
            dosing = definitions[visit.protocol_version_id].dosing
            if visit.kind == "dosing" and dosing is not None:
                _check_company(item, dosing.people_present or 1)
        _save(sessions, visits)


def _save(sessions: Sequence[NewSession], visits: dict[int, Visit]) -> None:
    saved = {
        row.visit_id: row for row in TherapySession.objects.filter(visit__in=visits)
    }
    added: list[TherapySession] = []
    changed: list[TherapySession] = []
    for item in sessions:
        visit = visits[item.visit.pk]
        row = saved.get(visit.pk)
        (added if row is None else changed).append(_filled(row or _new(visit), item))
    TherapySession.objects.bulk_create(added)
    update_rows(rows=changed, fields=_FIELDS)


def _new(visit: Visit) -> TherapySession:
    return TherapySession(
        visit=visit,
        participant_id=visit.participant_id,
        site_id=visit.site_id,
        trial_id=visit.trial_id,
    )


def _filled(row: TherapySession, item: NewSession) -> TherapySession:
    for name in _FIELDS:
        setattr(row, name, getattr(item, name))
    return row


def _check(item: NewSession, visit: Visit, log: DelegationLog) -> None:
    name = visit.called
    site = visit.participant.site
    if visit.kind not in SESSION_KINDS:
        raise Refused(f"{name} is not a therapy session, so there is none to record.")
    if visit.held_on is None:
        raise Refused(f"Record first that {name} was held.")
    started_on = local_time(site, item.started_at).date()
    if started_on != visit.held_on:
        raise Refused(
            f"{name} was held on {day_text(visit.held_on)}, and the session would begin "
            f"on {day_text(started_on)}. Correct one of them."
        )
    if item.ended_at is not None and item.ended_at <= item.started_at:
        raise Refused("The session would end before it starts.")
    if item.co_therapist is not None and item.co_therapist == item.lead_therapist:
        raise Refused("The two therapists must be two people.")
    for person in (item.lead_therapist, item.co_therapist):
        if person is not None and not log.gives(
            person, [Role.THERAPIST], site, on=visit.held_on
        ):
            raise Refused(
                f"{person.name} was not on the delegation log as a therapist of this "
                f"site on {day_text(visit.held_on)}."
            )


def _check_company(item: NewSession, people_present: int) -> None:
    if people_present > 1 and item.co_therapist is None:
        raise Refused(
            "The protocol asks for two people in the room at a dosing session. Name the "
            "second therapist."
        )
