"""Identifying values as ciphertext: AES-256-GCM bound to table, row, column and key."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TABLE = "participants_identity"
KEY_OCTETS = 32
NONCE_OCTETS = 12
_FORMAT = "candor-identity-1"
_KEY_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


class Unreadable(ValueError):
    """A stored value that no key of the ring opens; the message never holds a value."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id in the order of the ring: the first encrypts, every one decrypts."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """The id of the key that encrypts; a RuntimeError where there is none."""
        if not self.keys:
            raise RuntimeError("No identity key is set: see IDENTITY_KEYS_FILE.")
        return next(iter(self.keys))


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a value stands: one column of one row."""

    row: UUID
    column: str

    def bound_to(self, key_id: str) -> bytes:
        """Return what the ciphertext is bound to, so that it opens nowhere else.

        The parts hold no bar, so no two cells have the same text.
        """
        parts = (_FORMAT, TABLE, str(self.row), self.column, key_id)
        return "|".join(parts).encode()


def key_ring(text: str) -> KeyRing:
    """Return the ring of a key file: a key `id:base64 of 32 octets` a line, newest first.

    ValueError, in a sentence that shows no key, for a text that is not such a ring.
    """
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.split(), 1):
        key_id, _, encoded = line.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not _KEY_ID.fullmatch(key_id) or len(key) != KEY_OCTETS:
            raise ValueError(
                f"key {number} is not written as id:key, with an id of lower-case "
                f"letters, digits, - and ., and {KEY_OCTETS} octets in base64"
            )
        if key_id in keys:
            raise ValueError(f"two keys are called {key_id}")
        keys[key_id] = key
    if not keys:
        raise ValueError("it holds no key")
    return KeyRing(keys)


def encrypted(plain: str, cell: Cell, ring: KeyRing) -> str:
    """Return `<key id>:<base64 of nonce and ciphertext>`; nothing stays nothing."""
    if not plain:
        return ""
    key_id = ring.current
    nonce = os.urandom(NONCE_OCTETS)
    sealed = AESGCM(ring.keys[key_id]).encrypt(
        nonce, plain.encode(), cell.bound_to(key_id)
    )
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode('ascii')}"


def decrypted(stored: str, cell: Cell, ring: KeyRing) -> str:
    """Return what was encrypted for this very cell; `Unreadable` for anything else."""
    if not stored:
        return ""
    key_id, _, encoded = stored.partition(":")
    key = ring.keys.get(key_id)
    if key is None:
        raise Unreadable(f"no key of the ring opens the {_named(cell)}")
    try:
        octets = base64.b64decode(encoded, validate=True)
        nonce, sealed = octets[:NONCE_OCTETS], octets[NONCE_OCTETS:]
        return AESGCM(key).decrypt(nonce, sealed, cell.bound_to(key_id)).decode()
    except (InvalidTag, ValueError):
        # From nothing: the cause's own words and locals are of no use to anybody.
        raise Unreadable(f"the {_named(cell)} is not what was stored there") from None


def _named(cell: Cell) -> str:
    return cell.column.replace("_", " ")
