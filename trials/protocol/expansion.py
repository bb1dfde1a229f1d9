"""Writes out repetition: visits that follow or precede others, and rows over kinds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from trials.protocol.parts import Constraint, Timing, VisitDefinition
from trials.protocol.problems import Problem, meant
from trials.protocol.spans import Span
from trials.protocol.vocabulary import VisitKind


@dataclass(frozen=True, slots=True)
class VisitTemplate:
    """A `[[visits]]` entry as the file gives it, `{n}` and `{day}` left open."""

    visit: VisitDefinition
    numbers: tuple[str, ...] = ()
    follows_each: tuple[str, ...] = ()
    precedes_each: tuple[str, ...] = ()
    on_days: tuple[int, ...] = ()
    before_next: bool = False

    @property
    def anchors(self) -> tuple[str, ...]:
        return self.follows_each or self.precedes_each


def template_problems(template: VisitTemplate) -> Iterator[Problem]:
    """What is wrong with the repetition itself, before it is written out."""
    visit, place = template.visit, f"Visit {template.visit.code}"
    if template.follows_each and template.precedes_each:
        yield Problem("either follows or precedes visits, not both.", place)
    if template.on_days and not template.follows_each:
        yield Problem("has on_days, so it needs follows_each.", place)
    if template.before_next and not template.follows_each:
        yield Problem("has before_next, so it needs follows_each.", place)
    if len(template.anchors) > 1 and "{n}" not in visit.code:
        sentence = "follows several visits, so its code needs {n} where the number goes"
        yield Problem(f"{sentence}.".replace("follows", _verb(template)), place)
    if len(template.on_days) > 1 and "{day}" not in visit.code:
        yield Problem(
            "is on several days, so its code needs {day} where the day goes.", place
        )
    count = len(template.anchors) * max(len(template.on_days), 1) or 1
    if len(template.numbers) not in {0, count}:
        had, wanted = len(template.numbers), count
        yield Problem(f"has {had} numbers for {wanted} repetitions.", place)
    yield from _timing_problems(template, place)


def _verb(template: VisitTemplate) -> str:
    return "follows" if template.follows_each else "precedes"


def _timing_problems(template: VisitTemplate, place: str) -> Iterator[Problem]:
    when = template.visit.when
    if not template.anchors:
        if when is not None and not when.anchor:
            sentence = "says a day but not of what; add after or ahead_of to when."
            yield Problem(sentence, place)
        return
    if when is not None and when.anchor:
        yield Problem("is repeated, so its when takes no after or ahead_of.", place)
    if template.on_days and when is not None:
        yield Problem("is timed both by on_days and by when; drop one.", place)
    if not template.on_days and when is None:
        sentence = "says nowhere when it is; add when = { target = … } or on_days."
        yield Problem(sentence, place)


def write_out(template: VisitTemplate) -> list[VisitDefinition]:
    """The visits that a template stands for, in the order of its list."""
    visit = template.visit
    if not template.anchors:
        number = template.numbers[0] if template.numbers else ""
        return [replace(visit, number=number, pattern=visit.code)]
    numbers = iter(template.numbers)
    days: Sequence[int | None] = template.on_days or (None,)
    repetitions = product(enumerate(template.anchors, start=1), days)
    return [
        _written_out(template, n=n, anchor=anchor, day=day, number=next(numbers, ""))
        for (n, anchor), day in repetitions
    ]


def _written_out(
    template: VisitTemplate, *, n: int, anchor: str, day: int | None, number: str
) -> VisitDefinition:
    visit = template.visit

    def named(text: str) -> str:
        text = text.replace("{n}", str(n))
        return text if day is None else text.replace("{day}", str(day))

    when = visit.when
    if day is not None:
        span = Span(days=day)
        when = Timing(anchor="", earliest=span, target=span, latest=span)
    constraints = [
        replace(constraint, anchor=named(constraint.anchor))
        for constraint in visit.constraints
    ]
    if template.before_next and n < len(template.anchors):
        constraints.append(Constraint(anchor=template.anchors[n], is_before=True))
    otherwise = visit.otherwise
    if isinstance(otherwise, Timing):
        otherwise = replace(otherwise, anchor=named(otherwise.anchor))
    if when is not None:
        is_ahead = bool(template.precedes_each)
        when = replace(when, anchor=anchor, is_ahead=is_ahead)
    return replace(
        visit,
        code=named(visit.code),
        label=named(visit.label),
        number=number,
        when=when,
        otherwise=otherwise,
        constraints=tuple(constraints),
        pattern=visit.code,
        repetition=n,
        day=day,
    )


def in_course_order(
    templates: Sequence[VisitTemplate], visits: Sequence[VisitDefinition]
) -> tuple[VisitDefinition, ...]:
    """Visits in the order of the course: a repeated visit stands beside its anchor.

    The file writes the integration sessions of all dosing sessions as one entry;
    people read them between the dosing sessions, so that is where they are put.
    """
    place = {t.visit.code: index for index, t in enumerate(templates)}

    def key(visit: VisitDefinition) -> tuple[int, int, int]:
        own = place[visit.pattern]
        if visit.repetition is None or visit.when is None:
            return own, 0, 0
        base = place.get(visit.when.anchor, own)
        days = visit.when.target.shortest_days
        return (base, -1, -days) if visit.when.is_ahead else (base, 1, days)

    return tuple(sorted(visits, key=key))


def names_of(visit: VisitDefinition) -> set[str]:
    """Every way to name a repeated visit, `{n}` and `{day}` each left open or not."""
    names = {visit.code, visit.pattern}
    if visit.repetition is not None:
        names.add(visit.pattern.replace("{n}", str(visit.repetition)))
    if visit.day is not None:
        names.add(visit.pattern.replace("{day}", str(visit.day)))
    return names


class Places:
    """Answers which visits `every KIND`, a code or an open code stands for."""

    def __init__(self, visits: Sequence[VisitDefinition]) -> None:
        self.visits = visits
        self.named: dict[str, list[str]] = {}
        for visit in visits:
            for name in names_of(visit):
                self.named.setdefault(name, []).append(visit.code)
            self.named.setdefault(f"every {visit.kind.value}", []).append(visit.code)

    def codes(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Codes of all visits that the patterns name, in the order of the visits."""
        chosen = {code for pattern in patterns for code in self.named.get(pattern, [])}
        return tuple(visit.code for visit in self.visits if visit.code in chosen)

    def problems(self, patterns: Sequence[str], place: str) -> Iterator[Problem]:
        """A sentence for every pattern that names nothing."""
        for pattern in patterns:
            if pattern in self.named:
                continue
            known = [*self.named, *(f"every {kind.value}" for kind in VisitKind)]
            near = meant(pattern, known)
            if near == f" Did you mean {pattern}?":
                near = ""
            yield Problem(f"'{pattern}' matches no visit.{near}", place)
