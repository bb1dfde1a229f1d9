"""The trail in sentences: verbs, fields and values as people write them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.history import Entry, FieldChange, Record
from audit.naming import Named, Names, names_in
from audit.sentences import HIDDEN, MASKED, Sentence, sentences
from audit.wording import past

ANSWER = "assessments_itemresponse"
VISIT = "study_sessions_visit"


def change(
    table: str, field: str, old: Any, new: Any, *, row: str = "1", operation: str = "U"
) -> FieldChange:
    return FieldChange(table, row, field, old, new, operation)


def records_of(changes: Iterable[FieldChange]) -> tuple[Record, ...]:
    """Return the changes as the records that they are fields of."""
    rows: dict[tuple[str, str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    for each in changes:
        old, new = rows.setdefault((each.table, each.row, each.operation), ({}, {}))
        new[each.field] = each.new
        if each.operation != "I":
            old[each.field] = each.old
    return tuple(Record(*key, old, new) for key, (old, new) in rows.items())


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
        records=records_of(changes),
    )
    known = {(VISIT, "1"): Named("V5"), ("accounts_user", "7"): Named("Sam Lee")}
    (sentence,) = sentences(
        [entry], names=Names(known), zone="America/Denver", sees_outcomes=sees_outcomes
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
        "independent rater",
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
    masked = {"name": "masked"}
    entry = Entry(
        1,
        datetime(2026, 11, 3, tzinfo=UTC),
        "x",
        "",
        "record identity",
        "",
        "",
        (Record("participants_identity", row, "U", masked, masked),),
    )
    assert names_in([entry]).rows == {}


TITLES = {"caps5": "CAPS-5"}
ASSESSMENT = "assessments_assessment"
PARTICIPANT = "participants_participant"


def told_of_many(*records: Record, is_on_many: bool = True) -> list[tuple[str, str]]:
    """Return the lines of an act on 01-001-9 and 01-002-4, who have a CAPS-5 each."""
    names = Names(
        {
            (PARTICIPANT, "1"): Named("01-001-9"),
            (PARTICIPANT, "2"): Named("01-002-4"),
            (VISIT, "5"): Named("V5"),
            (VISIT, "6"): Named("V6"),
            (ASSESSMENT, "10"): Named("CAPS-5", ("V5",)),
            (ASSESSMENT, "20"): Named("CAPS-5", ("V6",)),
        },
        TITLES,
    )
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    entry = Entry(
        1, at, "x", "", "sign assessment", "", "", records, is_on_many=is_on_many
    )
    (sentence,) = sentences([entry], names=names)
    return [(line.label, line.after) for line in sentence.changes]


def signed(row: str, participant: int) -> Record:
    old, new = {"state": "complete"}, {"state": "signed"}
    return Record(ASSESSMENT, row, "U", old, new, participant)


def test_an_act_on_many_tells_of_each_line_whose_it_is_and_at_which_visit() -> None:
    assert told_of_many(signed("10", 1), signed("20", 2)) == [
        ("01-001-9, V5, CAPS-5 · state", "signed"),
        ("01-002-4, V6, CAPS-5 · state", "signed"),
    ]


def test_many_rows_of_an_act_on_many_tell_whose_they_are() -> None:
    lines = told_of_many(
        *(signed(row, 1) for row in ("10", "20")), *[signed("20", 2)] * 2
    )
    assert [label for label, _ in lines] == [
        "01-001-9, V5, CAPS-5",
        "01-001-9, V6, CAPS-5",
        *["01-002-4, V6, CAPS-5"] * 2,
    ]


def test_an_act_on_one_tells_the_visit_only_where_there_are_two() -> None:
    (alone, *_) = told_of_many(signed("10", 1), is_on_many=False)
    (first, second) = told_of_many(signed("10", 1), signed("20", 1), is_on_many=False)
    assert alone[0] == "CAPS-5 · state"
    assert (first[0], second[0]) == ("V5, CAPS-5 · state", "V6, CAPS-5 · state")


def test_new_answers_of_many_are_listed_apart_for_each_and_stay_hidden() -> None:
    answers = [
        Record(
            ANSWER,
            str(number),
            "I",
            {},
            {"item": f"caps0{number}", "value": 3, "assessment_id": form},
            participant,
        )
        for number, (form, participant) in enumerate(
            [(10, 1), (10, 1), (20, 2), (20, 2)]
        )
    ]
    assert told_of_many(*answers) == [
        ("01-001-9, V5, CAPS-5, 2 answers", HIDDEN),
        ("01-002-4, V6, CAPS-5, 2 answers", HIDDEN),
    ]


def test_a_new_form_is_told_by_the_title_of_its_instrument() -> None:
    new = {"visit_id": 5, "code": "caps5", "instrument": "caps5", "source": "paper"}
    form = Record(ASSESSMENT, "30", "I", {}, new, 1)
    assert told_of_many(form, is_on_many=False) == [
        ("Instrument", "CAPS-5"),
        ("Source", "Transcribed from paper"),
        ("Visit", "V5"),
    ]
    assert told_of_many(*[form] * 4) == [
        ("01-001-9, V5, 4 assessments", "CAPS-5, " * 3 + "CAPS-5")
    ]


def test_a_new_row_without_a_name_of_its_own_tells_its_fields() -> None:
    sessions = [
        Record(
            "study_sessions_therapysession",
            str(visit),
            "I",
            {},
            {"visit_id": visit, "started_at": "2026-11-03T17:05:00+00:00"},
            person,
        )
        for visit, person in ((5, 1), (6, 1), (5, 2), (6, 2))
    ]
    assert told_of_many(*sessions)[0] == (
        "01-001-9, V5, new therapy session",
        "started at 3 Nov 2026 17:05 UTC",
    )
