"""Each field that could tell an arm, and each role that could read it."""

import pytest
from django.apps import apps
from django.db import connection, models

from accounts.disclosure import READERS, FieldClass
from accounts.vocabulary import ROLES, Permission
from exports.datasets import DATASETS
from tests.house.test_tables import disclosure_problems, study_models

pytestmark = pytest.mark.requirement("BLD-03")

# Every column that tells an arm, alone or with the protocol beside it.
TELLING = {
    "sealed.list_entry": ("arm",),
    "sealed.kit_content": ("arm", "milligrams", "step"),
    "sealed.told": ("told",),
    "sealed.nonce": ("nonce", "content"),
}
ROLES_OF_THE_APPLICATION = (
    *("candor_app", "candor_web", "candor_worker", "candor_export", "candor_identity"),
    *("candor_walls", "candor_audit"),
)


def test_a_field_without_a_class_or_in_two_is_a_problem() -> None:
    class Dose(models.Model):
        milligrams = models.DecimalField(max_digits=6, decimal_places=1)
        note = models.TextField()

        class Disclosure:
            open = {"id", "note", "gone"}
            unblinding = {"note"}

        class Meta:
            app_label = "randomization"
            managed = False

        def __str__(self) -> str:
            return "dose"

    try:
        assert sorted(disclosure_problems(Dose)) == [
            "Dose has no gone",
            "Dose.milligrams: 0",
            "Dose.note: 2",
        ]
    finally:
        apps.all_models["randomization"].pop("dose")
        apps.clear_cache()


def test_nobody_reads_a_field_that_tells_an_arm_by_a_model() -> None:
    assert READERS[FieldClass.UNBLINDING] == frozenset()
    telling = [
        f"{model.__name__}.{name}"
        for model in study_models()
        for name in getattr(model.Disclosure, "unblinding", set())  # type: ignore[attr-defined] # every one has it
    ]
    assert telling == []


def test_outcomes_and_identities_are_read_by_the_roles_that_may() -> None:
    for role, known in ROLES.items():
        sees = {kind for kind, readers in READERS.items() if role in readers}
        outcomes = Permission.VIEW_OUTCOMES in known.permissions
        identity = Permission.VIEW_IDENTITY in known.permissions
        assert (FieldClass.OUTCOME in sees) == outcomes, role
        assert (FieldClass.IDENTIFYING in sees) == identity, role
        assert FieldClass.UNBLINDING not in sees


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES_OF_THE_APPLICATION)
def test_no_role_of_the_application_reads_a_column_that_tells_an_arm(role: str) -> None:
    readable = []
    with connection.cursor() as cursor:
        for table, columns in TELLING.items():
            for column in columns:
                cursor.execute(
                    "SELECT has_column_privilege(%s, %s, %s, 'SELECT')",
                    [role, table, column],
                )
                if cursor.fetchone() == (True,):
                    readable.append(f"{table}.{column}")
    assert readable == []


@pytest.mark.django_db
def test_every_sealed_table_is_in_the_matrix_and_no_other_holds_an_amount() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname || '.' || c.relname, a.attname::text FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm')"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        columns = list(cursor)
    assert {table for table, _ in columns if table.startswith("sealed.")} == set(
        TELLING
    )
    words = ("arm", "milligrams", "mg", "dose_mg", "allocation", "told", "contents")
    outside = [
        f"{table}.{column}"
        for table, column in columns
        if not table.startswith("sealed.") and column in words
    ]
    assert outside == []


@pytest.mark.requirement("BLD-08")
def test_an_export_has_no_column_of_an_arm_and_lists_what_it_keeps_back() -> None:
    """No token can be granted more: there is no such grant in this version."""
    kept = {each.name for dataset in DATASETS.values() for each in dataset.restricted}
    given = {each.name for dataset in DATASETS.values() for each in dataset.columns}
    assert {"ARM", "ARMCD"} <= kept
    assert not kept & given
    assert all(
        each.sql == "" for dataset in DATASETS.values() for each in dataset.restricted
    )
