"""Reminders: planned once, claimed by one worker, sent, and what became of each."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from adverse_events.models import SafetyReport
from notices.models import Notice
from participants.models import Participant
from sessions.models import Visit
from trials.models import Site, Trial


class Reminder(models.Model):
    """One message: about a visit, a notice, a safety report, or a person's whole day.

    `recipient` is the one member of staff that it goes to; a reminder of a visit goes to
    its participant and has none. A notice or report without anybody to tell has none
    either, and has failed.

    A lease, not a lock: a worker that dies after claiming must not swallow a reminder.
    A rare double message is harmless, a missing one is not.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, null=True, related_name="+"
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, related_name="reminders"
    )
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, null=True, related_name="reminders"
    )
    report = models.ForeignKey(
        SafetyReport, on_delete=models.PROTECT, null=True, related_name="reminders"
    )
    recipient = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    kind = models.CharField(max_length=30)
    audience = models.CharField(
        max_length=12,
        choices={
            "participant": "Participant",
            "site": "Site staff",
            "safety": "Safety staff",
        },
    )
    due_on = models.DateField()
    state = models.CharField(
        max_length=10,
        default="planned",
        choices={
            "planned": "Planned",
            "sent": "Sent",
            "dropped": "Dropped",
            "failed": "Failed",
        },
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    note = models.CharField("why dropped or failed", max_length=300, blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "visit",
            "notice",
            "report",
            "recipient",
            "kind",
            "audience",
            "due_on",
            "state",
            "attempts",
            "leased_until",
            "sent_at",
            "note",
        }

    class Meta:
        indexes = [
            models.Index(
                fields=["due_on"], name="reminder_due", condition=Q(state="planned")
            ),
            models.Index(fields=["site", "state"], name="reminder_site_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                # With the day: a visit that is booked anew calls for a new reminder.
                fields=["visit", "kind", "due_on"],
                name="one_reminder_per_visit_kind_and_day",
            ),
            models.UniqueConstraint(
                fields=["notice", "recipient"],
                condition=Q(notice__isnull=False),
                nulls_distinct=False,
                name="one_reminder_per_notice_and_person",
            ),
            models.UniqueConstraint(
                fields=["report", "kind", "due_on", "recipient"],
                condition=Q(report__isnull=False),
                nulls_distinct=False,
                name="one_reminder_per_report_day_and_person",
            ),
            models.UniqueConstraint(
                fields=["recipient", "due_on"],
                condition=Q(kind="digest"),
                name="one_digest_per_person_and_day",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="digest",
                    recipient__isnull=False,
                    participant__isnull=True,
                    visit__isnull=True,
                    notice__isnull=True,
                    report__isnull=True,
                )
                | ~Q(kind="digest")
                & Q(participant__isnull=False)
                & (
                    Q(visit__isnull=False, notice__isnull=True, report__isnull=True)
                    | Q(visit__isnull=True, notice__isnull=False, report__isnull=True)
                    | Q(visit__isnull=True, notice__isnull=True, report__isnull=False)
                ),
                name="reminder_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="sent_reminder_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.kind
