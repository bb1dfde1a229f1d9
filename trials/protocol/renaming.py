"""Renames visits throughout a definition: in references, never in other words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.held_back import held_back_by
from trials.protocol.parts import Constraint, Timing, VisitDefinition


def renamed(
    definition: ProtocolDefinition, new_codes: Mapping[str, str]
) -> ProtocolDefinition:
    """The definition with visits under new codes.

    Only keys that refer to visits change. A visit called `termination` may be renamed
    and the kind of that name stays.
    """
    if not new_codes:
        return definition
    names = _Names(new_codes)
    visits = tuple(names.visit(visit) for visit in definition.visits)
    changed = replace(
        definition,
        visits=visits,
        order=names.all(definition.order),
        study_day_1=names.one(definition.study_day_1),
        milestones=tuple(replace(x, at=names.one(x.at)) for x in definition.milestones),
        periods=tuple(
            replace(x, start=names.one(x.start), end=names.one(x.end))
            for x in definition.periods
        ),
    )
    whole = _with_observations(_with_unblinding(changed, names), names)
    return replace(whole, held_back=held_back_by(whole))


def codes_since(
    first: ProtocolDefinition,
    last: ProtocolDefinition,
    *,
    versions: Iterable[ProtocolDefinition],
) -> dict[str, str]:
    """What the visits of `first` are called in `last`, which amends it at some remove.

    `versions` are those between them. Where `last` does not go back to `first`, codes stay.
    """
    known = {version.version: version for version in versions}
    codes = {code: code for code in first.visits_by_code}
    steps = []
    while last.version != first.version:
        earlier = known.pop(last.amendment.amends, None) if last.amendment else None
        if last.amendment is None or earlier is None:
            return codes
        steps.append(last.amendment.renamed)
        last = earlier
    for renames in reversed(steps):
        codes = {old: renames.get(code, code) for old, code in codes.items()}
    return codes


def _with_unblinding(
    definition: ProtocolDefinition, names: "_Names"
) -> ProtocolDefinition:
    randomization, unblinding = definition.randomization, definition.unblinding
    if randomization is not None:
        randomization = replace(randomization, at=names.one(randomization.at))
    if unblinding is not None:
        unblinding = replace(unblinding, at=names.one(unblinding.at))
    return replace(definition, randomization=randomization, unblinding=unblinding)


def _with_observations(
    definition: ProtocolDefinition, names: "_Names"
) -> ProtocolDefinition:
    return replace(
        definition,
        assessments=tuple(
            replace(x, at=names.all(x.at)) for x in definition.assessments
        ),
        gates=tuple(replace(x, before=names.all(x.before)) for x in definition.gates),
        facts=tuple(
            replace(x, visit=names.one(x.visit), frozen_by=names.one(x.frozen_by))
            for x in definition.facts
        ),
        washouts=tuple(
            replace(x, before=names.one(x.before)) for x in definition.washouts
        ),
        adverse_events=tuple(
            replace(x, start=names.all(x.start), end=names.one(x.end))
            for x in definition.adverse_events
        ),
        endpoints=tuple(
            replace(x, start=names.one(x.start), end=names.one(x.end))
            for x in definition.endpoints
        ),
    )


class _Names:
    """Old codes and new ones; every other word stays as it is."""

    def __init__(self, new_codes: Mapping[str, str]) -> None:
        self.new_codes = new_codes

    def one(self, code: str) -> str:
        return self.new_codes.get(code, code)

    def all(self, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.one, codes))

    def visit(self, visit: VisitDefinition) -> VisitDefinition:
        otherwise = visit.otherwise
        if isinstance(otherwise, Timing):
            otherwise = self._timing(otherwise)
        return replace(
            visit,
            code=self.one(visit.code),
            pattern=self.one(visit.pattern),
            when=self._timing(visit.when) if visit.when else None,
            otherwise=otherwise,
            constraints=tuple(map(self._constraint, visit.constraints)),
        )

    def _timing(self, timing: Timing) -> Timing:
        return replace(timing, anchor=self.one(timing.anchor))

    def _constraint(self, constraint: Constraint) -> Constraint:
        return replace(constraint, anchor=self.one(constraint.anchor))
