"""What the records that the trail mentions are called, and what they belong to."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from audit.history import Entry, Record
from audit.wording import FACT, PARTICIPANT, VISIT_CODE, Table, tables

_DEEPEST = 3  # an answer, its form, its visit


@dataclass(frozen=True, slots=True)
class Named:
    """A record's own name, and the names of what it belongs to, the widest first."""

    name: str
    within: tuple[str, ...] = ()


_NAMELESS = Named("")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of records by table and row id; `titles` word codes of forms and facts.

    `replaced` holds what facts said that are not current any more, by row id.
    """

    rows: Mapping[tuple[str, str], Named]
    titles: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_changes(self, records: Sequence[Record]) -> list[Record]:
        """Return an act's records with a fact and the one it replaced as one change.

        A fact is never overwritten: the trail has a row that is not current any more, and
        a new one. To a reader that is one fact, from what to what.
        """
        gone = {
            (each.participant_id, self.replaced[each.row]["code"]): each.row
            for each in records
            if _is_replaced(each) and each.row in self.replaced
        }
        if not gone:
            return list(records)
        changes, told = [], set()
        for each in records:
            key = (each.participant_id, each.new.get("code"))
            if each.table == FACT and each.operation == "I" and key in gone:
                told.add(gone[key])
                changes.append(_changed(each, self.replaced[gone[key]], each.new))
            elif not (_is_replaced(each) and each.row in self.replaced):
                changes.append(each)
        left = [
            _changed(each, self.replaced[each.row], {})
            for each in records
            if each.row in gone.values() and _is_replaced(each) and each.row not in told
        ]
        return changes + left

    def of(self, table: str, row: object) -> str:
        """Return a record's name as it stands; empty where it has none."""
        return self.rows.get((table, str(row)), _NAMELESS).name

    def own(self, record: Record, table: Table) -> str:
        """Return what a record is called: from itself when new, else as it stands."""
        if record.operation != "I":
            return self.of(record.table, record.row)
        found = (record.new.get(name) for name in table.name_columns)
        return _titled(self.titles, table, str(next(filter(None, found), "")))

    def within(self, record: Record, table: Table) -> tuple[str, ...]:
        """Return what a record belongs to below its participant: visit, form."""
        if _stands_for_itself(record, table):
            return self.rows.get((record.table, record.row), _NAMELESS).within
        key = (table.parent_table, str(record.new.get(table.parent)))
        parent = self.rows.get(key, _NAMELESS)
        return (*parent.within, parent.name) if parent.name else parent.within


_OF_FACT = ("value", "observed_on", "source")


def _is_replaced(record: Record) -> bool:
    """Tell whether a record says of a fact that it is not current any more."""
    return (
        record.table == FACT
        and record.operation == "U"
        and record.new.get("is_current") is False
    )


def _changed(record: Record, old: Mapping[str, Any], new: Mapping[str, Any]) -> Record:
    """Return a fact as a change of what differs; without a new one its value is gone."""
    # Of an outcome that it stayed the same is told as little as that it changed.
    told = {"value"} if old["is_outcome"] or not new else set()
    told |= {name for name in _OF_FACT if new and old[name] != new.get(name)}
    names = [name for name in _OF_FACT if name in told]
    return Record(
        FACT,
        record.row,
        "U",
        {name: old[name] for name in names},
        {name: new.get(name) for name in names} | {"is_outcome": old["is_outcome"]},
        record.participant_id,
    )


def _replaced(entries: Iterable[Entry]) -> dict[str, Mapping[str, Any]]:
    """Return what the facts said that these entries replaced; a query if there are any."""
    rows = {
        record.row
        for entry in entries
        for record in entry.records
        if _is_replaced(record)
    }
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id::text, code, is_outcome, value::text, observed_on::text, source "
            "FROM participants_fact WHERE id = ANY(%s::bigint[])",
            [sorted(rows)],
        )
        return {
            row: {
                "code": code,
                "is_outcome": is_outcome,
                "value": json.loads(value),
                "observed_on": on,
                "source": source,
            }
            for row, code, is_outcome, value, on, source in cursor
        }


def names_in(
    entries: Iterable[Entry],
    *,
    titles: Mapping[str, str] | None = None,
    joins_facts: bool = True,
) -> Names:
    """Return what the records that these entries mention are called, in two queries.

    `titles` are those of the instruments and of the protocol's facts by code. A record
    without a name and without anything that it belongs to has no key. With `joins_facts`
    a fact and the one it replaced are told as one change.
    """
    entries = list(entries)
    replaced = _replaced(entries) if joins_facts else {}
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        for record in entry.records:
            if entry.is_on_many and record.participant_id:
                wanted.setdefault(PARTICIPANT, set()).add(str(record.participant_id))
            for table, row in _mentioned(record):
                wanted.setdefault(table, set()).add(str(row))
    rows = _named(wanted, titles or {})
    if replaced:
        rows |= _new_facts(entries, titles or {})
    return Names(rows, titles or {}, replaced)


def _new_facts(
    entries: Iterable[Entry], titles: Mapping[str, str]
) -> dict[tuple[str, str], Named]:
    """Return the names of new facts, which may be told as changes of others."""
    return {
        (FACT, record.row): Named(_titled(titles, tables()[FACT], record.new["code"]))
        for entry in entries
        for record in entry.records
        if record.table == FACT and record.operation == "I" and "code" in record.new
    }


def _mentioned(record: Record) -> Iterator[tuple[str, Any]]:
    """Yield the records, by table and row, whose names the telling of this one needs."""
    table = tables().get(record.table)
    if table is None:
        return
    if _stands_for_itself(record, table):
        yield record.table, record.row
    for column, target in table.references:
        for columns in (record.old, record.new):
            if row := columns.get(column):
                yield target, row


def _stands_for_itself(record: Record, table: Table) -> bool:
    """Tell whether a record is looked up; a new one tells its name and parent itself."""
    is_told = record.operation == "I" and table.parent != VISIT_CODE
    # Rows with other keys (who a participant is) have no name that is ever told.
    return not is_told and record.row.isdecimal()


def _named(
    wanted: Mapping[str, set[str]], titles: Mapping[str, str]
) -> dict[tuple[str, str], Named]:
    chains = {name: _chain(name) for name in sorted(wanted)}
    parts = [
        _select(name, chain)
        for name, chain in chains.items()
        if any(table.name_columns for table in chain)
    ]
    if not parts:
        return {}
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(parts),
            {name: sorted(ids) for name, ids in wanted.items()},
        )
        for name, row, *levels in cursor:
            own, *above = (
                _titled(titles, table, called or "")
                for table, called in zip(chains[name], levels, strict=False)
            )
            found[name, row] = Named(own, tuple(filter(None, reversed(above))))
    return found


def _titled(titles: Mapping[str, str], table: Table, name: str) -> str:
    return titles.get(name, name) if table.is_titled else name


def _chain(name: str) -> list[Table]:
    """Return a table and what its rows belong to, the nearest first."""
    chain = [tables()[name]]
    while len(chain) < _DEEPEST and chain[-1].parent_table:
        chain.append(tables()[chain[-1].parent_table])
    return chain


def _select(name: str, chain: Sequence[Table]) -> str:
    """Return the statement that names the wanted rows of a table and what is above them.

    Everything in it comes from the models; ids are parameters.
    """
    quote = connection.ops.quote_name
    columns = [_called(f"t{level}", table) for level, table in enumerate(chain)]
    columns += ["NULL"] * (_DEEPEST - len(chain))
    joins = "".join(
        f" LEFT JOIN {quote(table.parent_table)} t{level + 1} ON {_is_parent(table, level)}"
        for level, table in enumerate(chain[:-1])
    )
    return (
        f"SELECT '{name}', t0.id::text, {', '.join(columns)} "  # noqa: S608 - see above
        f"FROM {quote(name)} t0{joins} WHERE t0.id = ANY(%({name})s::bigint[])"
    )


def _called(alias: str, table: Table) -> str:
    filled = [f"NULLIF({alias}.{name}::text, '')" for name in table.name_columns]
    return f"COALESCE({', '.join(filled)})" if filled else "NULL"


def _is_parent(table: Table, level: int) -> str:
    child, above = f"t{level}", f"t{level + 1}"
    if table.parent == VISIT_CODE:
        same = f"{above}.participant_id = {child}.participant_id"
        return f"{same} AND {above}.code = {child}.{VISIT_CODE}"
    return f"{above}.id = {child}.{table.parent}"
