"""What is recorded of who participants are, read as the actions read it, without a trace."""

import os
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
