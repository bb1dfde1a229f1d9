"""Electronic signatures: password again, a meaning, and the digest of what is signed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from audit.actors import Actor
from audit.models import Signature
from audit.refusal import NotPermitted


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
