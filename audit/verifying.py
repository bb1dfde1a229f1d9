"""The verification in place: the whole trail against its chains, anchors and triggers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from audit import exporting
from audit.actors import Place, SystemActor
from audit.drift import drift
from audit.seeing import reading
from audit.trail import acting
from audit.verifier.verify_trail import Anchor, BadEntry, Checker


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read, and what it found first; '' where all agrees."""

    acts: int
    rows: int
    chains: int
    finding: str


def verify(
    *, trial_id: int | None, anchors: Iterable[Anchor] = (), by: SystemActor
) -> Verified:
    """Verify the trail of a trial, or all of it, as of one moment.

    Raises `CannotTellError` for an anchor that is of another trial, or newer.
    """
    checker = Checker()
    finding = ""
    with reading(by):
        differences = drift()
        try:
            checker = Checker(anchors)
            for line in exporting.lines(trial_id):
                checker.take(line)
            checker.finish()
        except BadEntry as error:
            finding = str(error)
    finding = " ".join(filter(None, [finding, *differences]))
    return Verified(checker.acts, checker.rows, checker.chains, finding)


def record(found: Verified, *, trial_id: int | None, by: SystemActor) -> None:
    """Keep the result, for the health page, as an act of its own."""
    details = {"acts": found.acts, "chains": found.chains, "finding": found.finding}
    with (
        acting("verify trail", by=by, place=Place(trial_id=trial_id), details=details),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT audit.record_verification(%s, %s, %s, %s)",
            [trial_id, found.acts, found.chains, found.finding],
        )
