"""Reminders to read: what failed at a site, what became of one visit's."""

from collections.abc import Iterable

from django.db.models import QuerySet

from reminders.models import Reminder


def failed_reminders(site_ids: Iterable[int]) -> QuerySet[Reminder]:
    """Return the reminders that could not be sent, newest first."""
    return (
        Reminder.objects.filter(site_id__in=list(site_ids), state="failed")
        .select_related("visit", "participant")
        .order_by("-id")
    )


def reminders_of(visit_ids: Iterable[int]) -> QuerySet[Reminder]:
    """Return what was planned, sent or dropped for some visits."""
    return Reminder.objects.filter(visit_id__in=list(visit_ids)).order_by(
        "due_on", "id"
    )
