"""The keys of identities: made once for one machine, demanded of everybody else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from participants.ciphers import key_ring
from starter.environment import ROOT, Place, Profile, identity_keys_file, settings

PRODUCTION = {
    "SECRET_KEY": "x" * 50,
    "DATABASE_URL": "postgresql://x@127.0.0.1:1/x",
    "PATH": os.environ["PATH"],
}
SPOILT = "k1:c2hvcnQ="


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    return Place(tmp_path, Profile.DEMONSTRATION)


def test_the_keys_of_a_folder_are_made_once_and_kept(folder: Place) -> None:
    path = identity_keys_file(folder)
    made = path.read_text()
    assert key_ring(made).current == "k1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert identity_keys_file(folder).read_text() == made
    assert [one.name for one in folder.folder.iterdir()] == ["identity_keys"]


def test_two_folders_have_different_keys(folder: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    first = identity_keys_file(folder).read_text()
    assert first != identity_keys_file(Place(other, Profile.TESTING)).read_text()


def test_of_two_first_starts_at_once_both_get_the_same_keys(folder: Place) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from starter.environment import Place, Profile, identity_keys_file;"
        "place = Place(Path(sys.argv[1]), Profile.DEMONSTRATION);"
        "sys.stdin.readline(); print(identity_keys_file(place).read_text())"
    )
    command = [sys.executable, "-c", program, str(folder.folder)]
    starts = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    assert len({start.communicate()[0] for start in starts}) == 1


@pytest.mark.parametrize("name", ["IDENTITY_KEYS_FILE", "IDENTITY_KEYS"])
def test_keys_of_ones_own_are_not_replaced(
    folder: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("IDENTITY_KEYS_FILE", "IDENTITY_KEYS"):
        monkeypatch.delenv(each, raising=False)
    assert settings(folder)["IDENTITY_KEYS_FILE"] == str(
        folder.folder / "identity_keys"
    )
    monkeypatch.setenv(name, "of one's own")
    assert "IDENTITY_KEYS_FILE" not in settings(folder)


def test_mails_of_the_demonstration_lead_to_its_address(
    folder: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    monkeypatch.setenv("PORT", "8123")
    assert settings(folder)["SITE_URL"] == "http://127.0.0.1:8123/"
    monkeypatch.setenv("SITE_URL", "https://candor.example/")
    assert "SITE_URL" not in settings(folder)


def started(**told: str) -> subprocess.CompletedProcess[str]:
    """Load the settings as a process of its own does."""
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env=PRODUCTION | told,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.requirement("PRV-02")
def test_without_keys_nothing_starts_but_a_demonstration() -> None:
    refused = started()
    assert refused.returncode == 1
    assert "ConfigurationError: Set IDENTITY_KEYS_FILE" in refused.stderr
    assert started(DEMONSTRATION="1").returncode == 0


def test_keys_that_cannot_be_read_stop_the_start_and_are_not_shown(
    folder: Place,
) -> None:
    refused = started(IDENTITY_KEYS=SPOILT)
    assert "ConfigurationError: IDENTITY_KEYS: key 1 is not written" in refused.stderr
    assert "c2hvcnQ" not in refused.stderr
    missing = started(IDENTITY_KEYS_FILE=str(folder.folder / "nowhere"))
    assert "ConfigurationError: IDENTITY_KEYS_FILE: " in missing.stderr
    made = identity_keys_file(folder)
    assert started(IDENTITY_KEYS_FILE=str(made)).returncode == 0
