"""A trail with several chains, and the administrator who would change it unseen."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from accounts.actions import end_session, signed_in
from accounts.vocabulary import Role
from audit.actors import SystemActor
from audit.trail import acting
from starter.environment import Profile, passwords, place_for
from starter.keys import new_key_pair
from tests import databases
from tests.audit.lived import Lived, new_lived
from tests.world import World, new_world
from trials.models import Site

CHECK = SystemActor("check", triggered_by="test")


@dataclass
class Trail:
    """A committed trail: acts on a site with reasons, and sign-ins of a person."""

    world: World
    superuser: psycopg.Connection
    renames: list[int]

    def tamper(self, statement: str, **values: object) -> None:
        """Change what is stored past every trigger, as only an administrator can."""
        self.superuser.execute("SET session_replication_role = replica")
        self.superuser.execute(statement, values)
        self.superuser.execute("SET session_replication_role = DEFAULT")

    @property
    def site(self) -> str:
        return f"site:{self.world.site.pk}"


@pytest.fixture
def superuser(own_database: str) -> Iterator[psycopg.Connection]:
    """A connection that may do anything, as a database administrator's."""
    address = urlsplit(os.environ["OWNER_DATABASE_URL"])
    with psycopg.connect(
        host=parse_qs(address.query)["host"][0],
        port=parse_qs(address.query)["port"][0],
        user="postgres",
        password=passwords(place_for(Profile.TESTING))["postgres"],
        dbname=own_database,
        autocommit=True,
        options="-c search_path=public,audit",
    ) as found:
        yield found


@pytest.fixture
def trail(superuser: psycopg.Connection) -> Trail:
    world = new_world()
    renames = []
    for name in ("Boulder", "Golden", "Aurora", "Pueblo"):
        by = world.actor(Role.DATA_MANAGER)
        with acting("rename site", by=by, reason="The clinic moved") as action:
            Site.objects.filter(pk=world.site.pk).update(name=name)
        renames.append(action)
    user = world.user(Role.COORDINATOR)
    for _ in range(2):
        by = signed_in(user=user, kind="test", lifetime=timedelta(hours=1))
        end_session(token=by.token)
    return Trail(world, superuser, renames)


@pytest.fixture
def key(settings: object, tmp_path: Path) -> Path:
    """A new key to sign anchors with, and the file of its public key."""
    private, public = new_key_pair()
    settings.ANCHOR_KEY = private  # type: ignore[attr-defined] # pytest-django's fixture
    path = tmp_path / "anchor_key.pub"
    path.write_text(public, "utf-8")
    return path


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    """Two sites with rows, on a database of the module's own."""
    with django_db_blocker.unblock(), databases.cloned():
        yield new_lived()


@pytest.fixture
def web(lived: Lived) -> Iterator[psycopg.Connection]:
    """The web's own role on a connection of its own; each test ends by rolling back."""
    with psycopg.connect(databases.address_as("candor_web")) as made:
        yield made
        made.rollback()


@pytest.fixture
def worker(lived: Lived) -> Iterator[psycopg.Connection]:
    with psycopg.connect(databases.address_as("candor_worker")) as made:
        yield made
        made.rollback()
