"""The first tables."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from audit.operations import audited, placed


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
            name="AdverseEvent",
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
                ("sequence", models.PositiveSmallIntegerField()),
                (
                    "term",
                    models.CharField(
                        max_length=200, verbose_name="event in the reporter's words"
                    ),
                ),
                ("description", models.TextField(blank=True)),
                ("valence", models.CharField(default="unpleasant", max_length=12)),
                ("severity", models.CharField(max_length=12)),
                ("onset_on", models.DateField()),
                ("onset_time", models.TimeField(blank=True, null=True)),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("outcome", models.CharField(max_length=30)),
                ("action_taken", models.CharField(max_length=30)),
                ("special_interest", models.CharField(blank=True, max_length=30)),
                ("is_fatal", models.BooleanField(default=False, verbose_name="death")),
                (
                    "is_life_threatening",
                    models.BooleanField(default=False, verbose_name="life-threatening"),
                ),
                (
                    "is_hospitalization",
                    models.BooleanField(
                        default=False, verbose_name="hospitalization, or a longer one"
                    ),
                ),
                (
                    "is_disabling",
                    models.BooleanField(
                        default=False,
                        verbose_name="persistent or significant disability",
                    ),
                ),
                (
                    "is_congenital",
                    models.BooleanField(
                        default=False, verbose_name="congenital anomaly"
                    ),
                ),
                (
                    "is_medically_important",
                    models.BooleanField(
                        default=False, verbose_name="important medical event"
                    ),
                ),
                ("relatedness", models.CharField(blank=True, max_length=20)),
                ("relatedness_at", models.DateTimeField(null=True)),
                ("site_aware_at", models.DateTimeField(null=True)),
                ("sponsor_received_at", models.DateTimeField(null=True)),
                ("sponsor_determined_at", models.DateTimeField(null=True)),
                ("is_unexpected", models.BooleanField(null=True)),
                ("is_suspected", models.BooleanField(null=True)),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(blank=True)),
                (
                    "dosing_visit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="study_sessions.visit",
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="participants.participant",
                    ),
                ),
                (
                    "relatedness_by",
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
                        related_name="events",
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
                "ordering": ["participant_id", "sequence"],
            },
        ),
        migrations.CreateModel(
            name="SafetyReport",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("site_to_sponsor", "Site to sponsor, 24 hours"),
                            ("ind_7_days", "Expedited report, 7 calendar days"),
                            ("ind_15_days", "Expedited report, 15 calendar days"),
                        ],
                        max_length=20,
                    ),
                ),
                ("runs_from", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="adverse_events.adverseevent",
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
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.UniqueConstraint(
                fields=("participant", "sequence"), name="one_event_per_sequence"
            ),
        ),
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on__isnull", True),
                    ("ended_on__gte", models.F("onset_on")),
                    _connector="OR",
                ),
                name="event_ends_after_onset",
                violation_error_message="The event would end before it began.",
            ),
        ),
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("is_congenital", False),
                        ("is_disabling", False),
                        ("is_fatal", False),
                        ("is_hospitalization", False),
                        ("is_life_threatening", False),
                        ("is_medically_important", False),
                    ),
                    ("site_aware_at__isnull", False),
                    _connector="OR",
                ),
                name="serious_event_has_a_moment_of_awareness",
                violation_error_message="A serious event needs the moment when the site learned of it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sponsor_determined_at__isnull", True),
                    models.Q(
                        ("is_suspected__isnull", False),
                        ("is_unexpected__isnull", False),
                        ("sponsor_received_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="determination_follows_receipt",
                violation_error_message="The sponsor decides on an event after receiving it, and says whether it is unexpected and suspected.",
            ),
        ),
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("voided_at__isnull", True),
                    models.Q(("void_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="voided_event_has_a_reason",
                violation_error_message="Say why the event is voided.",
            ),
        ),
        migrations.AddIndex(
            model_name="safetyreport",
            index=models.Index(
                condition=models.Q(("sent_at__isnull", True)),
                fields=["site", "due_at"],
                name="report_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyreport",
            constraint=models.UniqueConstraint(
                fields=("event", "kind"), name="one_report_per_event_and_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("runs_from"))),
                name="report_due_after_it_runs",
            ),
        ),
        audited(
            "adverse_events_adverseevent",
            reason=(
                "term",
                "description",
                "valence",
                "severity",
                "onset_on",
                "onset_time",
                "ended_on",
                "dosing_visit_id",
                "outcome",
                "action_taken",
                "special_interest",
                "is_fatal",
                "is_life_threatening",
                "is_hospitalization",
                "is_disabling",
                "is_congenital",
                "is_medically_important",
                "relatedness",
                "site_aware_at",
                "sponsor_received_at",
                "sponsor_determined_at",
                "is_unexpected",
                "is_suspected",
                "voided_at",
            ),
        ),
        audited(
            "adverse_events_safetyreport", reason=("runs_from", "due_at", "sent_at")
        ),
        placed(
            "adverse_events_adverseevent",
            "participants_participant",
            "participant_id",
            "site_id",
            "trial_id",
        ),
        placed(
            "adverse_events_safetyreport",
            "adverse_events_adverseevent",
            "event_id",
            "participant_id",
            "site_id",
            "trial_id",
        ),
    ]
