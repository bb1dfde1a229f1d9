"""Writes the trail of a trial into a file that can be verified anywhere."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exporting
from audit.actors import Place, SystemActor
from audit.management.naming import trial_named
from audit.trail import noted

BY = SystemActor("export trail", triggered_by="command")


class Command(BaseCommand):
    """JSON lines; audit/verifier/verify_trail.py says what each hash is made of."""

    help = "Write a trial's audit trail into a file, for verify_trail.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--trial", required=True, help="the trial's identifier")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        trial_id = trial_named(options["trial"], by=BY)
        # Before the file: an export that leaves no entry must not be possible (AUD-14).
        noted(
            "export trail",
            by=BY,
            subject=options["trial"],
            place=Place(trial_id=trial_id),
        )
        path: Path = options["file"]
        half = path.with_name(f"{path.name}.part")
        try:
            with half.open("w", encoding="utf-8", newline="\n") as file:
                half.chmod(0o600)
                acts, rows = exporting.write(file, trial_id, by=BY)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{acts} acts with {rows} row changes: {path}")
