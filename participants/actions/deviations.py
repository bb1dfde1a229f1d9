"""Deviations: what was not done as the protocol says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import NotPermitted, Refused
from audit.trail import acting
from participants.actions.batch import place_of, site_ids_of, subject_of
from participants.models import Deviation, Participant
from participants.vocabulary import DEVIATION_KINDS, RATER_DEVIATION
from trials.access import require


@dataclass(frozen=True, slots=True)
class NewDeviation:
    """A deviation; `visit_code` is the protocol's, empty when no visit is concerned."""

    participant: Participant
    kind: str
    occurred_on: date
    description: str
    visit_code: str = ""


def record_deviations(
    *, deviations: Sequence[NewDeviation], by: AnyActor
) -> list[Deviation]:
    """Record deviations from the protocol; ICH E6(R3) 2.5.3."""
    people = [deviation.participant for deviation in deviations]
    _require(deviations, site_ids_of(participants=people), by)
    for deviation in deviations:
        if deviation.kind not in DEVIATION_KINDS:
            raise Refused(f"“{deviation.kind}” is not a kind of deviation.")
        if not deviation.description.strip():
            raise Refused("Say what was not done as the protocol says, and why.")
    with acting(
        "record deviation",
        by=by,
        subject=_subject(deviations),
        place=place_of(participants=people),
    ):
        return Deviation.objects.bulk_create(
            Deviation(
                trial_id=deviation.participant.trial_id,
                site_id=deviation.participant.site_id,
                participant_id=deviation.participant.pk,
                kind=deviation.kind,
                visit_code=deviation.visit_code,
                occurred_on=deviation.occurred_on,
                description=deviation.description.strip(),
            )
            for deviation in deviations
        )


def _require(
    deviations: Sequence[NewDeviation], site_ids: set[int], by: AnyActor
) -> None:
    """Ask for the permission to record visits.

    A rater who saw the participant before is noticed while raters are assigned, by
    people who record no visits.
    """
    if {deviation.kind for deviation in deviations} == {RATER_DEVIATION}:
        try:
            require(by=by, permission=Permission.ASSIGN_RATERS, site_ids=site_ids)
        except NotPermitted:
            pass
        else:
            return
    require(by=by, permission=Permission.RECORD_VISITS, site_ids=site_ids)


def _subject(deviations: Sequence[NewDeviation]) -> str:
    if len(deviations) == 1 and deviations[0].visit_code:
        return f"{deviations[0].participant.number}, visit {deviations[0].visit_code}"
    return subject_of(participants=[deviation.participant for deviation in deviations])
