"""The records an act works on: fetched together, checked, locked, placed and named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assessments.access import Standing, edition_of, row_of, standings
from assessments.instruments.base import Instrument
from assessments.lifecycle import Move, State, moved
from assessments.models import Assessment
from audit.actors import AnyActor, Place, SystemActor
from audit.refusal import NotPermitted, Refused
from participants.models import Participant
from sessions.models import Visit
from trials.access import definition_of
from trials.protocol import AssessmentRow, ProtocolDefinition

MOST_NAMED = 6  # Beyond this many forms an entry counts them.

NOBODY_BUT_THE_RATER = (
    "This interview is assigned to another rater. Ask the data manager to assign it to "
    "you."
)


@dataclass(frozen=True, slots=True)
class Record:
    """An assessment with the protocol's line and the edition it is given in.

    `standing` is None for a job, which is trusted with what its own code calls.
    """

    assessment: Assessment
    row: AssessmentRow
    instrument: Instrument
    definition: ProtocolDefinition
    standing: Standing | None


def fetched(*, assessments: Sequence[Assessment], by: AnyActor) -> list[Record]:
    """Read the assessments anew with visit and participant, in two queries."""
    ids = [assessment.pk for assessment in assessments]
    rows = (
        Assessment.objects.select_related("visit__protocol_version", "participant")
        .defer("visit__protocol_version__text")
        .in_bulk(ids)
    )
    pairs = [(rows[key], row_of(rows[key])) for key in ids]
    known: Sequence[Standing | None] = (
        [None] * len(pairs)
        if isinstance(by, SystemActor)
        else standings(by.user_id, pairs)
    )
    return [
        Record(
            assessment,
            row,
            edition_of(row),
            definition_of(assessment.visit.protocol_version),
            standing,
        )
        for (assessment, row), standing in zip(pairs, known, strict=True)
    ]


def move(*, records: Sequence[Record], to: Move, reason: str = "") -> dict[int, State]:
    """Lock the rows, in one order, and return the state that each comes to.

    The state is read under the lock: of two people who complete one form at the same
    moment, the second is refused instead of writing over the first.
    """
    raters = {record.assessment.pk: record.assessment.rater_id for record in records}
    rows = list(
        Assessment.objects.select_for_update()
        .filter(pk__in=raters)
        .order_by("pk")
        .values_list("pk", "state", "rater_id")
    )
    for key, _, rater in rows:
        # Given to somebody else since the record was read: it is theirs from now on.
        if rater != raters[key]:
            raise NotPermitted(NOBODY_BUT_THE_RATER)
    return {key: moved(State(state), to, reason=reason) for key, state, _ in rows}


def require_entry(*, record: Record, source: str) -> None:
    """Raise unless the actor may fill in this form, from this source."""
    if source == "paper" and not record.row.from_paper:
        raise Refused(
            f"The protocol does not allow {record.instrument.short_title} to be "
            "transcribed from paper; enter it directly."
        )
    standing = record.standing
    if standing is None or standing.may_enter:
        return
    if source == "paper" and standing.may_transcribe:
        return
    raise NotPermitted(not_yours(record=record))


def not_yours(*, record: Record) -> str:
    """The sentence for somebody who may not fill in or sign this form."""
    if record.row.by == ("independent_assessor",):
        return NOBODY_BUT_THE_RATER
    people = " or ".join(role.replace("_", " ") for role in record.row.by)
    return (
        f"{record.instrument.short_title} is for the {people} of this site. Ask the "
        "investigator to look at the delegation log."
    )


def named(*, participant: Participant, visit: Visit, what: str) -> str:
    """One form as an entry of the trail names it: 01-001-7, visit V5, CAPS-5."""
    return f"{participant.number}, visit {visit.number or visit.code}, {what}"


def subject_of(*, names: Iterable[str]) -> str:
    """The forms of one act, in words; many are counted."""
    known = list(dict.fromkeys(names))
    if len(known) <= MOST_NAMED:
        return "; ".join(known)
    return f"{'; '.join(known[:MOST_NAMED])} and {len(known) - MOST_NAMED} more"


def names_of(*, records: Sequence[Record]) -> str:
    return subject_of(
        names=[
            named(
                participant=record.assessment.participant,
                visit=record.assessment.visit,
                what=record.instrument.short_title,
            )
            for record in records
        ]
    )


def place_of(*, rows: Iterable[Assessment | Visit]) -> Place:
    """Where an act belongs; what differs between its rows is left open."""
    trials, sites, people = set(), set(), set()
    for row in rows:
        trials.add(row.trial_id)
        sites.add(row.site_id)
        people.add(row.participant_id)
    return Place(_only(trials), _only(sites), _only(people))


def _only(ids: set[int]) -> int | None:
    return next(iter(ids)) if len(ids) == 1 else None
