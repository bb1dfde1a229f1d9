"""Unscheduled visits as an export numbers and describes them."""

import csv
import io
from datetime import date

import pytest

from accounts.vocabulary import Role
from sessions.actions import Unscheduled, add_unscheduled, cancel_unscheduled
from tests.exports.rows import Row, cells, rows_of
from tests.exports.study import Study, body_of

WHY = "=Low mood, called in"


@pytest.fixture(scope="module")
def rows(study: Study) -> list[Row]:
    """Return SV of somebody with two unscheduled visits, and a third that was cancelled."""
    by = study.world.actor(Role.COORDINATOR)
    for on in (date(2025, 4, 2), date(2025, 4, 30)):
        held = Unscheduled(study.treated, on, "phone", WHY)
        add_unscheduled(additions=[held], by=by)
    to_come = Unscheduled(
        study.treated, date(2025, 5, 2), "phone", WHY, took_place=False
    )
    visits = add_unscheduled(additions=[to_come], by=by, today=date(2025, 5, 1))
    cancel_unscheduled(visits=visits, by=by, reason="Felt better")
    return rows_of(study, "SV", study.treated)


def test_sv_numbers_a_visit_after_the_planned_one_before_it(rows: list[Row]) -> None:
    numbers = [row["VISITNUM"] for row in rows]
    assert numbers == sorted(numbers)
    assert [number for number in numbers if number != int(number)] == [2.01, 6.02]
    early, late = [row for row in rows if row["SVUPDES"]]
    assert cells(early, "VISIT", "SVSTDTC", "SVCNTMOD", "EPOCH", "SVUPDES") == (
        "UNSCHEDULED VISIT 2.01",
        "2025-04-02",
        "TELEPHONE CALL",
        "SCREENING",
        WHY,
    )
    assert cells(late, "VISIT", "SVSTDY") == ("UNSCHEDULED VISIT 6.02", 3)


def test_what_was_not_planned_neither_occurred_nor_did_not(rows: list[Row]) -> None:
    told = [cells(row, "SVPRESP", "SVOCCUR", "SVREASOC") for row in rows]
    assert told.count((None, None, None)) == 2
    assert {present for present, _, _ in told} == {"Y", None}


def test_planned_numbers_stay_whole_and_a_reason_typed_stays_inert(
    study: Study, rows: list[Row]
) -> None:
    text = body_of(study.get("datasets/SV", format="csv")).decode()
    lines = [
        line
        for line in csv.DictReader(io.StringIO(text))
        if line["USUBJID"].endswith(study.treated.number)
    ]
    assert len(lines) == len(rows)
    assert [line["VISITNUM"] for line in lines][:4] == ["0", "1", "2", "2.01"]
    assert next(line for line in lines if line["SVUPDES"])["SVUPDES"] == f"'{WHY}"
