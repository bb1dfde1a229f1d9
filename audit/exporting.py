"""The trail as lines: each act with its signatures, links and rows, as it was hashed.

The same lines are written into a file and given to the verifier in place.
"""

# ruff: noqa: S608 - every statement is built of this module's own constants

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from django.conf import settings
from django.db import connection

from audit.actors import SystemActor
from audit.seeing import reading
from audit.verifier.verify_trail import ACT, ROW, SIGNATURE

Line = Mapping[str, Any]
BATCH = 500  # acts read at once
ROWS = 2000  # row changes fetched at once

# Exactly the texts that audit/sql/chains.sql hashes.
_TEXT = {name: f"{name}::text" for name in (*ACT, *SIGNATURE, *ROW)} | {
    name: f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    for name in ("at", "signed_at")
}
_OF_TRIAL = """
    (%(trial)s::bigint IS NULL OR {chain} IN (
        SELECT chain FROM audit_chain WHERE trial_id = %(trial)s OR trial_id IS NULL))
"""
# Links of one chain are numbered under its lock, so an act that stands before another
# in one chain has the smaller number in every chain that both are in.
_ORDER = f"""
    SELECT action_id FROM audit_link WHERE {_OF_TRIAL.format(chain="chain")}
    GROUP BY action_id ORDER BY min(id)
"""
_CHAIN = (
    "coalesce(audit.chain_of(r.trial_id, r.site_id, r.participant_id), "
    "audit.home_of(a.trial_id, a.site_id, a.participant_id, a.actor_id))"
)


def _listed(names: Sequence[str], table: str) -> str:
    return ", ".join(
        _TEXT[name].replace(name, f"{table}.{name}", 1) + f" AS {name}"
        for name in names
    )


_ACTS = f"""
    SELECT {_listed(ACT, "a")} FROM unnest(%(acts)s::bigint[]) WITH ORDINALITY AS w (id, n)
    JOIN audit_action a ON a.id = w.id ORDER BY n
"""
_SIGNATURES = f"""
    SELECT s.action_id::text AS action_id, {_listed(SIGNATURE, "s")}
    FROM audit_signature s WHERE action_id = ANY (%(acts)s) ORDER BY s.id
"""
_LINKS = f"""
    SELECT chain, position::text AS position, action_id::text AS action_id,
        {_TEXT["at"]} AS at, encode(previous, 'hex') AS previous,
        encode(hash, 'hex') AS hash, rows::text AS rows
    FROM audit_link WHERE action_id = ANY (%(acts)s)
      AND {_OF_TRIAL.format(chain="chain")} ORDER BY id
"""
_ROWS = f"""
    SELECT r.action_id::text AS action_id, {_listed(ROW, "r")}
    FROM unnest(%(acts)s::bigint[]) WITH ORDINALITY AS w (id, n)
    JOIN audit_rowchange r ON r.action_id = w.id
    LEFT JOIN audit_action a ON a.id = w.id
    WHERE {_OF_TRIAL.format(chain=_CHAIN)} ORDER BY w.n, r.id
"""
_HEADS = f"""
    SELECT chain, position::text AS position, encode(hash, 'hex') AS hash
    FROM audit_chain WHERE {_OF_TRIAL.format(chain="chain")} ORDER BY chain
"""
_ANCHORS = f"""
    SELECT id::text AS id, trial_id::text AS trial_id, action_id::text AS action_id,
        {_TEXT["at"]} AS at, sha256, text, signature
    FROM audit_anchor WHERE %(trial)s::bigint IS NULL OR trial_id = %(trial)s ORDER BY id
"""
# What stands in no link at all: nothing of it may pass unseen.
_STRAY = {
    "act": f"""
        SELECT {_listed(ACT, "a")} FROM audit_action a
        WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.action_id = a.id)
          AND (%(trial)s::bigint IS NULL OR a.trial_id IS NULL OR a.trial_id = %(trial)s)
        ORDER BY a.id
    """,
    "signature": f"""
        SELECT s.action_id::text AS action_id, {_listed(SIGNATURE, "s")}
        FROM audit_signature s
        WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.action_id = s.action_id)
        ORDER BY s.id
    """,
    "row": f"""
        SELECT r.action_id::text AS action_id, {_listed(ROW, "r")}
        FROM audit_rowchange r
        WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.action_id = r.action_id)
          AND (%(trial)s::bigint IS NULL OR r.trial_id IS NULL OR r.trial_id = %(trial)s)
        ORDER BY r.id
    """,
}


def lines(trial_id: int | None) -> Iterator[Line]:
    """Yield the trail of a trial, or all of it; within `audit.seeing.reading`.

    A trial's trail is its own chains and its sites' and participants', and those of
    persons and of the system. Memory does not grow with the trail.
    """
    wanted = {"trial": trial_id}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_TEXT['at'].replace('at', 'clock_timestamp()', 1)}")
        now = cursor.fetchone()[0]
    yield {
        "kind": "trail",
        "format": "candor-trail-1",
        "trial": None if trial_id is None else str(trial_id),
        "version": settings.VERSION,
        "at": now,
    }
    yield from _kind("anchor", _streamed(_ANCHORS, wanted))
    yield from _kind("head", _streamed(_HEADS, wanted))
    batch: list[int] = []
    for found in _streamed(_ORDER, wanted):
        batch.append(found["action_id"])
        if len(batch) == BATCH:
            yield from _batch(batch, wanted)
            batch.clear()
    yield from _batch(batch, wanted)
    for kind, statement in _STRAY.items():
        yield from _kind(kind, _streamed(statement, wanted))


def write(file: IO[str], trial_id: int | None, *, by: SystemActor) -> tuple[int, int]:
    """Write a trail as JSON lines; return how many acts and row changes.

    The last line counts them and gives the SHA-256 of all lines before it.
    """
    whole = hashlib.sha256()
    counted = {"act": 0, "row": 0}
    with reading(by):
        for line in lines(trial_id):
            if line["kind"] in counted:
                counted[line["kind"]] += 1
            text = _json(line)
            whole.update(text.encode())
            file.write(text)
    end = {"kind": "end", "acts": counted["act"], "rows": counted["row"]}
    file.write(_json(end | {"sha256": whole.hexdigest()}))
    return counted["act"], counted["row"]


def _json(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _batch(acts: Sequence[int], wanted: Mapping[str, Any]) -> Iterator[Line]:
    """Yield some acts in order, each with what belongs to it."""
    if not acts:
        return
    chosen = {**wanted, "acts": list(acts)}
    known = {line["id"]: line for line in _fetched(_ACTS, chosen)}
    parts: dict[str, list[Line]] = {}
    for kind, statement in (("signature", _SIGNATURES), ("link", _LINKS)):
        for line in _fetched(statement, chosen):
            parts.setdefault(line["action_id"], []).append({"kind": kind, **line})
    rows = _streamed(_ROWS, chosen)
    row = next(rows, None)
    for number in acts:
        act = str(number)
        if act in known:
            yield {"kind": "act", **known[act]}
        yield from parts.get(act, ())
        while row is not None and row["action_id"] == act:
            yield {"kind": "row", **row}
            row = next(rows, None)


def _kind(kind: str, found: Iterator[dict[str, Any]]) -> Iterator[Line]:
    return ({"kind": kind, **line} for line in found)


def _fetched(statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _streamed(statement: str, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield rows through a cursor of the server: a portion at a time is in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        names: list[str] = []
        while rows := cursor.fetchmany(ROWS):
            names = names or [column.name for column in cursor.description]
            yield from (dict(zip(names, row, strict=True)) for row in rows)
