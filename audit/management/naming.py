"""Trials by the identifier that people know, for the trail's commands."""

from django.core.management.base import CommandError
from django.db import connection

from audit.actors import SystemActor
from audit.seeing import seeing


def trial_named(identifier: str | None, *, by: SystemActor) -> int | None:
    """Return the id of a trial; None for no name. Raises `CommandError`."""
    if identifier is None:
        return None
    # By SQL: the trail stands below the apps that know what a trial is.
    with seeing(by), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM trials_trial WHERE identifier = %s", [identifier]
        )
        found = cursor.fetchone()
    if found is None:
        raise CommandError(f"There is no trial {identifier}.", returncode=2)
    return int(found[0])
