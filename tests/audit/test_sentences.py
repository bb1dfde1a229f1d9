"""The trail in sentences: verbs, fields and values as people write them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.history import Entry, FieldChange
from audit.sentences import HIDDEN, MASKED, Sentence, names_in, sentences
from audit.wording import past

ANSWER = "assessments_itemresponse"
VISIT = "study_sessions_visit"


def change(
    table: str, field: str, old: Any, new: Any, *, row: str = "1", operation: str = "U"
) -> FieldChange:
    return FieldChange(table, row, field, old, new, operation)


def told(*changes: FieldChange, sees_outcomes: bool = False) -> Sentence:
    """Return the sentence of one act that made these changes to a visit called V5."""
    entry = Entry(
        id=1,
        at=datetime(2026, 11, 3, 9, tzinfo=UTC),
        who="Dana Reyes",
        roles="independent_assessor",
        verb="hold visit",
        subject="01-001-9, visit V5",
        reason="Typed the wrong day",
        changes=changes,
    )
    known = {(VISIT, "1"): "V5", ("accounts_user", "7"): "Sam Lee"}
    (sentence,) = sentences(
        [entry], names=known, zone="America/Denver", sees_outcomes=sees_outcomes
    )
    return sentence


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("hold visit", "held visit"),
        ("sign assessment", "signed assessment"),
        ("withdraw", "withdrew"),
        ("plan visits", "planned visits"),
        ("receive report", "received report"),
        ("notify", "notified"),
        ("delay visit", "delayed visit"),
        ("refused sign-in", "refused sign-in"),
    ],
)
def test_a_verb_is_told_in_the_past(verb: str, said: str) -> None:
    assert past(verb) == said


def test_a_changed_day_is_told_from_to_and_why() -> None:
    sentence = told(change(VISIT, "held_on", "2026-11-02", "2026-11-03"))
    (line,) = sentence.changes
    assert (line.label, line.before, line.after) == (
        "V5 · held on",
        "2 Nov 2026",
        "3 Nov 2026",
    )
    assert (sentence.did, sentence.record) == ("held visit:", "01-001-9, visit V5")
    assert (sentence.role, sentence.why) == (
        "independent assessor",
        "Typed the wrong day",
    )


def test_a_moment_is_told_in_the_readers_zone_and_a_person_by_name() -> None:
    session = "study_sessions_therapysession"
    at = change(session, "started_at", None, "2026-11-03T17:05:00+00:00", operation="I")
    lead = change(session, "lead_therapist_id", None, 7, operation="I")
    lines = {line.label: line.after for line in told(at, lead).changes}
    assert lines == {"Started at": "3 Nov 2026 10:05 MST", "Lead therapist": "Sam Lee"}


def test_an_answer_and_its_absence_are_hidden_alike() -> None:
    answered = told(change(ANSWER, "value", 3, 4))
    refused = told(
        change(ANSWER, "value", 3, None), change(ANSWER, "missing", "", "refused")
    )
    assert answered.changes == refused.changes
    assert [line.after for line in answered.changes] == [HIDDEN]
    assert (
        told(change(ANSWER, "value", 3, 4), sees_outcomes=True).changes[0].after == "4"
    )


def test_scores_without_a_value_are_hidden_with_the_others() -> None:
    rows = [
        change(
            "assessments_scorevalue", field, None, value, row=str(row), operation="I"
        )
        for row, score in enumerate(("total", "diagnosis", "criterion_a", "cluster_b"))
        for field, value in (("score", score), ("value", None if row else 38))
    ]
    (line,) = told(*rows).changes
    assert (line.label, line.after) == ("4 scores", HIDDEN)


def test_a_fact_hides_its_value_unless_it_says_that_it_is_no_outcome() -> None:
    fact = "participants_fact"
    value = change(fact, "value", None, 39, operation="I")
    open_fact = change(fact, "is_outcome", None, False, operation="I")
    assert told(value, open_fact).changes[0].after == "39"
    assert told(value).changes[0].after == HIDDEN


def test_a_session_note_is_never_told() -> None:
    note = change("study_sessions_therapysession", "note", "", "Spoke of Ann")
    assert [line.after for line in told(note).changes] == [MASKED]


def test_sealed_rows_are_told_as_sealed() -> None:
    sealed = change("list_entry", "commitment", None, "ab12", operation="I")
    (line,) = told(sealed).changes
    assert (line.label, line.after) == ("List entry", "sealed (1 record)")


def test_a_new_row_tells_what_was_chosen_and_nothing_of_the_machine() -> None:
    lines = told(
        change(VISIT, "id", None, 1, operation="I"),
        change(VISIT, "uuid", None, "x", operation="I"),
        change(VISIT, "participant_id", None, 4, operation="I"),
        change(VISIT, "state", None, "planned", operation="I"),
        change(VISIT, "mode", None, "in_person", operation="I"),
    ).changes
    assert [(line.label, line.after) for line in lines] == [("Mode", "In person")]


def test_many_changed_rows_are_told_one_line_a_row() -> None:
    rows = [
        change(VISIT, "closes", "2026-11-02", "2026-11-04", row=str(row))
        for row in range(1, 6)
    ]
    quiet = change(VISIT, "why", "before", "after", row="6")
    lines = told(*rows, quiet).changes
    assert len(lines) == 5
    assert lines[0].label == "V5"
    assert lines[0].after == "closes 4 Nov 2026 (was 2 Nov 2026)"


@pytest.mark.django_db
def test_no_name_of_a_participant_is_ever_looked_up() -> None:
    row = "6f1f4f6e-0000-4000-8000-000000000000"
    entry = Entry(
        1,
        datetime(2026, 11, 3, tzinfo=UTC),
        "x",
        "",
        "record identity",
        "",
        "",
        (change("participants_identity", "name", "masked", "masked", row=row),),
    )
    assert names_in([entry]) == {}
