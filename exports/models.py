"""API tokens: hashed, scoped to one trial, expiring."""

import uuid

from django.db import models

from accounts.models import User
from trials.models import Trial


class ApiToken(models.Model):
    """A sponsor's key to one trial's blinded data. The token itself is shown once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("what it is for", max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "user",
            "name",
            "created_at",
            "expires_at",
            "revoked_at",
        }
        identifying = {"token_hash"}

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="token_expires_after_it_begins",
                violation_error_message="The token would expire before it begins.",
            )
        ]

    def __str__(self) -> str:
        return self.name
