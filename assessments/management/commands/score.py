"""Score plain cases from a file, to check the scoring rules from outside."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assessments.instruments.base import Instrument
from assessments.instruments.cases import (
    CaseError,
    OtherInstrumentError,
    instrument_named,
    score_case,
)


class Command(BaseCommand):
    """One JSON object per line and case; nothing is printed if one is malformed."""

    help = "Score the cases of a JSON file and print one JSON object per line."

    def add_arguments(self, parser: CommandParser) -> None:
        """The instrument's code or name, and the file."""
        parser.add_argument("instrument", help='for example caps5 or "CAPS-5"')
        parser.add_argument("file", type=Path, help="a JSON list of cases")

    def handle(self, *args: object, **options: object) -> None:
        """Print the scores; cases of other instruments are named and left out."""
        try:
            instrument = instrument_named(str(options["instrument"]))
            lines, left_out = self._scored(instrument, Path(str(options["file"])))
        except (CaseError, OSError, json.JSONDecodeError) as error:
            raise CommandError(str(error)) from error
        for sentence in left_out:
            self.stderr.write(sentence)
        if left_out and not lines:
            raise CommandError(f"No case is of {instrument.short_title}.")
        for line in lines:
            self.stdout.write(line)

    def _scored(
        self, instrument: Instrument, file: Path
    ) -> tuple[list[str], list[str]]:
        cases = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(cases, list) or not all(
            isinstance(case, dict) for case in cases
        ):
            raise CaseError(f"{file} must hold a JSON list of objects.")
        lines, left_out = [], []
        for case in cases:
            try:
                lines.append(json.dumps(score_case(instrument, case)))
            except OtherInstrumentError as error:
                left_out.append(str(error))
        return lines, left_out
