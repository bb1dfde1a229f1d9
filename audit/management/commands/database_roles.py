"""Prints the SQL that makes the database roles, for a database administrator."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from starter.roles import database_statements, role_statements


class Command(BaseCommand):
    """To be run by a superuser: first anywhere, the second part inside the database.

    Passwords are not in it: set them with ALTER ROLE … PASSWORD, where no log keeps them.
    """

    help = "Print the SQL that makes the database roles."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        name = settings.DATABASES["default"]["NAME"]
        self.stdout.write("-- Roles, in any database of the server:")
        for statement in role_statements({}, testing=False):
            self.stdout.write(f"{statement};")
        self.stdout.write(f"-- Rights, inside the database {name}:")
        for statement in database_statements(name):
            self.stdout.write(f"{statement};")
