"""The first tables."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed, walled

# A later change of these says why; a review that is taken back is one.
_REVIEW = ("reviewed_at", "significance", "review_note")
_TABLES = {
    "medical_condition": (
        *("kind", "term", "since", "is_ongoing", "ended", "is_controlled"),
        "reported_on",
        *_REVIEW,
    ),
    "medical_medicationhistory": ("taken_on",),
    "medical_medication": (
        *("drug", "label", "indication", "dose", "started", "last_dose_on"),
        "reported_on",
        *_REVIEW,
    ),
    "medical_testresult": ("kind", "drug_class", "result", "performed_on", *_REVIEW),
    "medical_labresult": (
        *("code", "label", "value", "unit", "low", "high", "sampled_on"),
        *_REVIEW,
    ),
    "medical_ecg": (
        *("recorded_on", "rate", "pr", "qrs", "qt", "qtcf", "is_qtcf_given"),
        *_REVIEW,
    ),
}


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("participants", "0006_waivers_and_frozen_facts"),
        ("trials", "0002_walls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Condition",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "significance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Normal"),
                            ("not_significant", "Abnormal, not clinically significant"),
                            ("significant", "Clinically significant"),
                            ("read", "Read; the protocol's washouts apply"),
                            (
                                "no_washout",
                                "No washout of the protocol applies to this drug",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "review_note",
                    models.TextField(blank=True, verbose_name="reason of the review"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("medical", "Medical"),
                            ("psychiatric", "Psychiatric"),
                            ("surgical", "Surgical"),
                            ("substance", "Substance use"),
                        ],
                        max_length=20,
                    ),
                ),
                ("term", models.CharField(max_length=200, verbose_name="condition")),
                ("since", models.CharField(blank=True, max_length=10)),
                ("is_ongoing", models.BooleanField()),
                ("ended", models.CharField(blank=True, max_length=10)),
                (
                    "is_controlled",
                    models.BooleanField(null=True, verbose_name="well controlled"),
                ),
                ("reported_on", models.DateField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
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
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="condition_voided_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                                ("significance", ""),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("significance", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="condition_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_ongoing", False), ("ended", ""), _connector="OR"
                        ),
                        name="ongoing_condition_has_no_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("since", ""),
                                (
                                    "since__regex",
                                    "^[12]\\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?)?$",
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                ("ended", ""),
                                (
                                    "ended__regex",
                                    "^[12]\\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?)?$",
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="condition_dates_are_partial_dates",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ECG",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "significance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Normal"),
                            ("not_significant", "Abnormal, not clinically significant"),
                            ("significant", "Clinically significant"),
                            ("read", "Read; the protocol's washouts apply"),
                            (
                                "no_washout",
                                "No washout of the protocol applies to this drug",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "review_note",
                    models.TextField(blank=True, verbose_name="reason of the review"),
                ),
                ("recorded_on", models.DateField()),
                ("rate", models.PositiveSmallIntegerField(verbose_name="heart rate")),
                (
                    "pr",
                    models.PositiveSmallIntegerField(
                        null=True, verbose_name="PR interval"
                    ),
                ),
                (
                    "qrs",
                    models.PositiveSmallIntegerField(
                        null=True, verbose_name="QRS duration"
                    ),
                ),
                ("qt", models.PositiveSmallIntegerField(verbose_name="QT interval")),
                ("qtcf", models.PositiveSmallIntegerField(verbose_name="QTcF")),
                (
                    "is_qtcf_given",
                    models.BooleanField(default=False, verbose_name="QTcF as read"),
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
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
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
            options={
                "verbose_name": "ECG",
                "verbose_name_plural": "ECGs",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="ecg_voided_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                                ("significance", ""),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("significance", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ecg_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("qt__gt", 0), ("qtcf__gt", 0), ("rate__gt", 0)
                        ),
                        name="ecg_was_measured",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LabResult",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "significance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Normal"),
                            ("not_significant", "Abnormal, not clinically significant"),
                            ("significant", "Clinically significant"),
                            ("read", "Read; the protocol's washouts apply"),
                            (
                                "no_washout",
                                "No washout of the protocol applies to this drug",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "review_note",
                    models.TextField(blank=True, verbose_name="reason of the review"),
                ),
                ("code", models.CharField(max_length=40, verbose_name="analyte")),
                (
                    "label",
                    models.CharField(max_length=80, verbose_name="analyte's name"),
                ),
                ("value", models.DecimalField(decimal_places=4, max_digits=12)),
                ("unit", models.CharField(max_length=20)),
                (
                    "low",
                    models.DecimalField(
                        decimal_places=4,
                        max_digits=12,
                        null=True,
                        verbose_name="lower limit",
                    ),
                ),
                (
                    "high",
                    models.DecimalField(
                        decimal_places=4,
                        max_digits=12,
                        null=True,
                        verbose_name="upper limit",
                    ),
                ),
                ("sampled_on", models.DateField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
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
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="labresult_voided_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                                ("significance", ""),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("significance", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="labresult_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("low__isnull", True),
                            ("high__isnull", True),
                            ("low__lte", models.F("high")),
                            _connector="OR",
                        ),
                        name="reference_range_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Medication",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "significance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Normal"),
                            ("not_significant", "Abnormal, not clinically significant"),
                            ("significant", "Clinically significant"),
                            ("read", "Read; the protocol's washouts apply"),
                            (
                                "no_washout",
                                "No washout of the protocol applies to this drug",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "review_note",
                    models.TextField(blank=True, verbose_name="reason of the review"),
                ),
                (
                    "drug",
                    models.CharField(
                        blank=True,
                        max_length=60,
                        verbose_name="drug on the protocol's list",
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="drug")),
                ("indication", models.CharField(max_length=200)),
                ("dose", models.CharField(max_length=120)),
                ("started", models.CharField(blank=True, max_length=10)),
                (
                    "last_dose_on",
                    models.DateField(null=True, verbose_name="last dose on"),
                ),
                ("reported_on", models.DateField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
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
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="medication_voided_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                                ("significance", ""),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("significance", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="medication_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("started", ""),
                            (
                                "started__regex",
                                "^[12]\\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?)?$",
                            ),
                            _connector="OR",
                        ),
                        name="medication_start_is_a_partial_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MedicationHistory",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("taken_on", models.DateField(verbose_name="asked on")),
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
            options={
                "verbose_name_plural": "medication histories",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="medicationhistory_voided_with_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TestResult",
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
                    "source",
                    models.CharField(max_length=120, verbose_name="source document"),
                ),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "significance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Normal"),
                            ("not_significant", "Abnormal, not clinically significant"),
                            ("significant", "Clinically significant"),
                            ("read", "Read; the protocol's washouts apply"),
                            (
                                "no_washout",
                                "No washout of the protocol applies to this drug",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "review_note",
                    models.TextField(blank=True, verbose_name="reason of the review"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pregnancy", "Pregnancy test"),
                            ("urine_drug_screen", "Urine drug screen"),
                            ("breath_alcohol", "Breath alcohol test"),
                        ],
                        max_length=30,
                        verbose_name="test",
                    ),
                ),
                (
                    "drug_class",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("amphetamines", "Amphetamines"),
                            ("barbiturates", "Barbiturates"),
                            ("benzodiazepines", "Benzodiazepines"),
                            ("cannabinoids", "Cannabinoids"),
                            ("cocaine", "Cocaine"),
                            ("opioids", "Opioids"),
                            ("phencyclidine", "Phencyclidine"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("negative", "Negative"),
                            ("positive", "Positive"),
                            ("invalid", "Invalid"),
                        ],
                        max_length=10,
                    ),
                ),
                ("performed_on", models.DateField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="participants.participant",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
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
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", True),
                            models.Q(("void_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="testresult_voided_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                                ("significance", ""),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("significance", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="testresult_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("result__in", ["negative", "positive", "invalid"])
                        ),
                        name="test_result_is_known",
                    ),
                ],
            },
        ),
        *(
            audited(table, reason=(*columns, "source", "voided_at"))
            for table, columns in _TABLES.items()
        ),
        *(
            placed(
                table,
                "participants_participant",
                "participant_id",
                "site_id",
                "trial_id",
            )
            for table in _TABLES
        ),
        *(walled(table) for table in _TABLES),
    ]
