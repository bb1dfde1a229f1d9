"""What blinded people may know of randomization: numbers without a meaning.

The list, the allocations and the kits' contents are in the schema `sealed`, which no
model reaches (see randomization/sql). No reverse accessors: `participant.randomization`
must not exist beyond this app.
"""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from participants.models import Participant
from sessions.models import Visit
from trials.models import Site, Trial


class Randomization(models.Model):
    """That a participant was randomized: number and moment, never the arm."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.OneToOneField(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    number = models.CharField("randomization number", max_length=20)
    randomized_at = models.DateTimeField()

    class Disclosure:
        open = {"id", "trial", "site", "participant", "number", "randomized_at"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "number"], name="one_participant_per_randomization"
            )
        ]

    def __str__(self) -> str:
        return self.number


class Kit(models.Model):
    """A kit at a site: its number and whether it was dispensed; never its contents."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20)
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, null=True, related_name="+"
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, related_name="+"
    )
    part = models.CharField(max_length=12, blank=True)
    dispensed_at = models.DateTimeField(null=True)

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "number",
            "participant",
            "visit",
            "part",
            "dispensed_at",
        }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "number"], name="one_kit_per_number"
            ),
            models.UniqueConstraint(
                fields=["visit", "part"],
                condition=Q(visit__isnull=False),
                name="one_kit_per_administration",
                violation_error_message="A kit was dispensed for this dose already.",
            ),
            models.CheckConstraint(
                condition=Q(dispensed_at__isnull=True, visit__isnull=True)
                | Q(dispensed_at__isnull=False, visit__isnull=False),
                name="kit_dispensed_for_a_visit",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Unblinding(models.Model):
    """That somebody learned a participant's arm: who, why, how; never which arm."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(
        max_length=20, choices={"emergency": "Emergency", "planned": "Planned"}
    )
    revealed_to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    revealed_at = models.DateTimeField()
    why = models.TextField()

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "kind",
            "revealed_to",
            "revealed_at",
            "why",
        }

    def __str__(self) -> str:
        return f"{self.get_kind_display()} unblinding"
