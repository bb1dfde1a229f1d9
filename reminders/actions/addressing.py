"""Where a claimed message goes and what it says, asked at the moment of sending."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import ReportKind
from audit.actors import AnyActor
from audit.refusal import Refused
from notices.models import Notice
from participants.actions import address_of
from participants.models import ConsentItem, Participant
from reminders.access import (
    HAS_STOPPED,
    clock_of,
    facts_of,
    holders,
    local,
    matters_at,
    on_duty,
    running_reports,
    still_reminding,
)
from reminders.actions.digests import counts_at, desks_of
from reminders.actions.telling import readers_of
from reminders.messages import (
    Details,
    Happening,
    Message,
    digest,
    to_participant,
    to_safety_staff,
)
from reminders.models import Reminder
from reminders.rules import Due, Kind, clock_due, reminders_due
from sessions.lifecycle import Mode
from sessions.models import Visit
from trials.access import definition_of

NO_LONGER = "It was no longer called for when it was to be sent."
NOT_ON_DUTY = "The person no longer has that role, or no email address."


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a claimed message goes and its words; `dropped` says why it goes nowhere."""

    recipients: tuple[str, ...] = field(default=(), repr=False)
    words: Message | None = None
    dropped: str = ""


def address(
    *, reminder: Reminder, now: datetime, by: AnyActor, sign_in_url: str = ""
) -> Envelope:
    """Return where a claimed message goes and what it says.

    A participant's address is read in an act of its own, so that it is on the trail.

    Dropped when it is no longer called for, or whoever it is for is dead, has left, has
    not consented to mails or is no longer on duty: what was true when it was planned may
    have changed since.
    """
    if reminder.notice is not None:
        return _of_notice(reminder, reminder.notice, now=now, sign_in_url=sign_in_url)
    if reminder.report is not None:
        return _of_report(
            reminder, reminder.report.pk, now=now, sign_in_url=sign_in_url
        )
    if reminder.visit is not None:
        return _of_visit(reminder, reminder.visit.pk, now=now, by=by)
    return _of_day(reminder, now=now, sign_in_url=sign_in_url)


def _of_visit(
    reminder: Reminder, visit_id: int, *, now: datetime, by: AnyActor
) -> Envelope:
    visit = still_reminding(Visit.objects.filter(pk=visit_id)).first()
    if visit is None:
        return Envelope(dropped=_why_over(reminder))
    today = local(visit.site, now).date()
    facts = facts_of([visit])[visit.pk]
    due = next(
        (
            due
            for due in reminders_due(facts, today=today)
            if due.kind.value == reminder.kind and due.due_on == reminder.due_on
        ),
        None,
    )
    if due is None:
        return Envelope(dropped=NO_LONGER)
    return _to_participant(visit, due, by)


def _why_over(reminder: Reminder) -> str:
    person = reminder.participant
    has_left = person is not None and person.state in HAS_STOPPED
    return "The participant has left the trial." if has_left else NO_LONGER


def _to_participant(visit: Visit, due: Due, by: AnyActor) -> Envelope:
    participant: Participant = visit.participant
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
    details = Details(
        on=due.about_on,
        phone=visit.site.phone,
        at=visit.booked_time,
        zone=visit.site.time_zone,
        mode=Mode(visit.mode) if visit.mode else None,
    )
    return _addressed(participant, to_participant(due.kind, details), by)


def _addressed(participant: Participant, words: Message, by: AnyActor) -> Envelope:
    try:
        email = address_of(participant=participant, by=by)
    except Refused as refusal:
        return Envelope(dropped=str(refusal))
    if not email:
        return Envelope(dropped="No email address of the participant is known.")
    return Envelope((email,), words)


def _of_day(reminder: Reminder, *, now: datetime, sign_in_url: str) -> Envelope:
    person = reminder.recipient
    if person is None or local(reminder.site, now).date() != reminder.due_on:
        return Envelope(dropped=NO_LONGER)
    sites = desks_of(now=now, user_id=person.pk).get(person.pk)
    if not sites:
        return Envelope(dropped=NOT_ON_DUTY)
    counts = counts_at(sites=sites, matters=matters_at(sites, now=now))
    if not counts:
        return Envelope(dropped=NO_LONGER)
    return Envelope((person.email,), digest(counts, sign_in_url=sign_in_url))


def _of_notice(
    reminder: Reminder, notice: Notice, *, now: datetime, sign_in_url: str
) -> Envelope:
    kind = Kind(reminder.kind)
    event = None
    if kind is Kind.SERIOUS_EVENT:
        event = AdverseEvent.objects.filter(
            uuid=notice.about, voided_at__isnull=True
        ).first()
        if event is None or not event.is_serious:
            return Envelope(dropped=NO_LONGER)
    happening = Happening(
        participant=_number(reminder),
        site=reminder.site.number,
        at=local(reminder.site, notice.occurred_at),
        event=event.sequence if event else 0,
        by=str(notice.by) if notice.by else "a job of the system",
        why=_fit_to_mail(notice.why, reminder),
    )
    words = to_safety_staff(kind, happening, sign_in_url=sign_in_url)
    return _to_recipient(reminder, words, now=now)


def _fit_to_mail(why: str, reminder: Reminder) -> str:
    """Return a reason as it was typed, or nothing where its words would tell.

    Whoever asks a second time knows the arm already and may write it.
    """
    if reminder.participant is None:
        return ""
    definition = definition_of(reminder.participant.protocol_version)
    telling = [
        *definition.forbidden_words,
        *(word for arm in definition.arms for word in (arm.code, arm.label)),
        *(definition.unblinding.groups if definition.unblinding else ()),
    ]
    found = any(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)", why, re.IGNORECASE)
        for word in telling
    )
    return "" if found else " ".join(why.split())


def _of_report(
    reminder: Reminder, report_id: int, *, now: datetime, sign_in_url: str
) -> Envelope:
    report = running_reports().filter(pk=report_id).first()
    clock = clock_of(report) if report else None
    due = clock_due(clock, now=now) if clock else None
    if report is None or clock is None or due is None:
        return Envelope(dropped=NO_LONGER)
    if (due.kind.value, due.due_on) != (reminder.kind, reminder.due_on):
        return Envelope(dropped=NO_LONGER)
    happening = Happening(
        participant=_number(reminder),
        site=reminder.site.number,
        at=report.runs_from.astimezone(clock.zone),
        event=report.event.sequence,
        report=ReportKind(report.kind),
        due_at=report.due_at.astimezone(clock.zone),
    )
    words = to_safety_staff(due.kind, happening, sign_in_url=sign_in_url)
    return _to_recipient(reminder, words, now=now, report=report)


def _to_recipient(
    reminder: Reminder,
    words: Message,
    *,
    now: datetime,
    report: SafetyReport | None = None,
) -> Envelope:
    roles = readers_of(kind=Kind(reminder.kind), report=report)
    people = holders(
        on_duty([reminder.site], roles), reminder.site, roles=roles, now=now
    )
    found = [person for person in people if person.pk == reminder.recipient_id]
    if not found:
        return Envelope(dropped=NOT_ON_DUTY)
    return Envelope((found[0].email,), words)


def _number(reminder: Reminder) -> str:
    return reminder.participant.number if reminder.participant else ""
