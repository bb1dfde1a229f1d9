"""What an amendment does to the visits of one participant, on the day it applies."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from sessions.schedule.planner import plan
from sessions.schedule.records import WINDOWED, PlannedVisit, Record, State
from trials.protocol.definition import ProtocolDefinition

# What a rehearsal counts beside the fates.
DECISIONS = "needs a decision"


class Fate(StrEnum):
    """What becomes of a visit when another version applies."""

    KEPT = "held or missed, kept as it was"
    WITHOUT_PLACE = "held or missed, no longer in the protocol"
    REMOVED = "removed by the new version"
    ADDED = "added"
    ADDED_CLOSED = "added, but its window is over: not asked for"
    MOVED = "moved"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class AmendedVisit:
    """One visit before and after: `code` is the new version's, where it has one.

    `needs_decision` marks what a person must look at: a visit that could be held
    today, or was booked, under the old version and not under the new one.
    """

    code: str
    fate: Fate
    before: PlannedVisit | None = None
    after: PlannedVisit | None = None
    needs_decision: bool = False


def amend(
    old: ProtocolDefinition,
    new: ProtocolDefinition,
    record: Record,
    *,
    today: date,
) -> dict[str, AmendedVisit]:
    """The fate of every visit of one participant when `new` applies from `today` on.

    Held and missed visits keep their code, window and version; they remain anchors,
    also under a new code.
    """
    new_codes = new.amendment.renamed if new.amendment else {}
    before = plan(old, record, today)
    translated = under_new_codes(record, new_codes)
    after = plan(new, translated, today)
    found: dict[str, AmendedVisit] = {}
    for old_code, planned in before.items():
        code = new_codes.get(old_code, old_code)
        found[code] = _amended(code, before=planned, after=after.get(code))
    for code, planned in after.items():
        if code not in found:
            found[code] = _added(planned)
    return {code: _with_booking(item, translated) for code, item in found.items()}


def under_new_codes(record: Record, new_codes: Mapping[str, str]) -> Record:
    """The record as the new version names its visits; other codes stay."""

    def named(days: Mapping[str, date]) -> dict[str, date]:
        return {new_codes.get(code, code): day for code, day in days.items()}

    return replace(
        record,
        held=named(record.held),
        missed=named(record.missed),
        booked=named(record.booked),
        doses=named(record.doses),
    )


def _amended(
    code: str, *, before: PlannedVisit, after: PlannedVisit | None
) -> AmendedVisit:
    is_over = before.state in {State.HELD, State.MISSED}
    if after is None:
        fate = Fate.WITHOUT_PLACE if is_over else Fate.REMOVED
        return AmendedVisit(code, fate, before)
    if is_over:
        return AmendedVisit(code, Fate.KEPT, before, after)
    fate = Fate.UNCHANGED if _window(before) == _window(after) else Fate.MOVED
    needs = before.state is State.OPEN and after.state is not State.OPEN
    return AmendedVisit(code, fate, before, after, needs_decision=needs)


def _window(visit: PlannedVisit) -> tuple[State, date | None, date | None, date | None]:
    return visit.state, visit.opens, visit.target, visit.closes


def _added(after: PlannedVisit) -> AmendedVisit:
    is_over = after.state in {State.OVERDUE, State.TOO_LATE}
    fate = Fate.ADDED_CLOSED if is_over else Fate.ADDED
    return AmendedVisit(after.code, fate, after=after)


_SETTLED = frozenset({Fate.KEPT, Fate.WITHOUT_PLACE})


def _with_booking(item: AmendedVisit, record: Record) -> AmendedVisit:
    """Marks a booking that was in the old window and is not in the new one."""
    booked = record.booked.get(item.code)
    if booked is None or item.before is None or item.fate in _SETTLED:
        return item
    is_outside = not (item.after and _holds(item.after, booked))
    if _holds(item.before, booked) and is_outside:
        return replace(item, needs_decision=True)
    return item


def _holds(visit: PlannedVisit, day: date) -> bool:
    if visit.state not in WINDOWED or visit.opens is None:
        return False
    return visit.opens <= day <= (visit.closes or date.max)


def rehearse(
    old: ProtocolDefinition,
    new: ProtocolDefinition,
    records: Iterable[Record],
    *,
    today: date,
) -> Counter[str]:
    """How many visits of these participants meet each fate, and need a decision."""
    return counted(
        item
        for record in records
        for item in amend(old, new, record, today=today).values()
    )


def counted(items: Iterable[AmendedVisit]) -> Counter[str]:
    """How many visits meet each fate, and need a decision."""
    counts: Counter[str] = Counter()
    for item in items:
        counts[item.fate] += 1
        counts[DECISIONS] += item.needs_decision
    return counts
