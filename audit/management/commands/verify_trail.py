"""Verifies the trail in the database: hashes, chains, heads, anchors and triggers."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actors import SystemActor
from audit.management.naming import trial_named
from audit.refusal import Refused
from audit.verifier.verify_trail import (
    Anchor,
    BadEntry,
    CannotTellError,
    check_signature,
)
from audit.verifying import record, verify

BY = SystemActor("verify trail", triggered_by="command")


class Command(BaseCommand):
    """Ends with 1 where something does not agree, and with 2 where it could not tell."""

    help = "Verify the audit trail in the database; name the first bad entry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--trial", help="only this trial, by its identifier")
        parser.add_argument("--anchor", type=Path, action="append", default=[])
        parser.add_argument("--public-key", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        trial_id = trial_named(options["trial"], by=BY)
        try:
            anchors = [self._anchor(path, options) for path in options["anchor"]]
            found = verify(trial_id=trial_id, anchors=anchors, by=BY)
        except BadEntry as error:
            raise CommandError(f"NOT INTACT: {error}", returncode=1) from error
        # Refused: on another connection than the worker's nothing of the study is seen.
        except (CannotTellError, Refused, OSError, UnicodeError) as error:
            raise CommandError(f"COULD NOT TELL: {error}", returncode=2) from error
        record(found, trial_id=trial_id, by=BY)
        if found.finding:
            raise CommandError(f"NOT INTACT: {found.finding}", returncode=1)
        self.stdout.write(
            f"INTACT: {found.acts} acts with {found.rows} row changes "
            f"in {found.chains} chains."
        )

    def _anchor(self, path: Path, options: dict[str, Any]) -> Anchor:
        anchor = Anchor(path.read_bytes().decode())
        if options["public_key"] is None:
            self.stdout.write(f"{path.name}: the signature was NOT checked.")
            return anchor
        signature = path.with_name(path.name + ".sig").read_text("utf-8")
        public_key = options["public_key"].read_text("utf-8")
        if not check_signature(anchor.text, signature, public_key):
            raise CannotTellError("Neither ssh-keygen nor openssl is here.")
        return anchor
