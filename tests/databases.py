"""Test databases: one migrated template per state of the migrations, cloned at will.

A clone takes a tenth of a second where migrating takes seconds, and nothing is ever
flushed: the trail refuses TRUNCATE in tests as it does anywhere.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from django.db import connections
from psycopg import sql

from starter.environment import Profile, passwords, place_for

Built = TypeVar("Built")
ROOT = Path(__file__).resolve().parent.parent
# What the tests' own reading asks with: a job's eyes see everything, and the tests' role
# is the worker's too. A request, an act of a person, narrows them to that person's.
EYES = "-c candor.job=tests"
SOURCES = (
    "*/migrations/*.py",
    "*/sql/*.sql",
    "audit/operations.py",
    "exports/datasets/*.py",
    "assessments/instruments/*.py",
)
OWNER_URL = os.environ.get("OWNER_DATABASE_URL", "")


def _named(name: str) -> str:
    parts = urlsplit(OWNER_URL)
    return urlunsplit(parts._replace(path=f"/{name}"))


def address_as(role: str) -> str:
    """Return the address of the database of this test for a login role of its own.

    For what only a real sign-in shows: `SET ROLE` leaves the session's user as it was.
    """
    if role == "candor_owner":
        return _named(connections["default"].settings_dict["NAME"])
    password = passwords(place_for(Profile.TESTING))[role]
    parts = urlsplit(_named(connections["default"].settings_dict["NAME"]))
    address = f"{role}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=address))


def _administration() -> psycopg.Connection:
    return psycopg.connect(_named("postgres"), autocommit=True)


def template() -> str:
    """Return the name of a database with today's migrations applied, made if missing."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(
                path.relative_to(ROOT).as_posix().encode() + path.read_bytes()
            )
    name = f"template_{digest.hexdigest()[:16]}"
    with _administration() as admin:
        # Two test runs at once: the second waits for the first one's template.
        admin.execute("SELECT pg_advisory_lock(7203)")
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if admin.execute(known, [name]).fetchone() is None:
            half_made = f"{name}_making"
            _drop(admin, half_made)
            admin.execute(
                sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half_made))
            )
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "-v0"],
                cwd=ROOT,
                env=os.environ | {"OWNER_DATABASE_URL": _named(half_made)},
                check=True,
            )
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            admin.execute(
                rename.format(sql.Identifier(half_made), sql.Identifier(name))
            )
        admin.execute("SELECT pg_advisory_unlock(7203)")
    return name


def _drop(admin: psycopg.Connection, name: str) -> None:
    # Plain first: it waits for connections of other roles that are just closing, which
    # FORCE tries to end, and may not.
    plain = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    try:
        admin.execute(plain)
    except psycopg.errors.ObjectInUse:
        admin.execute(plain + sql.SQL(" WITH (FORCE)"))


@contextlib.contextmanager
def cloned(like: str = "") -> Iterator[str]:
    """Make a fresh database, point every connection at it, and drop it afterwards.

    `like` is a database of `kept`, to begin with what was made there.
    """
    with _made(like or template()) as name, _pointed(name):
        yield name


@contextlib.contextmanager
def kept(build: Callable[[], Built]) -> Iterator[tuple[str, Built]]:
    """Build a world once, in a database to which nobody is connected: to be cloned."""
    with _made(template()) as name:
        with _pointed(name):
            built = build()
        yield name, built


@contextlib.contextmanager
def _made(source: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:16]}"
    with _administration() as admin:
        # Two clones of one template at once wait here instead of failing.
        admin.execute("SELECT pg_advisory_lock(7204)")
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(source)))
        admin.execute("SELECT pg_advisory_unlock(7204)")
    try:
        yield name
    finally:
        with _administration() as admin:
            _drop(admin, name)


@contextlib.contextmanager
def _pointed(name: str) -> Iterator[None]:
    before = {alias: connections.databases[alias]["NAME"] for alias in connections}
    _point(dict.fromkeys(connections, name))
    try:
        yield
    finally:
        _point(before)


def omniscient() -> None:
    """Have every connection of this process, in whatever thread, see everything.

    For a session, which no connection of the application ever is: those are other
    processes here, or set something narrower for their transactions.
    """
    for alias in connections:
        connections[alias].close()
        for options in (
            connections.databases[alias]["OPTIONS"],
            connections[alias].settings_dict["OPTIONS"],
        ):
            options["options"] = EYES


def _point(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections.databases[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
