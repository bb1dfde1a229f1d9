"""Visits with their windows, the therapy sessions held at them, and the doses given."""

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from participants.models import Participant
from trials.models import ProtocolVersion, Site, Trial


class VisitQuerySet(models.QuerySet["Visit"]):
    """Visits to read, by what is true of them."""

    def open_to_record(self) -> "VisitQuerySet":
        """Visits neither held nor missed, with a firm window or a booking."""
        return self.filter(state__in=["planned", "booked"])

    def in_order(self) -> "VisitQuerySet":
        return self.order_by("participant_id", "position", "id")


class Visit(models.Model):
    """One planned encounter of one participant, with the window that stands today.

    `plan` is what the planner says of the window (see `sessions.schedule`): only a firm
    window calls for reminders and deviations. A held or missed visit keeps its window.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="visits")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="visits"
    )
    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField(max_length=60)
    number = models.CharField(max_length=12, blank=True)
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    # Of a visit that is held whenever it is needed, the how manieth of the participant's:
    # 1, 2, … A visit of the plan, which comes once, has 0.
    turn = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=12,
        default="planned",
        choices={
            "planned": "Planned",
            "booked": "Booked",
            "held": "Held",
            "missed": "Missed",
            "cancelled": "Cancelled",
        },
    )
    plan = models.CharField(
        max_length=12,
        choices={
            "firm": "Window is firm",
            "provisional": "Forecast",
            "waiting": "Waiting",
            "if_needed": "If needed",
            "not_for": "Not for this participant",
            "cancelled": "Cancelled",
            "too_late": "Too late",
            "no_day": "No day is left",
            "recorded": "Recorded",
        },
    )
    opens = models.DateField(null=True)
    target = models.DateField(null=True)
    closes = models.DateField(null=True)
    why = models.CharField(max_length=300, blank=True)
    booked_on = models.DateField("booked for", null=True)
    booked_time = models.TimeField("booked time, local to the site", null=True)
    held_on = models.DateField(null=True)
    mode = models.CharField(
        max_length=12,
        blank=True,
        choices={"in_person": "In person", "video": "By video", "phone": "By phone"},
    )
    missed_reason = models.TextField(blank=True)
    # What an amendment left for a person to decide; gone with the next booking or record.
    to_decide = models.CharField(max_length=300, blank=True)

    objects = VisitQuerySet.as_manager()

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "protocol_version",
            "code",
            "number",
            "label",
            "kind",
            "turn",
            "stage",
            "position",
            "state",
            "plan",
            "opens",
            "target",
            "closes",
            "why",
            "booked_on",
            "booked_time",
            "held_on",
            "mode",
            "missed_reason",
            "to_decide",
        }

    class Meta:
        indexes = [
            models.Index(
                fields=["site", "closes"],
                name="visit_due",
                condition=Q(state__in=["planned", "booked"], plan="firm"),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code", "turn"], name="one_visit_per_code"
            ),
            # Two digits after the point of an exported visit number hold no more.
            models.CheckConstraint(
                condition=Q(turn__lt=100),
                name="fewer_than_a_hundred_unscheduled_visits",
                violation_error_message=(
                    "This participant has 99 unscheduled visits; no more can be numbered."
                ),
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=True)
                | Q(closes__isnull=True)
                | Q(opens__lte=F("closes"))
                | Q(plan="no_day"),
                name="window_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state="held", held_on__isnull=False)
                | (~Q(state="held") & Q(held_on__isnull=True)),
                name="held_visit_has_a_date",
                violation_error_message="Give the day on which the visit was held.",
            ),
            models.CheckConstraint(
                condition=~Q(state="missed") | ~Q(missed_reason=""),
                name="missed_visit_has_a_reason",
                violation_error_message="Say why the visit was missed.",
            ),
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(booked_on__isnull=False),
                name="booked_visit_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.label}".strip()

    @property
    def called(self) -> str:
        """What people call the visit: its number, or its label where it has none."""
        return self.number or self.label


class TherapySession(models.Model):
    """The record of a preparatory, dosing or integration session held at a visit."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    visit = models.OneToOneField(
        Visit, on_delete=models.PROTECT, related_name="session"
    )
    lead_therapist = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    co_therapist = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "visit",
            "lead_therapist",
            "co_therapist",
            "started_at",
            "ended_at",
        }
        identifying = {"note"}

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("started_at")),
                name="session_ends_after_it_starts",
                violation_error_message="The session would end before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(co_therapist__isnull=True)
                | ~Q(co_therapist=F("lead_therapist")),
                name="two_different_therapists",
                violation_error_message="The two therapists must be two people.",
            ),
        ]

    def __str__(self) -> str:
        return f"session at {self.visit_id}"


class DoseAdministration(models.Model):
    """One administration at a dosing visit: kit dispensed, then given or withheld.

    Blinded staff know kit number, time and capsule count; never a drug or an amount.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="doses"
    )
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="doses")
    part = models.CharField(
        max_length=12,
        choices={"initial": "Initial dose", "supplement": "Supplemental dose"},
    )
    step = models.CharField("dose step of the protocol", max_length=40)
    kit_number = models.CharField(max_length=20, blank=True)
    given_at = models.DateTimeField(null=True)
    capsules = models.PositiveSmallIntegerField(null=True)
    given_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True
    )
    witnessed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True
    )
    withheld_reason = models.TextField(blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "visit",
            "part",
            "step",
            "kit_number",
            "given_at",
            "capsules",
            "given_by",
            "witnessed_by",
            "withheld_reason",
        }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "part"],
                name="one_administration_per_part",
                violation_error_message="This dose is recorded already.",
            ),
            models.UniqueConstraint(
                fields=["trial", "kit_number"],
                condition=~Q(kit_number=""),
                name="one_administration_per_kit",
                violation_error_message="This kit is recorded for another dose.",
            ),
            models.CheckConstraint(
                condition=Q(
                    given_at__isnull=False,
                    withheld_reason="",
                    capsules__gte=1,
                    given_by__isnull=False,
                    witnessed_by__isnull=False,
                )
                & ~Q(kit_number="")
                | Q(
                    given_at__isnull=True,
                    capsules__isnull=True,
                    given_by__isnull=True,
                    witnessed_by__isnull=True,
                ),
                name="dose_given_in_full_or_not_at_all",
                violation_error_message=(
                    "A dose that was given has a kit, a time, capsules and two people; "
                    "one that was withheld has none of them but a reason."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(kit_number="") | ~Q(withheld_reason=""),
                name="dose_has_a_kit_or_was_withheld",
                violation_error_message="Dispense a kit first, or say why it is withheld.",
            ),
            models.CheckConstraint(
                condition=Q(given_by__isnull=True) | ~Q(given_by=F("witnessed_by")),
                name="dose_has_two_people",
                violation_error_message="The witness must be a second person.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} at {self.visit_id}"
