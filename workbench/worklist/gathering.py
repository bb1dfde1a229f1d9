"""The whole worklist of some sites, gathered from every app in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from accounts.vocabulary import Permission
from sessions.models import Visit
from trials.models import Site
from workbench.access import Desk
from workbench.vocabulary import Kind
from workbench.worklist.forms import forms, reminders
from workbench.worklist.lines import Here, Line, here_of
from workbench.worklist.safety import events, reports, unblindings
from workbench.worklist.signatures import signatures
from workbench.worklist.steps import steps
from workbench.worklist.visits import visits

_P = Permission
# Whose own work is of one kind: a site's visits and forms would only hide it.
_OF_ONE_KIND = (_P.RECEIVE_REPORTS, _P.DISPENSE)


def gather(desk: Desk, sites: Sequence[Site], *, now: datetime) -> list[Line]:
    """Return what waits at these sites for this person, in order of consequence.

    Whoever has no work of their own there, as monitors, follows that of the sites.
    The number of queries depends on the person's roles alone.
    """
    if not sites:
        return []
    here = here_of(desk, sites, now=now)
    followed = _for_whom(here, _P.RECORD_VISITS)
    lines = [
        *reports(_for_whom(here, _P.REPORT_EVENTS, _P.RECEIVE_REPORTS)),
        *events(here),
        *unblindings(here),
        *signatures(here),
        *visits(followed),
        *visits(_only(here, here.sites.keys() - followed.sites, _P.DISPENSE), _DOSES),
        *forms(followed),
        *steps(here),
        *reminders(_only(here, here.sites, _P.RECORD_VISITS)),
        *reminders(_receiving(here), audience="safety"),
    ]
    rank = {kind: number for number, kind in enumerate(Kind)}
    return sorted(lines, key=lambda line: (rank[line.kind], line.order))


_DOSES = frozenset({"dosing"})


def _for_whom(here: Here, *permissions: Permission) -> Here:
    """Keep the sites of those who do a kind of work, or have none that is theirs alone."""
    return _kept(
        here,
        {
            pk
            for pk in here.sites
            if any(here.may(each, pk) for each in permissions)
            or not any(here.may(each, pk) for each in _OF_ONE_KIND)
        },
    )


def _only(here: Here, site_ids: Iterable[int], permission: Permission) -> Here:
    return _kept(here, {pk for pk in site_ids if here.may(permission, pk)})


def _receiving(here: Here) -> Here:
    """Keep the sites whose safety messages are this person's, and no other message is."""
    receives = {pk for pk in here.sites if here.may(_P.RECEIVE_REPORTS, pk)}
    return _kept(here, {pk for pk in receives if not here.may(_P.RECORD_VISITS, pk)})


def _kept(here: Here, site_ids: set[int]) -> Here:
    return replace(
        here, sites={pk: site for pk, site in here.sites.items() if pk in site_ids}
    )


def next_booked(sites: Sequence[Site], *, after: date) -> Visit | None:
    """Return the next visit on the calendar, for a page with nothing else to say."""
    return (
        Visit.objects.filter(site__in=sites, state="booked", booked_on__gt=after)
        .select_related("participant")
        .order_by("booked_on", "booked_time", "id")
        .first()
    )
