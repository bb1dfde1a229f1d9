"""Compares a trial's sealed list with the one that a seed makes; shows neither."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actors import SystemActor
from audit.refusal import Refused
from audit.seeing import seeing
from randomization.actions import is_sealed_list
from trials.models import Trial

BY = SystemActor("compare sealed list", triggered_by="command")


class Command(BaseCommand):
    """The seed comes in a file, so that it stands in no list of commands."""

    help = "Say whether the sealed list of a trial is what a seed makes (exit code 1: not)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--trial", required=True, help="the trial's identifier")
        parser.add_argument(
            "--seed-file",
            required=True,
            type=Path,
            help="the seed's bytes, as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seed = options["seed_file"].read_bytes()
            with seeing(BY):
                trial = Trial.objects.filter(identifier=options["trial"]).first()
                if trial is None:
                    raise CommandError(f"There is no trial {options['trial']}.")
                is_same = is_sealed_list(trial=trial, seed=seed, by=BY)
        except (OSError, Refused) as error:
            raise CommandError(str(error)) from error
        if not is_same:
            raise CommandError("The sealed list is not the one that this seed makes.")
        self.stdout.write("The sealed list is the one that this seed makes.")
