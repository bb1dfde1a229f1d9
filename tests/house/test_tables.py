"""The house rules of tables: trail, keys, disclosure, walls."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, models

OURS = {
    "accounts",
    "trials",
    "notices",
    "participants",
    "medical",
    "study_sessions",
    "adverse_events",
    "assessments",
    "randomization",
    "reminders",
    "exports",
    "workbench",
}
# Django's own tables hold no trial data: sessions (hashed keys), names of permissions,
# the list of migrations. `django_admin_log` stays empty: the oversight site writes nothing.
FRAMEWORK_TABLES = {
    "django_migrations",
    "django_session",
    "django_content_type",
    "django_admin_log",
    "auth_group",
    "auth_permission",
    "auth_group_permissions",
}


def study_models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models() if model._meta.app_label in OURS)


@pytest.mark.django_db
@pytest.mark.requirement("AUD-02")
def test_every_table_has_its_audit_triggers_or_a_stated_reason() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, obj_description(c.oid), array_agg(t.tgname::text)
            FROM pg_class c
            LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
            WHERE c.relkind IN ('r', 'p')
              AND c.relnamespace::regnamespace::text IN ('public', 'sealed', 'identity')
            GROUP BY c.oid, c.relname
            """
        )
        rows = cursor.fetchall()
    wanted = {"capture_insert", "capture_update", "capture_delete", "never_truncated"}
    unexplained = [
        table
        for table, comment, triggers in rows
        if table not in FRAMEWORK_TABLES | {"nonce"}
        and not (comment or "").startswith("Not audited: ")
        and not wanted <= set(triggers)
    ]
    assert rows
    assert unexplained == []


def test_every_foreign_key_protects() -> None:
    careless = [
        f"{model.__name__}.{field.name}"
        for model in study_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.remote_field.on_delete is not models.PROTECT
    ]
    assert careless == []


def test_every_primary_key_is_called_id() -> None:
    assert [m.__name__ for m in study_models() if m._meta.pk.name != "id"] == []


def disclosure_problems(model: type[models.Model]) -> list[str]:
    """Return the fields of a model that are in no class or in several, and unknown ones."""
    declared = model.Disclosure  # type: ignore[attr-defined] # demanded by this test
    classes: list[set[str]] = [
        getattr(declared, name, set())
        for name in ("open", "identifying", "outcome", "unblinding")
    ]
    fields = {field.name for field in model._meta.concrete_fields}
    times = {name: sum(name in known for known in classes) for name in fields}
    wrong = [f"{model.__name__}.{n}: {t}" for n, t in times.items() if t != 1]
    unknown = set[str]().union(*classes) - fields
    return wrong + [f"{model.__name__} has no {name}" for name in unknown]


@pytest.mark.requirement("BLD-03")
def test_every_field_is_in_exactly_one_disclosure_class() -> None:
    models_of_ours = list(study_models())
    assert len(models_of_ours) > 20
    assert [
        line for model in models_of_ours for line in disclosure_problems(model)
    ] == []


@pytest.mark.requirement("BLD-01")
def test_nothing_reaches_randomization_backwards() -> None:
    reachable = [
        f"{model.__name__}.{relation.get_accessor_name()}"
        for model in study_models()
        if model._meta.app_label != "randomization"
        for relation in model._meta.related_objects
        if relation.related_model._meta.app_label == "randomization"
        and not relation.hidden
    ]
    assert reachable == []


@pytest.mark.django_db
@pytest.mark.requirement("BLD-01")
@pytest.mark.parametrize("table", ["list_entry", "kit_content", "nonce"])
def test_the_app_cannot_read_behind_the_wall(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(current_user, %s, 'SELECT')",
            [f"sealed.{table}"],
        )
        assert cursor.fetchone() == (False,)
