"""Planned and accidental unblindings, and what each means for the trial."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, audited_anew

_TABLE = "randomization_unblinding"
_BEFORE = ("kind", "why", "revealed_at")
_AFTER = (*_BEFORE, "learned", "revealed_to_id", "others", "impact")
_SQL = Path(__file__).resolve().parent.parent / "sql" / "planned.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("participants", "0003_walls"),
        ("randomization", "0003_walls"),
        ("trials", "0002_walls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="unblinding",
            name="impact",
            field=models.TextField(
                blank=True, verbose_name="what it means for the trial"
            ),
        ),
        migrations.AddField(
            model_name="unblinding",
            name="learned",
            field=models.CharField(
                choices=[
                    ("treatment", "The treatment"),
                    ("group", "The group"),
                    ("kit", "What a kit held"),
                    ("likely", "What the treatment probably is"),
                ],
                default="treatment",
                max_length=12,
                verbose_name="what was learned",
            ),
        ),
        migrations.AddField(
            model_name="unblinding",
            name="others",
            field=models.CharField(
                blank=True, max_length=200, verbose_name="who else learned it"
            ),
        ),
        migrations.AlterField(
            model_name="unblinding",
            name="kind",
            field=models.CharField(
                choices=[
                    ("emergency", "Emergency"),
                    ("planned", "Planned"),
                    ("accidental", "Accidental"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="unblinding",
            name="revealed_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="unblinding",
            name="why",
            field=models.TextField(verbose_name="why, or how it happened"),
        ),
        migrations.AddConstraint(
            model_name="unblinding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("revealed_to__isnull", False),
                    models.Q(("others", ""), _negated=True),
                    _connector="OR",
                ),
                name="unblinding_names_who_learned",
                violation_error_message="Say who learned it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unblinding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "accidental"),
                    ("revealed_to__isnull", False),
                    _connector="OR",
                ),
                name="unblinding_on_purpose_is_of_a_user",
            ),
        ),
        migrations.AddConstraint(
            model_name="unblinding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "planned")),
                fields=("participant",),
                name="one_planned_unblinding",
                violation_error_message="This was unblinded as planned already.",
            ),
        ),
        audited_anew(audited(_TABLE, reason=_BEFORE), audited(_TABLE, reason=_AFTER)),
        migrations.RunSQL(
            _SQL.read_text("utf-8"),
            "DROP FUNCTION sealed.unblind_as_planned(bigint, text[], text[]), "
            "sealed.told_at_site(bigint[]), sealed.is_list(bigint, text); "
            "DROP TABLE sealed.told",
        ),
        audited("told", schema="sealed", sealed=True),
        migrations.RunSQL(
            "ALTER TABLE sealed.told OWNER TO candor_unblinded",
            migrations.RunSQL.noop,
        ),
    ]
