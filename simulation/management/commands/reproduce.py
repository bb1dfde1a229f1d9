"""`manage.py reproduce TRIAL`: a published trial played anew, and compared with its figures."""

import argparse
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from simulation.reproduction.databases import NoOwnerError
from simulation.reproduction.targets import known_trials, read_target

DOCUMENT = Path("docs") / "reproduction.md"


class Command(BaseCommand):
    """Construct the cohort, play it through the actions, export it, and compare."""

    help = (
        "Play a published randomized trial anew with a constructed cohort, in a database "
        "of its own, and print published and obtained figures side by side."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the trial, and whether to renew its tables in the documents."""
        parser.add_argument("trial", choices=[*known_trials(), "all"])
        parser.add_argument(
            "--write", action="store_true", help=f"renew the trial's part of {DOCUMENT}"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the tables; exports and key stay in `reproduction` of CANDOR_VAR."""
        if not settings.DEMONSTRATION:
            raise CommandError(
                "Synthetic trials are played only where DEMONSTRATION=1 says that no real "
                "trial lives here."
            )
        chosen = options["trial"]
        for key in known_trials() if chosen == "all" else (chosen,):
            text = self._reproduced(key)
            self.stdout.write(text)
            if options["write"]:
                renew(Path(settings.BASE_DIR) / DOCUMENT, text)

    def _reproduced(self, key: str) -> str:
        try:
            # The analysis comes with a library that the system itself does without.
            from simulation.reproduction.running import reproduced  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise CommandError(
                f"{error.name} is not installed. Install requirements/analysis.txt, as "
                "./run manage reproduce does."
            ) from error
        try:
            return reproduced(read_target(key), kept_files() / key)
        except NoOwnerError:
            raise CommandError(
                "Set OWNER_DATABASE_URL: a trial is played anew in a database of its own, "
                "and only the owner may make one."
            ) from None


def kept_files() -> Path:
    """Return the folder of exports and keys: in CANDOR_VAR, or in the installation's `var`."""
    return Path(os.environ.get("CANDOR_VAR") or Path(settings.BASE_DIR) / "var") / (
        "reproduction"
    )


def renew(document: Path, section: str) -> None:
    """Put a trial's section in the place of the one with the same heading, or at the end."""
    head, *parts = document.read_text("utf-8").split("\n## ")
    heading = section.partition("\n")[0].removeprefix("## ")
    own = section.removeprefix("## ").rstrip("\n") + "\n"
    names = [part.partition("\n")[0] for part in parts]
    if heading in names:
        parts[names.index(heading)] = own
    else:
        parts.append(own)
    texts = [head, *(part.rstrip("\n") for part in parts)]
    document.write_text(
        "\n\n## ".join(text.rstrip("\n") for text in texts) + "\n", "utf-8"
    )
