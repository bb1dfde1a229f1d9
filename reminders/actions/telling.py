"""Planning what safety staff are told: notices of acts, and clocks of reports."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.vocabulary import Role
from adverse_events.models import SafetyReport
from adverse_events.reporting import ReportKind
from audit.actors import AnyActor
from notices.models import Notice
from reminders.access import clock_of, holders, local, on_duty, running_reports
from reminders.actions.planning import write_plan
from reminders.models import Reminder
from reminders.rules import (
    SPONSORS_SAFETY,
    TOLD_OF_UNBLINDING,
    Audience,
    Due,
    Kind,
    clock_due,
)

NOBODY = "Nobody who is to be told has an email address."
EVERYBODY = SPONSORS_SAFETY | TOLD_OF_UNBLINDING


def readers_of(*, kind: Kind, report: SafetyReport | None = None) -> frozenset[Role]:
    """Return the roles that a message goes to."""
    if kind is Kind.UNBLINDING:
        return TOLD_OF_UNBLINDING
    if report is not None and report.kind == ReportKind.SITE_TO_SPONSOR.value:
        return SPONSORS_SAFETY | {Role.INVESTIGATOR}  # whose report it is
    return SPONSORS_SAFETY


def plan_notices(*, now: datetime, by: AnyActor) -> int:
    """Plan the messages of notices that have none yet and return how many are new.

    One for each person who is to be told. Where there is nobody, the notice has failed,
    for everybody at the site to see.
    """
    told = Reminder.objects.filter(notice=OuterRef("pk"))
    waiting = list(
        Notice.objects.filter(~Exists(told)).select_related("site").order_by("pk")
    )
    lines = on_duty([notice.site for notice in waiting], EVERYBODY) if waiting else []
    rows = []
    for notice in waiting:
        kind = Kind(notice.kind)
        due_on = local(notice.site, now).date()
        due = Due(kind, Audience.SAFETY, due_on=due_on, about_on=due_on)
        roles = readers_of(kind=kind)
        people = holders(lines, notice.site, roles=roles, now=now)
        rows += _told(notice, due, people)
    return write_plan(rows=rows, by=by)


def plan_clocks(*, now: datetime, by: AnyActor) -> int:
    """Plan the messages of clocks that have called, and return how many are new."""
    called = list(_called(now))
    # A call reaches who was on duty when it came; nobody is told of it days later.
    answered = set(
        Reminder.objects.filter(
            report_id__in={report.pk for report, _ in called}
        ).values_list("report_id", "kind", "due_on")
    )
    new = [
        (report, due)
        for report, due in called
        if (report.pk, due.kind.value, due.due_on) not in answered
    ]
    lines = on_duty([report.site for report, _ in new], EVERYBODY) if new else []
    rows = []
    for report, due in new:
        roles = readers_of(kind=due.kind, report=report)
        people = holders(lines, report.site, roles=roles, now=now)
        rows += _told(report, due, people)
    return write_plan(rows=rows, by=by)


def _called(now: datetime) -> Iterator[tuple[SafetyReport, Due]]:
    reports: Iterable[SafetyReport] = running_reports()
    for report in reports:
        due = clock_due(clock_of(report), now=now)
        if due is not None and due.due_on >= report.trial.reminders_from:
            yield report, due


def _told(
    about: Notice | SafetyReport, due: Due, people: Sequence[User]
) -> list[Reminder]:
    recipients: Sequence[User | None] = people or [None]
    return [
        Reminder(
            trial_id=about.trial_id,
            site_id=about.site_id,
            participant_id=about.participant_id,
            notice=about if isinstance(about, Notice) else None,
            report=about if isinstance(about, SafetyReport) else None,
            recipient=person,
            kind=due.kind.value,
            audience=due.audience.value,
            due_on=due.due_on,
            state="planned" if person else "failed",
            note="" if person else NOBODY,
        )
        for person in recipients
    ]
