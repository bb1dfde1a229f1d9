"""Who may do what where: one question, answered from the delegation log on the day."""

import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.vocabulary import ROLES, Permission, Role, roles_with
from audit.actors import AnyActor, SystemActor
from audit.refusal import NotPermitted
from trials.models import Delegation, ProtocolVersion, Site, Trial
from trials.protocol import ProtocolDefinition, parse


def today_at(site: Site) -> date:
    """Return the calendar day that people at the site are living now (DAT-10)."""
    return timezone.now().astimezone(zoneinfo.ZoneInfo(site.time_zone)).date()


def local_time(site: Site, moment: datetime) -> datetime:
    """Return a moment in the site's own time."""
    return moment.astimezone(zoneinfo.ZoneInfo(site.time_zone))


def at_site(site: Site, moment: datetime) -> datetime:
    """Give a naive date and time typed at a site that site's zone."""
    return moment.replace(tzinfo=zoneinfo.ZoneInfo(site.time_zone))


def delegations_of(user_id: int) -> QuerySet[Delegation]:
    """Return the lines of the delegation log that give this person a role today."""
    today = timezone.now().date()
    return Delegation.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        user_id=user_id,
        starts_on__lte=today,
    )


def staff_of(site: Site) -> QuerySet[Delegation, int]:
    """Return the ids of everybody who has a role at a site today, in any part of the trial."""
    today = timezone.now().date()
    return (
        Delegation.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=today),
            Q(site=site) | Q(site__isnull=True),
            trial=site.trial_id,
            starts_on__lte=today,
        )
        .order_by()
        .values_list("user_id", flat=True)
    )


def sites_for(user_id: int, permission: Permission) -> QuerySet[Site]:
    """Return the sites where this person has a permission today."""
    given = delegations_of(user_id).filter(role__in=roles_with(permission))
    return Site.objects.filter(
        Q(pk__in=given.filter(site__isnull=False).values("site_id"))
        | Q(trial_id__in=given.filter(site__isnull=True).values("trial_id"))
    )


def trials_for(user_id: int) -> QuerySet[Trial]:
    """Return the trials whose page this person may open.

    Not a rater: sites, schedule and colleagues are what the firewall keeps from them.
    """
    given = delegations_of(user_id).exclude(role=Role.RATER.value)
    return Trial.objects.filter(pk__in=given.values("trial_id")).order_by("identifier")


def trials_where(user_id: int, permission: Permission) -> QuerySet[Trial]:
    """Return the trials in which this person has a permission for all sites."""
    given = delegations_of(user_id).filter(
        role__in=roles_with(permission), site__isnull=True
    )
    return Trial.objects.filter(pk__in=given.values("trial_id"))


def roles_of(user_id: int) -> frozenset[Role]:
    """Return the roles that this person has anywhere today."""
    codes = delegations_of(user_id).values_list("role", flat=True).distinct()
    return frozenset(Role(code) for code in codes)


def permissions_of(user_id: int) -> frozenset[Permission]:
    """Return everything that this person may do somewhere today."""
    return frozenset[Permission]().union(
        *(ROLES[role].permissions for role in roles_of(user_id))
    )


def may(user_id: int, permission: Permission, site: Site) -> bool:
    """Tell whether this person has a permission at a site today."""
    return sites_for(user_id, permission).filter(pk=site.pk).exists()


def require(
    *, by: AnyActor, permission: Permission, site_ids: Iterable[int | None]
) -> None:
    """Raise `NotPermitted` unless the actor has the permission at each of the sites.

    A job is trusted with what its own code calls; its name is in the trail.
    """
    if isinstance(by, SystemActor):
        return
    wanted = {site for site in site_ids if site is not None}
    allowed = set(
        sites_for(by.user_id, permission)
        .filter(pk__in=wanted)
        .values_list("pk", flat=True)
    )
    if wanted - allowed or not wanted:
        raise NotPermitted(
            f"Your role at this site does not include: {permission.value}. "
            "Ask the investigator to look at the delegation log."
        )


def require_on_trial(*, by: AnyActor, permission: Permission, trial: Trial) -> None:
    """Raise `NotPermitted` unless the actor has the permission for the whole trial."""
    if isinstance(by, SystemActor):
        return
    if not trials_where(by.user_id, permission).filter(pk=trial.pk).exists():
        raise NotPermitted(
            f"Your role in {trial.identifier} does not include: {permission.value}."
        )


_parsed: dict[str, ProtocolDefinition] = {}
_met: dict[int, str] = {}


def definition_of(version: ProtocolVersion) -> ProtocolDefinition:
    """Return the parsed definition; texts never change, so each is parsed once."""
    if version.sha256 not in _parsed:
        _parsed[version.sha256] = parse(version.text, filename=str(version))
    _met[version.pk] = version.sha256
    return _parsed[version.sha256]


def definitions_met() -> dict[int, tuple[str, ProtocolDefinition]]:
    """Return the versions that this process has met, with sha256 and definition, by id.

    Whoever uses one holds its sha256 against the row's: an id says nothing by itself.
    """
    return {pk: (sha256, _parsed[sha256]) for pk, sha256 in list(_met.items())}


def protocol_versions(ids: Iterable[int]) -> dict[int, ProtocolDefinition]:
    """Return the definitions of some protocol versions by id, in one query.

    The texts, tens of kilobytes each, are fetched only when one was never parsed.
    """
    versions = ProtocolVersion.objects.filter(pk__in=set(ids)).defer("text")
    return {version.pk: definition_of(version) for version in versions}


def is_only_synthetic() -> bool:
    """Tell whether every trial in the database is synthetic: no real person is in it."""
    return not Trial.objects.filter(is_synthetic=False).exists()
