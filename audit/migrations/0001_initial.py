"""The first tables."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


def _script(name):
    return migrations.RunSQL(
        (SQL / name).read_text("utf-8"), migrations.RunSQL.noop, elidable=False
    )


class Migration(migrations.Migration):
    initial = True

    # First of all: later tables get their default privileges from schema.sql.
    run_before = [
        ("contenttypes", "0001_initial"),
        ("auth", "0001_initial"),
        ("sessions", "0001_initial"),
        ("admin", "0001_initial"),
    ]

    dependencies = []

    operations = [
        _script("schema.sql"),
        migrations.CreateModel(
            name="Action",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("verb", models.TextField()),
                ("reason", models.TextField(blank=True)),
                ("subject", models.TextField(blank=True)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.TextField()),
                ("actor_roles", models.TextField(blank=True)),
                ("job", models.TextField(blank=True)),
                ("triggered_by", models.TextField(blank=True)),
                ("trial_id", models.BigIntegerField(null=True)),
                ("site_id", models.BigIntegerField(null=True)),
                ("participant_id", models.BigIntegerField(null=True)),
                ("session_id", models.BigIntegerField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("request_id", models.TextField(blank=True)),
                ("app_version", models.TextField()),
                ("db_role", models.TextField()),
                ("backend_pid", models.IntegerField()),
                ("details", models.JSONField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["participant_id", "-id"], name="action_participant"
                    ),
                    models.Index(fields=["trial_id", "-id"], name="action_trial"),
                    models.Index(fields=["actor_id", "-id"], name="action_actor"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RowChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("action_id", models.BigIntegerField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("table_name", models.TextField()),
                ("row_id", models.TextField()),
                (
                    "operation",
                    models.CharField(
                        choices=[("I", "created"), ("U", "changed"), ("D", "deleted")],
                        max_length=1,
                    ),
                ),
                ("old", models.JSONField(null=True)),
                ("new", models.JSONField(null=True)),
                ("trial_id", models.BigIntegerField(null=True)),
                ("site_id", models.BigIntegerField(null=True)),
                ("participant_id", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["action_id"], name="rowchange_action"),
                    models.Index(
                        fields=["table_name", "row_id", "-id"], name="rowchange_row"
                    ),
                    models.Index(
                        condition=models.Q(("participant_id__isnull", False)),
                        fields=["participant_id", "-id"],
                        name="rowchange_participant",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("action_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("meaning", models.TextField()),
                (
                    "signed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("table_name", models.TextField()),
                ("row_id", models.TextField()),
                ("digest", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["table_name", "row_id"], name="signature_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("token_hash", models.BinaryField(unique=True)),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.TextField(blank=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user_id", "-id"], name="signin_user")
                ],
            },
        ),
        _script("tables.sql"),
        _script("functions.sql"),
        _script("ownership.sql"),
    ]
