"""The words of an adverse event are complete, and seriousness is not severity."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from adverse_events import vocabulary
from adverse_events.vocabulary import (
    CRITERION_VARIABLES,
    Relatedness,
    SeriousnessCriterion,
    is_fatal_or_life_threatening,
    is_serious,
    is_suspected,
)

TABLES: list[tuple[type[StrEnum], Mapping[Any, str]]] = [
    (vocabulary.Severity, vocabulary.SEVERITY_WORDS),
    (vocabulary.SeriousnessCriterion, vocabulary.CRITERION_WORDS),
    (vocabulary.SeriousnessCriterion, vocabulary.CRITERION_VARIABLES),
    (vocabulary.Relatedness, vocabulary.RELATEDNESS_WORDS),
    (vocabulary.RelatedTo, vocabulary.RELATED_TO_WORDS),
    (vocabulary.Expectedness, vocabulary.EXPECTEDNESS_WORDS),
    (vocabulary.Outcome, vocabulary.OUTCOME_WORDS),
    (vocabulary.Outcome, vocabulary.OUTCOME_TERMS),
    (vocabulary.ActionTaken, vocabulary.ACTION_WORDS),
    (vocabulary.ActionTaken, vocabulary.ACTION_TERMS),
    (vocabulary.Valence, vocabulary.VALENCE_WORDS),
    (vocabulary.Reporter, vocabulary.REPORTER_WORDS),
]


@pytest.mark.parametrize(("words", "table"), TABLES)
def test_every_word_has_a_label(words: type[StrEnum], table: Mapping[Any, str]) -> None:
    assert set(table) == set(words)
    assert len(set(table.values())) == len(table)


def test_one_criterion_makes_an_event_serious_and_none_leaves_it_not() -> None:
    assert is_serious([SeriousnessCriterion.HOSPITALIZATION])
    assert not is_serious([])


@pytest.mark.parametrize("criterion", SeriousnessCriterion)
def test_only_death_and_threat_to_life_shorten_the_clock(
    criterion: SeriousnessCriterion,
) -> None:
    expected = CRITERION_VARIABLES[criterion] in {"AESDTH", "AESLIFE"}
    assert is_fatal_or_life_threatening([criterion]) is expected


def test_anything_but_unrelated_is_suspected() -> None:
    assert [each for each in Relatedness if not is_suspected(each)] == [
        Relatedness.UNRELATED
    ]
