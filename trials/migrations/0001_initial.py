"""The first tables."""

import django.db.models.deletion
import trials.models
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Trial",
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
                ("identifier", models.CharField(max_length=40, unique=True)),
                ("title", models.CharField(max_length=300)),
                ("sponsor_name", models.CharField(max_length=200)),
                ("sponsor_time_zone", models.CharField(default="UTC", max_length=60)),
                ("is_synthetic", models.BooleanField(default=False)),
                ("opened_on", models.DateField()),
                ("reminders_from", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="Site",
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
                ("number", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=200)),
                (
                    "country",
                    models.CharField(max_length=3, verbose_name="country code"),
                ),
                (
                    "time_zone",
                    models.CharField(
                        max_length=60, validators=[trials.models._known_zone]
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        max_length=40, verbose_name="phone for participants"
                    ),
                ),
                ("crisis_contact", models.CharField(max_length=200)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="trials.trial",
                    ),
                ),
            ],
            options={
                "ordering": ["trial", "number"],
            },
        ),
        migrations.CreateModel(
            name="ProtocolVersion",
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
                ("version", models.CharField(max_length=20)),
                ("text", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("adopted_on", models.DateField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="protocols",
                        to="trials.trial",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delegation",
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
                    "role",
                    models.CharField(
                        choices=[
                            ("coordinator", "Coordinator"),
                            ("therapist", "Therapist"),
                            ("independent_assessor", "Independent rater"),
                            ("investigator", "Investigator"),
                            ("pharmacist", "Pharmacist"),
                            ("monitor", "Monitor"),
                            ("data_manager", "Data manager"),
                            ("medical_monitor", "Medical monitor"),
                            ("safety_officer", "Unblinded safety officer"),
                            ("statistician", "Unblinded statistician"),
                            ("sponsor", "Sponsor"),
                            ("irb_auditor", "IRB auditor"),
                            ("irb_contact", "IRB contact"),
                        ],
                        max_length=30,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="trials.trial",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(
                fields=("trial", "number"),
                name="one_site_per_number",
                violation_error_message="Another site of this trial has that number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="protocolversion",
            constraint=models.UniqueConstraint(
                fields=("trial", "version"),
                name="one_text_per_protocol_version",
                violation_error_message="This version of the protocol was adopted already.",
            ),
        ),
        migrations.AddIndex(
            model_name="delegation",
            index=models.Index(fields=["user", "trial"], name="delegation_user"),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", True),
                    ("ends_on__gte", models.F("starts_on")),
                    _connector="OR",
                ),
                name="delegation_ends_after_it_starts",
                violation_error_message="The delegation would end before it starts.",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        [
                            "coordinator",
                            "therapist",
                            "independent_assessor",
                            "investigator",
                            "pharmacist",
                            "monitor",
                            "data_manager",
                            "medical_monitor",
                            "safety_officer",
                            "statistician",
                            "sponsor",
                            "irb_auditor",
                            "irb_contact",
                        ],
                    )
                ),
                name="delegation_role_is_known",
            ),
        ),
        migrations.RunSQL(
            """
            GRANT SELECT ON trials_delegation TO candor_audit;
            CREATE OR REPLACE FUNCTION audit.roles_of(
                p_user bigint, p_trial bigint, p_site bigint
            ) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
                SELECT coalesce(string_agg(DISTINCT d.role, ', ' ORDER BY d.role), '')
                FROM public.trials_delegation d
                WHERE d.user_id = p_user
                  AND d.starts_on <= current_date
                  AND (d.ends_on IS NULL OR d.ends_on >= current_date)
                  AND (p_trial IS NULL OR d.trial_id = p_trial)
                  AND (p_site IS NULL OR d.site_id IS NULL OR d.site_id = p_site)
            $$;
            """,
            migrations.RunSQL.noop,
        ),
        audited(
            "trials_trial", trial="id", reason=("identifier", "title", "is_synthetic")
        ),
        audited("trials_protocolversion", reason=("text", "sha256", "version")),
        audited(
            "trials_site", site="id", reason=("number", "name", "time_zone", "phone")
        ),
        audited(
            "trials_delegation",
            participant="",
            reason=("user_id", "role", "site_id", "starts_on", "ends_on"),
        ),
        placed("trials_delegation", "trials_site", "site_id", "trial_id"),
    ]
