"""The first tables."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("participants", "0001_initial"),
        ("trials", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Visit",
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
                ("code", models.CharField(max_length=60)),
                ("number", models.CharField(blank=True, max_length=12)),
                ("label", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=20)),
                ("stage", models.CharField(blank=True, max_length=40)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("booked", "Booked"),
                            ("held", "Held"),
                            ("missed", "Missed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                (
                    "plan",
                    models.CharField(
                        choices=[
                            ("firm", "Window is firm"),
                            ("provisional", "Forecast"),
                            ("waiting", "Waiting"),
                            ("if_needed", "If needed"),
                            ("not_for", "Not for this participant"),
                            ("cancelled", "Cancelled"),
                            ("too_late", "Too late"),
                            ("no_day", "No day is left"),
                            ("recorded", "Recorded"),
                        ],
                        max_length=12,
                    ),
                ),
                ("opens", models.DateField(null=True)),
                ("target", models.DateField(null=True)),
                ("closes", models.DateField(null=True)),
                ("why", models.CharField(blank=True, max_length=300)),
                ("booked_on", models.DateField(null=True, verbose_name="booked for")),
                (
                    "booked_time",
                    models.TimeField(
                        null=True, verbose_name="booked time, local to the site"
                    ),
                ),
                ("held_on", models.DateField(null=True)),
                (
                    "mode",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_person", "In person"),
                            ("video", "By video"),
                            ("phone", "By phone"),
                        ],
                        max_length=12,
                    ),
                ),
                ("missed_reason", models.TextField(blank=True)),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="participants.participant",
                    ),
                ),
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
                        related_name="visits",
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
            name="TherapySession",
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
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("note", models.TextField(blank=True)),
                (
                    "co_therapist",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lead_therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="session",
                        to="study_sessions.visit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DoseAdministration",
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
                    "part",
                    models.CharField(
                        choices=[
                            ("initial", "Initial dose"),
                            ("supplement", "Supplemental dose"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        max_length=40, verbose_name="dose step of the protocol"
                    ),
                ),
                ("kit_number", models.CharField(blank=True, max_length=20)),
                ("given_at", models.DateTimeField(null=True)),
                ("capsules", models.PositiveSmallIntegerField(null=True)),
                ("withheld_reason", models.TextField(blank=True)),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="doses",
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
                    "witnessed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="doses",
                        to="study_sessions.visit",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(
                    ("plan", "firm"), ("state__in", ["planned", "booked"])
                ),
                fields=["site", "closes"],
                name="visit_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(
                fields=("participant", "code"), name="one_visit_per_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("opens__isnull", True),
                    ("closes__isnull", True),
                    ("opens__lte", models.F("closes")),
                    ("plan", "no_day"),
                    _connector="OR",
                ),
                name="window_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("held_on__isnull", False), ("state", "held")),
                    models.Q(
                        models.Q(("state", "held"), _negated=True),
                        ("held_on__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="held_visit_has_a_date",
                violation_error_message="Give the day on which the visit was held.",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "missed"), _negated=True),
                    models.Q(("missed_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="missed_visit_has_a_reason",
                violation_error_message="Say why the visit was missed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "booked"), _negated=True),
                    ("booked_on__isnull", False),
                    _connector="OR",
                ),
                name="booked_visit_has_a_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="therapysession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True),
                    ("ended_at__gt", models.F("started_at")),
                    _connector="OR",
                ),
                name="session_ends_after_it_starts",
                violation_error_message="The session would end before it starts.",
            ),
        ),
        migrations.AddConstraint(
            model_name="therapysession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("co_therapist__isnull", True),
                    models.Q(
                        ("co_therapist", models.F("lead_therapist")), _negated=True
                    ),
                    _connector="OR",
                ),
                name="two_different_therapists",
                violation_error_message="The two therapists must be two people.",
            ),
        ),
        migrations.AddConstraint(
            model_name="doseadministration",
            constraint=models.UniqueConstraint(
                fields=("visit", "part"),
                name="one_administration_per_part",
                violation_error_message="This dose is recorded already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="doseadministration",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kit_number", ""), _negated=True),
                fields=("trial", "kit_number"),
                name="one_administration_per_kit",
                violation_error_message="This kit is recorded for another dose.",
            ),
        ),
        migrations.AddConstraint(
            model_name="doseadministration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("capsules__gte", 1),
                        ("given_at__isnull", False),
                        ("given_by__isnull", False),
                        ("withheld_reason", ""),
                        ("witnessed_by__isnull", False),
                        models.Q(("kit_number", ""), _negated=True),
                    ),
                    models.Q(
                        ("capsules__isnull", True),
                        ("given_at__isnull", True),
                        ("given_by__isnull", True),
                        ("witnessed_by__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="dose_given_in_full_or_not_at_all",
                violation_error_message="A dose that was given has a kit, a time, capsules and two people; one that was withheld has none of them but a reason.",
            ),
        ),
        migrations.AddConstraint(
            model_name="doseadministration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kit_number", ""), _negated=True),
                    models.Q(("withheld_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="dose_has_a_kit_or_was_withheld",
                violation_error_message="Dispense a kit first, or say why it is withheld.",
            ),
        ),
        migrations.AddConstraint(
            model_name="doseadministration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("given_by__isnull", True),
                    models.Q(("given_by", models.F("witnessed_by")), _negated=True),
                    _connector="OR",
                ),
                name="dose_has_two_people",
                violation_error_message="The witness must be a second person.",
            ),
        ),
        # Windows are recomputed by the system; the reason is that of the act which moved
        # them. What a person recorded needs one of its own.
        audited("study_sessions_visit", reason=("held_on", "missed_reason", "mode")),
        audited(
            "study_sessions_therapysession",
            reason=(
                "lead_therapist_id",
                "co_therapist_id",
                "started_at",
                "ended_at",
                "note",
            ),
        ),
        audited(
            "study_sessions_doseadministration",
            reason=(
                "step",
                "kit_number",
                "given_at",
                "capsules",
                "given_by_id",
                "witnessed_by_id",
                "withheld_reason",
            ),
        ),
        placed(
            "study_sessions_visit",
            "participants_participant",
            "participant_id",
            "site_id",
            "trial_id",
        ),
        *(
            placed(
                table,
                "study_sessions_visit",
                "visit_id",
                "participant_id",
                "site_id",
                "trial_id",
            )
            for table in (
                "study_sessions_therapysession",
                "study_sessions_doseadministration",
            )
        ),
    ]
