"""What messages are read from: facts of visits, who is on duty, and what failed."""

import zoneinfo
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.vocabulary import Role
from adverse_events.access import unsent_reports
from adverse_events.models import SafetyReport
from adverse_events.reporting import ReportKind
from assessments.access import expected_forms
from assessments.models import Assessment
from participants.lifecycle import State as Course
from reminders.models import Reminder
from reminders.rules import (
    Leads,
    Matter,
    ReportClock,
    VisitFacts,
    matter_of,
    waits_for_signature,
)
from sessions.lifecycle import State
from sessions.models import Visit
from trials.models import Delegation, Site

PARTICIPANT = "participant"  # who gives a form of the participant's own
# Who completed the trial is still asked to long-term follow-up; and a form that waits
# for a signature waits, whatever became of the participant.
HAS_STOPPED = (Course.WITHDRAWN.value, Course.SCREEN_FAILURE.value)


def failed_reminders(
    site_ids: Iterable[int], *, audience: str = ""
) -> QuerySet[Reminder]:
    """Return the messages that could not be sent, newest first; to whom, if given."""
    failed = Reminder.objects.filter(site_id__in=list(site_ids), state="failed")
    if audience:
        failed = failed.filter(audience=audience)
    return failed.select_related("visit", "participant", "recipient").order_by("-id")


def reminders_of(visit_ids: Iterable[int]) -> QuerySet[Reminder]:
    """Return what was planned, sent or dropped for some visits."""
    return Reminder.objects.filter(visit_id__in=list(visit_ids)).order_by(
        "due_on", "id"
    )


def still_reminding(visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """Return those visits to come whose participants have not left, for the rules."""
    return (
        visits.filter(state__in=["planned", "booked"])
        .exclude(participant__state__in=HAS_STOPPED)
        .select_related("site", "trial", "participant")
        .order_by("pk")
    )


def facts_of(visits: Sequence[Visit]) -> dict[int, VisitFacts]:
    """Return what the rules ask of visits, by visit id, in a fixed number of queries."""
    forms = expected_forms([visit for visit in visits if visit.plan == "firm"])
    asking = {
        visit_id
        for visit_id, expected in forms.items()
        if any(
            PARTICIPANT in form.row.by
            and not form.row.optional
            and form.assessment is None
            for form in expected
        )
    }
    return {visit.pk: _facts(visit, asks=visit.pk in asking) for visit in visits}


def _facts(visit: Visit, *, asks: bool = False) -> VisitFacts:
    return VisitFacts(
        state=State(visit.state),
        opens_on=visit.opens,
        closes_on=visit.closes,
        booked_on=visit.booked_on,
        is_firm=visit.plan == "firm",
        is_follow_up=visit.kind == "follow_up",
        asks_questionnaire=asks,
        is_remote=visit.mode in {"video", "phone"},
    )


def matters_at(sites: Sequence[Site], *, now: datetime) -> dict[int, Counter[Matter]]:
    """Return how much waits at each site, by site id, in two queries.

    A form that only a rater signs is none of the site's.
    """
    days = {site.pk: local(site, now).date() for site in sites}
    found: dict[int, Counter[Matter]] = {site.pk: Counter() for site in sites}
    if not sites:
        return found
    latest = max(days.values()) + timedelta(days=Leads().closing)
    visits = still_reminding(
        Visit.objects.filter(
            Q(plan="firm", closes__lte=latest) | Q(booked_on__lt=latest),
            site__in=list(days),
        )
    )
    for visit in visits:
        matter = matter_of(_facts(visit), today=days[visit.site_id])
        if matter is not None:
            found[visit.site_id][matter] += 1
    unsigned = Assessment.objects.filter(
        site__in=list(days), state="complete", rater__isnull=True
    ).values_list("site_id", "assessed_on")
    for site_id, completed_on in unsigned:
        if completed_on and waits_for_signature(completed_on, today=days[site_id]):
            found[site_id][Matter.UNSIGNED] += 1
    return found


def local(site: Site, moment: datetime) -> datetime:
    """Return a moment in the site's own time."""
    return moment.astimezone(zoneinfo.ZoneInfo(site.time_zone))


def on_duty(sites: Iterable[Site], roles: Collection[Role]) -> list[Delegation]:
    """Return the lines of the delegation log that may give some roles at some sites.

    Of people who are active and have an email address; whether a line counts at a site
    on its own day, `holders` tells.
    """
    trials = {site.trial_id for site in sites}
    return list(
        Delegation.objects.filter(
            trial_id__in=trials,
            role__in=[role.value for role in roles],
            user__is_active=True,
        )
        .exclude(user__email="")
        .select_related("user", "site")
        .order_by("user_id", "id")
    )


def holders(
    lines: Iterable[Delegation], site: Site, *, roles: Collection[Role], now: datetime
) -> list[User]:
    """Return who has one of some roles at a site on its own day, each once."""
    today = local(site, now).date()
    found = {
        line.user_id: line.user
        for line in lines
        if line.role in roles
        and line.trial_id == site.trial_id
        and line.site_id in {None, site.pk}
        and line.starts_on <= today
        and (line.ends_on is None or line.ends_on >= today)
    }
    return list(found.values())


def running_reports() -> QuerySet[SafetyReport]:
    """Return the unsent reports that an event still calls for, with what clocks need."""
    return unsent_reports().select_related("site", "trial", "participant", "event")


def clock_of(report: SafetyReport) -> ReportClock:
    """Return a report's clock, in the time zone of whoever sends it."""
    kind = ReportKind(report.kind)
    is_sites = kind is ReportKind.SITE_TO_SPONSOR
    zone = report.site.time_zone if is_sites else report.trial.sponsor_time_zone
    return ReportClock(kind, report.runs_from, report.due_at, zoneinfo.ZoneInfo(zone))
