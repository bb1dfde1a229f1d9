"""The trial's lock, its reopenings, and what stays writable meanwhile."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, stays_open

SQL = Path(__file__).resolve().parent.parent / "sql" / "locks.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("trials", "0003_irb_approvals"),
        ("audit", "0007_locks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Lock",
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
                ("locked_at", models.DateTimeField()),
                (
                    "locked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        fields=("trial",),
                        name="one_lock_per_trial",
                        violation_error_message="This trial is locked already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reopening",
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
                ("why", models.CharField(max_length=300)),
                ("days", models.PositiveSmallIntegerField()),
                ("asked_at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    models.CheckConstraint(
                        condition=models.Q(("days__range", (1, 14))),
                        name="reopened_for_two_weeks_at_most",
                        violation_error_message="A trial is reopened for 1 to 14 days.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("agreed_by__isnull", True), ("until__isnull", True)
                            ),
                            models.Q(
                                ("agreed_by__isnull", False),
                                ("until__isnull", False),
                                models.Q(
                                    ("agreed_by", models.F("asked_by")), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="reopening_is_agreed_by_another",
                        violation_error_message="Somebody other than who asked has to agree.",
                    ),
                ],
            },
        ),
        audited(
            "trials_lock", site="", participant="", reason=("locked_by_id", "locked_at")
        ),
        audited(
            "trials_reopening",
            site="",
            participant="",
            reason=("why", "days", "asked_by_id", "asked_at", "agreed_by_id"),
        ),
        migrations.RunSQL(SQL.read_text("utf-8"), migrations.RunSQL.noop),
        stays_open("trials_lock", "it is the lock"),
        stays_open("trials_reopening", "it opens the lock"),
        stays_open("trials_delegation", "who may read goes on changing (CTL-02)"),
        stays_open("trials_approval", "an IRB goes on with a trial that is analyzed"),
        stays_open("trials_suspension", "an IRB goes on with a trial that is analyzed"),
    ]
