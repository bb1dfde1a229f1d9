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


KIT_CONDITIONS = {"usable": "Usable", "damaged": "Damaged", "lost": "Lost"}


class Kit(models.Model):
    """A kit at a site: its number and whether it was dispensed; never its contents.

    A kit that was damaged or lost after it was dispensed keeps its visit; the kit that it
    was exchanged for is the visit's usable one.
    """

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
    condition = models.CharField(
        max_length=10, default="usable", choices=KIT_CONDITIONS
    )
    condition_note = models.TextField("what happened to it", blank=True)

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
            "condition",
            "condition_note",
        }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "number"], name="one_kit_per_number"
            ),
            models.UniqueConstraint(
                fields=["visit", "part"],
                condition=Q(visit__isnull=False, condition="usable"),
                name="one_kit_per_administration",
                violation_error_message="A kit was dispensed for this dose already.",
            ),
            models.CheckConstraint(
                condition=Q(dispensed_at__isnull=True, visit__isnull=True)
                | Q(dispensed_at__isnull=False, visit__isnull=False),
                name="kit_dispensed_for_a_visit",
            ),
            models.CheckConstraint(
                condition=Q(condition="usable") | ~Q(condition_note=""),
                name="unusable_kit_says_what_happened",
                violation_error_message="Say what happened to the kit.",
            ),
        ]

    def __str__(self) -> str:
        return self.number


UNBLINDING_KINDS = {
    "emergency": "Emergency",
    "planned": "Planned",
    "accidental": "Accidental",
}
LEARNED = {
    "treatment": "The treatment",
    "group": "The group",
    "kit": "What a kit held",
    "likely": "What the treatment probably is",
}


class Unblinding(models.Model):
    """That somebody learned a participant's arm: who, when, how, and what follows.

    Never which arm: everybody in the trial can read this. `learned` is what kind of thing
    was learned; `impact` is written as soon as somebody has judged it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=UNBLINDING_KINDS)
    # Of an accident, somebody with an account may have learned it, somebody without, or both.
    revealed_to = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    others = models.CharField("who else learned it", max_length=200, blank=True)
    learned = models.CharField(
        "what was learned", max_length=12, default="treatment", choices=LEARNED
    )
    revealed_at = models.DateTimeField()
    why = models.TextField("why, or how it happened")
    impact = models.TextField("what it means for the trial", blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "kind",
            "revealed_to",
            "others",
            "learned",
            "revealed_at",
            "why",
            "impact",
        }

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revealed_to__isnull=False) | ~Q(others=""),
                name="unblinding_names_who_learned",
                violation_error_message="Say who learned it.",
            ),
            models.CheckConstraint(
                condition=Q(kind="accidental") | Q(revealed_to__isnull=False),
                name="unblinding_on_purpose_is_of_a_user",
            ),
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(kind="planned"),
                name="one_planned_unblinding",
                violation_error_message="This was unblinded as planned already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} unblinding"
