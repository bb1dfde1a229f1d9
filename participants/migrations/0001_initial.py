"""The first tables."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("trials", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Participant",
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
                ("number", models.CharField(max_length=12)),
                ("sequence", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("screening", "screening"),
                            ("enrolled", "enrolled"),
                            ("confirmed", "confirmed"),
                            ("randomized", "randomized"),
                            ("completed", "completed"),
                            ("withdrawn", "withdrawn"),
                            ("screen_failure", "screen_failure"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "sex",
                    models.CharField(
                        blank=True,
                        choices=[("female", "Female"), ("male", "Male")],
                        max_length=10,
                        verbose_name="sex at birth",
                    ),
                ),
                (
                    "age",
                    models.PositiveSmallIntegerField(
                        null=True, verbose_name="age at consent in years"
                    ),
                ),
                ("screened_on", models.DateField()),
                ("enrolled_on", models.DateField(null=True)),
                ("confirmed_on", models.DateField(null=True)),
                ("randomized_on", models.DateField(null=True)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("not_started", "not_started"),
                            ("on", "on"),
                            ("discontinued", "discontinued"),
                            ("finished", "finished"),
                        ],
                        default="not_started",
                        max_length=20,
                    ),
                ),
                ("treatment_stopped_on", models.DateField(null=True)),
                ("treatment_stop_reason", models.TextField(blank=True)),
                (
                    "ended_on",
                    models.DateField(null=True, verbose_name="left or completed on"),
                ),
                ("end_reason", models.TextField(blank=True)),
                (
                    "protocol_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="trials.protocolversion",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participants",
                        to="trials.site",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participants",
                        to="trials.trial",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("birth_date", models.DateField()),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=40)),
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
                    "participant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identity",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Fact",
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
                ("code", models.CharField(max_length=60)),
                ("value", models.JSONField()),
                ("observed_on", models.DateField()),
                ("source", models.CharField(max_length=200)),
                ("is_current", models.BooleanField(default=True)),
                ("is_outcome", models.BooleanField(default=False)),
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
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facts",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EligibilityDecision",
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
                ("milestone", models.CharField(max_length=40)),
                ("is_eligible", models.BooleanField()),
                ("decided_on", models.DateField()),
                ("criteria", models.JSONField()),
                (
                    "decided_by",
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
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Deviation",
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
                        choices=[
                            ("out_of_window", "Visit outside its window"),
                            ("missed_visit", "Visit missed"),
                            ("dosing", "Dosing not as planned"),
                            ("rater", "Rater saw the participant before"),
                            ("procedure", "Procedure not as planned"),
                            ("other", "Other"),
                        ],
                        max_length=30,
                    ),
                ),
                ("visit_code", models.CharField(blank=True, max_length=60)),
                ("occurred_on", models.DateField()),
                ("description", models.TextField()),
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
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deviations",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsentItem",
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
                    "code",
                    models.CharField(
                        choices=[
                            ("participation", "Taking part in the trial"),
                            ("recording", "Video recording of sessions and interviews"),
                            ("reminders_email", "Reminders by email"),
                            ("follow_up_contact", "Contact for long-term follow-up"),
                        ],
                        max_length=30,
                    ),
                ),
                ("is_given", models.BooleanField()),
                ("decided_on", models.DateField()),
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
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_items",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Consent",
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
                ("signed_on", models.DateField()),
                (
                    "obtained_by",
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
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="participants.participant",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="participant",
            index=models.Index(fields=["site", "number"], name="participant_list"),
        ),
        migrations.AddIndex(
            model_name="participant",
            index=models.Index(fields=["trial", "number"], name="participant_number"),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(
                fields=("site", "sequence"),
                name="one_participant_per_sequence",
                violation_error_message="Another participant took that number; try again.",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(
                fields=("trial", "number"), name="one_participant_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("treatment_stopped_on__isnull", True),
                    models.Q(("treatment_stop_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="treatment_stop_has_a_reason",
                violation_error_message="Say why treatment was stopped.",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on__isnull", True),
                    models.Q(("end_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="end_of_participation_has_a_reason",
                violation_error_message="Say how participation ended.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)),
                fields=("participant", "code"),
                name="one_current_fact_per_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentitem",
            constraint=models.UniqueConstraint(
                fields=("participant", "code"), name="one_decision_per_consent_item"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                fields=("participant", "form_version"),
                name="one_consent_per_form_version",
                violation_error_message="Consent on this version is recorded already.",
            ),
        ),
        audited(
            "participants_participant",
            participant="id",
            reason=(
                "number",
                "sex",
                "age",
                "screened_on",
                "enrolled_on",
                "confirmed_on",
                "randomized_on",
                "treatment_stopped_on",
                "ended_on",
            ),
        ),
        audited(
            "participants_identity",
            masked=("name", "birth_date", "email", "phone"),
            reason=("name", "birth_date", "email", "phone"),
        ),
        audited("participants_consent", reason=("form_version", "signed_on")),
        audited("participants_consentitem", reason=("is_given", "decided_on")),
        audited("participants_fact", reason=("code", "value", "observed_on", "source")),
        audited(
            "participants_eligibilitydecision",
            reason=("is_eligible", "decided_on", "criteria"),
        ),
        audited(
            "participants_deviation",
            reason=("kind", "visit_code", "occurred_on", "description"),
        ),
        placed("participants_participant", "trials_site", "site_id", "trial_id"),
        *(
            placed(
                table,
                "participants_participant",
                "participant_id",
                "site_id",
                "trial_id",
            )
            for table in (
                "participants_identity",
                "participants_consent",
                "participants_consentitem",
                "participants_fact",
                "participants_eligibilitydecision",
                "participants_deviation",
            )
        ),
    ]
