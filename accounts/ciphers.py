"""What a page carries and brings back, sealed: nobody reads it, changes it or makes one."""

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_OCTETS = 64


def sealed(text: str, *, bound_to: str, key: bytes) -> str:
    """Return a text encrypted by AES-256-SIV (RFC 5297), in base64 for a hidden field.

    The same text under the same key of `KEY_OCTETS` is always sealed alike, so that a
    page that shows the same is the same page. What is bound to one name opens for no other.
    """
    octets = AESSIV(key).encrypt(text.encode(), [bound_to.encode()])
    return base64.urlsafe_b64encode(octets).decode()


def opened(text: str, *, bound_to: str, keys: Sequence[bytes]) -> str | None:
    """Return what was sealed under one of the keys; None for what none of them opens."""
    try:
        octets = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, UnicodeEncodeError):
        return None
    for key in keys:
        try:
            return AESSIV(key).decrypt(octets, [bound_to.encode()]).decode()
        except InvalidTag:
            continue
    return None
