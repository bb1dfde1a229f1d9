"""Trials, sites, protocol versions, IRB approvals and the delegation log."""

import uuid
import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import User
from accounts.vocabulary import ROLES, Role


class Trial(models.Model):
    """One clinical trial."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    identifier = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=300)
    sponsor_name = models.CharField(max_length=200)
    sponsor_time_zone = models.CharField(max_length=60, default="UTC")
    is_synthetic = models.BooleanField(default=False)
    opened_on = models.DateField()
    # Nothing is sent for days before: a trial that is taken over with its history must
    # not remind anybody of what is long past.
    reminders_from = models.DateField()

    class Disclosure:
        open = {
            "id",
            "uuid",
            "identifier",
            "title",
            "sponsor_name",
            "sponsor_time_zone",
            "is_synthetic",
            "opened_on",
            "reminders_from",
        }

    def __str__(self) -> str:
        return self.identifier


class ProtocolVersion(models.Model):
    """A protocol definition as adopted: its text is never edited."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="protocols")
    version = models.CharField(max_length=20)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    adopted_on = models.DateField()
    # What of its course is kept for the site until the lock, as `trials.protocol.held_back`
    # reads it from the text: lists of codes by kind, which the walls ask. {} of most.
    held_back = models.JSONField(default=dict)

    class Disclosure:
        open = {"id", "trial", "version", "text", "sha256", "adopted_on", "held_back"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "version"],
                name="one_text_per_protocol_version",
                violation_error_message="This version of the protocol was adopted already.",
            )
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


def _known_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"{value} is not a time zone such as America/Denver.")


class Site(models.Model):
    """A place where participants are seen."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="sites")
    number = models.CharField(max_length=2)
    name = models.CharField(max_length=200)
    country = models.CharField("country code", max_length=3)
    time_zone = models.CharField(max_length=60, validators=[_known_zone])
    phone = models.CharField("phone for participants", max_length=40)
    crisis_contact = models.CharField(max_length=200)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "number",
            "name",
            "country",
            "time_zone",
            "phone",
            "crisis_contact",
        }

    class Meta:
        ordering = ["trial", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "number"],
                name="one_site_per_number",
                violation_error_message="Another site of this trial has that number.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class Delegation(models.Model):
    """One line of the delegation log: a person has a role, at a site or on all sites."""

    trial = models.ForeignKey(
        Trial, on_delete=models.PROTECT, related_name="delegations"
    )
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="delegations",
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations")
    role = models.CharField(
        max_length=30, choices={role.value: ROLES[role].label for role in Role}
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Disclosure:
        open = {"id", "trial", "site", "user", "role", "starts_on", "ends_on"}

    class Meta:
        indexes = [models.Index(fields=["user", "trial"], name="delegation_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(ends_on__gte=models.F("starts_on")),
                name="delegation_ends_after_it_starts",
                violation_error_message="The delegation would end before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="delegation_role_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"


class Approval(models.Model):
    """An IRB's approval of one protocol and consent form at a site, until it lapses.

    Holds from its day on until the next one; 21 CFR 56.109(f), 45 CFR 46.109(e).
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="approvals")
    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="+"
    )
    form_version = models.CharField("version of the consent form", max_length=20)
    irb = models.CharField("IRB", max_length=200)
    approved_on = models.DateField()
    expires_on = models.DateField("last day")

    class Disclosure:
        open = {
            "id",
            "trial",
            "site",
            "protocol_version",
            "form_version",
            "irb",
            "approved_on",
            "expires_on",
        }

    class Meta:
        verbose_name = "IRB approval"
        constraints = [
            models.UniqueConstraint(
                fields=["site", "approved_on"],
                name="one_approval_per_site_and_day",
                violation_error_message="An approval of that day is on record already.",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gte=models.F("approved_on")),
                name="approval_ends_after_it_starts",
                violation_error_message="The approval would end before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"IRB approval of {self.approved_on.isoformat()}"


class Suspension(models.Model):
    """An IRB's suspension of its approval at a site; 21 CFR 56.113, 45 CFR 46.113."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="suspensions")
    suspended_on = models.DateField()
    why = models.CharField(max_length=300)
    lifted_on = models.DateField(null=True, blank=True)

    class Disclosure:
        open = {"id", "trial", "site", "suspended_on", "why", "lifted_on"}

    class Meta:
        verbose_name = "IRB suspension"
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                condition=Q(lifted_on__isnull=True),
                name="one_suspension_at_a_time",
                violation_error_message="This site is suspended already.",
            ),
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True)
                | Q(lifted_on__gte=models.F("suspended_on")),
                name="suspension_ends_after_it_starts",
                violation_error_message="It would be lifted before it began.",
            ),
        ]

    def __str__(self) -> str:
        return f"IRB suspension of {self.suspended_on.isoformat()}"


class Lock(models.Model):
    """That the trial's data are final: from then on the database refuses their change.

    A lock stays on record; a `Reopening` suspends it (ICH E6(R3) 3.16.1(r)).
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    locked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    locked_at = models.DateTimeField()

    class Disclosure:
        open = {"id", "trial", "locked_by", "locked_at"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trial"],
                name="one_lock_per_trial",
                violation_error_message="This trial is locked already.",
            )
        ]

    def __str__(self) -> str:
        return f"lock of {self.locked_at.date().isoformat()}"


class Reopening(models.Model):
    """Some days in which a locked trial may be corrected: asked for by one, agreed by another.

    `until` is empty before somebody agreed, and ends it by itself. Who asks anew replaces
    what nobody agreed to: the newest stands.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=300)
    days = models.PositiveSmallIntegerField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    until = models.DateTimeField(null=True)

    class Disclosure:
        open = {
            "id",
            "trial",
            "why",
            "days",
            "asked_by",
            "asked_at",
            "agreed_by",
            "until",
        }

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(days__range=(1, 14)),
                name="reopened_for_two_weeks_at_most",
                violation_error_message="A trial is reopened for 1 to 14 days.",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True, until__isnull=True)
                | Q(agreed_by__isnull=False, until__isnull=False)
                & ~Q(agreed_by=models.F("asked_by")),
                name="reopening_is_agreed_by_another",
                violation_error_message="Somebody other than who asked has to agree.",
            ),
        ]

    def __str__(self) -> str:
        return f"reopening asked for on {self.asked_at.date().isoformat()}"
