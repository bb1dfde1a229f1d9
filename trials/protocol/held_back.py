"""What would tell the group that a planned unblinding revealed: kept for the site."""

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.ordering import references_of, ties_of
from trials.protocol.parts import HeldBack
from trials.protocol.vocabulary import Event


def held_back_by(definition: ProtocolDefinition) -> HeldBack:
    """Return what rater, sponsor and export must not read before the trial is locked.

    A follow-up for everybody is among it where it counts from the last dose and some
    arms have one dose more: its window alone would tell them apart.
    """
    entries = {stage.code: stage.enter for stage in definition.stages if stage.enter}
    decided = {code: enter for code, enter in entries.items() if enter.revealed}
    ties = ties_of(definition)
    visits: set[str] = set()
    # In the order of planning, whatever a visit waits for stands before it.
    for code in definition.order:
        visit = definition.visits_by_code[code]
        telling = visits | _telling_doses(definition, visits)
        awaited = {ties.get(each, each) for each in references_of(visit)}
        if visit.stage in decided or awaited & telling:
            visits.add(code)
    return HeldBack(
        visits=frozenset(visits),
        facts=frozenset(each.code for each in definition.facts if each.visit in visits),
        items=frozenset(each.consent for each in decided.values() if each.consent),
    )


def _telling_doses(definition: ProtocolDefinition, visits: set[str]) -> set[str]:
    """Return the events of dosing whose day is another one for some arms.

    The first dose is known before any arm is, unless every dose comes after.
    """
    doses = [dosing.code in visits for dosing in definition.dosing_visits]
    telling = {Event.LAST_DOSE.value: any(doses), Event.FIRST_DOSE.value: all(doses)}
    return {event for event, tells in telling.items() if doses and tells}
