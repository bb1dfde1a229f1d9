"""Adverse events, and the reports that serious ones call for."""

import uuid

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast

from accounts.models import User
from participants.models import Participant
from sessions.models import Visit
from trials.models import Site, Trial


class AdverseEvent(models.Model):
    """One untoward, neutral or pleasant event of a participant.

    Severity (how strong) and seriousness (what it led to) are independent. A serious
    event has three moments: the site's awareness, the sponsor's receipt, and the
    sponsor's determination of what it is (21 CFR 312.64(b), 312.32(c)).
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="events")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="events"
    )
    sequence = models.PositiveSmallIntegerField()
    term = models.CharField("event in the reporter's words", max_length=200)
    description = models.TextField(blank=True)
    valence = models.CharField(max_length=12, default="unpleasant")
    severity = models.CharField(max_length=12)
    onset_on = models.DateField()
    onset_time = models.TimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    dosing_visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    outcome = models.CharField(max_length=30)
    action_taken = models.CharField(max_length=30)
    special_interest = models.CharField(max_length=30, blank=True)
    is_fatal = models.BooleanField("death", default=False)
    is_life_threatening = models.BooleanField("life-threatening", default=False)
    is_hospitalization = models.BooleanField(
        "hospitalization, or a longer one", default=False
    )
    is_disabling = models.BooleanField(
        "persistent or significant disability", default=False
    )
    is_congenital = models.BooleanField("congenital anomaly", default=False)
    is_medically_important = models.BooleanField(
        "important medical event", default=False
    )
    relatedness = models.CharField(max_length=20, blank=True)
    relatedness_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    relatedness_at = models.DateTimeField(null=True)
    site_aware_at = models.DateTimeField(null=True)
    sponsor_received_at = models.DateTimeField(null=True)
    sponsor_determined_at = models.DateTimeField(null=True)
    is_unexpected = models.BooleanField(null=True)
    is_suspected = models.BooleanField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.TextField(blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "sequence",
            "term",
            "description",
            "valence",
            "severity",
            "onset_on",
            "onset_time",
            "ended_on",
            "dosing_visit",
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
            "relatedness_by",
            "relatedness_at",
            "site_aware_at",
            "sponsor_received_at",
            "sponsor_determined_at",
            "is_unexpected",
            "is_suspected",
            "voided_at",
            "void_reason",
        }

    class Meta:
        ordering = ["participant_id", "sequence"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "sequence"], name="one_event_per_sequence"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("onset_on")),
                name="event_ends_after_onset",
                violation_error_message="The event would end before it began.",
            ),
            models.CheckConstraint(
                condition=Q(
                    is_fatal=False,
                    is_life_threatening=False,
                    is_hospitalization=False,
                    is_disabling=False,
                    is_congenital=False,
                    is_medically_important=False,
                )
                | Q(site_aware_at__isnull=False),
                name="serious_event_has_a_moment_of_awareness",
                violation_error_message=(
                    "A serious event needs the moment when the site learned of it."
                ),
            ),
            # To the day only: no place on earth is more than a day ahead of UTC. The
            # action compares in the site's own time.
            models.CheckConstraint(
                condition=Q(site_aware_at__isnull=True)
                | Q(
                    onset_on__lte=Cast(
                        Func(Value("UTC"), F("site_aware_at"), function="timezone"),
                        models.DateField(),
                    )
                    + Value(1)
                ),
                name="site_aware_after_onset",
                violation_error_message=(
                    "The site would have learned of the event before it began."
                ),
            ),
            models.CheckConstraint(
                condition=Q(sponsor_determined_at__isnull=True)
                | Q(
                    sponsor_received_at__isnull=False,
                    is_unexpected__isnull=False,
                    is_suspected__isnull=False,
                ),
                name="determination_follows_receipt",
                violation_error_message=(
                    "The sponsor decides on an event after receiving it, and says whether "
                    "it is unexpected and suspected."
                ),
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""),
                name="voided_event_has_a_reason",
                violation_error_message="Say why the event is voided.",
            ),
        ]

    def __str__(self) -> str:
        return self.term

    @property
    def is_serious(self) -> bool:
        return any(
            (
                self.is_fatal,
                self.is_life_threatening,
                self.is_hospitalization,
                self.is_disabling,
                self.is_congenital,
                self.is_medically_important,
            )
        )


class SafetyReport(models.Model):
    """A report that is due because of a serious event, and when it was sent."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    event = models.ForeignKey(
        AdverseEvent, on_delete=models.PROTECT, related_name="reports"
    )
    kind = models.CharField(
        max_length=20,
        choices={
            "site_to_sponsor": "Site to sponsor, 24 hours",
            "ind_7_days": "Expedited report, 7 calendar days",
            "ind_15_days": "Expedited report, 15 calendar days",
        },
    )
    runs_from = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "participant",
            "event",
            "kind",
            "runs_from",
            "due_at",
            "sent_at",
        }

    class Meta:
        indexes = [
            models.Index(
                fields=["site", "due_at"],
                name="report_due",
                condition=Q(sent_at__isnull=True),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "kind"], name="one_report_per_event_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("runs_from")), name="report_due_after_it_runs"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
