"""`manage.py rotate_identity_keys`: encrypts every identity with the newest key."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from audit.actors import SystemActor
from participants.actions import rotate_identities

BY = SystemActor("identity keys", triggered_by="administrator")


class Command(BaseCommand):
    """To be run as the worker's role after a new key was put first into the ring."""

    help = "Encrypt every identity with the first key of IDENTITY_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Rotate batch by batch; 1 where an identity could not be read."""
        changed = unreadable = 0
        after = UUID(int=0)
        try:
            while (batch := rotate_identities(by=BY, after=after)) is not None:
                changed += batch.changed
                unreadable += batch.unreadable
                after = batch.last
                self.stdout.write(f"{changed} encrypted anew …")
        except ProgrammingError as error:
            raise CommandError(
                "The database did not let this role act as a job: run it with the "
                "worker's DATABASE_URL."
            ) from error
        key = settings.IDENTITY_KEYS.current
        self.stdout.write(f"Key {key}: {changed} identities encrypted anew.")
        if unreadable:
            raise CommandError(
                f"{unreadable} identities could not be read and are as they were: keep "
                "the older keys, and see the log for which."
            )
        self.stdout.write("No identity needs an older key; the trail's history does.")
