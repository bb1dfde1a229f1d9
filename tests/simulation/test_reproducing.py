"""A published trial goes through the whole system and comes out as its document says."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from simulation.management.commands.reproduce import renew
from simulation.reproduction.targets import known_trials, read_target

DOCUMENT = Path(__file__).parents[2] / "docs" / "reproduction.md"


@dataclass(frozen=True)
class Run:
    """What one run of the command printed, and where it left its files."""

    printed: str
    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Run:
    """MP-1, the smallest trial but one, through the command."""
    folder = tmp_path_factory.mktemp("var")
    out = StringIO()
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setenv("CANDOR_VAR", str(folder))
        call_command("reproduce", "mp1", stdout=out)
    return Run(out.getvalue(), folder / "reproduction" / "mp1")


@pytest.mark.slow
def test_the_command_prints_what_the_document_says(run: Run) -> None:
    assert run.printed.strip() in DOCUMENT.read_text("utf-8")


@pytest.mark.slow
def test_the_export_is_blind_and_the_key_is_not(run: Run) -> None:
    for name in ("DM", "DS", "RS"):
        columns = run.rows(name)[0].keys()
        assert not columns & {"ARM", "ARMCD", "ACTARM", "ACTARMCD"}
        for row in run.rows(name):
            assert not {"active", "comparator"} & set(row.values())
    arms = Counter(row["ARM"] for row in run.rows("key"))
    assert arms == {"active": 12, "comparator": 8}


@pytest.mark.slow
def test_everybody_is_randomized_dosed_and_assessed(run: Run) -> None:
    decoded = Counter(row["DSDECOD"] for row in run.rows("DS"))
    assert decoded["RANDOMIZED"] == 20
    assert all(row["RFXSTDTC"] < row["RFXENDTC"] for row in run.rows("DM"))
    totals = [row for row in run.rows("RS") if row["RSTESTCD"] == "CAPS4TOT"]
    assert len(totals) == 20 * 4


@pytest.mark.slow
@pytest.mark.django_db
def test_the_database_of_a_run_is_gone_afterwards(run: Run) -> None:
    name = f"reproduction_run_{os.getpid()}"
    assert connection.settings_dict["NAME"] != name
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        assert cursor.fetchone() is None


def test_the_document_has_a_section_for_each_trial() -> None:
    text = DOCUMENT.read_text("utf-8")
    for key in known_trials():
        target = read_target(key)
        assert text.count(f"\n## {target.name}\n") == 1
        assert target.publication in text


def test_it_runs_only_where_no_real_trial_lives(settings: Any) -> None:
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="DEMONSTRATION=1"):
        call_command("reproduce", "mp1")


def test_without_the_owners_address_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(connections.databases, "owner")
    with pytest.raises(CommandError, match="OWNER_DATABASE_URL"):
        call_command("reproduce", "mp1")


def test_a_section_is_renewed_in_its_place_and_a_new_one_comes_last(
    tmp_path: Path,
) -> None:
    document = tmp_path / "document.md"
    document.write_text("# All\n\nHead.\n\n## A\n\nold\n\n## B\n\nkept\n", "utf-8")
    renew(document, "## A\n\nnew\n")
    renew(document, "## C\n\nadded\n")
    assert document.read_text("utf-8") == (
        "# All\n\nHead.\n\n## A\n\nnew\n\n## B\n\nkept\n\n## C\n\nadded\n"
    )
