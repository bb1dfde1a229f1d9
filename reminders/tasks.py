"""Celery's entry points: plan, queue what is due, send one message per task."""

import logging
from collections.abc import Iterable
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone

from audit.actors import SystemActor
from audit.seeing import seeing
from reminders import actions
from reminders.actions import anchors
from reminders.models import Reminder
from reminders.rules import Audience

BY = SystemActor("reminders", triggered_by="beat")
ANCHORS = SystemActor("anchors", triggered_by="beat")
log = logging.getLogger(__name__)


@shared_task
def plan() -> int:
    """Plan every site's reminders, and its staff's mail, by the site's own day."""
    now = timezone.now()
    with seeing(BY):
        reminders = actions.plan_reminders(now=now, by=BY)
        return reminders + actions.plan_digests(now=now, by=BY)


@shared_task
def tell() -> int:
    """Plan and queue what cannot wait: called after an act, and by the clock."""
    now = timezone.now()
    with seeing(BY):
        actions.plan_notices(now=now, by=BY)
        actions.plan_clocks(now=now, by=BY)
    return _queue([Audience.SAFETY])


@shared_task
def send_due() -> int:
    """Queue each message that is planned and not leased; ids, never objects."""
    return _queue(Audience)


def _queue(audiences: Iterable[Audience]) -> int:
    now = timezone.now()
    with seeing(BY):
        actions.give_up(now=now, by=BY)
        due = Reminder.objects.filter(
            Q(leased_until__isnull=True) | Q(leased_until__lt=now),
            state="planned",
            audience__in=[audience.value for audience in audiences],
        )
        ids = list(due.order_by("id").values_list("pk", flat=True))
    for reminder_id in ids:
        send_one.delay(reminder_id)
    return len(ids)


@shared_task
def send_one(reminder_id: int) -> str:
    """Claim one message, send it, and record what became of it."""
    now = timezone.now()
    # Two transactions: the claim must stand before anything is sent.
    with seeing(BY):
        reminder = actions.claim(reminder_id=reminder_id, now=now, by=BY)
    if reminder is None:
        return "taken"
    with seeing(BY):
        envelope = actions.address(
            reminder=reminder, now=now, by=BY, sign_in_url=settings.SITE_URL
        )
    if envelope.words is None:
        actions.record_dropped(reminder=reminder, why=envelope.dropped, by=BY)
        return "dropped"
    mail = EmailMessage(
        envelope.words.subject,
        envelope.words.body,
        to=list(envelope.recipients),
        # The same for every attempt: a mail server or a person can tell a repetition.
        headers={"Message-ID": f"<{reminder.uuid}@{settings.MAIL_DOMAIN}>"},
    )
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as error:
        # ValueError: an address that no header takes.
        log.warning("reminder %s was not sent: %s", reminder.pk, type(error).__name__)
        actions.record_failure(reminder=reminder, error=_in_words(error), by=BY)
        return "failed"
    actions.record_sent(reminder=reminder, at=timezone.now(), by=BY)
    return "sent"


def _in_words(error: Exception) -> str:
    """Return a failure without the mail server's own words: they quote the address."""
    if isinstance(error, SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"The mail server refused the address ({', '.join(map(str, codes))})."
    if isinstance(error, SMTPResponseException):
        return f"The mail server refused the mail ({error.smtp_code})."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"The mail could not be sent ({type(error).__name__})."


@shared_task
def anchor() -> int:
    """Make today's anchors where they are missing, and queue their mails."""
    made = anchors.anchor_trails(by=ANCHORS)
    for anchor_id, user_id in anchors.anchors_to_mail(now=timezone.now(), by=ANCHORS):
        mail_anchor.delay(anchor_id, user_id)
    return len(made)


@shared_task
def mail_anchor(anchor_id: int, user_id: int) -> str:
    """Claim one anchor's mail to one person, send it, and record what became of it."""
    claimed = anchors.claim_anchor(
        anchor_id=anchor_id, user_id=user_id, domain=settings.MAIL_DOMAIN, by=ANCHORS
    )
    if claimed is None:
        return "taken"
    kept, mail = claimed
    error = ""
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as failure:
        log.warning("anchor %s was not sent: %s", anchor_id, type(failure).__name__)
        error = _in_words(failure)
    anchors.settle_anchor(anchor=kept, user_id=user_id, error=error, by=ANCHORS)
    return "failed" if error else "sent"
