"""The trail's tables: actions, row changes, sign-ins, signatures, links and anchors.

They live in the schema `audit`, belong to a role that cannot log in, and are written
by its functions alone. There are no foreign keys: the record of what happened must
never depend on what still exists (AUD-13).
"""

from typing import Any

from django.db import models
from django.db.models.functions import Now


class VerbatimJSON(models.JSONField):
    """JSON kept as the exact text that was stored, since that text is hashed.

    `jsonb` is taken apart and written anew at every read: the text of one value may
    differ between two versions of PostgreSQL, and with it every hash (AUD-09).
    """

    def db_type(self, connection: Any) -> str:
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return what the driver has parsed: of `json` it gives values, not text."""
        return value


class Action(models.Model):
    """One act: who did what to whom, when, why and from where."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    verb = models.TextField()
    reason = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    # As printed at that time: a later change of name or role leaves this alone.
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()
    actor_roles = models.TextField(blank=True)
    job = models.TextField(blank=True)
    triggered_by = models.TextField(blank=True)
    trial_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    participant_id = models.BigIntegerField(null=True)
    session_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.TextField(blank=True)
    app_version = models.TextField()
    db_role = models.TextField()
    backend_pid = models.IntegerField()
    details = VerbatimJSON(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["participant_id", "-id"], name="action_participant"),
            models.Index(fields=["trial_id", "-id"], name="action_trial"),
            models.Index(fields=["actor_id", "-id"], name="action_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verb}"


class RowChange(models.Model):
    """One row that an action created, changed or deleted, with old and new values."""

    id = models.BigAutoField(primary_key=True)
    action_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    table_name = models.TextField()
    row_id = models.TextField()
    operation = models.CharField(
        max_length=1, choices={"I": "created", "U": "changed", "D": "deleted"}
    )
    old = VerbatimJSON(null=True)
    new = VerbatimJSON(null=True)
    trial_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    participant_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["action_id", "id"], name="rowchange_of_action"),
            models.Index(fields=["table_name", "row_id", "-id"], name="rowchange_row"),
            models.Index(
                fields=["participant_id", "action_id", "id"],
                name="rowchange_of_participant",
                condition=models.Q(participant_id__isnull=False),
            ),
            models.Index(
                fields=["action_id", "site_id"],
                name="rowchange_at_site",
                condition=models.Q(site_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {self.table_name} {self.row_id}"


class SignIn(models.Model):
    """One sign-in; acts name it. Only the hash of its token is kept."""

    id = models.BigAutoField(primary_key=True)
    user_id = models.BigIntegerField()
    kind = models.TextField()
    token_hash = models.BinaryField(unique=True)
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["user_id", "-id"], name="signin_user")]

    def __str__(self) -> str:
        return f"sign-in {self.id} of user {self.user_id}"


class Signature(models.Model):
    """An electronic signature: who, when, what it means, and what exactly was signed.

    The digest binds it to the signed rows (21 CFR 11.50, 11.70): a later change gives
    another digest, and the signature is shown as broken.
    """

    id = models.BigAutoField(primary_key=True)
    action_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    name = models.TextField()
    meaning = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())
    table_name = models.TextField()
    row_id = models.TextField()
    digest = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["table_name", "row_id"], name="signature_row"),
            models.Index(fields=["user_id", "-id"], name="signature_user"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning}"


class Link(models.Model):
    """One act's place in one chain: the hash of it and of everything before it.

    What exactly is hashed is told in audit/verifier/verify_trail.py.
    """

    id = models.BigAutoField(primary_key=True)
    chain = models.TextField()
    position = models.BigIntegerField()
    action_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    previous = models.BinaryField()
    hash = models.BinaryField()
    rows = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "position"], name="link_position_is_taken_once"
            )
        ]
        indexes = [models.Index(fields=["action_id", "id"], name="link_of_action")]

    def __str__(self) -> str:
        return f"{self.chain} {self.position}"


class Chain(models.Model):
    """The head of a chain: its last position and hash."""

    chain = models.TextField(primary_key=True)
    # None for a person's and the system's: these stand in the anchor of every trial.
    trial_id = models.BigIntegerField(null=True)
    position = models.BigIntegerField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.chain} {self.position}"


class Anchor(models.Model):
    """All heads of a trial at one moment, signed; the same text lies with others."""

    id = models.BigAutoField(primary_key=True)
    trial_id = models.BigIntegerField()
    action_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    sha256 = models.TextField()
    text = models.TextField()
    signature = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["trial_id", "-id"], name="anchor_trial")]

    def __str__(self) -> str:
        return f"anchor {self.id} of trial {self.trial_id}"


class AnchorMail(models.Model):
    """One anchor on its way to one person: sent at most once."""

    id = models.BigAutoField(primary_key=True)
    anchor_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    leased_until = models.DateTimeField()
    attempts = models.IntegerField()
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["anchor_id", "user_id"], name="anchor_is_mailed_once"
            )
        ]

    def __str__(self) -> str:
        return f"anchor {self.anchor_id} to user {self.user_id}"


class Verification(models.Model):
    """One run of the verification; `finding` is empty where everything agreed."""

    id = models.BigAutoField(primary_key=True)
    trial_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())
    acts = models.BigIntegerField()
    chains = models.BigIntegerField()
    finding = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"verification of {self.at}"
