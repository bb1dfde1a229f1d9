"""Reminders to one member of staff: of a notice, a safety report, or a whole day."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.operations import placed


class Migration(migrations.Migration):
    dependencies = [
        ("adverse_events", "0001_initial"),
        ("notices", "0001_initial"),
        ("participants", "0001_initial"),
        ("reminders", "0001_initial"),
        ("study_sessions", "0001_initial"),
        ("trials", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="notice",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reminders",
                to="notices.notice",
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="recipient",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="report",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reminders",
                to="adverse_events.safetyreport",
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="audience",
            field=models.CharField(
                choices=[
                    ("participant", "Participant"),
                    ("site", "Site staff"),
                    ("safety", "Safety staff"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="participant",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="participants.participant",
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="visit",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reminders",
                to="study_sessions.visit",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("notice__isnull", False)),
                fields=("notice", "recipient"),
                name="one_reminder_per_notice_and_person",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("report__isnull", False)),
                fields=("report", "kind", "due_on", "recipient"),
                name="one_reminder_per_report_day_and_person",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "digest")),
                fields=("recipient", "due_on"),
                name="one_digest_per_person_and_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "digest"),
                        ("notice__isnull", True),
                        ("participant__isnull", True),
                        ("recipient__isnull", False),
                        ("report__isnull", True),
                        ("visit__isnull", True),
                    ),
                    models.Q(
                        models.Q(("kind", "digest"), _negated=True),
                        ("participant__isnull", False),
                        models.Q(
                            models.Q(
                                ("notice__isnull", True),
                                ("report__isnull", True),
                                ("visit__isnull", False),
                            ),
                            models.Q(
                                ("notice__isnull", False),
                                ("report__isnull", True),
                                ("visit__isnull", True),
                            ),
                            models.Q(
                                ("notice__isnull", True),
                                ("report__isnull", False),
                                ("visit__isnull", True),
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="reminder_is_about_one_thing",
            ),
        ),
        placed(
            "reminders_reminder",
            "notices_notice",
            "notice_id",
            "participant_id",
            "site_id",
            "trial_id",
        ),
        placed(
            "reminders_reminder",
            "adverse_events_safetyreport",
            "report_id",
            "participant_id",
            "site_id",
            "trial_id",
        ),
    ]
