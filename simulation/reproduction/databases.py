"""A database of the reproduction's own: a clone of one migrated for this state of the code."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

PREFIX = "reproduction"
SOURCES = (
    "*/migrations/*.py",
    "*/sql/*.sql",
    "audit/operations.py",
    "exports/**/*.py",
    "assessments/instruments/*.py",
)
URLS = ("DATABASE_URL", "OWNER_DATABASE_URL")
LOCK = 7311  # of the reproduction, among the cluster's advisory locks


class NoOwnerError(Exception):
    """Nobody said how to connect as the owner, who alone may make a database."""


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """Point every connection at a fresh database, and drop it afterwards.

    The first time for a state of the code it is migrated, which takes seconds; then it
    is cloned. Raises NoOwnerError without the owner's address.
    """
    if "owner" not in connections:
        raise NoOwnerError
    name = f"{PREFIX}_run_{os.getpid()}"
    with _administration() as admin:
        # Two at once: the second waits for the first one's template, and its clone.
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _clear_up(admin)
        _clone(admin, _template(admin), name)
        admin.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    before = {alias: connections.databases[alias]["NAME"] for alias in connections}
    try:
        _point(dict.fromkeys(connections, name))
        yield
    finally:
        _point(before)
        with _administration() as admin:
            _drop(admin, name)


def _administration() -> psycopg.Connection:
    return psycopg.connect(_address("postgres"), autocommit=True)


def _address(name: str) -> str:
    """Return the owner's address of a database."""
    owner = connections.databases["owner"]
    user, password = quote(owner["USER"], safe=""), quote(owner["PASSWORD"], safe="")
    host, port = quote(owner["HOST"], safe=""), owner["PORT"] or "5432"
    return f"postgresql://{user}:{password}@/{name}?host={host}&port={port}"


def _clear_up(admin: psycopg.Connection) -> None:
    """Drop what was left by a run that was killed: nobody is connected to it."""
    for name in _known(admin, "run"):
        if not Path("/proc", name.rpartition("_")[2]).exists():
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _known(admin: psycopg.Connection, kind: str) -> list[str]:
    known = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    rows = admin.execute(known, [f"{PREFIX}_{kind}_"]).fetchall()
    return [name for (name,) in rows]


def _template(admin: psycopg.Connection) -> str:
    """Return the name of a migrated database; those of earlier states are dropped."""
    name = f"{PREFIX}_template_{_digest()}"
    found = _known(admin, "template")
    if name in found:
        return name
    for each in found:
        _drop(admin, each)
    half_made = f"{PREFIX}_making"
    _drop(admin, half_made)
    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half_made)))
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "-v0"],
        cwd=settings.BASE_DIR,
        env=os.environ | dict.fromkeys(URLS, _address(half_made)),
        check=True,
    )
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    admin.execute(rename.format(sql.Identifier(half_made), sql.Identifier(name)))
    return name


def _digest() -> str:
    digest, root = hashlib.sha256(), Path(settings.BASE_DIR)
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _clone(admin: psycopg.Connection, template: str, name: str) -> None:
    _drop(admin, name)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(admin: psycopg.Connection, name: str) -> None:
    # Plain first: it waits for connections of other roles that are just closing.
    plain = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    try:
        admin.execute(plain)
    except psycopg.errors.ObjectInUse:
        admin.execute(plain + sql.SQL(" WITH (FORCE)"))


def _point(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections.databases[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
