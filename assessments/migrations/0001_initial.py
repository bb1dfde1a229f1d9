"""The first tables."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, not_audited, placed


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
            name="Assessment",
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
                ("code", models.CharField(max_length=40)),
                ("instrument", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=20)),
                ("recall", models.CharField(blank=True, max_length=40)),
                ("position", models.PositiveSmallIntegerField()),
                ("is_hidden_from_site", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("assigned", "assigned"),
                            ("in_progress", "in_progress"),
                            ("complete", "complete"),
                            ("signed", "signed"),
                            ("not_done", "not_done"),
                            ("locked", "locked"),
                        ],
                        default="assigned",
                        max_length=12,
                    ),
                ),
                ("opaque_code", models.CharField(max_length=12, unique=True)),
                (
                    "due_on",
                    models.DateField(null=True, verbose_name="interview planned on"),
                ),
                ("assessed_on", models.DateField(null=True)),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("direct", "Entered directly"),
                            ("paper", "Transcribed from paper"),
                        ],
                        max_length=12,
                    ),
                ),
                ("not_done_reason", models.TextField(blank=True)),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="participants.participant",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rated",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
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
                        related_name="assessments",
                        to="study_sessions.visit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Draft",
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
                ("answers", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField(auto_now=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafts",
                        to="assessments.assessment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ItemResponse",
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
                ("item", models.CharField(max_length=30)),
                ("value", models.SmallIntegerField(null=True)),
                (
                    "missing",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_done", "Not done"),
                            ("refused", "Refused"),
                            ("unknown", "Unknown"),
                            ("not_applicable", "Not applicable"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responses",
                        to="assessments.assessment",
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
            ],
        ),
        migrations.CreateModel(
            name="ScoreValue",
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
                ("score", models.CharField(max_length=40)),
                (
                    "value",
                    models.DecimalField(decimal_places=3, max_digits=8, null=True),
                ),
                ("scorer_version", models.CharField(max_length=20)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scores",
                        to="assessments.assessment",
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
            ],
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["signed", "not_done"]), _negated=True
                ),
                fields=["rater", "due_on"],
                name="assessment_rater",
            ),
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(fields=["site", "state"], name="assessment_site_state"),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.UniqueConstraint(
                fields=("visit", "code"), name="one_assessment_per_visit_and_form"
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["complete", "signed"]), _negated=True),
                    models.Q(
                        ("assessed_on__isnull", False),
                        models.Q(("source", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="complete_assessment_says_when_and_how",
                violation_error_message="Give the day of the assessment.",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "not_done"), _negated=True),
                    models.Q(("not_done_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="assessment_not_done_has_a_reason",
                violation_error_message="Say why the assessment was not done.",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=("assessment", "user"), name="one_draft_per_person_and_form"
            ),
        ),
        migrations.AddConstraint(
            model_name="itemresponse",
            constraint=models.UniqueConstraint(
                fields=("assessment", "item"), name="one_response_per_item"
            ),
        ),
        migrations.AddConstraint(
            model_name="itemresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("missing", ""), ("value__isnull", False)),
                    models.Q(
                        ("value__isnull", True),
                        models.Q(("missing", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="value_or_reason",
                violation_error_message="Each item has a value or a reason, not both.",
            ),
        ),
        migrations.AddConstraint(
            model_name="scorevalue",
            constraint=models.UniqueConstraint(
                fields=("assessment", "score"), name="one_value_per_score"
            ),
        ),
        audited("assessments_assessment", reason=("assessed_on", "source")),
        audited("assessments_itemresponse", reason=("item", "value", "missing")),
        audited("assessments_scorevalue"),
        not_audited(
            "assessments_draft",
            "what one person has typed and not completed is not data yet; completing it "
            "writes the responses, on the trail, in one action",
        ),
        migrations.RunSQL(
            "GRANT DELETE ON assessments_draft TO candor_app", migrations.RunSQL.noop
        ),
        placed(
            "assessments_assessment",
            "study_sessions_visit",
            "visit_id",
            "participant_id",
            "site_id",
            "trial_id",
        ),
        *(
            placed(
                table,
                "assessments_assessment",
                "assessment_id",
                "participant_id",
                "site_id",
                "trial_id",
            )
            for table in ("assessments_itemresponse", "assessments_scorevalue")
        ),
    ]
