"""Notices: what somebody must be told of at once, written by the act itself."""

import uuid

from django.db import models

from accounts.models import User
from notices.vocabulary import WORDS, Kind
from trials.models import Site, Trial


class Notice(models.Model):
    """That something happened of which others must hear now.

    Written in the transaction of the act, so that neither exists without the other;
    whom it goes to, and whether the mail was sent, is a reminder's.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    # By name: an act of any app may tell somebody, so this app stands below participants.
    participant = models.ForeignKey(
        "participants.Participant", on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(
        max_length=30, choices={kind.value: WORDS[kind] for kind in Kind}
    )
    # The uuid of the event or unblinding; whose table it is, the kind says.
    about = models.UUIDField()
    occurred_at = models.DateTimeField()
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # none: a job
    why = models.TextField(blank=True)

    class Disclosure:
        open = {
            "id",
            "uuid",
            "trial",
            "site",
            "participant",
            "kind",
            "about",
            "occurred_at",
            "by",
            "why",
        }

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in Kind]),
                name="notice_kind_is_known",
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
