"""The first tables."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from audit.operations import audited, placed


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("participants", "0001_initial"),
        ("study_sessions", "0001_initial"),
        ("trials", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reminder",
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
                ("kind", models.CharField(max_length=30)),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("participant", "Participant"),
                            ("site", "Site staff"),
                        ],
                        max_length=12,
                    ),
                ),
                ("due_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("sent", "Sent"),
                            ("dropped", "Dropped"),
                            ("failed", "Failed"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "note",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why dropped or failed"
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="study_sessions.visit",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "planned")),
                        fields=["due_on"],
                        name="reminder_due",
                    ),
                    models.Index(fields=["site", "state"], name="reminder_site_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("visit", "kind", "due_on"),
                        name="one_reminder_per_visit_kind_and_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True),
                            ("sent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="sent_reminder_has_a_time",
                    ),
                ],
            },
        ),
        audited("reminders_reminder"),
        placed(
            "reminders_reminder",
            "study_sessions_visit",
            "visit_id",
            "participant_id",
            "site_id",
            "trial_id",
        ),
    ]
