"""`manage.py demonstration`: makes the demonstration trial once, or goes on making it."""

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from simulation.driver import (
    IDENTIFIER,
    began_on,
    begin,
    demonstrate,
    full_script,
)
from simulation.driver.tokens import keep_token


class Command(BaseCommand):
    """Play the constructed cohort and today's participants through the actions."""

    help = "Make the synthetic demonstration trial; does nothing when it is complete."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add no argument: one seed, and none is chosen for its result."""

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Play what has not been played yet, saying each act as it is committed."""
        if not settings.DEMONSTRATION:
            raise CommandError(
                "The demonstration is made only where DEMONSTRATION=1 says that no real "
                "trial lives here."
            )
        began = time.monotonic()
        now = timezone.now()
        script = full_script(today=began_on(IDENTIFIER) or now.date())

        def say(act: str) -> None:
            self.stdout.write(f"{time.monotonic() - began:5.1f} s  {act}")

        begun = begin(script)
        # Before the rest: whoever has just been shown the accounts wants the token too.
        keep_token(IDENTIFIER, now=now)
        played = demonstrate(script, report=say) + begun
        words = f"{played} acts played" if played else "nothing left to play"
        self.stdout.write(f"The demonstration is complete: {words}.")
