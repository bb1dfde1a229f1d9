"""Which version of a record a page showed: the trail's newest entry of it is its version."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from audit.actors import Actor
from audit.models import RowChange
from audit.refusal import Changed

# A record's table and the text of its key, as the trail names it.
Record = tuple[str, str]

_NEWEST = """
SELECT r.table_name, r.row_id, c.id
FROM unnest(%(tables)s::text[], %(rows)s::text[]) AS r (table_name, row_id)
CROSS JOIN LATERAL (
    SELECT id FROM audit_rowchange c
    WHERE c.table_name = r.table_name AND c.row_id = r.row_id
    ORDER BY c.id DESC LIMIT 1
) c
"""
# An act that the reader may not see counts as somebody else's.
_SINCE = """
SELECT c.id, a.actor_id, a.actor_name, c.at, c.operation,
    CASE WHEN c.operation = 'U' THEN c.new::text END
FROM unnest(%(tables)s::text[], %(rows)s::text[], %(seen)s::bigint[])
    AS r (table_name, row_id, seen)
JOIN audit_rowchange c ON c.table_name = r.table_name AND c.row_id = r.row_id
    AND c.id > r.seen
LEFT JOIN audit_action a ON a.id = c.action_id
ORDER BY c.id DESC LIMIT %(most)s
"""
_MOST = 200


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody's later change of a record; `columns` None where all of it is new."""

    id: int
    actor_id: int | None
    who: str
    at: datetime
    columns: frozenset[str] | None


class Seen(Mapping[Record, int]):
    """The newest entry of each record that a page showed; 0 for one it did not know."""

    def __init__(self, entries: Mapping[Record, int]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, record: Record) -> int:
        return self._entries.get(record, 0)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        """Return it as one text: `table/row:entry`, separated by spaces."""
        return " ".join(f"{t}/{r}:{n}" for (t, r), n in sorted(self._entries.items()))

    @classmethod
    def parsed(cls, text: str) -> "Seen":
        """Read such a text; what cannot be read was not seen."""
        entries = {}
        for part in text.split():
            name, _, number = part.rpartition(":")
            table, _, row = name.partition("/")
            if table and row and number.isdecimal() and len(number) < 19:
                entries[table, row] = int(number)
        return cls(entries)


def records_of(rows: Iterable[models.Model]) -> list[Record]:
    """Return rows as the trail names them; one that is not saved has no version yet."""
    return [(row._meta.db_table, str(row.pk)) for row in rows if row.pk is not None]  # noqa: SLF001 - Django's public name


def records_of_participant(table: str, participant_id: int) -> list[Record]:
    """Return a participant's records of a table that the application cannot read."""
    rows = RowChange.objects.filter(table_name=table, participant_id=participant_id)
    return [(table, row) for row in rows.values_list("row_id", flat=True).distinct()]


def catch_up(rows: Iterable[models.Model], *, locked: bool = False) -> None:
    """Give rows the values that they have now; `locked`, they keep them until the commit.

    To be called after `newest`: a row that was read before may lack a change whose entry
    `newest` has found, and that change would then pass for seen.
    """
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        if row.pk is not None:
            by_model.setdefault(type(row), []).append(row)
    for model, known in by_model.items():
        found = model._base_manager.filter(pk__in=[row.pk for row in known])  # noqa: SLF001 - Django's public name
        if locked:
            found = found.order_by("pk").select_for_update()
        values = {each["pk"]: each for each in found.values("pk", *_names(model))}
        for row in known:
            for name, value in values.get(row.pk, {}).items():
                setattr(row, name, value)


def content_of(rows: Iterable[models.Model]) -> str:
    """Return a digest of rows as they were read, for whom the trail tells no version.

    A row that is not saved yet has none; what it is made with may be new each time.
    """
    values = sorted(
        [row._meta.db_table, *(str(getattr(row, name)) for name in _names(type(row)))]  # noqa: SLF001 - Django's public name
        for row in rows
        if not row._state.adding  # noqa: SLF001 - Django's public name
    )
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's public name


def newest(records: Sequence[Record]) -> Seen:
    """Return the newest entry of each record, by one look into an index for each."""
    found: dict[Record, int] = dict.fromkeys(records, 0)
    if records:
        tables, rows = zip(*records, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST, {"tables": list(tables), "rows": list(rows)})
            for table, row, entry in cursor:
                found[table, row] = entry
    return Seen(found)


def since(records: Iterable[Record], seen: Mapping[Record, int]) -> list[Change]:
    """Return the changes of the records after what was seen of them, newest first."""
    wanted = sorted({*records, *seen})
    if not wanted:
        return []
    known = seen if isinstance(seen, Seen) else Seen(seen)
    with connection.cursor() as cursor:
        cursor.execute(
            _SINCE,
            {
                "tables": [table for table, _ in wanted],
                "rows": [row for _, row in wanted],
                "seen": [known[record] for record in wanted],
                "most": _MOST,
            },
        )
        return [_change(*row) for row in cursor]


def _change(  # noqa: PLR0917 - the columns of one entry
    number: int,
    actor_id: int | None,
    name: str | None,
    at: datetime,
    operation: str,
    new: str | None,
) -> Change:
    columns = _columns(new) if operation == "U" else None
    return Change(number, actor_id, name or "Somebody else", at, columns)


def _columns(text: str | None) -> frozenset[str]:
    columns: dict[str, Any] = json.loads(text) if text else {}
    return frozenset(columns)


def by_others(changes: Iterable[Change], by: Actor) -> list[Change]:
    """Return the changes that somebody else made."""
    return [change for change in changes if change.actor_id != by.user_id]


@contextmanager
def unless_changed(
    records: Sequence[Record], seen: Mapping[Record, int], *, by: Actor
) -> Iterator[None]:
    """Run an act, and take it back if somebody else changed its records meanwhile.

    Looked at after the act, under the locks that it has taken: whoever was quicker has
    committed by then, and nobody comes between the look and the commit. Raises `Changed`.
    """
    with transaction.atomic():
        yield
        if others := by_others(since(records, seen), by):
            raise Changed(
                f"{others[0].who} saved a change to this at the same moment. Nothing "
                "of yours is saved yet: send it again to compare both."
            )
