"""Where the local services keep their files, and the addresses that reach them."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from starter.keys import new_key_pair

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "candor"
DATABASE_PORT = 5432  # only a part of the socket's name: nothing listens on TCP
LOGIN_ROLES = ("postgres", "candor_owner", "candor_web", "candor_worker")
LONGEST_SOCKET_FOLDER = 85  # bytes; a socket's whole path must stay below 108


class StarterError(Exception):
    """One sentence for the person at the terminal: what is wrong, and what to do."""


class Profile(StrEnum):
    """What the services are for; each has a cluster, a broker and a mail folder."""

    DEMONSTRATION = "demonstration"
    TESTING = "testing"
    BENCHMARK = "benchmark"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one set of services, and what lies where in it."""

    folder: Path
    profile: Profile

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    @property
    def outside(self) -> Path:
        """The folder that the account `nobody` can reach, outside the clone."""
        return Path("/var/tmp") / f"candor-{self.digest}"  # noqa: S108 — root's, see claim_folder

    @property
    def digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]

    @property
    def sockets(self) -> Path:
        """Folder of the Unix sockets; short, for a socket's path ends at 107 bytes."""
        if len(os.fsencode(self.run)) <= LONGEST_SOCKET_FOLDER:
            return self.run
        return Path(tempfile.gettempdir()) / f"candor-{os.getuid()}-{self.digest}"

    def prepare(self) -> None:
        """Make the folders that every start needs."""
        for folder in (self.run / "services", self.log, self.mail, self.valkey):
            folder.mkdir(parents=True, exist_ok=True)
        if self.sockets != self.run:
            claim_folder(self.sockets, 0o700)


def place_for(profile: Profile) -> Place:
    """The place of a profile: `var`, or below it; CANDOR_VAR names another folder."""
    var = Path(os.environ.get("CANDOR_VAR") or ROOT / "var").resolve()
    below = {
        Profile.DEMONSTRATION: var,
        Profile.TESTING: var / "test",
        Profile.BENCHMARK: var / "bench",
    }
    return Place(below[profile], profile)


def claim_folder(folder: Path, mode: int) -> None:
    """Make `folder` in a shared place ours, or refuse one that another user made."""
    folder.mkdir(mode=mode, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid():
        raise StarterError(f"{folder} belongs to somebody else; remove it and retry.")
    folder.chmod(mode)


def write_atomically(path: Path, text: str) -> None:
    """Replace a private file so that a crash leaves the old or the new, never half."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def secret_key_file(place: Place) -> Path:
    """The file of the signing key, made at the first start and kept."""
    path = place.folder / "secret_key"
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(48) + "\n")
    return path


def identity_keys_file(place: Place) -> Path:
    """The file of the keys that encrypt identities, made at the first start and kept."""
    path = place.folder / "identity_keys"
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        mine = place.folder / f"identity_keys.{os.getpid()}"
        write_atomically(mine, f"k1:{key}\n")
        # Of two first starts at once one would otherwise encrypt with a lost key.
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return path


def anchor_key_file(place: Place) -> Path:
    """The file of the key that signs the trail's anchors; its public key lies beside."""
    path = place.folder / "anchor_key"
    if not path.exists():
        private, public = new_key_pair()
        mine = place.folder / f"anchor_key.{os.getpid()}"
        write_atomically(mine, private)
        # Of two first starts at once only one has made the key that is kept.
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
            write_atomically(path.with_name("anchor_key.pub"), public)
        mine.unlink()
    return path


def passwords(place: Place) -> dict[str, str]:
    """The passwords of the login roles by role, made at the first start and kept."""
    path = place.folder / "passwords.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = [*LOGIN_ROLES]
    if place.profile is not Profile.DEMONSTRATION:
        wanted.append("candor_tester")
    missing = {role: secrets.token_hex(20) for role in wanted if role not in known}
    if missing:
        write_atomically(path, json.dumps(known | missing, indent=2) + "\n")
    return known | missing


def database_url(role: str, password: str, sockets: Path) -> str:
    """The address of the database for a role over the Unix socket."""
    host = quote(str(sockets), safe="")
    return (
        f"postgresql://{role}:{quote(password, safe='')}@/{DATABASE}"
        f"?host={host}&port={DATABASE_PORT}"
    )


def embedded_addresses(place: Place, found: Mapping[str, str]) -> dict[str, str]:
    """Addresses of the embedded services; `found` is what their keeper wrote down."""
    words = passwords(place)
    sockets = Path(found["database_sockets"])

    def url(role: str) -> str:
        return database_url(role, words[role], sockets)

    ordinary = "candor_web"
    if place.profile is not Profile.DEMONSTRATION:
        ordinary = "candor_tester"
    return {
        "DATABASE_URL": url(ordinary),
        "WORKER_DATABASE_URL": url("candor_worker"),
        "OWNER_DATABASE_URL": url("candor_owner"),
        "REDIS_URL": f"redis+socket://{found['valkey_socket']}",
        "EMAIL_URL": f"smtp://127.0.0.1:{found['mail_port']}",
    }


def given_addresses(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Addresses of real servers from the environment, or None for the embedded ones."""
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if environment.get(name)]
    if not given:
        return None
    if len(given) == 1:
        raise StarterError(
            f"Only {given[0]} is set: set DATABASE_URL and REDIS_URL, or neither."
        )
    names = ("DATABASE_URL", "WORKER_DATABASE_URL", "OWNER_DATABASE_URL")
    addresses = {
        name: environment.get(name) or environment["DATABASE_URL"] for name in names
    }
    addresses["REDIS_URL"] = environment["REDIS_URL"]
    if environment.get("EMAIL_URL"):
        addresses["EMAIL_URL"] = environment["EMAIL_URL"]
    return addresses


def settings(place: Place) -> dict[str, str]:
    """What Django's processes are told besides the addresses."""
    told = {
        "SECRET_KEY_FILE": str(secret_key_file(place)),
        "ANCHOR_KEY_FILE": os.environ.get("ANCHOR_KEY_FILE")
        or str(anchor_key_file(place)),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "STATIC_ROOT": str(place.folder / "static"),
    }
    # Keys of one's own stay: on real servers the data outlives this folder.
    if not (os.environ.get("IDENTITY_KEYS_FILE") or os.environ.get("IDENTITY_KEYS")):
        told["IDENTITY_KEYS_FILE"] = str(identity_keys_file(place))
    if place.profile is Profile.DEMONSTRATION:
        told["DEMONSTRATION"] = "1"
        if not os.environ.get("SITE_URL"):
            # So that mails to staff lead to the site, as they do where it is set.
            told["SITE_URL"] = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/"
    return told
