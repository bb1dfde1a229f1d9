"""Identities kept in plain text by an earlier version are encrypted by its migration."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from participants.ciphers import Cell, decrypted
from tests.identities import as_administrator

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {
    uuid.UUID(int=1): ("Ada Example", date(1990, 5, 17), "ada@example.invalid", ""),
    uuid.UUID(int=2): ("Ben Example", date(1985, 1, 2), "", "+1 555 0100"),
}


@pytest.fixture
def superuser() -> Iterator[psycopg.Connection]:
    """A new database of its own, as its administrator sees it."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    quoted = sql.Identifier(name)
    with as_administrator("postgres") as server:
        server.execute(sql.SQL("CREATE DATABASE {} OWNER candor_owner").format(quoted))
        try:
            with as_administrator(name) as found:
                yield found
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


def migrated(database: psycopg.Connection, *names: str) -> None:
    address = urlsplit(os.environ["OWNER_DATABASE_URL"])
    there = urlunsplit(address._replace(path=f"/{database.info.dbname}"))
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "-v0", *names],
        cwd=ROOT,
        env=os.environ | {"OWNER_DATABASE_URL": there},
        check=True,
    )


def inhabited(database: psycopg.Connection) -> None:
    """Put people into the tables of before, past the triggers."""
    database.execute("SET session_replication_role = replica")
    for statement in (
        (
            "INSERT INTO trials_trial VALUES"
            " (1, gen_random_uuid(), 'T', 'T', 'S', 'UTC', true, now(), now())"
        ),
        (
            "INSERT INTO trials_site (id, uuid, number, name, country, time_zone, phone,"
            " crisis_contact, trial_id)"
            " VALUES (1, gen_random_uuid(), '01', 'S', 'USA', 'UTC', '', '', 1)"
        ),
        (
            "INSERT INTO trials_protocolversion (id, version, text, sha256, adopted_on,"
            " trial_id) VALUES (1, '1', '', '', now(), 1)"
        ),
        (
            "INSERT INTO participants_participant (id, uuid, number, sequence, state, sex,"
            " screened_on, treatment, treatment_stop_reason, end_reason,"
            " protocol_version_id, site_id, trial_id)"
            " SELECT n, gen_random_uuid(), 'P' || n, n, 'screening', '', now(),"
            " 'not_started', '', '', 1, 1, 1 FROM generate_series(1, 2) AS n"
        ),
    ):
        database.execute(statement)
    for number, (row, values) in enumerate(PEOPLE.items(), 1):
        database.execute(
            "INSERT INTO participants_identity"
            " (id, trial_id, site_id, participant_id, name, birth_date, email, phone)"
            " VALUES (%s, 1, 1, %s, %s, %s, %s, %s)",
            [row, number, *values],
        )
    database.execute("SET session_replication_role = DEFAULT")


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.requirement("PRV-02")
def test_identities_in_plain_text_are_encrypted_under_an_act(
    superuser: psycopg.Connection,
) -> None:
    migrated(superuser, "participants", "0001")
    inhabited(superuser)
    migrated(superuser, "participants", "0002")
    found = superuser.execute(
        "SELECT id, name, birth_date, email, phone FROM identity.participants_identity"
    ).fetchall()
    assert len(found) == len(PEOPLE)
    columns = ("name", "birth_date", "email", "phone")
    for row, *stored in found:
        plain = tuple(
            decrypted(value, Cell(row, column), settings.IDENTITY_KEYS)
            for column, value in zip(columns, stored, strict=True)
        )
        name, born_on, email, phone = PEOPLE[row]
        assert plain == (name, born_on.isoformat(), email, phone)
        assert all(value == "" or value.startswith("k1:") for value in stored)
    act = superuser.execute(
        "SELECT verb, actor_name FROM audit.audit_action"
    ).fetchall()
    assert act == [("encrypt identities", "system:migration")]
    changes = superuser.execute(
        "SELECT old::text, new::text FROM audit.audit_rowchange"
    )
    written = str(changes.fetchall())
    assert "Example" not in written
    assert "masked" in written
