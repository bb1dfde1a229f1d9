"""The planner: a definition and what has happened → the window of every visit."""

from datetime import date

from sessions.schedule.anchors import (
    Basis,
    Node,
    first_dose_of,
    happened,
    last_dose_of,
)
from sessions.schedule.records import PlannedVisit, Record, State
from sessions.schedule.sentences import (
    event_words,
    no_day_sentence,
    state_sentence,
    window_sentence,
)
from sessions.schedule.stages import OPEN, StageEntered, entered
from sessions.schedule.windows import (
    Bounds,
    Window,
    bounds_from,
    narrow,
    window_from,
)
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.ordering import DOSE_EVENTS, can_be_anchor, ties_of
from trials.protocol.parts import Timing, VisitDefinition
from trials.protocol.spans import NO_LIMIT_DAY
from trials.protocol.vocabulary import MAY_NEVER_HAPPEN, Event, Otherwise


def plan(
    definition: ProtocolDefinition, record: Record, today: date
) -> dict[str, PlannedVisit]:
    """Plan every visit of a participant, as of `today` at the site.

    Returns the visits by code, in the order of the course. Codes in the record that
    the definition does not have (of an earlier version) are ignored.
    """
    planner = _Planner(definition, record, today)
    for code in definition.order:
        planner.plan_visit(definition.visits_by_code[code])
    return {visit.code: planner.planned[visit.code] for visit in definition.visits}


class _Planner:
    """One pass over the visits in the order that parsing fixed."""

    def __init__(
        self, definition: ProtocolDefinition, record: Record, today: date
    ) -> None:
        self.definition = definition
        self.record = record
        self.today = today
        self.planned: dict[str, PlannedVisit] = {}
        self.nodes: dict[str, Node] = {}
        self.ties = ties_of(definition)
        self.dosing = tuple(visit.code for visit in definition.dosing_visits)
        self.events = dict(record.events)
        self.left = self.events.get(Event.STUDY_LEFT)
        if self.left is not None:
            # Who leaves the study ends treatment too, recorded or not.
            self.events.setdefault(Event.TREATMENT_STOPPED, self.left)
        self.stopped = self.events.get(Event.TREATMENT_STOPPED)
        self.stages = {x.code: entered(x, record) for x in definition.stages}

    def plan_visit(self, visit: VisitDefinition) -> None:
        code = visit.code
        if code in self.record.held:
            day = self.record.held[code]
            self.nodes[code] = happened(visit.label, day)
            self._put(visit, State.HELD, target=day, why=f"Held on {day}.")
        elif code in self.record.missed:
            day = self.record.missed[code]
            self.nodes[code] = Node(
                Basis.LOST, visit.label, day=day, firm=True, final=True
            )
            self._put(visit, State.MISSED, target=day, why=f"Missed; due on {day}.")
        else:
            self._plan_unheld(visit)

    def _put(
        self, visit: VisitDefinition, state: State, *, target: date, why: str
    ) -> None:
        self.planned[visit.code] = PlannedVisit(
            visit.code, state, target=target, firm=True, why=why
        )

    def _undated(
        self, visit: VisitDefinition, state: State, *, why: str, node: Node
    ) -> None:
        self.nodes[visit.code] = node
        self.planned[visit.code] = PlannedVisit(visit.code, state, why=why)

    def _plan_unheld(self, visit: VisitDefinition) -> None:
        stage = self.stages.get(visit.stage, OPEN)
        if self._is_dropped_by_leaving(visit):
            self._cancel(visit, state_sentence("The study was left", self.left, "."))
        elif stage.state is State.NOT_FOR:
            node = Node(Basis.LOST, visit.label, final=True)
            self._undated(visit, State.NOT_FOR, why=stage.why, node=node)
        elif self._is_dropped_by_stopping(visit):
            why = state_sentence("Treatment was stopped", self.stopped, ".")
            self._cancel(visit, why)
        elif stage.state is State.WAITING:
            node = Node(Basis.DATELESS, visit.label)
            self._undated(visit, State.WAITING, why=stage.why, node=node)
        elif visit.when is None or not can_be_anchor(visit):
            node = Node(Basis.MAYBE, visit.label)
            why = "Held whenever it is needed."
            self._undated(visit, State.IF_NEEDED, why=why, node=node)
        else:
            self._plan_timed(visit, visit.when, stage)

    def _is_dropped_by_leaving(self, visit: VisitDefinition) -> bool:
        if self.left is None:
            return False
        if visit.when is not None and visit.when.anchor == Event.STUDY_LEFT:
            return False
        stopping = self.definition.stopping
        return stopping is None or visit.kind not in stopping.on_leaving_keeps

    def _is_dropped_by_stopping(self, visit: VisitDefinition) -> bool:
        stopping = self.definition.stopping
        if self.stopped is None or stopping is None:
            return False
        return visit.kind in stopping.cancels

    def _cancel(self, visit: VisitDefinition, why: str) -> None:
        """Drop a visit for good, keeping the day it should have been for others."""
        day, firm = None, False
        if visit.when is not None:
            timing, anchor = self._anchor_of(visit, visit.when)
            if anchor.day is not None:
                window = window_from(timing, anchor, self.today)
                day, firm = window.target, window.firm
        node = Node(Basis.LOST, visit.label, day=day, firm=firm, final=True)
        self._undated(visit, State.CANCELLED, why=why, node=node)

    def _anchor_of(self, visit: VisitDefinition, timing: Timing) -> tuple[Timing, Node]:
        """The timing that applies: `when`, or its table of `otherwise` once."""
        anchor = self.node(timing.anchor)
        if anchor.basis is Basis.LOST and isinstance(visit.otherwise, Timing):
            return visit.otherwise, self.node(visit.otherwise.anchor)
        return timing, anchor

    def _plan_timed(
        self, visit: VisitDefinition, when: Timing, stage: StageEntered
    ) -> None:
        timing, anchor = self._anchor_of(visit, when)
        label = visit.label
        if anchor.basis is Basis.MAYBE:
            why = f"Only in the case of {anchor.name}."
            node = Node(Basis.MAYBE, label)
            self._undated(visit, State.IF_NEEDED, why=why, node=node)
        elif anchor.basis is Basis.DATELESS:
            why = f"Waits for {anchor.name}, which has no date yet."
            node = Node(Basis.DATELESS, label)
            self._undated(visit, State.WAITING, why=why, node=node)
        elif anchor.basis is Basis.LOST and (
            visit.otherwise is Otherwise.SKIP or anchor.day is None
        ):
            self._skip(visit, timing, anchor)
        else:
            window = window_from(timing, anchor, self.today)
            self._plan_dated(visit, timing, anchor=anchor, window=window, stage=stage)

    def _skip(self, visit: VisitDefinition, timing: Timing, anchor: Node) -> None:
        day, firm = None, False
        if anchor.day is not None:
            window = window_from(timing, anchor, self.today)
            day, firm = window.target, window.firm
        # It comes back if its anchor is held after all, so it is as final as that.
        node = Node(Basis.LOST, visit.label, day=day, firm=firm, final=anchor.final)
        why = f"{anchor.name} will not take place, so neither will this."
        self._undated(visit, State.CANCELLED, why=why, node=node)

    def _plan_dated(
        self,
        visit: VisitDefinition,
        timing: Timing,
        *,
        anchor: Node,
        window: Window,
        stage: StageEntered,
    ) -> None:
        pairs = [(x, self.node(x.anchor)) for x in visit.constraints]
        bounds = bounds_from(pairs)
        if stage.since is not None:
            stage_label = self.definition.stage(visit.stage).label
            bounds.raise_lower(stage.since, stage_label)
        if timing.is_ahead and anchor.basis is Basis.HAPPENED:
            bounds.too_late_for, bounds.too_late_on = anchor.name, anchor.day
        if bounds.too_late_for:
            self._too_late(visit, window, bounds)
            return
        narrow(window, bounds, self.today)
        state = self._state_of(window)
        if state is State.NO_DAY:
            why = no_day_sentence(anchor, window)
        else:
            why = window_sentence(timing, anchor, window)
        self.nodes[visit.code] = self._node_of(visit, window)
        self.planned[visit.code] = PlannedVisit(
            visit.code,
            state,
            opens=window.opens,
            target=window.target,
            closes=None if window.closes == NO_LIMIT_DAY else window.closes,
            firm=window.firm,
            why=why,
        )

    def _too_late(self, visit: VisitDefinition, window: Window, bounds: Bounds) -> None:
        node = Node(Basis.LOST, visit.label, day=window.target, firm=window.firm)
        on = state_sentence(bounds.too_late_for, bounds.too_late_on, "took place")
        why = f"Had to come before; {on}. Declare it missed, with a reason."
        self._undated(visit, State.TOO_LATE, why=why, node=node)

    def _state_of(self, window: Window) -> State:
        if not window.has_day:
            return State.NO_DAY
        if not window.firm:
            return State.PROVISIONAL
        if self.today < window.opens:
            return State.UPCOMING
        return State.OPEN if self.today <= window.closes else State.OVERDUE

    def _node_of(self, visit: VisitDefinition, window: Window) -> Node:
        """How dependants see an unheld visit: at its booking, or at its forecast.

        A booking that has passed without the visit counts for nothing.
        """
        booked = self.record.booked.get(visit.code)
        if booked is not None and booked >= self.today:
            floor = min(window.floor or booked, booked)
            return Node(
                Basis.EXPECTED,
                visit.label,
                day=booked,
                opens=booked,
                closes=booked,
                floor=floor,
                firm=True,
                booked=True,
            )
        is_lost = not window.has_day
        return Node(
            Basis.LOST if is_lost else Basis.EXPECTED,
            visit.label,
            day=window.target if is_lost else max(window.target, self.today),
            opens=window.opens,
            closes=window.closes,
            floor=window.floor,
            firm=window.firm,
        )

    def node(self, reference: str) -> Node:
        """The visit, milestone or event that a rule refers to."""
        found = self.nodes.get(reference)
        if found is None:
            found = self.nodes[reference] = self._event_node(reference)
        return found

    def _event_node(self, reference: str) -> Node:
        name = event_words(reference)
        if reference in DOSE_EVENTS:
            return self._dose_node(reference)
        if reference in self.events:
            return happened(name, self.events[reference])
        if reference in self.ties:
            return self._tied_node(reference, name)
        is_maybe = reference in MAY_NEVER_HAPPEN
        return Node(Basis.MAYBE if is_maybe else Basis.DATELESS, name)

    def _dose_node(self, reference: str) -> Node:
        known = self.definition.visits_by_code
        doses = [day for code, day in self.record.doses.items() if code in known]
        nodes = [self.nodes[code] for code in self.dosing]
        if reference == Event.FIRST_DOSE:
            return first_dose_of(doses, nodes, self.today)
        return last_dose_of(doses, nodes, self.today)

    def _tied_node(self, reference: str, name: str) -> Node:
        """An event that is expected on the day of a visit, until it is recorded."""
        visit = self.nodes[self.ties[reference]]
        if visit.basis is not Basis.HAPPENED or reference not in set(Event):
            return visit
        day = max(visit.day or self.today, self.today)
        return Node(Basis.EXPECTED, name, day=day, floor=visit.floor)
