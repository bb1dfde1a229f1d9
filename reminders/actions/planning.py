"""Planning what participants are reminded of."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.template.defaultfilters import pluralize

from audit.actors import AnyActor
from audit.trail import acting
from reminders.access import facts_of, local, still_reminding
from reminders.models import Reminder
from reminders.rules import Due, Leads, reminders_due
from sessions.models import Visit

HORIZON = timedelta(days=Leads().follow_up + 1)  # a site may be a day ahead of UTC


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
    return write_plan(rows=new, by=by)


def write_plan(*, rows: Sequence[Reminder], by: AnyActor) -> int:
    """Write planned messages in one act; nothing planned leaves nothing in the trail."""
    if not rows:
        return 0
    with acting(
        "plan reminders", by=by, subject=f"{len(rows)} reminder{pluralize(len(rows))}"
    ):
        # Another planner may have been quicker since it was read what is known.
        Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


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
    # Of a visit that is long past there is nothing to remind a participant.
    since = now.date() - timedelta(days=1)
    visits = list(
        still_reminding(
            Visit.objects.filter(
                Q(plan="firm", opens__lte=latest, closes__gte=since)
                | Q(booked_on__lte=latest, booked_on__gte=since)
            )
        )
    )
    facts = facts_of(visits)
    for visit in visits:
        today = local(visit.site, now).date()
        for due in reminders_due(facts[visit.pk], today=today):
            if due.due_on >= visit.trial.reminders_from:
                yield visit, due
