"""Addresses of the pages of sessions."""

from django.urls import reverse

from participants.models import Participant
from sessions.models import Visit


def of(name: str, row: Participant | Visit, *more: str) -> str:
    return reverse(f"sessions:{name}", args=[row.uuid, *more])
