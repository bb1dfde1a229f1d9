"""Kits that were damaged or lost, and the sealed exchange for others that hold the same."""

from pathlib import Path

from django.db import migrations, models

from audit.operations import audited, audited_anew

_TABLE = "randomization_kit"
_BEFORE = ("visit_id", "part", "dispensed_at", "number")
_SQL = Path(__file__).resolve().parent.parent / "sql" / "exchange.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="kit",
            name="one_kit_per_administration",
        ),
        migrations.AddField(
            model_name="kit",
            name="condition",
            field=models.CharField(
                choices=[
                    ("usable", "Usable"),
                    ("damaged", "Damaged"),
                    ("lost", "Lost"),
                ],
                default="usable",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="kit",
            name="condition_note",
            field=models.TextField(blank=True, verbose_name="what happened to it"),
        ),
        migrations.AddConstraint(
            model_name="kit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("condition", "usable"), ("visit__isnull", False)),
                fields=("visit", "part"),
                name="one_kit_per_administration",
                violation_error_message="A kit was dispensed for this dose already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="kit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("condition", "usable"),
                    models.Q(("condition_note", ""), _negated=True),
                    _connector="OR",
                ),
                name="unusable_kit_says_what_happened",
                violation_error_message="Say what happened to the kit.",
            ),
        ),
        audited_anew(
            audited(_TABLE, reason=_BEFORE),
            audited(_TABLE, reason=(*_BEFORE, "condition", "condition_note")),
        ),
        migrations.RunSQL(
            _SQL.read_text("utf-8"),
            "DROP FUNCTION sealed.exchange(bigint[], timestamptz[])",
        ),
    ]
