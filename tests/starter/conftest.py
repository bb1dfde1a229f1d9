"""A place of their own for the services that these tests start, kill and clear."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from starter import postgres
from starter.environment import Place, Profile
from starter.processes import end_children, stop_orphans

SERVERS = ("DATABASE_URL", "OWNER_DATABASE_URL", "WORKER_DATABASE_URL", "REDIS_URL")


@pytest.fixture(autouse=True)
def _no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite itself runs on servers named in the environment; these tests do not."""
    for name in (*SERVERS, "EMAIL_URL", "PORT", "CANDOR_VAR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty place; whatever still runs in it afterwards is ended."""
    made = Place(tmp_path.resolve() / "var", Profile.DEMONSTRATION)
    made.prepare()
    yield made
    stop_orphans(made.run / "services")
    for data in (made.postgres, made.outside / "postgres"):
        postgres.clear_stage(data, made.sockets)
    end_children()
    for folder in (made.sockets, made.outside):
        shutil.rmtree(folder, ignore_errors=True)
