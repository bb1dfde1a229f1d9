"""Every way to write a row: Django's own as functions, SQL's as statements.

Each changes every row of its table; a path that inserts finds its table empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from tests.audit.everything import Audited

Instances = list[models.Model]


@dataclass(frozen=True)
class Prepared:
    """What a path works on: rows as they were, and as Django would have them changed."""

    table: Audited
    column: str
    expression: str
    kept: str  # every row, as JSON
    copied: bytes  # every row, as COPY writes it
    as_they_were: Instances
    changed: Instances

    @property
    def model(self) -> type[models.Model]:
        model = self.table.model
        assert model is not None
        return model

    @property
    def objects(self) -> models.QuerySet[models.Model]:
        return self.model._base_manager.all()

    @property
    def fields(self) -> list[str]:
        return [f.name for f in self.model._meta.concrete_fields if not f.primary_key]


def save(it: Prepared) -> None:
    for instance in it.changed:
        instance.save()


def bulk_update(it: Prepared) -> None:
    it.model._base_manager.bulk_update(it.changed, it.fields)


def queryset_update(it: Prepared) -> None:
    field = next(f for f in it.model._meta.concrete_fields if f.column == it.column)
    for instance in it.changed:
        value = getattr(instance, field.attname)
        it.objects.filter(pk=instance.pk).update(**{field.attname: value})


def upsert(it: Prepared) -> None:
    it.model._base_manager.bulk_create(
        it.changed,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=it.fields,
    )


def save_new(it: Prepared) -> None:
    for instance in it.as_they_were:
        instance.save(force_insert=True)


def bulk_create(it: Prepared) -> None:
    it.model._base_manager.bulk_create(it.as_they_were)


def upsert_new(it: Prepared) -> None:
    it.model._base_manager.bulk_create(
        it.as_they_were,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=it.fields,
    )


def delete(it: Prepared) -> None:
    for instance in it.as_they_were:
        type(instance)._base_manager.get(pk=instance.pk).delete()


def queryset_delete(it: Prepared) -> None:
    it.objects.delete()


def raw_delete(it: Prepared) -> None:
    it.objects._raw_delete(connection.alias)


Path = Callable[[Prepared], None]
ORM_CHANGES: tuple[Path, ...] = (save, bulk_update, queryset_update, upsert)
ORM_INSERTS: tuple[Path, ...] = (save_new, bulk_create, upsert_new)
ORM_DELETES: tuple[Path, ...] = (delete, queryset_delete, raw_delete)

# {t} the table, {c} its columns, {set} what changes one of them; the kept rows as JSON.
_KEPT = "json_populate_recordset(NULL::{t}, %(kept)s::json)"
SQL_CHANGES: Mapping[str, str] = {
    "UPDATE": "UPDATE {t} SET {set}",
    "UPDATE from itself": "UPDATE {t} x SET {set_of_n} FROM {t} n WHERE n.id = x.id",
    "INSERT ON CONFLICT DO UPDATE": (
        "INSERT INTO {t} ({c}) OVERRIDING SYSTEM VALUE SELECT {c} FROM {kept}"
        " ON CONFLICT (id) DO UPDATE SET {set_of_excluded}"
    ),
    "MERGE that updates": (
        "MERGE INTO {t} x USING (SELECT * FROM {t}) n ON n.id = x.id"
        " WHEN MATCHED THEN UPDATE SET {set_of_n}"
    ),
    "UPDATE in a WITH": (
        "WITH done AS (UPDATE {t} SET {set} RETURNING id) SELECT count(*) FROM done"
    ),
    "UPDATE in a DO block": (
        "DO $do$ BEGIN EXECUTE 'UPDATE {t} SET ' || {quoted}; END $do$"
    ),
}
SQL_INSERTS: Mapping[str, str] = {
    "INSERT": "INSERT INTO {t} ({c}) OVERRIDING SYSTEM VALUE SELECT {c} FROM {kept}",
    "INSERT ON CONFLICT DO NOTHING": (
        "INSERT INTO {t} ({c}) OVERRIDING SYSTEM VALUE SELECT {c} FROM {kept}"
        " ON CONFLICT DO NOTHING"
    ),
    "MERGE that inserts": (
        "MERGE INTO {t} x USING {kept} n ON n.id = x.id"
        " WHEN NOT MATCHED THEN INSERT ({c}) OVERRIDING SYSTEM VALUE VALUES ({n})"
    ),
}
SQL_DELETES: Mapping[str, str] = {
    "DELETE": "DELETE FROM {t}",
    "DELETE USING": "DELETE FROM {t} x USING {t} n WHERE n.id = x.id",
    "MERGE that deletes": "MERGE INTO {t} x USING {t} n ON n.id = x.id WHEN MATCHED THEN DELETE",
    "DELETE in a WITH": (
        "WITH gone AS (DELETE FROM {t} RETURNING id) SELECT count(*) FROM gone"
    ),
}


def run(at: Any, statement: str, it: Prepared) -> None:
    """Run one of the statements above; COPY, which is none, by its own name."""
    table, column = it.table, it.column
    if statement == "COPY":
        with at.cursor().copy(f"COPY {table.named} ({table.listed}) FROM STDIN") as to:
            to.write(it.copied)
        return
    change = f'"{column}" = {it.expression}'
    expression = it.expression.replace(f'"{column}"', 'n."{0}"').format(column)
    excluded = it.expression.replace(f'"{column}"', 'excluded."{0}"').format(column)
    text = statement.format(
        t=table.named,
        c=table.listed,
        n=", ".join(f'n."{name}"' for name in table.columns),
        set=change,
        set_of_n=f'"{column}" = {expression}',
        set_of_excluded=f'"{column}" = {excluded}',
        quoted="'" + change.replace("'", "''").replace("%", "%%") + "'",
        kept=_KEPT.format(t=table.named),
    )
    at.execute(text, {"kept": it.kept})
