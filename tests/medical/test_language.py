"""The key `record` of a fact: what it may say, and the sentence where it may not."""

import pytest

from tests.medical.world import text
from trials.protocol import ProtocolError, parse

FACT = """
[[facts]]
code = "{code}"
label = "Something"
type = "{type}"
{keys}
"""
MISTAKES = (
    ("x", "yes_no", 'record = "test.pregnacy.negative"', "Did you mean pregnancy?"),
    ("x", "yes_no", 'record = "test.pregnancy.fine"', "'fine' is no result"),
    ("x", "yes_no", 'record = "test.pregnancy"', "is no record to read from"),
    ("x", "number", 'record = "ecg.qtcf.long"', "is no record to read from"),
    ("x", "number", 'record = "mri.brain"', "is no record to read from"),
    ("x", "yes_no", 'record = "ecg.qtcf"', "but ecg.qtcf is a number"),
    ("x", "number", 'record = "test.pregnancy.negative"', "is a yes/no"),
    ("x", "number", 'record = "ecg.qt_c"', "'qt_c' of ecg.qt_c is not known"),
    ("x", "number", 'record = "lab.sodium"', "lacks a unit"),
    ("medications", "yes_no", "", "kept for the record's own use"),
    ("waivers", "yes_no", "", "kept for the record's own use"),
    ("x", "yes_no", 'frozen_by = "consent"', "frozen_by enrollment or randomization"),
    (
        "x",
        "score",
        'form = "caps5"\nscore = "total"\nvisit = "baseline"\nrecord = "ecg.qtcf"',
        "give one of form and record",
    ),
)


@pytest.mark.parametrize(
    ("code", "kind", "keys", "sentence"), MISTAKES, ids=[m[3] for m in MISTAKES]
)
def test_a_wrong_record_is_told_in_a_sentence(
    code: str, kind: str, keys: str, sentence: str
) -> None:
    wrong = text() + FACT.format(code=code, type=kind, keys=keys)
    with pytest.raises(ProtocolError, match=sentence):
        parse(wrong)


def test_a_right_record_is_read() -> None:
    facts = parse(text()).facts_by_code
    assert facts["pregnancy_negative"].record == "test.pregnancy.negative"
    assert facts["qtc_ms"].record == "ecg.qtcf"
