"""The key that signs anchors: made once, readable by its owner, and not the web's."""

import stat
from pathlib import Path

from audit.sshsig import public_line, read_key
from starter.demonstration import as_role
from starter.environment import Place, Profile, anchor_key_file


def test_the_key_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    place = Place(tmp_path, Profile.DEMONSTRATION)
    path = anchor_key_file(place)
    first = path.read_text()
    assert anchor_key_file(place).read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    public = path.with_name("anchor_key.pub").read_text()
    assert public == public_line(read_key(first))


def test_only_the_worker_learns_where_the_key_is() -> None:
    addresses = {
        "DATABASE_URL": "web",
        "WORKER_DATABASE_URL": "worker",
        "OWNER_DATABASE_URL": "owner",
        "ANCHOR_KEY_FILE": "/somewhere",
    }
    assert as_role(addresses, "worker")["ANCHOR_KEY_FILE"] == "/somewhere"
    assert "ANCHOR_KEY_FILE" not in as_role(addresses, "web")
    assert "ANCHOR_KEY_FILE" not in as_role(addresses, "owner")
