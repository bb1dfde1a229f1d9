"""The trail in sentences: who did what, to which field of which record, from, to, why."""

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.history import Entry, FieldChange, Record
from audit.naming import Names
from audit.wording import (
    FACT,
    PARTICIPANT,
    TECHNICAL,
    VISIT_CODE,
    Column,
    Table,
    counted,
    in_words,
    past,
    role_words,
    tables,
    words,
)

CUT = "further records, told in full in each participant's and each record's history"
HIDDEN = "(hidden outcome)"
MASKED = "(not shown: identity)"
SEALED = "sealed"
# Above so many rows of one table, an act is told row by row and not field by field.
FEW_ROWS = 3
LONGEST_LIST = 60
# What a new row in a list says beside its name.
_VALUES = ("value", "missing", "is_given")

# What follows from a value told beside it: the planner's explanation from the dates, a
# form's row of the protocol and its period from its instrument and its visit, and that
# a fact is an outcome from the protocol.
_DERIVED = frozenset(
    {
        ("study_sessions_visit", "why"),
        ("assessments_assessment", "code"),
        ("assessments_assessment", "recall"),
        (FACT, "is_outcome"),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an entry in words; `before` is empty where there was nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One act in words, as templates/_trail_entry.html shows it."""

    id: int
    at: datetime
    who: str
    role: str
    did: str
    record: str
    changes: tuple[Change, ...]
    why: str
    site: str = ""
    record_url: str = ""


def sentences(
    entries: Iterable[Entry],
    *,
    names: Names,
    zone: str = "UTC",
    sees_outcomes: bool = False,
    only: frozenset[str] = frozenset(),
) -> list[Sentence]:
    """Return the entries in words, times in `zone`.

    Values that tell an outcome are put only for those who may see outcomes, values that
    tell who a participant is for nobody, and sealed rows as sealed (ACC-08, BLD-04).
    With `only` nothing but these columns is told, and of a new row also what it began
    with.
    """
    teller = _Teller(names, zoneinfo.ZoneInfo(zone), sees_outcomes, only)
    return [_sentence(entry, teller) for entry in entries]


def _sentence(entry: Entry, teller: "_Teller") -> Sentence:
    changes = teller.changes(entry)
    if entry.is_cut:
        changes.append(Change("And more", "", CUT))
    who = entry.who
    if who.startswith("system:"):
        who = f"Candor ({who.removeprefix('system:').strip()})"
    did = past(entry.verb)
    return Sentence(
        id=entry.id,
        at=entry.at,
        who=who,
        role="" if entry.roles == "system" else role_words(entry.roles),
        did=f"{did}:" if entry.subject else did,
        record=entry.subject,
        changes=tuple(changes),
        why=entry.reason,
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts the changes of an entry into words for one reader."""

    names: Names
    zone: zoneinfo.ZoneInfo
    sees_outcomes: bool
    only: frozenset[str] = frozenset()

    def changes(self, entry: Entry) -> list[Change]:
        found: dict[tuple[str, str], list[Record]] = {}
        for record in self.names.as_changes(entry.records):
            found.setdefault((record.table, record.operation), []).append(record)
        tells_where = self._tells_where(entry)
        lines: list[Change] = []
        for (name, operation), records in found.items():
            table = tables().get(name)
            if table is None:
                lines.append(_sealed(name, len(records)))
                continue
            placed = [
                (self._where(entry, record, table) if tells_where else (), record)
                for record in records
            ]
            if len(placed) <= FEW_ROWS:
                for where, record in placed:
                    lines += self._by_field(table, record, where)
            elif operation == "I":
                lines += self._created(table, placed)
            else:
                told = [self._by_row(table, record, where) for where, record in placed]
                lines += [line for line in told if line.after]
        return lines

    def _tells_where(self, entry: Entry) -> bool:
        """Tell whether an act's own words leave open which participant or visit it was."""
        if entry.is_on_many:
            return True
        known = tables()
        places = {
            self.names.within(record, known[record.table])
            for record in entry.records
            if record.table in known
        }
        return len(places - {()}) > 1

    def _where(self, entry: Entry, record: Record, table: Table) -> tuple[str, ...]:
        """Return whose a record is and what it belongs to: participant, visit, form."""
        within = self.names.within(record, table)
        if not entry.is_on_many or record.table == PARTICIPANT:
            return within
        number = self.names.of(PARTICIPANT, record.participant_id)
        return (number, *within) if number else within

    def _by_field(
        self, table: Table, record: Record, where: tuple[str, ...]
    ) -> list[Change]:
        is_new = record.operation == "I"
        called = _joined(where, "" if is_new else words(self.names.own(record, table)))
        lines: list[Change] = []
        for line in self._told(table, record, where):
            label = line.label
            if called:
                label = f"{called} · {label[0].lower()}{label[1:]}"
            lines.append(Change(label, line.before, line.after))
        return lines

    def _told(
        self, table: Table, record: Record, where: tuple[str, ...]
    ) -> list[Change]:
        """Return the fields of one record that are told, each once."""
        lines: list[Change] = []
        for change in record.changes():
            if not self._is_told(table, change):
                continue
            if where and change.field == table.parent:
                continue  # told already, as the place
            column = table.columns[change.field]
            if self._is_hidden(column, record.new):
                # One line whichever columns changed: that one did tells already.
                line = Change("Outcome", "", HIDDEN)
            else:
                before, after = (
                    self._said(column, value) for value in (change.old, change.new)
                )
                if change.field == VISIT_CODE:
                    after = next(iter(self.names.within(record, table)), after)
                line = Change(column.label, before, after)
            if line not in lines:
                lines.append(line)
        return lines

    def _is_told(self, table: Table, change: FieldChange) -> bool:
        column = table.columns.get(change.field)
        if change.field in TECHNICAL or column is None:
            return False
        is_new = change.operation == "I"
        if self.only:
            return change.field in self.only and not (is_new and _is_empty(change.new))
        if (change.table, change.field) in _DERIVED:
            return False
        # A new row tells what somebody chose, not what every new row begins with.
        return not is_new or not (_is_empty(change.new) or change.new == column.default)

    def _by_row(self, table: Table, record: Record, where: tuple[str, ...]) -> Change:
        parts = []
        for line in self._told(table, record, where):
            was = f" (was {line.before})" if line.before else ""
            parts.append(f"{line.label.lower()} {line.after or 'nothing'}{was}")
        name = words(self.names.own(record, table)) or table.label
        label = _joined(where, name)
        return Change(label[0].upper() + label[1:], "", "; ".join(parts))

    def _created(
        self, table: Table, placed: Sequence[tuple[tuple[str, ...], Record]]
    ) -> list[Change]:
        """Return many new rows of one table as a line for each place: names and values."""
        places: dict[tuple[str, ...], list[Record]] = {}
        for where, record in placed:
            places.setdefault(where, []).append(record)
        lines = []
        for where, records in places.items():
            if len(records) == 1:
                lines.append(self._created_alone(table, records[0], where))
                continue
            label = _joined(where, f"{len(records)} {table.plural}")
            lines.append(Change(label, "", self._listed(table, records)))
        return lines

    def _created_alone(
        self, table: Table, record: Record, where: tuple[str, ...]
    ) -> Change:
        label = _joined(where, f"new {table.label}")
        brief = self._in_brief(table, record)
        return Change(label, "", brief or self._by_row(table, record, where).after)

    def _listed(self, table: Table, records: Sequence[Record]) -> str:
        told = [self._in_brief(table, record) for record in records]
        if all(text.endswith(HIDDEN) for text in told):
            return HIDDEN
        more = (
            f", and {len(told) - LONGEST_LIST} more" if len(told) > LONGEST_LIST else ""
        )
        return ", ".join(filter(None, told[:LONGEST_LIST])) + more or "recorded"

    def _in_brief(self, table: Table, record: Record) -> str:
        name = words(self.names.own(record, table))
        valued = [field for field in _VALUES if field in record.new]
        if any(self._is_hidden(table.columns[field], record.new) for field in valued):
            # Also where there is no value: that there is none is an outcome too.
            return f"{name} {HIDDEN}"
        values = [
            self._said(table.columns[field], record.new[field]) for field in valued
        ]
        return " ".join(filter(None, [name, *dict.fromkeys(values)]))

    def _is_hidden(self, column: Column, context: Mapping[str, Any]) -> bool:
        """A fact says of itself whether it is an outcome; silence hides."""
        is_outcome = column.is_outcome and context.get("is_outcome", True)
        return bool(is_outcome) and not self.sees_outcomes

    def _said(self, column: Column, value: Any) -> str:
        if _is_empty(value):
            said = ""
        elif column.is_identifying:
            said = MASKED
        elif column.refers_to:
            said = self.names.of(column.refers_to, value) or "recorded"
        elif column.is_titled:
            said = self.names.titles.get(str(value), words(str(value)))
        elif (word := column.choices.get(str(value))) is not None:
            said = words(word)
        else:
            said = in_words(value, self.zone)
        return said


def _sealed(table: str, count: int) -> Change:
    """A table without a model is in the sealed schema: its rows are commitments."""
    return Change(words(table).capitalize(), "", f"{SEALED} ({counted(count)})")


def _joined(where: Sequence[str], name: str) -> str:
    """Return a record's full name: 01-001-7, V5, CAPS-5."""
    return ", ".join(filter(None, [*where, name]))


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value in ([], {})
