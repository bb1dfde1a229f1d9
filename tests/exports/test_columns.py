"""The list of columns, the views made from it, and the two forms of its rows."""

import csv
import io
import re
from typing import Any

import pytest
from django.db import connection

from exports.datasets import DATASETS, view_digest
from exports.vocabulary import Dataset
from participants.models import Identity
from sessions.lifecycle import State
from tests.exports.rows import rows_of
from tests.exports.study import Study, body_of

LISTED = list(DATASETS.values())


@pytest.mark.parametrize("dataset", LISTED, ids=lambda each: each.name)
def test_names_and_labels_fit_every_transport_format(dataset: Dataset) -> None:
    for variable in dataset.variables:
        assert re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", variable.name)
        assert 1 <= len(variable.label) <= 40, variable.label
    names = [variable.name for variable in dataset.variables]
    assert len(names) == len(set(names))
    assert set(dataset.keys) <= set(names)


@pytest.mark.parametrize("dataset", LISTED, ids=lambda each: each.name)
def test_the_database_has_the_views_of_the_list(study: Study, dataset: Dataset) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(attname::text ORDER BY attnum), obj_description(%s::regclass) "
            "FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
            [dataset.view, dataset.view],
        )
        columns, comment = cursor.fetchone()
    keys = ["participant_id", "number", "turn"]
    assert columns == keys + [variable.name for variable in dataset.columns]
    assert comment == f"Made from {view_digest(dataset)}"


def test_no_view_reads_the_sealed_schema_or_a_participants_identity(
    study: Study,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relnamespace::regnamespace::text || '.' || c.relname "
            "FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class "
            "JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass "
            "JOIN pg_class c ON c.oid = d.refobjid "
            "WHERE v.relnamespace = 'export'::regnamespace"
        )
        read = {name for (name,) in cursor.fetchall()}
    assert "public.assessments_itemresponse" in read
    assert not any(name.startswith("sealed.") for name in read)
    forbidden = {
        "randomization_kit",
        "randomization_unblinding",
        Identity._meta.db_table,
    }
    assert not read & {f"public.{name}" for name in forbidden}


@pytest.mark.requirement("SEC-12")
def test_a_cell_that_a_spreadsheet_would_run_is_inert_in_csv(study: Study) -> None:
    text = body_of(study.get("datasets/AE", format="csv")).decode()
    first = next(csv.DictReader(io.StringIO(text)))
    assert first["AETERM"] == "'=cmd|' /C calc'!A0"
    assert first["AESTDY"] == "1"
    sv = csv.DictReader(
        io.StringIO(body_of(study.get("datasets/SV", format="csv")).decode())
    )
    assert next(sv)["SVSTDY"] == "-49"  # a number is left as it is


def test_a_term_that_begins_like_a_formula_is_left_as_it_is_in_csv(
    study: Study,
) -> None:
    text = body_of(study.get("datasets/RS", format="csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["RSEVLINT"] for row in rows} == {"-P1M"}


@pytest.mark.parametrize("name", DATASETS)
def test_csv_and_json_have_the_same_content(study: Study, name: str) -> None:
    text = body_of(study.get(f"datasets/{name}", format="csv")).decode()
    from_csv = list(csv.DictReader(io.StringIO(text)))
    typed = {each.name for each in DATASETS[name].columns if each.is_free_text}
    from_json = [
        {key: _cell(value, is_typed=key in typed) for key, value in row.items()}
        for row in rows_of(study, name)
    ]
    assert from_csv == from_json


def _cell(value: Any, *, is_typed: bool) -> str:
    text = "" if value is None else str(value)
    is_formula = is_typed and re.match(r"[=+\-@\t\r]", text)
    return f"'{text}" if is_formula else text


def test_only_what_people_type_is_free_text() -> None:
    typed = {
        variable.name
        for dataset in LISTED
        for variable in dataset.columns
        if variable.is_free_text
    }
    assert typed == {
        *("AETERM", "DSTERM", "ECREASOC", "SVREASOC", "SVUPDES", "RSREASND", "QSREASND")
    }


def test_the_views_use_the_words_of_the_lifecycles() -> None:
    # Written out in SQL, so that a renamed state must not leave the export empty.
    assert State.HELD.value == "held"
