"""Celery's entry point of accounts: removing what nobody can send again."""

from celery import shared_task
from django.utils import timezone

from accounts.once import KEPT_FOR, forget_before


@shared_task
def forget_answered() -> int:
    """Remove the answered requests whose pages can no longer be sent."""
    return forget_before(timezone.now() - KEPT_FOR)
