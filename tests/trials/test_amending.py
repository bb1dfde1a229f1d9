"""What an amendment changes, in words; and which amendments are refused."""

import pytest

from tests.trials.definitions import SMALL, changed, small, without
from tests.trials.published import published
from trials.protocol import (
    AnyOf,
    Choice,
    FactTest,
    Not,
    Operator,
    ProtocolDefinition,
    VisitKind,
    WashoutsOver,
    parse,
)
from trials.protocol.amending import amendment_problems
from trials.protocol.comparing import compare
from trials.protocol.observations import EffectTerm, Moment
from trials.protocol.renaming import renamed
from trials.protocol.wording import in_words

AMENDMENT = """
[amendment]
amends = "1.0"
reason = "For a test"
renamed = { t2 = "assessment_2" }

[[arms]]
code = "active"
"""
TEST = FactTest("age", Operator.AT_LEAST, 18)
VERSION = ('version = "1.0"', 'version = "2.0"')
AMENDED = ('\n[[arms]]\ncode = "active"\n', AMENDMENT)
NOT_RENAMED = (AMENDED[0], AMENDMENT.replace('renamed = { t2 = "assessment_2" }\n', ""))
RENAMED_TEXT = SMALL.replace('"t2"', '"assessment_2"')


def amended(*edits: tuple[str, str], base: str = SMALL) -> ProtocolDefinition:
    return parse(changed(VERSION, NOT_RENAMED, *edits, base=base))


def renaming(*edits: tuple[str, str], base: str = RENAMED_TEXT) -> ProtocolDefinition:
    return parse(changed(VERSION, AMENDED, *edits, base=base))


def changes(new: ProtocolDefinition) -> list[str]:
    return [str(change) for change in compare(small(), new)]


def refusals(new: ProtocolDefinition, earlier: tuple[str, ...] = ()) -> list[str]:
    found = amendment_problems(small(), new, earlier_codes=earlier)
    return [str(problem) for problem in found]


@pytest.mark.parametrize("name", sorted(published()))
def test_a_definition_compared_with_itself_has_no_change(name: str) -> None:
    assert compare(published()[name], published()[name]) == ()


def test_the_order_of_entries_is_no_change() -> None:
    start = SMALL.index('[[facts]]\ncode = "pregnant"')
    end = SMALL.index('[[facts]]\ncode = "use_disorder"')
    moved = SMALL[:start] + SMALL[end:]
    at = moved.index('[[facts]]\ncode = "weight_kg"')
    moved = moved[:at] + SMALL[start:end] + moved[at:]
    assert (
        changes(amended(('by = ["participant"]', 'by = ["participant"]'), base=moved))
        == []
    )


def test_a_length_of_time_in_other_words_is_no_change() -> None:
    assert changes(amended(('target = "28 days"', 'target = "4 weeks"'))) == []


def test_a_window_is_told_with_both_values() -> None:
    found = changes(amended(('latest = "49 days"', 'latest = "56 days"')))
    assert found == [
        (
            "visits dosing_2: when was 28 days after dosing_1 (21 days to 49 days), "
            "is 28 days after dosing_1 (21 days to 56 days)"
        )
    ]


def test_what_is_added_and_removed_is_told_by_its_code() -> None:
    found = changes(
        amended(base=without('[[criteria]]\ncode = "e1"', SMALL).replace("e3", "e9"))
    )
    assert found == [
        "criteria e9: added",
        "criteria e1: removed",
        "criteria e3: removed",
    ]


def test_a_repeated_visit_is_compared_written_out() -> None:
    edit = ('when = { target = "next morning" }', 'when = { target = "2 days" }')
    found = changes(amended(edit))
    assert [x.partition(":")[0] for x in found] == [
        "visits integration_1",
        "visits integration_2",
    ]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            ('at = ["baseline", "t2"]\nbefore', 'at = ["baseline"]\nbefore'),
            "assessments pcl5: at was baseline, t2, is baseline",
        ),
        (
            ("block_sizes = [2, 4]", "block_sizes = [4]"),
            "randomization: block_sizes was 2, 4, is 4",
        ),
        (
            ('fact = "pregnant"\nis = true', 'fact = "pregnant"\nis = false'),
            "criteria e2: rule was pregnant is yes, is pregnant is no",
        ),
        (
            ("at_most = 11 }", "at_most = 12 }"),
            (
                "outcome_classes remission: rule was (diagnosis is no and total at most 11), "
                "is (diagnosis is no and total at most 12)"
            ),
        ),
        (
            ('constraints = [{ before = "dosing_2" }]', ""),
            "visits t2: constraints was before dosing_2, is nothing",
        ),
        (
            ('dose = ["full", "starting"]', 'dose = ["starting", "full"]'),
            "visits dosing_2: dose was full, starting, is starting, full",
        ),
        (
            ('title = "A small blinded trial"', 'title = "A trial"'),
            "title: title was A small blinded trial, is A trial",
        ),
        (
            (
                "initial_mg = 120, supplement_mg = 60",
                "initial_mg = 100, supplement_mg = 50",
            ),
            (
                "arms active: doses was starting: initial_mg: 80, supplement_mg: 40, "
                "full: initial_mg: 120, supplement_mg: 60, is starting: initial_mg: 80, "
                "supplement_mg: 40, full: initial_mg: 100, supplement_mg: 50"
            ),
        ),
        (
            ('[stopping]\ncancels = ["preparatory", "dosing"]\n', ""),
            "stopping: removed",
        ),
    ],
)
def test_each_change_is_told_in_words(edit: tuple[str, str], sentence: str) -> None:
    assert changes(amended(edit)) == [sentence]


def test_the_precedence_of_outcome_classes_is_a_change() -> None:
    second = (
        '[[outcome_classes]]\ncode = "loss"\nlabel = "Loss"\nendpoint = "primary"\n'
        'fact = "diagnosis"\nis = false\n\n'
    )
    at = SMALL.index("[[outcome_classes]]")
    last = SMALL + "\n" + second
    first = SMALL[:at] + second + SMALL[at:]
    (change,) = compare(parse(last), amended(base=first))
    assert str(change) == (
        "outcome_classes: order was remission, loss, is loss, remission"
    )


def test_a_rename_is_one_change_wherever_the_visit_is_mentioned() -> None:
    assert changes(renaming()) == ["visits assessment_2: code was t2, is assessment_2"]


def test_a_rename_changes_references_and_no_other_words() -> None:
    definition = published()["mapp2"]
    after = renamed(definition, {"termination": "end_of_study"})
    assert after.visit("end_of_study").kind is VisitKind.TERMINATION
    assert "end_of_study" in after.row("pcl5").at
    assert {x.end for x in after.adverse_events} >= {"end_of_study"}
    assert renamed(after, {"end_of_study": "termination"}) == definition


@pytest.mark.parametrize("name", sorted(published()))
def test_renaming_every_visit_back_and_forth_loses_nothing(name: str) -> None:
    definition = published()[name]
    away = {code: f"{code}_x" for code in definition.visits_by_code}
    after = renamed(definition, away)
    assert not set(after.visits_by_code) & set(definition.visits_by_code)
    assert not set(after.order) & set(definition.order)
    assert renamed(after, {new: old for old, new in away.items()}) == definition


def test_an_amendment_that_only_adds_and_moves_is_accepted() -> None:
    assert refusals(amended(('latest = "49 days"', 'latest = "56 days"'))) == []
    assert refusals(renaming()) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (AnyOf((TEST, Not(TEST))), "(age at least 18 or not age at least 18)"),
        (WashoutsOver(), "washouts over: all"),
        (WashoutsOver(("ssri", "maoi")), "washouts over: ssri, maoi"),
        (
            WashoutsOver(where_not_known="stopped_all"),
            "washouts over: all, or stopped_all where that is not known",
        ),
        ((Choice("mild", "Mild, current"),), "mild (Mild, current)"),
        (
            EffectTerm("elated", "Elated mood", abuse_signal=True),
            "elated (Elated mood, signal of abuse)",
        ),
        ((Moment("before dose"), Moment("1 h", 60)), "before dose, 1 h"),
        (True, "yes"),
        (None, ""),
    ],
)
def test_values_are_told_in_words(value: object, words: str) -> None:
    assert in_words(value) == words


def test_a_waiver_that_is_new_is_told_by_what_it_waives() -> None:
    waiver = (
        "\n[[endpoints]]",
        '\n[[waivers]]\nexpectation = "F8"\nreason = "Another study follows"\n\n[[endpoints]]',
    )
    assert changes(amended(waiver)) == ["waivers F8: added"]


REFUSED = {
    "no amendment": (
        parse(SMALL),
        "Version 1.0 is in force: say what changes in [amendment].",
    ),
    "another version amended": (
        amended(('amends = "1.0"', 'amends = "1.1"')),
        "Amendment: amends version 1.1, but 1.0 is in force; start from that one.",
    ),
    "the same version": (
        amended(('version = "2.0"', 'version = "1.0"')),
        "Amendment: has the version 1.0 of what it amends; give a new one.",
    ),
    "another trial": (
        amended(('identifier = "SMALL"', 'identifier = "OTHER"')),
        "Amendment: is of OTHER, but the trial is SMALL.",
    ),
    "another kind": (
        amended(('kind = "assessment"', 'kind = "follow_up"')),
        "Visit t2: was assessment and is now follow_up; give the new visit a code of its own.",
    ),
    "another kind under a new code": (
        renaming(('kind = "assessment"', 'kind = "follow_up"')),
        "Visit assessment_2: was assessment and is now follow_up; give the new visit a code of its own.",
    ),
    "renamed and still used": (
        parse(changed(VERSION, AMENDED).replace('"assessment_2" }', '"t2_again" }')),
        "Amendment: renames 't2', but a visit still uses that code.",
    ),
    "renamed to no visit": (
        renaming(('t2 = "assessment_2"', 't2 = "assessment_3"')),
        "Amendment: renames to 'assessment_3', which is no visit. Did you mean assessment_2?",
    ),
    "renamed what never was": (
        renaming(('t2 = "assessment_2"', 't3 = "assessment_2"')),
        "Amendment: renames 't3', which version 1.0 does not have.",
    ),
    "renamed to another visit": (
        renaming(('t2 = "assessment_2"', 't2 = "prep_1"')),
        "Amendment: renames 't2' to 'prep_1', which was another visit.",
    ),
    "two visits become one": (
        renaming(
            ('t2 = "assessment_2"', 't2 = "assessment_2", prep_2 = "assessment_2"')
        ),
        "Amendment: renames two visits to 'assessment_2'.",
    ),
    "an arm removed": (
        amended(
            ('code = "comparator"', 'code = "other_capsule"'),
        ),
        "Arm comparator: cannot be removed: participants may have been allocated to it.",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_an_amendment_is_refused_in_a_sentence(reason: str) -> None:
    new, sentence = REFUSED[reason]
    assert sentence in refusals(new)


def test_a_code_that_was_dropped_is_never_used_again() -> None:
    new = renaming()
    assert refusals(new, earlier=("assessment_2", "t2")) == [
        (
            "Visit assessment_2: was the code of a visit that an earlier version dropped; "
            "choose another."
        )
    ]
    assert refusals(new, earlier=("t2", "prep_1")) == []
