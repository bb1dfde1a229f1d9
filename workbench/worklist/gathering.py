"""The whole worklist of some sites, gathered from every app in a fixed number of queries."""

from collections.abc import Sequence
from datetime import date, datetime

from sessions.models import Visit
from trials.models import Site
from workbench.access import Desk
from workbench.vocabulary import Kind
from workbench.worklist.forms import forms, reminders
from workbench.worklist.lines import Here, Line
from workbench.worklist.safety import events, reports, unblindings
from workbench.worklist.steps import steps
from workbench.worklist.visits import visits


def gather(desk: Desk, sites: Sequence[Site], *, now: datetime) -> list[Line]:
    """Return everything that waits at these sites, in order of consequence.

    The number of queries depends on the person's roles alone.
    """
    if not sites:
        return []
    here = Here(desk, {site.pk: site for site in sites}, desk.days(), now)
    lines = [
        *reports(here),
        *events(here),
        *unblindings(here),
        *visits(here),
        *forms(here),
        *steps(here),
        *reminders(here),
    ]
    rank = {kind: number for number, kind in enumerate(Kind)}
    return sorted(lines, key=lambda line: (rank[line.kind], line.order))


def next_booked(sites: Sequence[Site], *, after: date) -> Visit | None:
    """Return the next visit on the calendar, for a page with nothing else to say."""
    return (
        Visit.objects.filter(site__in=sites, state="booked", booked_on__gt=after)
        .select_related("participant")
        .order_by("booked_on", "booked_time", "id")
        .first()
    )
