"""What waits for what: references between visits, and the order to compute them in."""

from collections.abc import Iterator, Mapping, Sequence

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.parts import Timing, VisitDefinition
from trials.protocol.vocabulary import Event, VisitKind

DOSE_EVENTS = frozenset({Event.FIRST_DOSE, Event.LAST_DOSE})


def references_of(visit: VisitDefinition) -> Iterator[str]:
    """Every visit, event or milestone that a visit is timed or narrowed by."""
    if visit.when is not None:
        yield visit.when.anchor
    if isinstance(visit.otherwise, Timing):
        yield visit.otherwise.anchor
    for constraint in visit.constraints:
        yield constraint.anchor


def ties_of(definition: ProtocolDefinition) -> dict[str, str]:
    """Event or milestone code → the visit on whose day it is expected."""
    ties = {milestone.code: milestone.at for milestone in definition.milestones}
    if definition.randomization is not None:
        ties[Event.RANDOMIZATION.value] = definition.randomization.at
    if definition.unblinding is not None and definition.unblinding.at:
        ties[Event.UNBLINDING.value] = definition.unblinding.at
    # An event may be tied to a milestone ("randomization at confirmation"), once.
    return {code: ties.get(at, at) if at != code else at for code, at in ties.items()}


def awaited_by(
    visit: VisitDefinition, definition: ProtocolDefinition, ties: Mapping[str, str]
) -> tuple[str, ...]:
    """Codes of the visits that must be computed before `visit`."""
    awaited: dict[str, None] = {}
    for reference in references_of(visit):
        if reference in DOSE_EVENTS:
            awaited.update(dict.fromkeys(x.code for x in definition.dosing_visits))
        elif reference in definition.visits_by_code:
            awaited[reference] = None
        elif reference in ties:
            awaited[ties[reference]] = None
    return tuple(awaited)


def order_of(
    definition: ProtocolDefinition,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The order in which to plan the visits, and a cycle if some wait in a circle.

    The cycle begins and ends with the same code; it is empty when there is none.
    """
    ties = ties_of(definition)
    awaited = {
        visit.code: awaited_by(visit, definition, ties) for visit in definition.visits
    }
    done: dict[str, None] = {}
    for code in awaited:
        cycle = _visit_in_depth(code, awaited, done)
        if cycle:
            return (), cycle
    return tuple(done), ()


def _visit_in_depth(
    start: str, awaited: Mapping[str, Sequence[str]], done: dict[str, None]
) -> tuple[str, ...]:
    # A stack of (code, what it still waits for), so that a long chain of visits
    # cannot exceed Python's recursion limit.
    path: dict[str, Iterator[str]] = {}
    if start not in done:
        path[start] = iter(awaited[start])
    while path:
        code = next(reversed(path))
        following = next((x for x in path[code] if x not in done), None)
        if following is None:
            done[code] = None
            del path[code]
        elif following in path:
            codes = list(path)
            return (*codes[codes.index(following) :], following)
        else:
            path[following] = iter(awaited.get(following, ()))
    return ()


def can_be_anchor(visit: VisitDefinition) -> bool:
    """Whether others may be timed by it: not what may be held never or many times."""
    return not visit.repeatable and visit.kind is not VisitKind.UNSCHEDULED
