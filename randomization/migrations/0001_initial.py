"""The first tables."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from pathlib import Path

from audit.operations import audited, placed

SQL = Path(__file__).resolve().parent.parent / "sql"


def _script(name):
    return migrations.RunSQL((SQL / name).read_text("utf-8"), migrations.RunSQL.noop)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("participants", "0001_initial"),
        ("study_sessions", "0001_initial"),
        ("trials", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Unblinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uuid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("emergency", "Emergency"), ("planned", "Planned")],
                        max_length=20,
                    ),
                ),
                ("revealed_at", models.DateTimeField()),
                ("why", models.TextField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "revealed_to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.trial",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Kit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.CharField(max_length=20)),
                ("part", models.CharField(blank=True, max_length=12)),
                ("dispensed_at", models.DateTimeField(null=True)),
                (
                    "participant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.trial",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="study_sessions.visit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trial", "number"), name="one_kit_per_number"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("visit__isnull", False)),
                        fields=("visit", "part"),
                        name="one_kit_per_administration",
                        violation_error_message="A kit was dispensed for this dose already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("dispensed_at__isnull", True), ("visit__isnull", True)
                            ),
                            models.Q(
                                ("dispensed_at__isnull", False),
                                ("visit__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="kit_dispensed_for_a_visit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Randomization",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        max_length=20, verbose_name="randomization number"
                    ),
                ),
                ("randomized_at", models.DateTimeField()),
                (
                    "participant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.trial",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trial", "number"),
                        name="one_participant_per_randomization",
                    )
                ],
            },
        ),
        audited("randomization_randomization", reason=("number", "randomized_at")),
        audited(
            "randomization_kit", reason=("visit_id", "part", "dispensed_at", "number")
        ),
        audited("randomization_unblinding", reason=("kind", "why", "revealed_at")),
        *(
            placed(
                table,
                "participants_participant",
                "participant_id",
                "site_id",
                "trial_id",
            )
            for table in (
                "randomization_randomization",
                "randomization_kit",
                "randomization_unblinding",
            )
        ),
        _script("sealed.sql"),
        audited("list_entry", schema="sealed", sealed=True),
        audited("kit_content", schema="sealed", sealed=True, participant=""),
        _script("ownership.sql"),
    ]
