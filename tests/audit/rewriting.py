"""What an administrator could do to a whole chain: make it agree with itself again."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from audit import exporting
from audit.seeing import reading
from audit.verifier.verify_trail import (
    ACT,
    FIRST,
    ROW,
    SIGNATURE,
    chain_of,
    fields,
    home_of,
)
from tests.audit.conftest import CHECK, Trail

Lines = dict[str, list[Mapping[str, Any]]]


def rewrite(trail: Trail, chain: str) -> None:
    """Make every hash of a chain, and its head, anew from what stands there now."""
    last, position = FIRST, 0
    with reading(CHECK):
        found = list(_acts(chain))
    for lines in found:
        position += 1
        previous, last = last, _hash(last, position, chain, lines)
        trail.tamper(
            "UPDATE audit_link SET previous = %(previous)s, hash = %(hash)s, "
            "position = %(position)s WHERE chain = %(chain)s AND action_id = %(act)s",
            previous=previous,
            hash=last,
            position=position,
            chain=chain,
            act=int(lines["act"][0]["id"]),
        )
    trail.tamper(
        "UPDATE audit_chain SET hash = %(hash)s, position = %(position)s "
        "WHERE chain = %(chain)s",
        hash=last,
        position=position,
        chain=chain,
    )


def _acts(chain: str) -> Iterator[Lines]:
    """Yield what belongs to each act of the chain, in the chain's order."""
    current: Lines = {}
    for line in [*exporting.lines(None), {"kind": "act"}]:
        if line["kind"] == "act":
            if any(link["chain"] == chain for link in current.get("link", ())):
                yield current
            current = {}
        current.setdefault(line["kind"], []).append(line)


def _hash(last: bytes, position: int, chain: str, lines: Lines) -> bytes:
    (act,) = lines["act"]
    (link,) = [link for link in lines["link"] if link["chain"] == chain]
    rows = [
        fields(row[name] for name in ROW)
        for row in lines.get("row", ())
        if (chain_of(row) or home_of(act)) == chain
    ]
    signatures = [
        fields(s[name] for name in SIGNATURE) for s in lines.get("signature", ())
    ]
    told = fields(["candor-link-1", chain, position, link["at"]])
    told += fields(act[name] for name in ACT)
    told += (
        fields([len(signatures)]) + b"".join(signatures)
        if chain == home_of(act)
        else b"-,"
    )
    told += fields([len(rows)]) + b"".join(hashlib.sha256(row).digest() for row in rows)
    return hashlib.sha256(last + told).digest()
