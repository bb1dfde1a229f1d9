"""From an anchor and constraints to the window of one visit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sessions.schedule.anchors import Basis, Node
from trials.protocol.parts import Constraint, Timing
from trials.protocol.spans import NO_LIMIT_DAY, shift


@dataclass(slots=True)
class Window:
    """A window on its way through the rules.

    `soonest` is the earliest day that is still possible, whatever is booked; only it
    may lead to "no day" while the window is a forecast.
    """

    opens: date
    target: date
    closes: date
    firm: bool
    soonest: date
    floor: date | None
    has_day: bool = True
    by_opening: str = ""
    by_closing: str = ""


@dataclass(slots=True)
class Bounds:
    """What constraints say: certain bounds, and bounds that lean on a forecast.

    Only certain bounds can leave no day. `floor` is a lower bound from visits that
    are not certain, as far as the past settles them: it does not move with time.
    """

    lower: date = date.min
    upper: date = date.max
    floor: date = date.min
    soft_lower: date = date.min
    soft_upper: date = date.max
    lower_name: str = ""
    upper_name: str = ""
    soft_upper_name: str = ""
    too_late_for: str = ""
    too_late_on: date | None = field(default=None)

    def raise_lower(self, day: date, name: str) -> None:
        if day > self.lower:
            self.lower, self.lower_name = day, name

    def reduce_upper(self, day: date, name: str) -> None:
        if day < self.upper:
            self.upper, self.upper_name = day, name


def window_from(timing: Timing, node: Node, today: date) -> Window:
    """The window that an anchor gives, before constraints; `node` must have a day."""
    if node.day is None:
        message = f"{node.name} has no day to count from."
        raise ValueError(message)
    if timing.is_ahead:
        return _window_ahead(timing, node, today)
    firm = node.basis is Basis.HAPPENED or (node.basis is Basis.LOST and node.firm)
    day = node.day
    floor = timing.earliest.after(node.floor) if node.floor else None
    soonest = today
    if node.basis is Basis.EXPECTED:
        soonest = timing.earliest.after(max(node.floor or today, today))
    return Window(
        opens=timing.earliest.after(day),
        target=timing.target.after(day),
        closes=timing.latest.after(day),
        firm=firm,
        soonest=soonest,
        floor=floor,
    )


def _window_ahead(timing: Timing, node: Node, today: date) -> Window:
    day = node.day or today
    firm = node.booked or (node.basis is Basis.LOST and node.firm)
    if not firm:
        # The later visit cannot be sooner than this one still allows: forecast from
        # its target alone, a window before it would lie in the past.
        day = max(day, timing.target.after(today))
    opens = timing.earliest.before(day)
    return Window(
        opens=opens,
        target=timing.target.before(day),
        closes=timing.latest.before(day),
        firm=firm,
        soonest=today,
        floor=timing.earliest.before(node.floor) if node.floor else None,
    )


def bounds_from(constraints: Iterable[tuple[Constraint, Node]]) -> Bounds:
    """Collects constraints. What is not certain narrows only as far as it is certain.

    A constraint on a visit that is missed, cancelled, or may never happen is dropped.
    """
    bounds = Bounds()
    for constraint, node in constraints:
        name = _named(constraint, node)
        if node.basis is Basis.HAPPENED and constraint.is_before:
            bounds.too_late_for, bounds.too_late_on = node.name, node.day
        elif node.basis in {Basis.HAPPENED, Basis.EXPECTED}:
            _narrow(bounds, constraint, node, name=name)
        elif node.basis is Basis.LOST and not node.final:
            _raise_floor(bounds, constraint, node)
    return bounds


def _named(constraint: Constraint, node: Node) -> str:
    """A constraint in words: "the screening period counted from consent"."""
    if not constraint.why:
        return node.name
    why = constraint.why[:1].lower() + constraint.why[1:]
    return f"the {why} counted from {node.name}"


def _narrow(bounds: Bounds, constraint: Constraint, node: Node, *, name: str) -> None:
    lower = _lower(constraint, node.opens)
    upper = _upper(constraint, node.closes)
    if node.firm:
        bounds.raise_lower(lower or date.min, name)
        bounds.reduce_upper(upper or date.max, name)
        return
    _raise_floor(bounds, constraint, node)
    bounds.soft_lower = max(bounds.soft_lower, lower or date.min)
    if upper is not None and upper < bounds.soft_upper:
        bounds.soft_upper, bounds.soft_upper_name = upper, name


def _raise_floor(bounds: Bounds, constraint: Constraint, node: Node) -> None:
    if not constraint.is_before:
        bounds.floor = max(bounds.floor, _lower(constraint, node.floor) or date.min)


def _lower(constraint: Constraint, day: date | None) -> date | None:
    span = constraint.at_most if constraint.is_before else constraint.at_least
    if day is None or span is None:
        return None
    return span.before(day) if constraint.is_before else span.after(day)


def _upper(constraint: Constraint, day: date | None) -> date | None:
    if day is None or day == NO_LIMIT_DAY:
        return None
    if not constraint.is_before:
        return constraint.at_most.after(day) if constraint.at_most else None
    if constraint.at_least is None:
        return shift(day, -1)
    return min(constraint.at_least.before(day), shift(day, -1))


def narrow(window: Window, bounds: Bounds, today: date) -> None:
    """Apply `bounds`: the window narrows, and the target is moved into it.

    Where no day is left, `has_day` turns False and the window keeps both bounds.
    """
    if window.firm:
        _narrow_firm(window, bounds, today)
    else:
        _narrow_forecast(window, bounds, today)
    if window.has_day:
        window.target = min(max(window.target, window.opens), window.closes)


def _name_bounds(window: Window, bounds: Bounds) -> None:
    if bounds.lower > window.opens:
        window.by_opening = bounds.lower_name
    if bounds.upper < window.closes:
        window.by_closing = bounds.upper_name


def _narrow_firm(window: Window, bounds: Bounds, today: date) -> None:
    _name_bounds(window, bounds)
    window.opens = max(window.opens, bounds.lower)
    window.closes = min(window.closes, bounds.upper)
    window.has_day = window.opens <= window.closes
    if window.has_day:
        window.opens = min(max(window.opens, bounds.floor), window.closes)
    window.floor = window.opens
    if window.has_day and bounds.soft_upper < window.closes and today <= window.closes:
        # A forecast must not pass for a fact: while it narrows, the window may move.
        latest = max(bounds.soft_upper, window.opens, today)
        window.closes = min(window.closes, latest)
        window.firm = False
        window.by_closing = f"{bounds.soft_upper_name}, which is a forecast"


def _narrow_forecast(window: Window, bounds: Bounds, today: date) -> None:
    _name_bounds(window, bounds)
    soonest = max(window.soonest, bounds.lower)
    window.floor = max(window.floor or date.min, bounds.lower, bounds.floor)
    if soonest > bounds.upper:
        window.opens, window.closes = soonest, bounds.upper
        window.has_day = False
        return
    wished = max(window.opens, bounds.soft_lower, bounds.floor)
    window.opens = max(bounds.lower, min(wished, bounds.upper))
    soft_upper = max(bounds.soft_upper, window.opens, today)
    closes = min(window.closes, bounds.upper, soft_upper)
    window.closes = max(window.opens, closes)
