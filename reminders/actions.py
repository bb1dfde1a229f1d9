"""Planning, claiming and settling reminders; each step is an act of a named job."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Max, Min, Q, QuerySet

from adverse_events.models import AdverseEvent
from audit.actors import AnyActor, Place
from audit.trail import acting
from participants.lifecycle import State as Course
from participants.models import ConsentItem, Identity, Participant
from reminders.models import Reminder
from reminders.rules import Audience, Due, Kind, Leads, VisitFacts, reminders_due
from sessions.lifecycle import State
from sessions.models import Visit
from trials.models import Delegation

LEASE = timedelta(minutes=15)
ATTEMPTS = 3
HORIZON = timedelta(days=Leads().follow_up + 1)  # a site may be a day ahead of UTC
# Who completed the trial is still asked to long-term follow-up; and a form that waits
# for a signature waits, whatever became of the participant.
HAS_STOPPED = (Course.WITHDRAWN.value, Course.SCREEN_FAILURE.value)
STILL_REMINDING = ~Q(participant__state__in=HAS_STOPPED) | Q(state="held")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a claimed reminder goes; `dropped` says why it goes nowhere."""

    recipients: tuple[str, ...] = ()
    due: Due | None = None
    dropped: str = ""


def plan_reminders(*, now: datetime, by: AnyActor) -> int:
    """Plan what is called for now at every site and return how many are new.

    Running twice plans nothing twice (unique visit, kind and day); a run that finds
    nothing leaves nothing in the trail.
    """
    wanted = list(_called_for(now))
    known = set(
        Reminder.objects.filter(
            visit_id__in={visit.pk for visit, _ in wanted}
        ).values_list("visit_id", "kind", "due_on")
    )
    new = [
        _planned(visit, due)
        for visit, due in wanted
        if (visit.pk, due.kind.value, due.due_on) not in known
    ]
    if not new:
        return 0
    with acting("plan reminders", by=by, subject=f"{len(new)} reminders"):
        # Another planner may have been quicker since `known` was read.
        Reminder.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _planned(visit: Visit, due: Due) -> Reminder:
    return Reminder(
        trial_id=visit.trial_id,
        site_id=visit.site_id,
        participant_id=visit.participant_id,
        visit=visit,
        kind=due.kind.value,
        audience=due.audience.value,
        due_on=due.due_on,
    )


def _called_for(now: datetime) -> Iterator[tuple[Visit, Due]]:
    latest = now.date() + HORIZON
    visits = _still_reminding(
        Visit.objects.filter(
            Q(state__in=["planned", "booked"])
            & (Q(plan="firm", opens__lte=latest) | Q(booked_on__lte=latest))
            | Q(state="held", assessments__state="complete")
        )
    )
    for visit in visits:
        today = now.astimezone(ZoneInfo(visit.site.time_zone)).date()
        for due in reminders_due(_facts(visit), today=today):
            if due.due_on >= visit.trial.reminders_from:
                yield visit, due


def _still_reminding(visits: QuerySet[Visit]) -> QuerySet[Visit]:
    return (
        visits.filter(STILL_REMINDING)
        .annotate(
            unsigned_since=Min(
                "assessments__assessed_on", filter=Q(assessments__state="complete")
            )
        )
        .select_related("site", "trial", "participant")
        .order_by("pk")
    )


def _facts(visit: Visit) -> VisitFacts:
    return VisitFacts(
        state=State(visit.state),
        opens_on=visit.opens,
        closes_on=visit.closes,
        booked_on=visit.booked_on,
        is_firm=visit.plan == "firm",
        is_follow_up=visit.kind == "follow_up",
        unsigned_since_on=getattr(visit, "unsigned_since", None),
    )


def claim(*, reminder_id: int, now: datetime, by: AnyActor) -> Reminder | None:
    """Take a reminder for fifteen minutes; None when another worker has it.

    A conditional update succeeds for exactly one worker. The lease runs out, so that a
    worker which dies after claiming swallows nothing.
    """
    free = Reminder.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        pk=reminder_id,
        state="planned",
        attempts__lt=ATTEMPTS,
    )
    if not free.exists():
        return None
    with acting("claim reminder", by=by, subject=f"reminder {reminder_id}"):
        taken = free.update(leased_until=now + LEASE, attempts=F("attempts") + 1)
    if not taken:
        return None
    return Reminder.objects.select_related("visit", "site", "trial", "participant").get(
        pk=reminder_id
    )


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
    """Record that the mail server took the reminder."""
    with _settling("send reminder", reminder, by):
        Reminder.objects.filter(pk=reminder.pk).update(
            state="sent", sent_at=at, leased_until=None
        )


def record_dropped(*, reminder: Reminder, why: str, by: AnyActor) -> None:
    """Record that the reminder is not sent, and why."""
    with _settling("drop reminder", reminder, by):
        Reminder.objects.filter(pk=reminder.pk).update(
            state="dropped", note=why, leased_until=None
        )


def record_failure(*, reminder: Reminder, error: str, by: AnyActor) -> None:
    """Record that an attempt failed; the last one makes the coordinator's worklist.

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
        subject=f"{reminder.participant.number}, visit {reminder.visit.number}",
        place=Place(reminder.trial_id, reminder.site_id, reminder.participant_id),
    )


def address(*, reminder: Reminder, today: date) -> Envelope:
    """Return where a claimed reminder goes, asked at the moment of sending.

    Dropped when it is no longer called for, or the participant is dead, has left, or has
    not consented to mails: what was true when it was planned may have changed since.
    """
    visit = _still_reminding(Visit.objects.filter(pk=reminder.visit_id)).first()
    if visit is None:
        return Envelope(dropped="The participant has left the trial.")
    due = next(
        (
            due
            for due in reminders_due(_facts(visit), today=today)
            if due.kind.value == reminder.kind and due.due_on == reminder.due_on
        ),
        None,
    )
    if due is None:
        return Envelope(dropped="It was no longer called for when it was to be sent.")
    if reminder.audience == Audience.SITE.value:
        return _to_site(reminder, due, today)
    return _to_participant(reminder.participant, due)


def _to_site(reminder: Reminder, due: Due, today: date) -> Envelope:
    staff = (
        Delegation.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=today),
            site_id=reminder.site_id,
            role="coordinator",
            starts_on__lte=today,
            user__is_active=True,
        )
        .exclude(user__email="")
        .order_by("user__email")
    )
    recipients = tuple(staff.values_list("user__email", flat=True).distinct())
    if not recipients:
        return Envelope(dropped="No coordinator of the site has an email address.")
    return Envelope(recipients, due)


def _to_participant(participant: Participant, due: Due) -> Envelope:
    is_dead = AdverseEvent.objects.filter(
        participant=participant, is_fatal=True, voided_at__isnull=True
    ).exists()
    if is_dead:
        return Envelope(dropped="The participant has died.")
    wanted = {"reminders_email"}
    if due.kind is Kind.FOLLOW_UP:
        wanted.add("follow_up_contact")
    given = ConsentItem.objects.filter(
        participant=participant, code__in=wanted, is_given=True
    )
    if given.count() < len(wanted):
        return Envelope(dropped="The participant has not consented to such mails.")
    email = Identity.objects.filter(participant=participant).aggregate(e=Max("email"))[
        "e"
    ]
    if not email:
        return Envelope(dropped="No email address of the participant is known.")
    return Envelope((email,), due)
