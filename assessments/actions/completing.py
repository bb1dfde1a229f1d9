"""Completing a form and correcting it: a draft becomes responses in one act."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from assessments.access import answers_of
from assessments.actions.records import (
    Record,
    fetched,
    move,
    names_of,
    place_of,
    require_entry,
)
from assessments.answers import (
    Answer,
    Answers,
    alert_of,
    calls_for_action,
    problems,
    unanswered_reason,
)
from assessments.instruments.cssrs_slc import URGENCY_WORDS
from assessments.lifecycle import Move, State
from assessments.models import Assessment, Draft
from audit.actors import AnyActor, SystemActor
from audit.refusal import ReasonNeeded, Refused
from audit.trail import acting
from participants.access import has_left_before
from sessions.actions.statements import update_rows

_HEAD = ("state", "assessed_on", "source", "alert_action", "entered_by")
SHORTEST_TEXT = 3  # characters, as the trail asks of a reason

# Unchanged answers are left alone, so that a correction of one item is one entry.
_KEEP = """
INSERT INTO assessments_itemresponse AS kept
    (trial_id, site_id, participant_id, assessment_id, item, value, missing)
SELECT a.trial_id, a.site_id, a.participant_id, a.id, r.item, r.value, r.missing
FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::text[])
    AS r (assessment_id, item, value, missing)
JOIN assessments_assessment a ON a.id = r.assessment_id
ON CONFLICT (assessment_id, item) DO UPDATE
    SET value = excluded.value, missing = excluded.missing
    WHERE (kept.value, kept.missing) IS DISTINCT FROM (excluded.value, excluded.missing)
"""


class ActionNeeded(Refused):
    """The answers call for a clinician, and nobody has said what was done."""

    field = "action_taken"


class NotWhole(Refused):
    """Answers that are missing or off their scale; `items` has a sentence for each."""

    def __init__(self, items: Mapping[str, str]) -> None:
        self.items = dict(items)
        super().__init__(" ".join(items.values()))


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole form: its day, where the answers come from, and the answers by item.

    A number is an answer, a text the coded reason why there is none. `action_taken`
    says what was done where the answers call for a clinician.
    """

    assessment: Assessment
    assessed_on: date
    source: str
    responses: Mapping[str, Answer]
    action_taken: str = ""


def complete(
    *, completions: Sequence[Completion], by: AnyActor, reason: str = ""
) -> None:
    """Turn what was typed into responses; the drafts are gone then.

    A form that was reopened has responses already: where one changes, the trail wants
    the reason. Raises `NotWhole` for blank or impossible answers, `ActionNeeded` for a
    positive suicidality form without what was done.
    """
    _save("complete assessment", Move.COMPLETE, completions, by=by, reason=reason)


def correct(*, completions: Sequence[Completion], reason: str, by: AnyActor) -> None:
    """Change complete forms; the state stays, the reason goes onto the trail."""
    if len(reason.strip()) < SHORTEST_TEXT:
        raise ReasonNeeded("Say why the form is corrected, in a few words.")
    _save("correct assessment", Move.CORRECT, completions, by=by, reason=reason)


def _save(
    verb: str,
    to: Move,
    completions: Sequence[Completion],
    *,
    by: AnyActor,
    reason: str,
) -> None:
    records = fetched(assessments=[each.assessment for each in completions], by=by)
    for record, completion in zip(records, completions, strict=True):
        require_entry(record=record, source=completion.source)
        _check(record, completion, alone=len(records) == 1)
    with acting(
        verb,
        by=by,
        reason=reason,
        subject=names_of(records=records),
        place=place_of(rows=[record.assessment for record in records]),
    ):
        states = move(records=records, to=to, reason=reason)
        _write_answers(records, completions)
        _write_heads(records, completions, states=states, by=by)
        _clear_drafts(states, by)


def _clear_drafts(ids: Iterable[int], by: AnyActor) -> None:
    """Remove the drafts that have become answers: of a person, that person's own.

    What somebody else had typed stays until the form is signed, to be compared: nobody
    loses work because another was quicker.
    """
    drafts = Draft.objects.filter(assessment__in=ids, is_set_aside=False)
    if not isinstance(by, SystemActor):
        drafts = drafts.filter(user=by.user_id)
    drafts.delete()


def _refuse_after_leaving(record: Record, on: date) -> None:
    """Refuse answers of a day after somebody left, unless they were seen then (CON-06).

    Whether they could be seen was asked when that visit was recorded.
    """
    seen_on = record.assessment.visit.held_on
    was_seen = seen_on is not None and has_left_before(
        record.assessment.participant, seen_on
    )
    if has_left_before(record.assessment.participant, on) and not was_seen:
        raise Refused(
            "This person had left the study by that day, and nothing more is collected. "
            "Compare the day with the source."
        )


def _check(record: Record, completion: Completion, *, alone: bool) -> None:
    _refuse_after_leaving(record, completion.assessed_on)
    found = problems(record.instrument, completion.responses)
    if found:
        number = record.assessment.participant.number
        raise NotWhole(
            found
            if alone
            else {code: f"{number}: {text}" for code, text in found.items()}
        )
    is_said = len(completion.action_taken.strip()) >= SHORTEST_TEXT
    if calls_for_action(record.instrument, completion.responses) and not is_said:
        words = URGENCY_WORDS[alert_of(record.instrument, completion.responses)]
        raise ActionNeeded(
            f"{words}. Say what was done, by whom and when, to complete the form."
        )


def _write_heads(
    records: Sequence[Record],
    completions: Sequence[Completion],
    *,
    states: Mapping[int, State],
    by: AnyActor,
) -> None:
    rows = [record.assessment for record in records]
    for row, completion in zip(rows, completions, strict=True):
        row.state = states[row.pk].value
        row.assessed_on = completion.assessed_on
        row.source = completion.source
        row.alert_action = completion.action_taken.strip()
        if not isinstance(by, SystemActor):
            row.entered_by_id = by.user_id
    update_rows(rows=rows, fields=_HEAD)


def _write_answers(
    records: Sequence[Record], completions: Sequence[Completion]
) -> None:
    # A day stands on every form that was complete once; others have no answers yet.
    rows = [record.assessment for record in records]
    earlier = answers_of([row.pk for row in rows if row.assessed_on is not None])
    lines: list[tuple[int, str, int | None, str]] = []
    for record, completion in zip(records, completions, strict=True):
        key = record.assessment.pk
        for item, answer in _whole(
            record, completion.responses, earlier.get(key, {})
        ).items():
            if isinstance(answer, int):
                lines.append((key, item, answer, ""))
            else:
                lines.append((key, item, None, answer))
    columns = [list(column) for column in zip(*lines, strict=True)]
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, columns)


def _whole(record: Record, answers: Answers, earlier: Answers) -> dict[str, Answer]:
    """The answers, and a reason for each that was there before and is not now."""
    whole = dict(answers)
    for item in record.instrument.items:
        if item.code in earlier and item.code not in whole:
            whole[item.code] = unanswered_reason(record.instrument, item, answers).value
    return whole
