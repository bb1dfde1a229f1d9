"""Planning the mail of the day to the staff of sites."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from audit.actors import AnyActor
from reminders.access import holders, local, matters_at, on_duty
from reminders.actions.planning import write_plan
from reminders.models import Reminder
from reminders.rules import DIGEST_READERS, Due, Matter, digest_due
from trials.models import Delegation, Site


def plan_digests(*, now: datetime, by: AnyActor) -> int:
    """Plan the day's mail to each of the sites' staff, and return how many are new.

    One a person and working day, in the morning of the first of their sites, about all
    of them; none to anybody for whom nothing waits.
    """
    due = _due_now(Site.objects.select_related("trial").order_by("pk"), now)
    if not due:
        return 0
    desks = desks_of(now=now)
    known = set(
        Reminder.objects.filter(
            kind="digest", due_on__in={each.due_on for each in due.values()}
        ).values_list("recipient_id", "due_on")
    )
    wanted = {
        user_id: sites
        for user_id, sites in desks.items()
        if (home := due.get(sites[0].pk)) and (user_id, home.due_on) not in known
    }
    places = {site.pk: site for sites in wanted.values() for site in sites}
    matters = matters_at(list(places.values()), now=now)
    rows = [
        _planned(user_id, sites[0], due[sites[0].pk])
        for user_id, sites in wanted.items()
        if counts_at(sites=sites, matters=matters)
    ]
    return write_plan(rows=rows, by=by)


def _due_now(sites: Iterable[Site], now: datetime) -> dict[int, Due]:
    """Return the sites where it is the morning of a working day or later, with the day."""
    found = {}
    for site in sites:
        due = digest_due(local(site, now), country=site.country)
        if due is not None and due.due_on >= site.trial.reminders_from:
            found[site.pk] = due
    return found


def desks_of(*, now: datetime, user_id: int | None = None) -> dict[int, list[Site]]:
    """Return the sites at which each person works today, by person, in order."""
    sites = list(Site.objects.select_related("trial").order_by("pk"))
    lines: Sequence[Delegation] = [
        line
        for line in on_duty(sites, DIGEST_READERS)
        if line.site_id is not None and user_id in {None, line.user_id}
    ]
    by_site: dict[int, list[Delegation]] = {}
    for line in lines:
        by_site.setdefault(line.site_id or 0, []).append(line)
    desks: dict[int, list[Site]] = {}
    for site in sites:
        here = by_site.get(site.pk, [])
        for person in holders(here, site, roles=DIGEST_READERS, now=now):
            desks.setdefault(person.pk, []).append(site)
    return desks


def counts_at(
    *, sites: Iterable[Site], matters: Mapping[int, Counter[Matter]]
) -> Counter[Matter]:
    """Return how much waits at all of some sites."""
    return sum((matters[site.pk] for site in sites), Counter[Matter]())


def _planned(user_id: int, home: Site, due: Due) -> Reminder:
    return Reminder(
        trial_id=home.trial_id,
        site_id=home.pk,
        recipient_id=user_id,
        kind=due.kind.value,
        audience=due.audience.value,
        due_on=due.due_on,
    )
