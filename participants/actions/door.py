"""The door to identities: rows as ciphertext in and out, opened only inside an act."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import connection

from audit.refusal import Refused
from participants.ciphers import Cell, Unreadable, decrypted, encrypted

COLUMNS = ("name", "birth_date", "email", "phone")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """Who a participant is, in plain text. Never kept, logged or put into a message."""

    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """One row as it lies in the table: the values are ciphertext, or empty."""

    id: UUID
    participant_id: int
    values: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlacedIdentity:
    """A row to be written, and where it belongs."""

    stored: StoredIdentity
    trial_id: int
    site_id: int


def read(*, participant_ids: Iterable[int]) -> list[StoredIdentity]:
    """Return rows under the open act, which the database checks, held until it ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, participant_id, name, birth_date, email, phone"
            " FROM identity.read(%s)",
            [list(participant_ids)],
        )
        return [StoredIdentity(row[0], row[1], tuple(row[2:])) for row in cursor]


def write(*, rows: Sequence[PlacedIdentity]) -> None:
    """Write rows in one statement, new and known ones."""
    if not rows:
        return
    columns = zip(*(row.stored.values for row in rows), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT identity.record(%s::uuid[], %s::bigint[], %s::bigint[],"
            " %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])",
            [
                [row.stored.id for row in rows],
                [row.trial_id for row in rows],
                [row.site_id for row in rows],
                [row.stored.participant_id for row in rows],
                *(list(column) for column in columns),
            ],
        )


def sealed(*, row_id: UUID, values: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a row, encrypted with the first key of the ring."""
    return tuple(
        encrypted(value, Cell(row_id, column), settings.IDENTITY_KEYS)
        for column, value in zip(COLUMNS, values, strict=True)
    )


def opened(*, row: StoredIdentity, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Return the values of some columns of a row in plain text.

    Refused where a value does not open: it was moved, altered, or its key is missing.
    """
    try:
        return tuple(
            decrypted(stored, Cell(row.id, column), settings.IDENTITY_KEYS)
            for column, stored in zip(COLUMNS, row.values, strict=True)
            if column in columns
        )
    except Unreadable as error:
        log.error("identity row %s: %s", row.id, error)
        raise Refused(
            f"This identity cannot be read: {error}. Nothing is shown. "
            "Tell the system's administrator."
        ) from None
