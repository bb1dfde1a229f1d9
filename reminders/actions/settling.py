"""Claiming messages and recording what became of them; each an act of a named job."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from django.db.models import F, Q

from audit.actors import AnyActor, Place
from audit.trail import acting
from reminders.models import Reminder
from reminders.rules import WORDS, Audience, Kind

LEASE = timedelta(minutes=15)
# Safety staff must hear within minutes, also when the first worker or attempt fails.
URGENT_LEASE = timedelta(minutes=2)
ATTEMPTS = 3
_WITH = ("visit", "site", "trial", "participant", "recipient", "notice__by", "report")


def claim(*, reminder_id: int, now: datetime, by: AnyActor) -> Reminder | None:
    """Take a message for fifteen minutes; None when another worker has it.

    A conditional update succeeds for exactly one worker. The lease runs out, so that a
    worker which dies after claiming swallows nothing.
    """
    free = Reminder.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        pk=reminder_id,
        state="planned",
        attempts__lt=ATTEMPTS,
    )
    audience = free.values_list("audience", flat=True).first()
    if audience is None:
        return None
    lease = URGENT_LEASE if audience == Audience.SAFETY.value else LEASE
    with acting("claim reminder", by=by, subject=f"reminder {reminder_id}"):
        taken = free.update(leased_until=now + lease, attempts=F("attempts") + 1)
    if not taken:
        return None
    return Reminder.objects.select_related(*_WITH).get(pk=reminder_id)


def give_up(*, now: datetime, by: AnyActor) -> int:
    """Mark as failed what was tried often enough and whose last lease has run out."""
    spent = Reminder.objects.filter(
        state="planned", attempts__gte=ATTEMPTS, leased_until__lt=now
    )
    if not spent.exists():
        return 0
    with acting("give up reminders", by=by):
        return spent.update(
            state="failed",
            note=f"Not sent after {ATTEMPTS} attempts; see the mail server.",
        )


def record_sent(*, reminder: Reminder, at: datetime, by: AnyActor) -> None:
    """Record that the mail server took the message."""
    with _settling("send reminder", reminder, by):
        Reminder.objects.filter(pk=reminder.pk).update(
            state="sent", sent_at=at, leased_until=None
        )


def record_dropped(*, reminder: Reminder, why: str, by: AnyActor) -> None:
    """Record that the message is not sent, and why."""
    with _settling("drop reminder", reminder, by):
        Reminder.objects.filter(pk=reminder.pk).update(
            state="dropped", note=why, leased_until=None
        )


def record_failure(*, reminder: Reminder, error: str, by: AnyActor) -> None:
    """Record that an attempt failed; the last one makes the site's worklist.

    The lease stays until it runs out: that is the pause before the next attempt.
    """
    state = "failed" if reminder.attempts >= ATTEMPTS else "planned"
    with _settling("fail to send reminder", reminder, by):
        Reminder.objects.filter(pk=reminder.pk).update(state=state, note=error[:300])


def _settling(
    verb: str, reminder: Reminder, by: AnyActor
) -> AbstractContextManager[int]:
    return acting(
        verb,
        by=by,
        subject=_subject(reminder),
        place=Place(reminder.trial_id, reminder.site_id, reminder.participant_id),
    )


def _subject(reminder: Reminder) -> str:
    """Return the message in words, as in "01-001-7, visit V5"."""
    if reminder.participant is None:
        return f"the day's mail to {reminder.recipient}"
    if reminder.visit is not None:
        return f"{reminder.participant.number}, visit {reminder.visit.number}"
    what = WORDS[Kind(reminder.kind)].lower()
    return f"{reminder.participant.number}, {what}, to {reminder.recipient}"
