"""Signatures that `ssh-keygen -Y verify` understands (SSHSIG), made with Ed25519.

The format is OpenSSH's PROTOCOL.sshsig: whoever is mailed an anchor can check it with a
program that nearly every machine has, without anything of ours.
"""

import base64
import hashlib
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
)

MAGIC = b"SSHSIG"
VERSION = (1).to_bytes(4, "big")
DIGEST = b"sha512"


def read_key(text: str) -> Ed25519PrivateKey:
    """Read an OpenSSH private key. Raises ValueError for another kind."""
    key = load_ssh_private_key(text.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it holds no Ed25519 key")
    return key


def public_line(key: Ed25519PrivateKey) -> str:
    """Return the public key as the one line of a .pub file."""
    raw = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return f"{raw.decode()} candor-anchor\n"


def sign(text: str, *, key: Ed25519PrivateKey, namespace: str) -> str:
    """Return the armored signature of a text."""
    name = namespace.encode()
    digest = hashlib.sha512(text.encode()).digest()
    message = MAGIC + _packed(name, b"", DIGEST, digest)
    signature = _packed(b"ssh-ed25519", key.sign(message))
    public = base64.b64decode(public_line(key).split()[1])
    whole = MAGIC + VERSION + _packed(public, name, b"", DIGEST, signature)
    armor = textwrap.fill(base64.b64encode(whole).decode(), 70)
    return f"-----BEGIN SSH SIGNATURE-----\n{armor}\n-----END SSH SIGNATURE-----\n"


def _packed(*strings: bytes) -> bytes:
    """Return strings as SSH writes them: four octets of length, then the string."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in strings)
