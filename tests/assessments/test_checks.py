"""A protocol that names what the registry does not have is found at start."""

import pytest
from django.core.checks import run_checks

from assessments.checks import adopted_protocols, problems_in, shipped_protocols
from tests.world import MAPP2, World


def test_every_shipped_protocol_names_what_exists() -> None:
    assert shipped_protocols() == []


def test_an_unknown_version_is_an_error() -> None:
    text = MAPP2.read_text("utf-8")
    changed = text.replace(
        'form = "caps5"\nversion = "2015"', 'form = "caps5"\nversion = "1999"'
    )
    assert changed != text
    (error,) = problems_in([("changed.toml", changed)])
    assert error.id == "assessments.E001"
    assert "1999" in str(error.msg)


def test_an_unknown_score_is_an_error() -> None:
    text = MAPP2.read_text("utf-8")
    changed = text.replace('score = "diagnosis"', 'score = "diagnoses"', 1)
    assert changed != text
    assert len(problems_in([("changed.toml", changed)])) == 1


@pytest.mark.django_db
def test_what_is_adopted_is_checked_with_the_database(world: World) -> None:
    assert adopted_protocols(databases=["default"]) == []
    assert [each for each in run_checks() if each.id == "assessments.E001"] == []
