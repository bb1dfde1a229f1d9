"""`./run` itself: what it says where something it needs is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from starter.environment import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with what every Debian has, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("dirname", "cat", "sha256sum", "mkdir", "flock", "sh"):
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which nothing has been installed."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "run", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


def run(clone: Path, bare: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "run", *arguments],
        env={"PATH": str(bare), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def pretend(bare: Path, script: str) -> None:
    path = bare / "python3"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_missing_python_is_named(clone: Path, bare: Path) -> None:
    done = run(clone, bare)
    assert done.returncode == 1
    assert done.stderr.startswith("./run: Python 3.11 or newer is needed")
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_too_old_is_named(clone: Path, bare: Path) -> None:
    pretend(bare, '[ "$1" = -V ] && echo Python 3.9.2 && exit; exit 1')
    done = run(clone, bare)
    assert done.returncode == 1
    assert "python3 here is Python 3.9.2" in done.stderr


def test_a_missing_pip_is_named_where_uv_is_missing_too(
    clone: Path, bare: Path
) -> None:
    pretend(bare, '[ "$1 $2" = "-m pip" ] && exit 1; exit 0')
    done = run(clone, bare)
    assert done.returncode == 1
    assert "Neither uv nor pip is here" in done.stderr


def test_a_full_disk_is_named_before_the_installation(clone: Path, bare: Path) -> None:
    pretend(bare, 'case "$2" in *disk_usage*) exit 1 ;; esac; exit 0')
    done = run(clone, bare)
    assert done.returncode == 1
    assert "The disk is nearly full" in done.stderr


def test_an_unknown_word_shows_the_usage(clone: Path, bare: Path) -> None:
    done = run(clone, bare, "strat")
    assert done.returncode == 2
    assert "./run test" in done.stderr
    first, usage = done.stderr.split("\n", 1)
    assert first == './run: there is no "strat"; there is:'
    assert run(clone, bare, "--help").stdout == usage


def test_the_locks_have_a_hash_for_each_package_and_no_address() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        pinned = re.findall(r"^[a-zA-Z0-9._\[\],-]+==.*(?:\n .*)*", text, re.MULTILINE)
        assert pinned, path.name
        assert all("--hash=sha256:" in one for one in pinned), path.name
        assert "://" not in text, path.name
        assert "index" not in text, path.name


def test_ci_runs_what_everybody_runs() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec ./run test"
