"""Celery's entry points: plan hourly, send what is due, one message per task."""

import logging
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone

from audit.actors import SystemActor
from reminders import actions
from reminders.messages import Details, message
from reminders.models import Reminder
from reminders.rules import Kind
from trials.access import today_at

BY = SystemActor("reminders", triggered_by="beat")
log = logging.getLogger(__name__)


@shared_task
def plan() -> int:
    """Plan every site's reminders by the site's own day."""
    return actions.plan_reminders(now=timezone.now(), by=BY)


@shared_task
def send_due() -> int:
    """Queue each reminder that is planned and not leased; ids, never objects."""
    now = timezone.now()
    actions.give_up(now=now, by=BY)
    due = Reminder.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now), state="planned"
    )
    ids = list(due.order_by("id").values_list("pk", flat=True))
    for reminder_id in ids:
        send_one.delay(reminder_id)
    return len(ids)


@shared_task
def send_one(reminder_id: int) -> str:
    """Claim one reminder, send it, and record what became of it."""
    reminder = actions.claim(reminder_id=reminder_id, now=timezone.now(), by=BY)
    if reminder is None:
        return "taken"
    envelope = actions.address(reminder=reminder, today=today_at(reminder.site))
    if envelope.due is None:
        actions.record_dropped(reminder=reminder, why=envelope.dropped, by=BY)
        return "dropped"
    words = message(
        Kind(reminder.kind),
        Details(
            on=envelope.due.about_on,
            phone=reminder.site.phone,
            at=reminder.visit.booked_time,
            sign_in_url=settings.SITE_URL,
        ),
    )
    mail = EmailMessage(
        words.subject,
        words.body,
        to=list(envelope.recipients),
        # The same for every attempt: a mail server or a person can tell a repetition.
        headers={"Message-ID": f"<{reminder.uuid}@{settings.MAIL_DOMAIN}>"},
    )
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        log.warning("reminder %s was not sent: %s", reminder.pk, type(error).__name__)
        actions.record_failure(reminder=reminder, error=str(error), by=BY)
        return "failed"
    actions.record_sent(reminder=reminder, at=timezone.now(), by=BY)
    return "sent"
