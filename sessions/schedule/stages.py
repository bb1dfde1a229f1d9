"""Whether a participant is in a stage, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sessions.schedule.records import Record, State
from sessions.schedule.sentences import event_words
from trials.protocol.definition import ProtocolDefinition
from trials.protocol.parts import Stage, StageEntry


@dataclass(frozen=True, slots=True)
class StageEntered:
    """`state` is None when the stage is open; `since` is the day it was entered."""

    state: State | None = None
    since: date | None = None
    why: str = ""


OPEN = StageEntered()


def entered(stage: Stage, record: Record) -> StageEntered:
    """Apply a stage's `enter` to what has happened.

    What was revealed is looked at only after the event is recorded: before that the
    plan must be the same for every value, or the plan itself would unblind.
    """
    if stage.code in record.declined:
        return StageEntered(State.NOT_FOR, why=f"{stage.label} was declined.")
    enter = stage.enter
    if enter is None:
        return OPEN
    if enter.after and enter.after not in record.events:
        return _waiting(stage, event_words(enter.after))
    return _revealed(stage, enter, record)


def _revealed(stage: Stage, enter: StageEntry, record: Record) -> StageEntered:
    if not enter.revealed or record.revealed in enter.revealed:
        return _consented(stage, enter, record)
    if record.revealed is None:
        return _waiting(stage, "what unblinding reveals")
    return StageEntered(State.NOT_FOR, why=f"{stage.label} is for others.")


def _consented(stage: Stage, enter: StageEntry, record: Record) -> StageEntered:
    since = record.events.get(enter.after, date.min)
    if not enter.consent:
        return StageEntered(since=since)
    if enter.consent not in record.consents:
        return _waiting(stage, "its own consent")
    return StageEntered(since=max(since, record.consents[enter.consent]))


def _waiting(stage: Stage, what: str) -> StageEntered:
    return StageEntered(State.WAITING, why=f"{stage.label} waits for {what}.")


def told_by_stages(
    definition: ProtocolDefinition, ruled_out: Mapping[str, bool]
) -> str | None:
    """Return what unblinding revealed, by whether a plan ruled each known stage out since.

    Of several names that open the same stages the first: they plan the same. None where
    no name fits.
    """
    entries = {stage.code: stage.enter for stage in definition.stages if stage.enter}
    decided = {code for code, enter in entries.items() if enter.revealed}
    for name in definition.revealed_names:
        if all(
            (name in entries[code].revealed) is not ruled_out[code]
            for code in decided & ruled_out.keys()
        ):
            return name
    return None
