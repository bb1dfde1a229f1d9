"""How far each person has read each history."""

from django.db import models

from accounts.models import User


class Look(models.Model):
    """Up to which act of a history one person has said to have seen it.

    Off the trail: it says what somebody read and nothing of the trial, and no page asks
    anybody but that person. A position of the chain and not a time: what was not yet
    committed at that time would never be shown.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    chain = models.CharField(max_length=40)
    position = models.BigIntegerField()
    at = models.DateTimeField()

    class Disclosure:
        open = {"id", "user", "chain", "position", "at"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "chain"], name="one_look_per_person_and_history"
            )
        ]

    def __str__(self) -> str:
        return f"{self.chain} up to {self.position}"
