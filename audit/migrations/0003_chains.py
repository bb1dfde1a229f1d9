"""Chains of links, anchors and verifications; stored JSON keeps its exact text."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import audit.models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_rows_of_an_act_in_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="Chain",
            fields=[
                ("chain", models.TextField(primary_key=True, serialize=False)),
                ("trial_id", models.BigIntegerField(null=True)),
                ("position", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("trial_id", models.BigIntegerField(null=True)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("acts", models.BigIntegerField()),
                ("chains", models.BigIntegerField()),
                ("finding", models.TextField(blank=True)),
            ],
        ),
        migrations.AlterField(
            model_name="action",
            name="details",
            field=audit.models.VerbatimJSON(null=True),
        ),
        migrations.AlterField(
            model_name="rowchange",
            name="new",
            field=audit.models.VerbatimJSON(null=True),
        ),
        migrations.AlterField(
            model_name="rowchange",
            name="old",
            field=audit.models.VerbatimJSON(null=True),
        ),
        migrations.CreateModel(
            name="Anchor",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("trial_id", models.BigIntegerField()),
                ("action_id", models.BigIntegerField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("sha256", models.TextField()),
                ("text", models.TextField()),
                ("signature", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["trial_id", "-id"], name="anchor_trial")
                ],
            },
        ),
        migrations.CreateModel(
            name="AnchorMail",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("anchor_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("leased_until", models.DateTimeField()),
                ("attempts", models.IntegerField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("anchor_id", "user_id"), name="anchor_is_mailed_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("chain", models.TextField()),
                ("position", models.BigIntegerField()),
                ("action_id", models.BigIntegerField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("rows", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["action_id", "id"], name="link_of_action")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chain", "position"), name="link_position_is_taken_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            (SQL / "chains.sql").read_text("utf-8"),
            migrations.RunSQL.noop,
            elidable=False,
        ),
    ]
