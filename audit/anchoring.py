"""Anchors: every head of a trial's chains in one signed text, to be kept elsewhere.

Whoever owns the database can rewrite a whole chain so that it agrees with itself; not so
that it agrees with what others were mailed the day before (AUD-09).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection

from audit.actors import Place, SystemActor
from audit.models import Anchor
from audit.refusal import Refused
from audit.seeing import seeing
from audit.sshsig import read_key, sign
from audit.trail import acting
from audit.verifier.verify_trail import NAMESPACE, merkle_root

_HEADS = """
    SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        coalesce(
            array_agg(chain || ' ' || position || ' ' || encode(hash, 'hex')
                ORDER BY chain COLLATE "C"), '{}')
    FROM audit_chain WHERE trial_id = %s OR trial_id IS NULL
"""


class NoKey(Refused):
    """There is no key, or no usable one, to sign anchors with."""


class _Quicker(Exception):
    """Another worker has made this anchor meanwhile."""


def signing_key() -> Ed25519PrivateKey:
    """Return the key of ANCHOR_KEY_FILE. Raises `NoKey`."""
    try:
        return read_key(settings.ANCHOR_KEY)
    except ValueError as error:
        raise NoKey(
            "Set ANCHOR_KEY_FILE to an Ed25519 private key that ssh-keygen made."
        ) from error


def anchor_trial(*, trial_id: int, identifier: str, by: SystemActor) -> Anchor | None:
    """Make, sign and keep today's anchor of a trial; None when there is one already.

    The day is the database's, in UTC. Raises `NoKey`.
    """
    key = signing_key()
    with seeing(by):
        last = Anchor.objects.filter(trial_id=trial_id).order_by("-id").first()
        now, heads = _heads(trial_id)
    if last is not None and last.at.date().isoformat() == now[:10]:
        return None
    previous = last.sha256 if last is not None else ""
    text = _text((f"{trial_id} {identifier}", now), heads, previous)
    signature = sign(text, key=key, namespace=NAMESPACE)
    details = {"root": _root(heads), "chains": len(heads)}
    where = Place(trial_id=trial_id)
    try:
        with acting(
            "anchor trail", by=by, subject=identifier, place=where, details=details
        ):
            found = _asked(
                "SELECT audit.record_anchor(%s, %s, %s, %s)",
                [trial_id, previous, text, signature],
            )
            if found is None:
                raise _Quicker
    except _Quicker:
        return None
    with seeing(by):
        return Anchor.objects.get(pk=found)


def claim_mail(
    *, anchor_id: int, user_id: int, lease: timedelta, attempts: int, by: SystemActor
) -> bool:
    """Take one anchor's mail to one person; True for exactly one worker, once."""
    with seeing(by):
        return bool(
            _asked(
                "SELECT audit.claim_anchor_mail(%s, %s, %s, %s)",
                [anchor_id, user_id, lease, attempts],
            )
        )


def settle_mail(*, anchor: Anchor, user_id: int, error: str, by: SystemActor) -> None:
    """Record that the mail went out, or why it did not; either is on the trail."""
    verb = "fail to mail anchor" if error else "mail anchor"
    with acting(
        verb,
        by=by,
        subject=f"anchor {anchor.pk}",
        place=Place(trial_id=anchor.trial_id),
        details={"anchor": anchor.sha256, "user": user_id},
    ):
        _asked(
            "SELECT audit.settle_anchor_mail(%s, %s, %s)",
            [anchor.pk, user_id, error[:500]],
        )


def _heads(trial_id: int) -> tuple[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [trial_id])
        now, heads = cursor.fetchone()
    return now, heads


def _root(heads: Sequence[str]) -> str:
    return merkle_root([head.encode() for head in heads]).hex()


def _text(place_and_time: tuple[str, str], heads: Sequence[str], previous: str) -> str:
    trial, now = place_and_time
    return "\n".join(
        [
            "candor-anchor-1",
            f"trial: {trial}",
            f"time: {now}",
            f"version: {settings.VERSION}",
            f"chains: {len(heads)}",
            f"root: {_root(heads)}",
            f"previous: {previous or '-'}",
            "",
            *heads,
            "",
        ]
    )


def _asked(statement: str, values: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]
