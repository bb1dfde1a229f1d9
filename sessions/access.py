"""Which visits a person may see, and who may do what at them on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.vocabulary import Permission, Role, roles_with
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.access import sites_for
from trials.models import Delegation, Site


def visits_for(
    user_id: int, permission: Permission = Permission.VIEW_PARTICIPANTS
) -> QuerySet[Visit]:
    """Return the visits at the sites where this person has a permission today.

    A page that changes something asks for its own permission: a visit that somebody
    may not change looks to them as if that page did not exist.
    """
    return Visit.objects.filter(site__in=sites_for(user_id, permission)).select_related(
        "trial", "site", "participant__site", "protocol_version"
    )


def sessions_for(user_id: int) -> QuerySet[TherapySession]:
    """Return the therapy sessions at the sites that this person may see."""
    return TherapySession.objects.filter(
        site__in=sites_for(user_id, Permission.VIEW_PARTICIPANTS)
    ).select_related("visit", "lead_therapist", "co_therapist")


def doses_of(visit: Visit) -> QuerySet[DoseAdministration]:
    """Return the administrations of one visit with the people, initial dose first."""
    return (
        DoseAdministration.objects.filter(visit=visit)
        .select_related("given_by", "witnessed_by")
        .order_by("part")
    )


def people_with(permission: Permission, site: Site, *, on: date) -> QuerySet[User]:
    """Return the people whom the delegation log gives a permission at a site on a day."""
    return _people(roles_with(permission), site, on)


def therapists_at(site: Site, *, on: date) -> QuerySet[User]:
    """Return the therapists of a site's delegation log on a day (ICH E6(R3) 2.3.3)."""
    return _people([Role.THERAPIST.value], site, on)


def _people(roles: list[str], site: Site, on: date) -> QuerySet[User]:
    lines = Delegation.objects.filter(
        Q(site=site) | Q(site__isnull=True, trial_id=site.trial_id),
        Q(ends_on__isnull=True) | Q(ends_on__gte=on),
        role__in=roles,
        starts_on__lte=on,
    )
    return User.objects.filter(pk__in=lines.values("user_id")).order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class DelegationLog:
    """Lines of the delegation log, to ask about many people without a query each."""

    lines: tuple[Delegation, ...]

    def gives(self, user: User, roles: Iterable[str], site: Site, *, on: date) -> bool:
        """Tell whether a person had one of the roles at a site on a day."""
        wanted = frozenset(roles)
        return any(
            line.user_id == user.pk
            and line.role in wanted
            and line.trial_id == site.trial_id
            and line.site_id in {None, site.pk}
            and line.starts_on <= on
            and (line.ends_on is None or line.ends_on >= on)
            for line in self.lines
        )


def delegation_log(people: Iterable[User | None]) -> DelegationLog:
    """Read every line of the log about some people, in one query."""
    known = {person.pk for person in people if person is not None}
    return DelegationLog(tuple(Delegation.objects.filter(user_id__in=known)))
