"""What of a course would tell the group that a planned unblinding revealed."""

import pytest

from tests.trials.published import published
from tests.world import MAPP2
from trials.protocol import ProtocolDefinition, parse
from trials.protocol.parts import HeldBack
from trials.protocol.renaming import renamed

MP12 = (MAPP2.parent / "mp12.toml").read_text("utf-8")


def read(text: str) -> ProtocolDefinition:
    return parse(text, filename="mp12.toml")


@pytest.mark.parametrize("name", ["mapp1", "mapp2", "mp16", "extension", "mplong"])
def test_a_protocol_that_tells_nobody_a_group_holds_nothing_back(name: str) -> None:
    assert published()[name].held_back == HeldBack()
    assert published()[name].held_back.as_lists() == {}


def test_what_comes_to_one_group_alone_is_held_back() -> None:
    visits = published()["mp12"].held_back.visits
    assert {"dosing_3", "two_months", "open_prep", "open_dosing_3"} <= visits
    assert not visits & {"baseline", "dosing_2", "endpoint", "early_termination"}


def test_a_follow_up_that_counts_from_the_last_dose_is_held_back() -> None:
    assert "follow_up_month_12" in published()["mp12"].held_back.visits


def test_a_follow_up_that_counts_from_a_blinded_visit_is_not() -> None:
    text = MP12.replace(
        'when = { after = "last_dose", earliest = "11 months"',
        'when = { after = "endpoint", earliest = "11 months"',
    )
    assert text != MP12
    assert "follow_up_month_12" not in read(text).held_back.visits


def test_the_first_dose_tells_nothing_where_it_is_blinded() -> None:
    text = MP12.replace(
        'when = { after = "last_dose", earliest = "11 months"',
        'when = { after = "first_dose", earliest = "11 months"',
    )
    assert "follow_up_month_12" not in read(text).held_back.visits


def test_a_visit_narrowed_by_one_that_is_held_back_is_held_back() -> None:
    text = MP12.replace(
        'code = "early_termination"',
        'code = "early_termination"\nconstraints = [{ after = "dosing_3", at_least = "1 day" }]',
    )
    assert text != MP12
    assert "early_termination" in read(text).held_back.visits


def test_the_consent_to_such_a_stage_and_what_is_found_there_are_held_back() -> None:
    text = MP12.replace('revealed = ["low"]', 'revealed = ["low"], consent = "stage_2"')
    text += """
[[facts]]
code = "caps4_two_months"
label = "CAPS-IV total two months later"
type = "score"
form = "caps4"
score = "total"
visit = "two_months"
"""
    held_back = read(text).held_back
    assert held_back.items == {"stage_2"}
    assert held_back.facts == {"caps4_two_months"}
    assert held_back.as_lists()["items"] == ["stage_2"]


def test_a_renamed_visit_is_held_back_under_its_new_name() -> None:
    changed = renamed(published()["mp12"], {"dosing_3": "open_dosing"})
    assert "open_dosing" in changed.held_back.visits
    assert "dosing_3" not in changed.held_back.visits
