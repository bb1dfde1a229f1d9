"""Verifies an exported trail alone: each hash, each chain, and signed anchors.

    python3 verify_trail.py EXPORT.jsonl --anchor ANCHOR.txt --public-key KEY.pub

One file for anybody who was mailed an anchor: Python 3.9 or newer, no other package,
nothing of the project, no network. The signature of ANCHOR.txt is ANCHOR.txt.sig.

What a link's hash is made of (SHA-256): the hash of the link before it in its chain (32
zero bytes at the first); then, each as `<octets>:<UTF-8 text>,` or `-,` for nothing, the
words `candor-link-1`, chain, position and time of the link; the act's columns (ACT); in
the act's home chain the number of its signatures and their columns (SIGNATURE), in other
chains nothing; the number of its row changes in this chain; then, for each of these in
order of id, the SHA-256 of its columns (ROW). Times are UTC with microseconds.

Ends with 0 where all agrees, 1 where something does not, 2 where it could not tell.
21 CFR 11.10(a), (e): altered records are discernible.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ACT = (
    *("id", "at", "verb", "reason", "subject", "actor_id", "actor_name", "actor_roles"),
    *("job", "triggered_by", "trial_id", "site_id", "participant_id", "session_id"),
    *("ip", "request_id", "app_version", "db_role", "backend_pid", "xid", "details"),
)
SIGNATURE = (
    *(
        "id",
        "user_id",
        "name",
        "meaning",
        "signed_at",
        "table_name",
        "row_id",
        "digest",
    ),
)
ROW = (
    *("id", "at", "table_name", "row_id", "operation", "old", "new"),
    *("trial_id", "site_id", "participant_id"),
)
FIRST = bytes(32)
NAMESPACE = "candor-anchor"
# An Ed25519 public key in DER is these octets and the 32 of the key (RFC 8410).
DER_PREFIX = bytes.fromhex("302a300506032b6570032100")


class BadEntry(Exception):
    """The first entry that does not agree: where it stands, and what is wrong."""

    def __init__(  # noqa: PLR0917 - where an entry stands has three parts
        self, what: str, chain: str = "", position: object = None, act: object = None
    ) -> None:
        where = [chain] if chain else []
        where += [f"entry {position}"] if position is not None else []
        where += [f"act {act}"] if act is not None else []
        super().__init__(": ".join(filter(None, [", ".join(where), what])))


class CannotTellError(Exception):
    """A file that is missing, of another kind, or too old: nothing was found out."""


def fields(values: Iterable[object]) -> bytes:
    """Each value as `<octets>:<text>,`, and `-,` for None."""
    told = bytearray()
    for value in values:
        if value is None:
            told += b"-,"
            continue
        text = str(value).encode()
        told += b"%d:%b," % (len(text), text)
    return bytes(told)


def chain_of(line: Mapping[str, Any]) -> str | None:
    """The chain of the participant, else site, else trial that a line names."""
    for kind in ("participant", "site", "trial"):
        if line[f"{kind}_id"] is not None:
            return f"{kind}:{line[f'{kind}_id']}"
    return None


def home_of(act: Mapping[str, Any]) -> str:
    """The chain that an act itself stands in."""
    if (chain := chain_of(act)) is not None:
        return chain
    return "system" if act["actor_id"] is None else f"person:{act['actor_id']}"


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The tree hash of RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    halves = merkle_root(leaves[:middle]) + merkle_root(leaves[middle:])
    return hashlib.sha256(b"\1" + halves).digest()


class Anchor:
    """An anchor's text, read and held against its own root."""

    HEADER = ("trial", "time", "version", "chains", "root", "previous")

    def __init__(self, text: str) -> None:
        head, _, body = text.partition("\n\n")
        first, *named = head.split("\n")
        known = dict(line.partition(": ")[::2] for line in named)
        if first != "candor-anchor-1" or tuple(known) != self.HEADER:
            raise CannotTellError("This is no anchor (candor-anchor-1).")
        self.text = text
        self.trial, self.time, self.version = (
            known[name] for name in ("trial", "time", "version")
        )
        self.root, self.previous = known["root"], known["previous"]
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        lines = body.splitlines()
        root = merkle_root([line.encode() for line in lines]).hex()
        if root != self.root or str(len(lines)) != known["chains"]:
            raise BadEntry(
                f"the anchor of {self.time} does not agree with its own root"
            )
        self.lines = lines

    def points(self) -> Iterator[tuple[str, int, str]]:
        """Chain, position and hash of each head that the anchor names."""
        for line in self.lines:
            chain, position, hashed = line.split(" ")
            yield chain, int(position), hashed


class _Link:
    """A link whose hash is still being made."""

    def __init__(self, line: Mapping[str, Any], act: bytes, signatures: bytes) -> None:
        self.chain: str = line["chain"]
        self.position = int(line["position"])
        self.rows = int(line["rows"])
        self.previous = bytes.fromhex(line["previous"])
        self.hash = bytes.fromhex(line["hash"])
        self.seen = 0
        self.made = hashlib.sha256(self.previous)
        place = ("candor-link-1", self.chain, line["position"], line["at"])
        self.made.update(fields(place) + act + signatures + fields([line["rows"]]))


class Checker:
    """Takes the lines of a trail one by one, and raises `BadEntry` at the first bad one.

    Holds the heads and one act, never the trail: memory does not grow with its length.
    """

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self.acts = self.rows = 0
        self.trial: str | None = None
        self.time = ""
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._state: dict[str, tuple[int, bytes]] = {}
        self._points: dict[str, dict[int, tuple[str, str]]] = {}
        self._last_anchor: dict[str, str] = {}
        self._act: Mapping[str, Any] | None = None
        self._signatures: list[bytes] = []
        self._links: dict[str, _Link] = {}
        self._anchors = list(anchors)
        for anchor in self._anchors:
            self._hold(anchor)

    @property
    def chains(self) -> int:
        return len(self._state)

    @property
    def act(self) -> str:
        """The act that is being read: where a line that cannot be read stands."""
        return "" if self._act is None else str(self._act["id"])

    def take(self, line: Mapping[str, Any]) -> None:
        """Take the next line."""
        getattr(self, f"_take_{line['kind']}")(line)

    def finish(self) -> None:
        """Close the last act, and hold all heads and anchors against the chains."""
        self._close()
        for chain, (position, hashed) in self._state.items():
            head = self._heads.get(chain)
            if head is None:
                raise BadEntry("has no head", chain, position)
            if head[0] > position:
                raise BadEntry(
                    f"the head says {head[0]}: the tail is cut", chain, position
                )
            if head != (position, hashed):
                raise BadEntry("is not what the head says", chain, position)
        for chain in self._heads.keys() - self._state.keys():
            raise BadEntry("has a head and no entries", chain)
        for chain, points in self._points.items():
            for position, (_, anchor) in points.items():
                raise BadEntry(
                    f"is anchored on {anchor} and is not there: the tail is cut",
                    chain,
                    position,
                )

    def _hold(self, anchor: Anchor) -> None:
        for chain, position, hashed in anchor.points():
            known = self._points.setdefault(chain, {})
            if known.setdefault(position, (hashed, anchor.time))[0] != hashed:
                raise BadEntry(
                    f"the anchors of {known[position][1]} and {anchor.time} differ",
                    chain,
                    position,
                )

    def _take_trail(self, line: Mapping[str, Any]) -> None:
        if line["format"] != "candor-trail-1":
            raise CannotTellError("This is no exported trail (candor-trail-1).")
        self.trial, self.time = line["trial"], line["at"]
        for anchor in self._anchors:
            if self.trial not in {None, anchor.trial.split(" ")[0]}:
                raise CannotTellError(
                    f"The anchor is of another trial: {anchor.trial}."
                )
            if anchor.time > self.time:
                raise CannotTellError(
                    f"The anchor of {anchor.time} is newer than this trail: export it anew."
                )

    def _take_head(self, line: Mapping[str, Any]) -> None:
        self._heads[line["chain"]] = int(line["position"]), bytes.fromhex(line["hash"])

    def _take_anchor(self, line: Mapping[str, Any]) -> None:
        anchor = Anchor(line["text"])
        last = self._last_anchor.get(line["trial_id"], "-")
        if anchor.sha256 != line["sha256"] or anchor.previous != last:
            raise BadEntry(f"the kept anchor of {anchor.time} does not follow the last")
        self._last_anchor[line["trial_id"]] = anchor.sha256
        self._hold(anchor)

    def _take_act(self, line: Mapping[str, Any]) -> None:
        self._close()
        self._act, self._signatures, self._links = line, [], {}
        self.acts += 1

    def _take_signature(self, line: Mapping[str, Any]) -> None:
        if self._act is None or line["action_id"] != self._act["id"]:
            raise BadEntry(f"signature {line['id']} has no act", act=line["action_id"])
        self._signatures.append(fields(line[name] for name in SIGNATURE))

    def _take_link(self, line: Mapping[str, Any]) -> None:
        act = self._act
        if act is None or line["action_id"] != act["id"]:
            raise BadEntry(
                "the act is missing", line["chain"], line["position"], line["action_id"]
            )
        signatures = b"-,"
        if line["chain"] == home_of(act):
            signatures = fields([len(self._signatures)]) + b"".join(self._signatures)
        told = fields(act[name] for name in ACT)
        self._links[line["chain"]] = _Link(line, told, signatures)

    def _take_row(self, line: Mapping[str, Any]) -> None:
        act = self._act
        if act is None or line["action_id"] != act["id"]:
            raise BadEntry(f"row change {line['id']} has no act", act=line["action_id"])
        link = self._links.get(chain_of(line) or home_of(act))
        if link is None:
            chain = chain_of(line) or home_of(act)
            what = f"row change {line['id']} ({line['table_name']}) is in no link"
            raise BadEntry(what, chain, act=act["id"])
        link.seen += 1
        link.made.update(hashlib.sha256(fields(line[name] for name in ROW)).digest())
        self.rows += 1

    def _take_end(self, line: Mapping[str, Any]) -> None:
        self._close()
        if (int(line["acts"]), int(line["rows"])) != (self.acts, self.rows):
            raise BadEntry(f"the file tells of {line['acts']} acts and has {self.acts}")

    def _close(self) -> None:
        """Hold what the act's links say against what was made of its lines."""
        act = self._act
        if act is None:
            return
        home = home_of(act)
        if home not in self._links and (home in self._heads or not self._links):
            raise BadEntry(f"is not in its chain, {home}", act=act["id"])
        for link in self._links.values():
            self._close_link(link, act["id"])
        self._act = None

    def _close_link(self, link: _Link, act: str) -> None:
        place = (link.chain, link.position, act)
        last, hashed = self._state.get(link.chain, (0, FIRST))
        if link.position != last + 1:
            raise BadEntry(f"follows entry {last}: entries are missing between", *place)
        if link.previous != hashed:
            raise BadEntry("does not follow the entry before it", *place)
        if link.seen != link.rows:
            raise BadEntry(f"has {link.seen} of {link.rows} row changes", *place)
        if link.made.digest() != link.hash:
            raise BadEntry("was changed: its hash is another", *place)
        points = self._points.get(link.chain, {})
        wanted, anchor = points.pop(link.position, (link.hash.hex(), ""))
        if wanted != link.hash.hex():
            what = f"is not what was anchored on {anchor}: the chain was rewritten"
            raise BadEntry(what, *place)
        self._state[link.chain] = link.position, link.hash


class Signed(NamedTuple):
    """A text, its SSHSIG, and the public key that it ought to be made with."""

    text: str
    signature: str
    public_key: str


def check_signature(text: str, signature: str, public_key: str) -> str:
    """The tool that verified the signature (SSHSIG); empty where no tool is there.

    Raises `BadEntry` where a tool is there and none finds the signature good.
    """
    signed = Signed(text, signature, public_key)
    tried = False
    with tempfile.TemporaryDirectory() as name:
        for tool, verify in (("ssh-keygen", _by_ssh_keygen), ("openssl", _by_openssl)):
            if (program := shutil.which(tool)) is None:
                continue
            tried = True
            if verify(signed, program, Path(name)):
                return tool
    if tried:
        raise BadEntry("the signature of the anchor is not made by this key")
    return ""


def _by_ssh_keygen(signed: Signed, program: str, folder: Path) -> bool:
    kind, key = signed.public_key.split()[:2]
    signers = folder / "signers"
    signers.write_text(f'{NAMESPACE} namespaces="{NAMESPACE}" {kind} {key}\n', "utf-8")
    (folder / "sig").write_text(signed.signature, "utf-8")
    command = [program, "-Y", "verify", "-f", str(signers), "-I", NAMESPACE]
    command += ["-n", NAMESPACE, "-s", str(folder / "sig")]
    done = subprocess.run(  # noqa: S603 - a program of the PATH, our own arguments
        command, input=signed.text.encode(), capture_output=True, check=False
    )
    return done.returncode == 0


def _by_openssl(signed: Signed, program: str, folder: Path) -> bool:
    """Rebuild what SSHSIG signs (OpenSSH, PROTOCOL.sshsig), and verify that."""
    armor = "".join(signed.signature.strip().splitlines()[1:-1])
    try:
        packed = base64.b64decode(armor, validate=True)
        key = base64.b64decode(signed.public_key.split()[1], validate=True)
        parts = list(_strings(packed[10:]))
    except (ValueError, IndexError):
        return False
    if packed[:10] != b"SSHSIG\0\0\0\1" or len(parts) != 5 or parts[0] != key:
        return False
    namespace, reserved, algorithm, raw = parts[1:]
    if namespace != NAMESPACE.encode() or algorithm not in (b"sha256", b"sha512"):
        return False
    digest = hashlib.new(algorithm.decode(), signed.text.encode()).digest()
    kept = (namespace, reserved, algorithm, digest)
    message = b"SSHSIG" + b"".join(len(x).to_bytes(4, "big") + x for x in kept)
    (folder / "message").write_bytes(message)
    (folder / "raw").write_bytes(list(_strings(raw))[-1])
    der = base64.b64encode(DER_PREFIX + list(_strings(key))[-1]).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n"
    (folder / "key").write_text(pem, "utf-8")
    command = [program, "pkeyutl", "-verify", "-pubin", "-inkey", str(folder / "key")]
    command += ["-rawin", "-in", str(folder / "message")]
    command += ["-sigfile", str(folder / "raw")]
    done = subprocess.run(  # noqa: S603 - a program of the PATH, our own arguments
        command, capture_output=True, check=False
    )
    return done.returncode == 0


def _strings(packed: bytes) -> Iterator[bytes]:
    while packed:
        end = 4 + int.from_bytes(packed[:4], "big")
        if len(packed) < end:
            raise ValueError("cut")
        yield packed[4:end]
        packed = packed[end:]


def verify_file(path: Path, checker: Checker) -> None:
    """Take an exported file to its last line, which tells the hash of all before it.

    Raises `BadEntry` at the first line that does not agree.
    """
    whole = hashlib.sha256()
    told = None
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = json.loads(raw.decode())
                is_trail = line["kind"] == "trail"
                if number == 1 and not is_trail:
                    raise CannotTellError(f"{path} is no exported trail.")
                checker.take(line)
                told = line["sha256"] if line["kind"] == "end" else None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if number == 1:
                    raise CannotTellError(f"{path} is no exported trail.") from error
                what = f"line {number} cannot be read"
                raise BadEntry(what, act=checker.act or None) from error
            if told is None:
                whole.update(raw)
    if told is None:
        raise BadEntry("the file is cut: it has no last line", act=checker.act or None)
    checker.finish()
    if told != whole.hexdigest():
        raise BadEntry("the file is not as it was exported: its hash is another")


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what the command line names; the exit code."""
    parser = argparse.ArgumentParser(
        description="Verify an exported trail and the anchors that were mailed."
    )
    parser.add_argument("export", type=Path)
    parser.add_argument("--anchor", type=Path, action="append", default=[])
    parser.add_argument(
        "--public-key", type=Path, help="of the anchors, as handed over in person"
    )
    options = parser.parse_args(arguments)
    try:
        told = verify(options.export, options.anchor, options.public_key)
    except BadEntry as error:
        sys.stdout.write(f"NOT INTACT: {error}\n")
        return 1
    except (CannotTellError, OSError, UnicodeError) as error:
        sys.stdout.write(f"COULD NOT TELL: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in told[0]))
    return 0 if told[1] else 2


def verify(
    export: Path, anchors: Sequence[Path], public_key: Path | None
) -> tuple[list[str], bool]:
    """What was found, in lines, and whether all that was asked for could be done."""
    read = []
    notes = []
    all_done = True
    for path in anchors:
        text = path.read_bytes().decode()
        anchor = Anchor(text)
        read.append(anchor)
        if public_key is None:
            notes.append(
                f"{path.name}: the signature was NOT checked: no --public-key."
            )
            continue
        signature = path.with_name(path.name + ".sig").read_text("utf-8")
        tool = check_signature(text, signature, public_key.read_text("utf-8"))
        all_done = all_done and tool != ""
        notes.append(
            f"{path.name}: the signature is good ({tool})."
            if tool
            else f"{path.name}: the signature was NOT checked: "
            "neither ssh-keygen nor openssl is here."
        )
    checker = Checker(read)
    verify_file(export, checker)
    notes.append(
        f"INTACT: {checker.acts} acts with {checker.rows} row changes "
        f"in {checker.chains} chains, exported {checker.time}."
    )
    notes += [f"It agrees with the anchor of {anchor.time}." for anchor in read]
    return notes, all_done


if __name__ == "__main__":
    sys.exit(main())
