"""Checks the course: visits, their timing and constraints, periods, milestones."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.expansion import VisitTemplate
from trials.protocol.ordering import can_be_anchor, references_of, ties_of
from trials.protocol.parts import Timing, VisitDefinition
from trials.protocol.problems import Problem, meant
from trials.protocol.spans import Span, is_in_order
from trials.protocol.vocabulary import PARENT_EVENTS, Event, VisitKind

_CODE = re.compile(r"[a-z][a-z0-9_]*")
_AMOUNT = re.compile(r"\d+(?:\.\d+)? ?mg\b", re.IGNORECASE)


def duplicate_codes(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Codes that two parts of one list share, or that are not written as codes."""
    for part, codes in _codes_of(definition).items():
        for code in dict.fromkeys(codes):
            count = codes.count(code)
            if count > 1:
                times = {2: "two", 3: "three"}.get(count, str(count))
                sentence = f"The code '{code}' is used by {times} {part}"
                yield Problem(f"{sentence}; codes are used once.")
            if not _CODE.fullmatch(code):
                sentence = f"The code '{code}' ({part}) is not written as a code"
                yield Problem(f"{sentence}: lower-case letters, digits and _ only.")


def _codes_of(definition: ProtocolDefinition) -> dict[str, list[str]]:
    lists: dict[str, Sequence[object]] = {
        "stages": definition.stages,
        "arms": definition.arms,
        "milestones": definition.milestones,
        "visits": definition.visits,
        "periods": definition.periods,
        "assessments": definition.assessments,
        "gates": definition.gates,
        "facts": definition.facts,
        "criteria": definition.criteria,
        "drugs": definition.drugs,
        "washouts": definition.washouts,
        "outcome classes": definition.outcome_classes,
        "endpoints": definition.endpoints,
        "estimands": definition.estimands,
        "entries of not_yet": definition.not_yet,
    }
    return {
        part: [str(getattr(item, "code", "")) for item in items]
        for part, items in lists.items()
    }


class References:
    """Knows every visit, event and milestone that a definition may refer to."""

    def __init__(self, definition: ProtocolDefinition) -> None:
        self.definition = definition
        self.milestones = {item.code for item in definition.milestones}
        events = {event.value for event in Event}
        if definition.parent is not None:
            events |= set(PARENT_EVENTS)
        self.known = set(definition.visits_by_code) | events | self.milestones

    def problem(self, reference: str) -> str:
        """The sentence about a reference that leads nowhere, or nothing."""
        if reference not in self.known:
            return self._unknown(reference)
        visit = self.definition.visits_by_code.get(reference)
        if visit is not None and not can_be_anchor(visit):
            return f"'{reference}' may be held never or often, so it times nothing."
        return ""

    def _unknown(self, reference: str) -> str:
        sentence = f"'{reference}' is neither a visit nor an event"
        if reference.startswith("parent.") and self.definition.parent is None:
            return f"{sentence}: this trial has no [parent]."
        return f"{sentence}.{meant(reference, self.known)}"


def visit_problems(
    definition: ProtocolDefinition, templates: Sequence[VisitTemplate]
) -> Iterator[Problem]:
    """Everything wrong with single visits: timing, references, stage and label."""
    references = References(definition)
    places = {t.visit.code: index for index, t in enumerate(templates)}
    for visit in definition.visits:
        place = f"Visit {visit.code}"
        sentences = [
            *_missing_timing(visit),
            *filter(None, map(references.problem, references_of(visit))),
            *_later_anchor(visit, definition, places),
            *_window_sentences(visit),
            *_empty_constraints(visit),
            *_stage_sentences(visit, definition),
        ]
        for sentence in dict.fromkeys(sentences):
            yield Problem(sentence, place)


def _missing_timing(visit: VisitDefinition) -> Iterator[str]:
    if visit.when is None and can_be_anchor(visit):
        yield "says nowhere when it is; add when = { after = …, target = … }."
    if visit.when is not None and not can_be_anchor(visit):
        yield "is unscheduled or repeatable, so it takes no when."


def _later_anchor(
    visit: VisitDefinition, definition: ProtocolDefinition, places: dict[str, int]
) -> Iterator[str]:
    for timing in (visit.when, visit.otherwise):
        if not isinstance(timing, Timing) or timing.is_ahead:
            continue
        anchor = definition.visits_by_code.get(timing.anchor)
        if anchor is None or anchor is visit:
            continue
        if places[anchor.pattern] > places[visit.pattern]:
            yield (
                f"is timed after {anchor.code}, which comes later in the file; "
                "move it below, or use ahead_of."
            )


def _window_sentences(visit: VisitDefinition) -> Iterator[str]:
    for timing in (visit.when, visit.otherwise):
        if not isinstance(timing, Timing):
            continue
        spans = [timing.earliest, timing.target, timing.latest]
        if timing.is_ahead:
            spans.reverse()
        for first, second in ((spans[0], spans[1]), (spans[1], spans[2])):
            yield from _order_sentences(first, second)


def _order_sentences(first: Span, second: Span) -> Iterator[str]:
    in_order = is_in_order(first, second)
    if in_order is None:
        yield (
            f"cannot tell whether '{first}' comes before '{second}', since months "
            "differ in length; use one unit."
        )
    elif not in_order:
        sentence = f"the window is the wrong way round: '{first}' is more than"
        yield f"{sentence} '{second}'."


def _empty_constraints(visit: VisitDefinition) -> Iterator[str]:
    """Bounds counted from one anchor that leave no day whatever happens."""
    lowers: dict[tuple[str, bool], list[Span]] = defaultdict(list)
    uppers: dict[tuple[str, bool], list[Span]] = defaultdict(list)
    if visit.when is not None:
        key = visit.when.anchor, visit.when.is_ahead
        spans = [visit.when.earliest, visit.when.latest]
        if visit.when.is_ahead:
            spans.reverse()
        lowers[key].append(spans[0])
        uppers[key].append(spans[1])
    for constraint in visit.constraints:
        key = constraint.anchor, constraint.is_before
        lowers[key] += [constraint.at_least] if constraint.at_least else []
        uppers[key] += [constraint.at_most] if constraint.at_most else []
    for key, least in lowers.items():
        for lower in least if visit.constraints else ():
            for upper in uppers[key]:
                if is_in_order(lower, upper) is False:
                    side = "before" if key[1] else "after"
                    sentence = f"at least {lower} and at most {upper} {side} {key[0]}"
                    yield f"{sentence} leaves no day."


def _stage_sentences(
    visit: VisitDefinition, definition: ProtocolDefinition
) -> Iterator[str]:
    stages = {stage.code: stage for stage in definition.stages}
    if visit.stage and visit.stage not in stages:
        yield f"the stage '{visit.stage}' is not known.{meant(visit.stage, stages)}"
        return
    if not visit.stage and len(stages) > 1:
        yield f"must name its stage, one of {', '.join(stages)}."
        return
    if stages[visit.stage or next(iter(stages))].blinded:
        word = telling_word(visit.label, definition)
        if word:
            yield (
                f"its label names an arm, the drug or an amount ({word}); "
                "in a blinded stage it may not."
            )


def telling_word(label: str, definition: ProtocolDefinition) -> str:
    """The word of a label that tells an arm, the drug or an amount, or nothing."""
    amount = _AMOUNT.search(label)
    if amount:
        return amount[0]
    telling = [*definition.forbidden_words]
    for arm in definition.arms:
        telling += [arm.code, arm.label]
    for word in telling:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", label, re.IGNORECASE):
            return word
    return ""


def course_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    """Periods, milestones, stopping, and labels outside the visits."""
    yield from _period_problems(definition)
    yield from _milestone_problems(definition)
    if definition.study_day_1:
        sentence = References(definition).problem(definition.study_day_1)
        if sentence:
            yield Problem(sentence, "study_day_1")
    yield from _stopping_problems(definition)
    yield from _label_problems(definition)


def _period_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    visits = definition.visits_by_code
    for period in definition.periods:
        place = f"Period {period.code}"
        for reference in (period.start, period.end):
            if reference not in visits:
                near = meant(reference, visits)
                yield Problem(f"'{reference}' is not a visit.{near}", place)
        if period.at_least and period.at_most:
            for sentence in _order_sentences(period.at_least, period.at_most):
                yield Problem(sentence, place)


def _milestone_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    visits = definition.visits_by_code
    for milestone in definition.milestones:
        if milestone.at not in visits:
            sentence = f"'{milestone.at}' is not a visit.{meant(milestone.at, visits)}"
            yield Problem(sentence, f"Milestone {milestone.code}")
    milestones = {milestone.code for milestone in definition.milestones}
    for event, code in ties_of(definition).items():
        if event not in milestones and code not in visits:
            near = meant(code, [*visits, *milestones])
            sentence = f"'{code}' is neither a visit nor a milestone.{near}"
            yield Problem(sentence, event.capitalize())


def _stopping_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    stopping = definition.stopping
    if stopping is None or not definition.dosing_visits:
        return
    if VisitKind.DOSING not in stopping.cancels:
        sentence = "must cancel dosing: no dose follows when treatment has stopped."
        yield Problem(sentence, "stopping")
    if VisitKind.DOSING in stopping.on_leaving_keeps:
        yield Problem("cannot keep dosing for who has left the study.", "stopping")


def _label_problems(definition: ProtocolDefinition) -> Iterator[Problem]:
    if not any(stage.blinded for stage in definition.stages):
        return
    labels = [(f"Stage {x.code}", x.label) for x in definition.stages if x.blinded]
    labels += [(f"Period {x.code}", x.label) for x in definition.periods]
    for place, label in labels:
        word = telling_word(label, definition)
        if word:
            sentence = f"its label names an arm, the drug or an amount ({word})."
            yield Problem(sentence, place)
