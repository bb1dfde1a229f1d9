"""What the protocol language refuses, and in which words."""

import re

import pytest

from tests.trials.definitions import INSTRUMENTS, changed
from tests.trials.mistakes_of_arms import ARMS
from tests.trials.mistakes_of_course import COURSE
from tests.trials.mistakes_of_facts import FACTS
from tests.trials.mistakes_of_keys import KEYS
from tests.trials.mistakes_of_rules import RULES
from trials.protocol import ProtocolError, parse

MISTAKES = {**KEYS, **COURSE, **ARMS, **RULES, **FACTS}


def problems_of(text: str) -> list[str]:
    """The sentences, line numbers replaced by # (they have tests of their own)."""
    with pytest.raises(ProtocolError) as caught:
        parse(text, filename="small.toml", instruments=INSTRUMENTS)
    assert all(problem.file == "small.toml" for problem in caught.value.problems)
    sentences = [str(problem) for problem in caught.value.problems]
    return [re.sub(r"\(line \d+\)", "(line #)", sentence) for sentence in sentences]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_in_its_own_sentence(mistake: str) -> None:
    edits, sentence = MISTAKES[mistake]
    problems = problems_of(changed(*edits))
    assert any(sentence in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("mistake", "line_text"),
    [
        ("unknown key", "overnigth = true"),
        ("missing key", "[[visits]]"),
        ("length of time", "when = "),
        ("arm in a visit", "[[visits]]"),
        ("wrong type", "blinded = "),
        ("numbers", "[[visits]]"),
        ("recall", "[[assessments]]"),
        ("block", "[randomization]"),
        ("source", "[[arms]]"),
        ("fact", "[[criteria]]"),
        ("repetition follows nothing", "[[visits]]"),
        ("milestone at", "[[milestones]]"),
    ],
)
def test_a_mistake_is_placed_on_its_line(mistake: str, line_text: str) -> None:
    text = changed(*MISTAKES[mistake][0])
    with pytest.raises(ProtocolError) as caught:
        parse(text, instruments=INSTRUMENTS)
    problem = caught.value.problems[0]
    assert problem.line is not None
    lines = text.splitlines()
    assert lines[problem.line - 1].startswith(line_text)
    if line_text.startswith("[["):
        # A header alone could be any entry's: its code must stand below it.
        code = problem.place.replace(",", "").split(" ")[-1]
        assert code.rsplit("_", 1)[0] in lines[problem.line]


def test_a_single_mistake_gives_a_single_sentence() -> None:
    for mistake in ("duplicate code", "unknown key", "length of time", "fact", "block"):
        edits, _ = MISTAKES[mistake]
        assert len(problems_of(changed(*edits))) == 1, mistake


def test_all_mistakes_of_references_are_told_together() -> None:
    text = changed(
        ("block_sizes = [2, 4]", "block_sizes = [3]"),
        ("at_least = 28", "at_least = 128"),
        ('one_of = ["severe"]', 'one_of = ["sever"]'),
    )
    assert len(problems_of(text)) == 3


def test_mistakes_of_keys_end_the_reading_before_references() -> None:
    text = changed(
        ("block_sizes = [2, 4]", "block_sizes = [3]"),
        ('kind = "baseline"', 'kind = "baseline"\nlenght = "1 h"'),
    )
    (problem,) = problems_of(text)
    assert "lenght" in problem
