"""What IRBs approved at the sites, and what they suspended."""

import django.db.models.deletion
from django.db import migrations, models

from audit.operations import audited, placed, walled


class Migration(migrations.Migration):
    dependencies = [
        ("trials", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
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
                    "form_version",
                    models.CharField(
                        max_length=20, verbose_name="version of the consent form"
                    ),
                ),
                ("irb", models.CharField(max_length=200, verbose_name="IRB")),
                ("approved_on", models.DateField()),
                ("expires_on", models.DateField(verbose_name="last day")),
                (
                    "protocol_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trials.protocolversion",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
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
                "verbose_name": "IRB approval",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "approved_on"),
                        name="one_approval_per_site_and_day",
                        violation_error_message="An approval of that day is on record already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_on__gte", models.F("approved_on"))
                        ),
                        name="approval_ends_after_it_starts",
                        violation_error_message="The approval would end before it starts.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suspension",
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
                ("suspended_on", models.DateField()),
                ("why", models.CharField(max_length=300)),
                ("lifted_on", models.DateField(blank=True, null=True)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspensions",
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
                "verbose_name": "IRB suspension",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_on__isnull", True)),
                        fields=("site",),
                        name="one_suspension_at_a_time",
                        violation_error_message="This site is suspended already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lifted_on__isnull", True),
                            ("lifted_on__gte", models.F("suspended_on")),
                            _connector="OR",
                        ),
                        name="suspension_ends_after_it_starts",
                        violation_error_message="It would be lifted before it began.",
                    ),
                ],
            },
        ),
        audited(
            "trials_approval",
            participant="",
            reason=(
                *("protocol_version_id", "form_version", "irb"),
                *("approved_on", "expires_on"),
            ),
        ),
        audited(
            "trials_suspension",
            participant="",
            reason=("suspended_on", "why", "lifted_on"),
        ),
        placed("trials_approval", "trials_site", "site_id", "trial_id"),
        placed("trials_suspension", "trials_site", "site_id", "trial_id"),
        walled("trials_approval"),
        walled("trials_suspension"),
    ]
