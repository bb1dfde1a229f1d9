"""The benchmark's own database: migrated and filled once for each state of the code."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("*/migrations/*.py", "*/sql/*.sql", "exports/**/*.py", "bench/fill.py")


def named(url: str, name: str) -> str:
    """Return a database URL with another database's name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def prepare(participants: int, *, afresh: bool) -> str:
    """Make the database if there is none yet, point the environment at it, name it."""
    digest = hashlib.sha256(str(participants).encode())
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    name = f"bench_{digest.hexdigest()[:12]}"
    owner = os.environ["OWNER_DATABASE_URL"]
    with psycopg.connect(named(owner, "postgres"), autocommit=True) as admin:
        _drop_others(admin, keep="" if afresh else name)
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        is_new = found.fetchone() is None
        if is_new:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    for variable in ("DATABASE_URL", "WORKER_DATABASE_URL", "OWNER_DATABASE_URL"):
        os.environ[variable] = named(os.environ[variable], name)
    if is_new:
        _manage("migrate")
    # Pages name their static files by hash, as in production.
    _manage("collectstatic", "--no-input")
    return name


def omniscient() -> None:
    """Have what this process reads by itself see everything; its pages see as a person.

    A setting of the process's own sessions: the server that is measured has none.
    """
    from django.db import connections  # noqa: PLC0415 - set up only now

    connections.databases["default"]["OPTIONS"]["options"] = "-c candor.job=bench"


def _manage(*command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command, "--verbosity", "0"],
        cwd=ROOT,
        check=True,
    )


def _drop_others(admin: psycopg.Connection, keep: str) -> None:
    """Databases of earlier states are never used again, and each holds gigabytes."""
    known = admin.execute(
        r"SELECT datname FROM pg_database WHERE datname LIKE 'bench\_%'"
    )
    for (name,) in known.fetchall():
        if name != keep:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            admin.execute(drop.format(sql.Identifier(name)))
