"""Django's migrate, as the role that owns the tables."""

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as MigrateCommand


class Command(MigrateCommand):
    """`migrate` that uses OWNER_DATABASE_URL unless another database is named.

    As the web's or the worker's role it would fail half-way, since neither may create
    anything.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
