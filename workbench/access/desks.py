"""Who somebody is at which sites, read once a page; and what waits for a participant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from accounts.vocabulary import ROLES, Permission, Role
from participants.models import Participant
from trials.access import definitions_by_digest, delegations_of, today_at
from trials.models import Delegation, Site, Trial


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's lines of the delegation log today, and the sites they reach."""

    user_id: int
    lines: tuple[Delegation, ...]
    sites: tuple[Site, ...]

    @property
    def roles(self) -> tuple[Role, ...]:
        """The person's roles in the order of the vocabulary."""
        held = {line.role for line in self.lines}
        return tuple(role for role in Role if role.value in held)

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything that this person may do somewhere."""
        return frozenset[Permission]().union(
            *(ROLES[role].permissions for role in self.roles)
        )

    @property
    def reads_whole_trail(self) -> bool:
        """Whether this person reads the trail of a trial, and not of single sites."""
        return any(self.reads_trail_of(trial) for trial in self.trials)

    def reads_trail_of(self, trial: Trial) -> bool:
        """Tell whether this person reads what belongs to a whole trial and to no site."""
        return any(
            line.trial_id == trial.pk
            and line.site_id is None
            and Permission.READ_TRAIL in ROLES[Role(line.role)].permissions
            for line in self.lines
        )

    @property
    def trials(self) -> tuple[Trial, ...]:
        found = {line.trial_id: line.trial for line in self.lines}
        return tuple(sorted(found.values(), key=lambda trial: trial.identifier))

    def may(self, permission: Permission, site: Site) -> bool:
        """Tell whether this person has a permission at a site."""
        return any(
            line.trial_id == site.trial_id
            and line.site_id in {None, site.pk}
            and permission in ROLES[Role(line.role)].permissions
            for line in self.lines
        )

    def gives(self, by: Iterable[str], site: Site) -> bool:
        """Tell whether this person is among those who give a form at a site.

        A participant's own form is entered with anybody who enters forms there.
        """
        if not self.may(Permission.ENTER_ASSESSMENTS, site):
            return False
        mine = {
            line.role
            for line in self.lines
            if line.trial_id == site.trial_id and line.site_id in {None, site.pk}
        }
        return not mine.isdisjoint(by) or "participant" in set(by)

    def sites_with(self, permission: Permission) -> list[Site]:
        """Return the sites where this person has a permission."""
        return [site for site in self.sites if self.may(permission, site)]

    def days(self) -> Mapping[int, date]:
        """Return today at each site by its id."""
        return {site.pk: today_at(site) for site in self.sites}


def desk_of(user_id: int) -> Desk:
    """Read where a person works: one query, and one more for roles on all sites."""
    lines = tuple(delegations_of(user_id).select_related("trial", "site"))
    sites = {line.site_id: line.site for line in lines if line.site is not None}
    whole = {line.trial_id for line in lines if line.site_id is None}
    if whole:
        for site in Site.objects.filter(trial_id__in=whole):
            sites[site.pk] = site
    ordered = sorted(sites.values(), key=lambda site: (site.trial_id, site.number))
    return Desk(user_id, lines, tuple(ordered))


# A held visit's forms by the protocol that are not finished, and visits past their window.
_OPEN_ITEMS = """
SELECT participant_id, count(*) FROM (
    SELECT v.participant_id
    FROM unnest(%s::bigint[], %s::text[], %s::text[])
        AS e (protocol_version_id, visit_code, code)
    JOIN study_sessions_visit v ON v.participant_id = ANY(%s) AND v.state = 'held'
        AND v.protocol_version_id = e.protocol_version_id AND v.code = e.visit_code
    LEFT JOIN assessments_assessment a ON a.visit_id = v.id AND a.code = e.code
    WHERE a.state IS NULL OR a.state NOT IN ('signed', 'not_done', 'locked')
    UNION ALL
    SELECT v.participant_id
    FROM unnest(%s::bigint[], %s::date[]) AS d (site_id, today)
    JOIN study_sessions_visit v ON v.participant_id = ANY(%s) AND v.site_id = d.site_id
        AND v.state IN ('planned', 'booked') AND v.plan = 'firm' AND v.closes < d.today
) AS items
GROUP BY participant_id
"""


def open_items(page: Sequence[Participant], days: Mapping[int, date]) -> dict[int, int]:
    """Return by participant how many forms and overdue visits wait, in one query.

    The people come with the `digest` of their version of the protocol.
    """
    if not page:
        return {}
    digests = {row.protocol_version_id: vars(row)["digest"] for row in page}
    definitions = definitions_by_digest(digests.values())
    expected = [
        (version_id, visit, form.code)
        for version_id, digest in digests.items()
        for form in definitions[digest].assessments
        if not form.optional
        for visit in form.at
    ]
    columns = [[row[number] for row in expected] for number in range(3)]
    people = [row.pk for row in page]
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN_ITEMS, [*columns, people, list(days), list(days.values()), people]
        )
        return dict(cursor.fetchall())
