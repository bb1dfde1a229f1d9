"""What is recorded of who participants are, read as the actions read it, without a trace."""

import os
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.db import transaction

from participants.actions import KnownIdentity, show_identity
from participants.models import Participant
from starter.environment import Profile, passwords, place_for
from tests.world import SETUP


def identity_of(participant: Participant) -> KnownIdentity | None:
    """Return who somebody is; the entry that looking leaves is taken back at once."""
    with transaction.atomic():
        known = show_identity(participant=participant, by=SETUP)
        transaction.set_rollback(True)
    return known


def known_of(participant: Participant) -> KnownIdentity:
    """Return who somebody of whom it is recorded is."""
    known = identity_of(participant)
    assert known is not None
    return known


def as_administrator(database: str) -> psycopg.Connection:
    """Connect as the one who may do anything to a database of the tests."""
    asked = parse_qs(urlsplit(os.environ["OWNER_DATABASE_URL"]).query)
    return psycopg.connect(
        host=asked["host"][0],
        port=asked["port"][0],
        user="postgres",
        password=passwords(place_for(Profile.TESTING))["postgres"],
        dbname=database,
        autocommit=True,
    )


def every_table(superuser: psycopg.Connection) -> Iterator[tuple[str, bytes]]:
    """Yield every table of the database as a dump writes it."""
    names = superuser.execute(
        "SELECT c.oid::regclass::text FROM pg_class c"
        " WHERE c.relkind IN ('r', 'p', 'm', 't') AND (c.relnamespace::regnamespace::text"
        " !~ '^(pg_catalog|information_schema)' OR c.relkind = 't')"
        " AND c.relpersistence <> 't' ORDER BY 1"
    ).fetchall()
    for (name,) in names:
        with superuser.cursor() as cursor:
            query = f"COPY (SELECT * FROM {name}) TO STDOUT"
            with cursor.copy(query) as copy:
                yield name, b"".join(bytes(part) for part in copy)
