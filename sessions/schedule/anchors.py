"""What a visit or an event can be counted from: its day, and how sure that day is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto


class Basis(Enum):
    HAPPENED = auto()
    EXPECTED = auto()  # will happen; its day is a forecast
    LOST = auto()  # will not happen, or has no day; `day` is when it should have been
    MAYBE = auto()  # may never happen
    DATELESS = auto()  # will happen, nobody knows when


@dataclass(frozen=True, slots=True)
class Node:
    """A visit or event as others see it.

    `day` is what dependants count from. `opens` and `closes` are the ends that a
    constraint may lean on, exact where the visit is booked. `floor` is the earliest
    day it can have as far as the past settles it: unlike `opens` it does not move
    while time passes. `firm` says that the window cannot move by itself, `final`
    that a lost visit cannot come back.
    """

    basis: Basis
    name: str
    day: date | None = None
    opens: date | None = None
    closes: date | None = None
    floor: date | None = None
    firm: bool = False
    booked: bool = False
    final: bool = False


def happened(name: str, day: date) -> Node:
    return Node(
        Basis.HAPPENED,
        name,
        day=day,
        opens=day,
        closes=day,
        floor=day,
        firm=True,
        final=True,
    )


def first_dose_of(doses: Iterable[date], dosing: list[Node], today: date) -> Node:
    """The first day on which a dose was given, or when one is expected."""
    name = "first dose"
    if day := min(doses, default=None):
        return happened(name, day)
    if all(node.final for node in dosing):
        return _never_given(name, dosing, earliest=True)
    planned = _planned_days(dosing, today)
    if not planned:
        return Node(Basis.DATELESS, name)
    floors = [node.floor for node in dosing if node.floor and not node.final]
    return Node(Basis.EXPECTED, name, day=min(planned), floor=min(floors, default=None))


def last_dose_of(doses: Iterable[date], dosing: list[Node], today: date) -> Node:
    """The last dose: firm only once no other can follow, else the latest planned.

    Until then the latest dose so far is no anchor: a follow-up counted from it would
    jump with every further dose.
    """
    name = "last dose"
    latest = max(doses, default=None)
    if all(node.final for node in dosing):
        if latest is not None:
            return happened(name, latest)
        return _never_given(name, dosing, earliest=False)
    planned = _planned_days(dosing, today)
    if latest is not None:
        # Another dose can only come from today on, also where none is dated yet.
        planned.append(max(latest, today))
    if not planned:
        return Node(Basis.DATELESS, name)
    return Node(Basis.EXPECTED, name, day=max(planned), floor=latest)


def _planned_days(dosing: list[Node], today: date) -> list[date]:
    """Days on which a dose may still be given.

    A dosing visit without a day left, or too late, may yet be held by a person's
    decision; its raw day stands in, no earlier than today.
    """
    return [max(node.day, today) for node in dosing if node.day and not node.final]


def _never_given(name: str, dosing: list[Node], *, earliest: bool) -> Node:
    dated = [node for node in dosing if node.day is not None]
    days = [node.day for node in dated if node.day is not None]
    if not days:
        return Node(Basis.LOST, name, final=True)
    return Node(
        Basis.LOST,
        name,
        day=min(days) if earliest else max(days),
        firm=all(node.firm for node in dated),
        final=True,
    )
