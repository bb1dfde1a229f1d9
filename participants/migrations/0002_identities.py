"""Identities behind a wall of their own, each value encrypted outside the database."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations, models

from audit.operations import audited
from participants.ciphers import Cell, encrypted

SQL = Path(__file__).resolve().parent.parent / "sql"
COLUMNS = ("name", "birth_date", "email", "phone")
TABLE = "participants_identity"

OF_BEFORE = audited(TABLE, masked=COLUMNS, reason=COLUMNS)
AS_TEXT = [
    f"ALTER TABLE public.{TABLE} ALTER COLUMN {column} TYPE text USING {column}::text"
    for column in COLUMNS
]
BEHIND_THE_WALL = f"""
CREATE SCHEMA identity AUTHORIZATION candor_identity;
GRANT USAGE ON SCHEMA identity TO candor_app, candor_owner, candor_backup;
ALTER TABLE public.{TABLE} SET SCHEMA identity;
REVOKE ALL ON identity.{TABLE} FROM candor_app;
"""
HANDED_OVER = f"ALTER TABLE identity.{TABLE} OWNER TO candor_identity"


def encrypt(apps: Any, schema_editor: Any) -> None:
    """Encrypt what is there, under an act; the trail of before masks both sides."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM participants_identity")
        if not cursor.fetchone()[0]:
            return
        cursor.execute(
            "SELECT audit.open_system_action('migration', 'an administrator',"
            " 'encrypt identities', 'Identities are kept encrypted from now on',"
            " '', NULL, NULL, NULL, %s, NULL)",
            [settings.VERSION],
        )
        act = cursor.fetchone()[0]
        cursor.execute(
            "SELECT id, name, birth_date, email, phone FROM participants_identity"
        )
        for row, *values in cursor.fetchall():
            cursor.execute(
                "UPDATE participants_identity SET name = %s, birth_date = %s,"
                " email = %s, phone = %s WHERE id = %s",
                [*_encrypted(row, values), row],
            )
        cursor.execute("SELECT audit.close_action(%s)", [act])
        # A table whose foreign keys are still to be checked can be altered no further.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _encrypted(row: Any, values: list[str]) -> list[str]:
    return [
        encrypted(value, Cell(row, column), settings.IDENTITY_KEYS)
        for column, value in zip(COLUMNS, values, strict=True)
    ]


class Migration(migrations.Migration):
    dependencies = [
        # It encrypts in an act, and an act is linked when it closes.
        ("audit", "0003_chains"),
        ("participants", "0001_initial"),
        ("trials", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(AS_TEXT),
                migrations.RunPython(encrypt),
                migrations.RunSQL(OF_BEFORE.reverse_sql),
                migrations.RunSQL(BEHIND_THE_WALL),
                audited(TABLE, schema="identity", reason=COLUMNS),
                migrations.RunSQL((SQL / "identities.sql").read_text("utf-8")),
                migrations.RunSQL(HANDED_OVER),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="identity",
                    name="participant",
                    field=models.OneToOneField(
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                *(
                    migrations.AlterField(
                        model_name="identity",
                        name=column,
                        field=models.TextField(blank=column in {"email", "phone"}),
                    )
                    for column in COLUMNS
                ),
            ],
        ),
    ]
