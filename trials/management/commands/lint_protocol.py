"""`manage.py lint_protocol FILE`: the expectations that a definition does not meet."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trials.protocol import ProtocolDefinition, ProtocolError, parse
from trials.protocol.lint import Finding, lint


class Command(BaseCommand):
    """Name each expectation that a definition neither meets nor waives with a reason."""

    help = "Compare a protocol definition with what a reviewer would look for."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the definition's file."""
        parser.add_argument("file", type=Path, help="a protocol definition in TOML")

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        """Print the findings; fail where any is not waived."""
        findings = lint(_read(file))
        for finding in findings:
            self._say(finding)
        unmet = [finding for finding in findings if finding.waiver is None]
        waived = len(findings) - len(unmet)
        if unmet:
            message = f"{file.name}: {len(unmet)} expectations unmet, {waived} waived."
            raise CommandError(message)
        self.stdout.write(f"{file.name}: every expectation is met; {waived} waived.")

    def _say(self, finding: Finding) -> None:
        expectation = finding.expectation
        self.stdout.write(str(finding))
        self.stdout.write(f"    Expected: {expectation.sentence}")
        self.stdout.write(f"    {expectation.source.cite}")


def _read(file: Path) -> ProtocolDefinition:
    try:
        return parse(file.read_text("utf-8"), filename=file.name)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except ProtocolError as error:
        raise CommandError(str(error)) from error
