"""The trail in sentences: who did what, to which field of which record, from, to, why."""

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from audit.history import Entry, FieldChange
from audit.wording import (
    Column,
    Table,
    in_words,
    past,
    records,
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

# Columns that place a row or serve the machine: the sentence itself says where and who.
_TECHNICAL = frozenset(
    {
        "id",
        "uuid",
        "trial_id",
        "site_id",
        "participant_id",
        "sequence",
        "position",
        "protocol_version_id",
        "assessment_id",
        "event_id",
        "opaque_code",
        "stage",
        "sha256",
        "leased_until",
        "attempts",
        "created_at",
        "scorer_version",
        "token_hash",
    }
)
# What follows from a value told beside it: the planner's explanation from the dates, a
# form's edition from the form.
_DERIVED = frozenset(
    {
        ("study_sessions_visit", "why"),
        ("assessments_assessment", "instrument"),
        ("assessments_assessment", "recall"),
    }
)
Names = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an entry in words; `before` is empty where there was nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One act in words, as templates/_trail_entry.html shows it.

    `more` counts the lines left out by the caller's limit.
    """

    id: int
    at: datetime
    who: str
    role: str
    did: str
    record: str
    changes: tuple[Change, ...]
    why: str
    more: int = 0
    site: str = ""
    record_url: str = ""


def names_in(entries: Iterable[Entry]) -> Names:
    """Return what the records that these entries mention are called, in one query.

    Keys are table and row id; a record without a name of its own has no key.
    """
    wanted: dict[str, set[str]] = {}
    known_tables = tables()
    for entry in entries:
        for change in entry.changes:
            table = known_tables.get(change.table)
            if table is None:
                continue
            if change.operation != "I" and table.name_columns:
                wanted.setdefault(change.table, set()).add(change.row)
            column = table.columns.get(change.field)
            if change.field in _TECHNICAL or column is None or not column.refers_to:
                continue
            ids = {str(value) for value in (change.old, change.new) if value}
            wanted.setdefault(column.refers_to, set()).update(ids)
    return _named({table: ids for table, ids in wanted.items() if ids})


def _named(wanted: Mapping[str, set[str]]) -> Names:
    parts, values = [], []
    quote = connection.ops.quote_name
    for table, ids in sorted(wanted.items()):
        columns = tables()[table].name_columns
        if not columns:
            continue
        filled = ", ".join(f"NULLIF({quote(name)}::text, '')" for name in columns)
        parts.append(
            f"SELECT '{table}', id::text, COALESCE({filled}) "  # noqa: S608 - models' names
            f"FROM {quote(table)} WHERE id = ANY(%s::bigint[])"
        )
        values.append(sorted(ids))
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {(table, row): name for table, row, name in cursor.fetchall() if name}


def sentences(
    entries: Iterable[Entry],
    *,
    names: Names,
    zone: str = "UTC",
    sees_outcomes: bool = False,
    most_changes: int | None = None,
) -> list[Sentence]:
    """Return the entries in words, times in `zone`.

    Values that tell an outcome are put only for those who may see outcomes, values that
    tell who a participant is for nobody, and sealed rows as sealed (ACC-08, BLD-04).
    """
    teller = _Teller(names, zoneinfo.ZoneInfo(zone), sees_outcomes)
    return [_sentence(entry, teller, most_changes) for entry in entries]


def _sentence(entry: Entry, teller: "_Teller", most: int | None) -> Sentence:
    changes = teller.changes(entry)
    if entry.is_cut:
        changes.append(Change("And more", "", CUT))
    shown = changes if most is None else changes[:most]
    who = entry.who
    if who.startswith("system:"):
        who = f"Candor ({who.removeprefix('system:').strip()})"
    did = past(entry.verb)
    return Sentence(
        id=entry.id,
        at=entry.at,
        who=who,
        role="" if entry.roles == "system" else words(entry.roles),
        did=f"{did}:" if entry.subject else did,
        record=entry.subject,
        changes=tuple(shown),
        why=entry.reason,
        more=len(changes) - len(shown),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts the changes of an entry into words for one reader."""

    names: Names
    zone: zoneinfo.ZoneInfo
    sees_outcomes: bool

    def changes(self, entry: Entry) -> list[Change]:
        found: dict[tuple[str, str], dict[str, list[FieldChange]]] = {}
        for change in entry.changes:
            rows = found.setdefault((change.table, change.operation), {})
            rows.setdefault(change.row, []).append(change)
        lines: list[Change] = []
        for (table, operation), rows in found.items():
            known = tables().get(table)
            if known is None:
                lines += self._unknown(table, rows)
            elif len(rows) <= FEW_ROWS:
                for row, fields in rows.items():
                    lines += self._by_field(
                        known, fields, self._row(known, row, fields)
                    )
            elif operation == "I":
                lines.append(self._created(known, rows))
            else:
                told = [
                    self._by_row(known, fields, self._row(known, row, fields))
                    for row, fields in rows.items()
                ]
                lines += [line for line in told if line.after]
        return lines

    def _unknown(
        self, table: str, rows: Mapping[str, Sequence[FieldChange]]
    ) -> list[Change]:
        """A table without a model is in the sealed schema: its rows are commitments."""
        count = len(rows)
        return [Change(words(table).capitalize(), "", f"{SEALED} ({records(count)})")]

    def _row(self, table: Table, row: str, fields: Sequence[FieldChange]) -> str:
        """Return what a changed row is called: from itself when new, else as it stands."""
        if fields[0].operation != "I":
            return words(self.names.get((fields[0].table, row), ""))
        new = {change.field: change.new for change in fields}
        found = next((new[name] for name in table.name_columns if new.get(name)), "")
        return words(str(found))

    def _by_field(
        self, table: Table, fields: Sequence[FieldChange], row: str
    ) -> list[Change]:
        lines: list[Change] = []
        context = {change.field: change.new for change in fields}
        for change in fields:
            if not self._is_told(table, change):
                continue
            column = table.columns[change.field]
            label = column.label
            before, after = "", HIDDEN
            if self._is_hidden(column, context):
                # One line whichever columns changed: that one did tells already.
                label = "Outcome"
            else:
                before = self._said(column, change.old)
                after = self._said(column, change.new)
            if change.operation != "I" and row:
                label = f"{row} · {label[0].lower()}{label[1:]}"
            line = Change(label, before, after)
            if line not in lines:
                lines.append(line)
        return lines

    def _is_told(self, table: Table, change: FieldChange) -> bool:
        column = table.columns.get(change.field)
        if change.field in _TECHNICAL or column is None:
            return False
        if (change.table, change.field) in _DERIVED:
            return False
        if change.operation != "I":
            return True
        # A new row tells what somebody chose, not what every new row begins with.
        return not _is_empty(change.new) and change.new != column.default

    def _by_row(self, table: Table, fields: Sequence[FieldChange], row: str) -> Change:
        parts = []
        for line in self._by_field(table, fields, ""):
            was = f" (was {line.before})" if line.before else ""
            parts.append(f"{line.label.lower()} {line.after or 'nothing'}{was}")
        return Change(row or table.label.capitalize(), "", "; ".join(parts))

    def _created(
        self, table: Table, rows: Mapping[str, Sequence[FieldChange]]
    ) -> Change:
        """Return many new rows of one table as one line: their names and values."""
        label = f"{len(rows)} {table.plural}"
        told = [self._in_brief(table, row, fields) for row, fields in rows.items()]
        if all(text.endswith(HIDDEN) for text in told):
            return Change(label, "", HIDDEN)
        more = (
            f", and {len(told) - LONGEST_LIST} more" if len(told) > LONGEST_LIST else ""
        )
        return Change(label, "", ", ".join(told[:LONGEST_LIST]) + more)

    def _in_brief(self, table: Table, row: str, fields: Sequence[FieldChange]) -> str:
        name = self._row(table, row, fields)
        context = {change.field: change.new for change in fields}
        valued = [x for x in fields if x.field in {"value", "missing", "is_given"}]
        if any(self._is_hidden(table.columns[x.field], context) for x in valued):
            # Also where there is no value: that there is none is an outcome too.
            return f"{name} {HIDDEN}"
        values = [self._said(table.columns[x.field], x.new) for x in valued]
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
            said = self.names.get((column.refers_to, str(value)), "recorded")
        elif (word := column.choices.get(str(value))) is not None:
            said = words(word)
        else:
            said = in_words(value, self.zone)
        return said


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value in ([], {})
