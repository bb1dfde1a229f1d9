"""Linking somebody to the participant that they were in a parent study."""

from collections.abc import Iterator, Mapping
from datetime import date

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants import actions as course
from participants.access import definition_for, facts_of
from participants.actions import FactRetraction, NewFact
from participants.actions.batch import place_of
from participants.facts import typed
from participants.models import Participant
from sessions.access import obstacle_to_parent, parent_days
from sessions.actions.planning import replan
from trials.access import require
from trials.protocol import ProtocolDefinition


def link_parent(
    *, participant: Participant, parent: Participant, on: date, by: AnyActor
) -> None:
    """Say which participant of a parent study somebody was, and take over what it tells.

    The days from which visits are counted and the facts that the definition carries are
    recorded as known from `on`, with the parent as their source. Refused for a parent of
    another study, one who is still in it, and one whom somebody else continues.
    """
    require(by=by, permission=Permission.SCREEN, site_ids={participant.site_id})
    require(by=by, permission=Permission.VIEW_PARTICIPANTS, site_ids={parent.site_id})
    definition = definition_for(participant)
    if obstacle := obstacle_to_parent(definition, parent):
        raise Refused(obstacle)
    source = _source_of(parent)
    with acting(
        "link to parent study",
        by=by,
        reason=source,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        course.set_parent(participant=participant, parent=parent, by=by)
        facts = [
            NewFact(participant, code, value, on, source)
            for code, value in _taken_over(parent, definition)
        ]
        if facts:
            course.record_facts(facts=facts, by=by, reason=source)
        replan(participants=[participant], today=on, by=by)


def unlink_parent(
    *, participant: Participant, on: date, reason: str, by: AnyActor
) -> None:
    """Take a mistaken link back, with a reason; what it told is not known any more."""
    require(by=by, permission=Permission.SCREEN, site_ids={participant.site_id})
    parent = (
        Participant.objects.select_related("trial")
        .filter(pk__in=[participant.parent_id])
        .first()
    )
    if parent is None:
        raise Refused(
            f"{participant.number} is linked to no parent study that you see."
        )
    with acting(
        "unlink from parent study",
        by=by,
        reason=reason,
        subject=participant.number,
        place=place_of(participants=[participant]),
    ):
        course.set_parent(participant=participant, parent=None, by=by, reason=reason)
        told = _source_of(parent)
        known = facts_of([participant.pk])[participant.pk]
        retractions = [
            FactRetraction(participant, fact.code)
            for fact in known.values()
            if fact.source == told
        ]
        if retractions:
            course.retract_facts(retractions=retractions, by=by, reason=reason)
        replan(participants=[participant], today=on, by=by)


def _source_of(parent: Participant) -> str:
    """Return the words by which a fact says that a parent study told it."""
    return f"{parent.trial.identifier}, participant {parent.number}"


def _taken_over(
    parent: Participant, definition: ProtocolDefinition
) -> Iterator[tuple[str, object]]:
    """Yield the facts that the parent's record answers, with their values."""
    days: Mapping[str, date] = parent_days(parent)
    kept = facts_of([parent.pk])[parent.pk]
    carried = definition.parent.carries if definition.parent else ()
    for fact in definition.facts:
        if fact.event in days:
            yield fact.code, days[fact.event]
        elif fact.code in carried and fact.code in kept:
            yield fact.code, typed(fact, kept[fact.code].value)
