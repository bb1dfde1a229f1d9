"""Who may do what where: one question, answered from the delegation log on the day."""

import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import ROLES, Permission, Role, roles_with
from audit.actors import AnyActor, SystemActor
from audit.refusal import NotPermitted, Refused
from trials.models import (
    Approval,
    Delegation,
    Lock,
    ProtocolVersion,
    Reopening,
    Site,
    Suspension,
    Trial,
)
from trials.protocol import ProtocolDefinition, parse
from trials.protocol.renaming import codes_since


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


# By hand: nearly every page asks it, and to build the same of querysets was a tenth of
# the time that a participant's page took.
_SITES_GIVEN = """
SELECT s.id FROM trials_site s JOIN trials_delegation d
    ON d.trial_id = s.trial_id AND (d.site_id = s.id OR d.site_id IS NULL)
WHERE d.user_id = %s AND d.role = ANY(%s)
    AND d.starts_on <= %s AND (d.ends_on >= %s OR d.ends_on IS NULL)
"""


def sites_for(user_id: int, permission: Permission) -> QuerySet[Site]:
    """Return the sites where this person has a permission today."""
    return _sites_given(user_id, roles_with(permission))


def sites_seen(user_id: int) -> QuerySet[Site]:
    """Return the sites whose records this person sees today; of others, no row is theirs."""
    return _sites_given(user_id, Role)


def _sites_given(user_id: int, roles: Iterable[str]) -> QuerySet[Site]:
    today = timezone.now().date()
    values = [user_id, sorted(roles), today, today]
    return Site.objects.filter(pk__in=RawSQL(_SITES_GIVEN, values))  # noqa: S611


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


def with_versions(trials: QuerySet[Trial]) -> QuerySet[Trial]:
    """Return trials read together with what `definitions_in` asks them for."""
    versions = ProtocolVersion.objects.filter(trial=OuterRef("pk")).order_by("pk")
    return trials.annotate(digests=ArraySubquery(versions.values("sha256")))


def definitions_in(trials: Iterable[Trial]) -> list[ProtocolDefinition]:
    """Return every version of trials `with_versions`; a query only for texts never read."""
    wanted = [digest for trial in trials for digest in vars(trial)["digests"]]
    known = definitions_by_digest(wanted)
    return [known[digest] for digest in wanted]


def definitions_by_digest(wanted: Iterable[str]) -> dict[str, ProtocolDefinition]:
    """Return definitions by the sha256 of their texts; a query only for those never read."""
    digests = set(wanted)
    if unmet := digests - _parsed.keys():
        for version in ProtocolVersion.objects.filter(sha256__in=unmet):
            definition_of(version)
    return {digest: _parsed[digest] for digest in digests}


def versions_beside(ids: Iterable[int]) -> dict[int, ProtocolVersion]:
    """Return every version of the trials that have these versions, oldest first."""
    trials = Trial.objects.filter(protocols__in=set(ids))
    versions = ProtocolVersion.objects.filter(trial__in=trials).defer("text")
    return {version.pk: version for version in versions.order_by("pk")}


def codes_between(
    pairs: Iterable[tuple[int, int]],
) -> dict[tuple[int, int], Mapping[str, str]]:
    """Return for an older and a newer version's id what the visits came to be called.

    One query; none where no version is another than the one beside it.
    """
    wanted = {pair for pair in pairs if pair[0] != pair[1]}
    if not wanted:
        return {}
    known = versions_beside({pk for pair in wanted for pk in pair})
    return {
        (old, new): codes_since(
            definition_of(known[old]),
            definition_of(known[new]),
            versions=[
                definition_of(each)
                for each in known.values()
                if each.trial_id == known[new].trial_id
            ],
        )
        for old, new in wanted
    }


def is_only_synthetic() -> bool:
    """Tell whether every trial in the database is synthetic: no real person is in it."""
    return not Trial.objects.filter(is_synthetic=False).exists()


@dataclass(frozen=True, slots=True)
class LockState:
    """How a trial's lock stands at a moment; `reopening` is the newest since the lock."""

    lock: Lock | None
    reopening: Reopening | None
    at: datetime

    @property
    def is_reopened(self) -> bool:
        """Whether two people agreed to open it, and it is not over."""
        until = self.reopening.until if self.reopening else None
        return until is not None and until > self.at

    @property
    def is_locked(self) -> bool:
        return self.lock is not None and not self.is_reopened

    @property
    def asked(self) -> Reopening | None:
        """What somebody asked for and nobody has agreed to."""
        newest = self.reopening
        return newest if newest is not None and newest.until is None else None


def lock_of(trial: Trial) -> LockState:
    """Return how a trial's lock stands now, in two queries."""
    lock = Lock.objects.filter(trial=trial).select_related("locked_by").first()
    asked = Reopening.objects.filter(trial=trial).select_related(
        "asked_by", "agreed_by"
    )
    return LockState(lock, asked.order_by("-id").first(), timezone.now())


@dataclass(frozen=True, slots=True)
class Approvals:
    """The IRB approvals and suspensions of some sites, to be asked about any day."""

    approvals: Mapping[int, tuple[Approval, ...]]
    suspensions: Mapping[int, tuple[Suspension, ...]]

    def on(self, site_id: int, day: date) -> Approval | None:
        """Return the approval that holds at a site on a day, whether suspended or not."""
        newest = self._newest(site_id, day)
        return newest if newest is not None and day <= newest.expires_on else None

    def obstacle(self, site_id: int, day: date) -> str:
        """Return why research may not go on at a site on a day; empty where it may.

        Work for a participant's safety is never a question of this (21 CFR 56.113).
        """
        newest = self._newest(site_id, day)
        if newest is None:
            return (
                f"No IRB approval of this site holds on {_day(day)}. Have the data "
                "manager record it on the trial's page."
            )
        if day > newest.expires_on:
            return (
                f"The IRB approval of this site lapsed on {_day(newest.expires_on)}. "
                "Research waits until it is renewed; work for safety goes on."
            )
        for each in self.suspensions.get(site_id, ()):
            if each.suspended_on <= day and (
                each.lifted_on is None or day < each.lifted_on
            ):
                return (
                    f"The IRB suspended this site on {_day(each.suspended_on)}: "
                    f"{each.why.rstrip('.')}. Research waits until that is lifted; "
                    "work for safety goes on."
                )
        return ""

    def _newest(self, site_id: int, day: date) -> Approval | None:
        known = self.approvals.get(site_id, ())
        return next((each for each in known if each.approved_on <= day), None)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def approvals_of(site_ids: Iterable[int]) -> Approvals:
    """Return the approvals of some sites, the newest first, in two queries."""
    wanted = set(site_ids)
    approvals: dict[int, tuple[Approval, ...]] = {}
    found = Approval.objects.filter(site__in=wanted).select_related("protocol_version")
    for each in found.defer("protocol_version__text").order_by("-approved_on"):
        approvals[each.site_id] = (*approvals.get(each.site_id, ()), each)
    suspensions: dict[int, tuple[Suspension, ...]] = {}
    for pause in Suspension.objects.filter(site__in=wanted).order_by("suspended_on"):
        suspensions[pause.site_id] = (*suspensions.get(pause.site_id, ()), pause)
    return Approvals(approvals, suspensions)


def require_approval(*, days: Iterable[tuple[int, date]]) -> None:
    """Raise `Refused` unless research may go on at each site on its day (IRB-03)."""
    asked = list(dict.fromkeys(days))
    approvals = approvals_of(site_id for site_id, _ in asked)
    for site_id, day in asked:
        if obstacle := approvals.obstacle(site_id, day):
            raise Refused(obstacle)
