"""Whether a supplemental dose stood in its window, counted from the actual initial dose."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from audit.refusal import Refused
from participants.actions import NewDeviation
from sessions.actions.entries import ExplanationNeeded
from sessions.dosing import Administration, supplement_state, window_deviation
from sessions.models import DoseAdministration, Visit
from trials.access import local_time
from trials.protocol import ProtocolDefinition, Supplement

Key = tuple[int, str]  # a visit's id and the part of its dose


def supplement_deviations(
    *,
    visits: Iterable[Visit],
    rows: Mapping[Key, DoseAdministration],
    changed: set[Key],
    definitions: Mapping[int, ProtocolDefinition],
    explanations: Mapping[int, str],
) -> list[NewDeviation]:
    """Return a deviation for each supplement whose time is out of order by this act.

    A corrected initial time moves the window, so a change of either part is looked at.
    Raises `Refused` for a supplement without or before an initial dose, and for one
    outside its window that nobody explained.
    """
    found = []
    for visit in visits:
        initial = rows.get((visit.pk, Administration.INITIAL))
        supplement = rows.get((visit.pk, Administration.SUPPLEMENT))
        if supplement is None or supplement.given_at is None:
            continue
        if not changed & {(visit.pk, part) for part in Administration}:
            continue
        rule = _rule(definitions[visit.protocol_version_id], visit)
        initial_at = initial.given_at if initial is not None else None
        sentence = _sentence(initial_at, supplement.given_at, rule)
        if sentence:
            explanation = explanations.get(visit.pk, "").strip()
            if not explanation:
                raise ExplanationNeeded(
                    f"{sentence} Say why: it is recorded as a deviation."
                )
            found.append(
                _deviation(visit, supplement.given_at, f"{sentence} {explanation}")
            )
    return found


def _deviation(visit: Visit, given_at: datetime, description: str) -> NewDeviation:
    return NewDeviation(
        participant=visit.participant,
        kind="dosing",
        occurred_on=local_time(visit.participant.site, given_at).date(),
        description=description,
        visit_code=visit.code,
    )


def _sentence(initial_at: datetime | None, given_at: datetime, rule: Supplement) -> str:
    if initial_at is None:
        raise Refused("The initial dose has not been recorded. It comes first.")
    if given_at <= initial_at:
        raise Refused(
            "The supplemental dose would come before the initial dose. Correct the times."
        )
    window = supplement_state(
        initial_at,
        given_at,
        opens_min=rule.opens_minutes,
        closes_min=rule.closes_minutes,
    )
    return window_deviation(window, given_at)


def _rule(definition: ProtocolDefinition, visit: Visit) -> Supplement:
    if definition.dosing is None or definition.dosing.supplement is None:
        raise Refused(f"The protocol has no supplemental dose at {visit.called}.")
    return definition.dosing.supplement
