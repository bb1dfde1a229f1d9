"""Electronic signatures: password again, a meaning, and the digest of what is signed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from audit.actors import Actor
from audit.models import Signature
from audit.refusal import NotPermitted

# How long a signer still reads that somebody else signed anew what was changed.
TOLD_FOR = timedelta(days=14)


class Became(StrEnum):
    """What became of a record after somebody signed it, as far as they must know it."""

    REOPENED = "was reopened"
    CHANGED = "was changed"
    SIGNED_ANEW = "was changed and signed again"


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A signature on a record that a later act changed: its last change, and what is new.

    `action_id` is the act that changed it; `signed_again_at` is None where nobody has
    signed it since.
    """

    table: str
    row: str
    digest: str
    meaning: str
    signed_at: datetime
    action_id: int
    changed_at: datetime
    signed_again_at: datetime | None

    def became(self, now_signed: str, *, is_open: bool, now: datetime) -> Became | None:
        """Return what its signer must know; None where the signature covers all of it.

        `now_signed` is the digest of the record as it stands; `is_open` whether it waits
        to be signed.
        """
        is_broken = self.digest != now_signed
        if self.signed_again_at is not None and not is_open:
            is_recent = now - self.signed_again_at < TOLD_FOR
            return Became.SIGNED_ANEW if is_broken and is_recent else None
        if is_broken:
            return Became.CHANGED
        return Became.REOPENED if is_open else None


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of a record's content in one canonical form."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def reauthenticate(*, by: Actor, password: str) -> None:
    """Raise `NotPermitted` unless the password is the acting person's (21 CFR 11.200)."""
    user = get_user_model().objects.get(pk=by.user_id)
    if not user.check_password(password):
        raise NotPermitted(
            "The password is not right, so nothing was signed. Try again."
        )


def sign(
    *, meaning: str, table: str, records: Sequence[tuple[object, Mapping[str, Any]]]
) -> None:
    """Sign records, each (row id, content), as the person whose action is open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit.sign(%s, %s, %s, %s)",
            [
                meaning,
                table,
                [str(row) for row, _ in records],
                [digest(content) for _, content in records],
            ],
        )


def signatures_of(table: str, rows: Iterable[object]) -> dict[str, list[Signature]]:
    """Return the signatures on each row, newest first, by row id as text."""
    found: dict[str, list[Signature]] = {}
    chosen = Signature.objects.filter(
        table_name=table, row_id__in=[str(row) for row in rows]
    ).order_by("-id")
    for signature in chosen:
        found.setdefault(signature.row_id, []).append(signature)
    return found


def changed_since_signed() -> list[ChangedSince]:
    """Return what the reader has signed and somebody changed since, the last change first.

    One query, by the index on signers. 21 CFR 11.70, ICH E6(R3) 3.16.1(o).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit.changed_since_signed()")
        return [ChangedSince(*row) for row in cursor]
