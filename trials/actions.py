"""Opening trials and sites, adopting protocols, IRB approvals, the delegation log."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from accounts.models import User
from accounts.vocabulary import ROLES, Permission, Role
from audit.actors import AnyActor, Place
from audit.refusal import Refused
from audit.trail import acting
from trials.access import require_on_trial
from trials.models import (
    Approval,
    Delegation,
    ProtocolVersion,
    Site,
    Suspension,
    Trial,
)
from trials.protocol import parse


@dataclass(frozen=True, slots=True)
class NewTrial:
    """What a trial is opened with; reminders begin with `reminders_from` or at once."""

    identifier: str
    title: str
    sponsor_name: str
    opened_on: date
    sponsor_time_zone: str = "UTC"
    reminders_from: date | None = None


@dataclass(frozen=True, slots=True)
class NewSite:
    """What a site is opened with; the time zone is an IANA name."""

    number: str
    name: str
    country: str
    time_zone: str
    phone: str
    crisis_contact: str


@dataclass(frozen=True, slots=True)
class NewApproval:
    """What an IRB approved at a site: a protocol and a consent form, for some time."""

    site: Site
    protocol_version: ProtocolVersion
    form_version: str
    irb: str
    approved_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class NewDelegation:
    """One line for the delegation log; no site means all sites of the trial."""

    user: User
    role: Role
    starts_on: date
    site: Site | None = None


def open_trial(*, trial: NewTrial, is_synthetic: bool, by: AnyActor) -> Trial:
    """Create a trial. A demonstration refuses one that is not synthetic."""
    if settings.DEMONSTRATION and not is_synthetic:
        raise Refused(
            "This is a demonstration, where anybody can sign in as anybody: a trial with "
            "real participants cannot be created here."
        )
    with acting("open trial", by=by, subject=trial.identifier):
        return Trial.objects.create(
            identifier=trial.identifier,
            title=trial.title,
            sponsor_name=trial.sponsor_name,
            sponsor_time_zone=trial.sponsor_time_zone,
            is_synthetic=is_synthetic,
            opened_on=trial.opened_on,
            reminders_from=trial.reminders_from or trial.opened_on,
        )


def adopt_protocol(
    *, trial: Trial, text: str, filename: str, on: date, by: AnyActor
) -> ProtocolVersion:
    """Freeze a definition's text as a version of the trial's protocol.

    Raises `ProtocolError` with every problem of the text.
    """
    definition = parse(text, filename=filename)
    place = Place(trial_id=trial.pk)
    subject = f"{trial.identifier} protocol {definition.version}"
    with acting("adopt protocol", by=by, subject=subject, place=place):
        return ProtocolVersion.objects.create(
            trial=trial,
            version=definition.version,
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            adopted_on=on,
        )


def open_sites(*, trial: Trial, sites: Sequence[NewSite], by: AnyActor) -> list[Site]:
    """Open sites of a trial."""
    subject = ", ".join(f"site {site.number}" for site in sites)
    with acting("open sites", by=by, subject=subject, place=Place(trial_id=trial.pk)):
        return Site.objects.bulk_create(
            Site(
                trial=trial,
                number=site.number,
                name=site.name,
                country=site.country,
                time_zone=site.time_zone,
                phone=site.phone,
                crisis_contact=site.crisis_contact,
            )
            for site in sites
        )


def delegate(
    *, trial: Trial, delegations: Sequence[NewDelegation], by: AnyActor
) -> list[Delegation]:
    """Add lines to the delegation log."""
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=trial)
    subject = ", ".join(
        f"{line.user.name} as {ROLES[line.role].label.lower()}" for line in delegations
    )
    place = Place(trial_id=trial.pk)
    with acting("delegate", by=by, subject=subject, place=place):
        return Delegation.objects.bulk_create(
            Delegation(
                trial=trial,
                site=line.site,
                user=line.user,
                role=line.role.value,
                starts_on=line.starts_on,
            )
            for line in delegations
        )


def end_delegation(
    *, delegation: Delegation, on: date, reason: str, by: AnyActor
) -> None:
    """End one line of the delegation log."""
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=delegation.trial)
    place = Place(trial_id=delegation.trial_id, site_id=delegation.site_id)
    with acting(
        "end delegation", by=by, reason=reason, subject=str(delegation), place=place
    ):
        delegation.ends_on = on
        delegation.save(update_fields=["ends_on"])


def record_approvals(
    *, trial: Trial, approvals: Sequence[NewApproval], by: AnyActor
) -> list[Approval]:
    """Record what IRBs approved; each replaces the site's last from its day on."""
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=trial)
    for new in approvals:
        if new.expires_on < new.approved_on:
            raise Refused("The approval would end before it starts.")
        if {new.site.trial_id, new.protocol_version.trial_id} != {trial.pk}:
            raise Refused("Site and protocol belong to another trial.")
    subject = ", ".join(f"site {new.site.number}" for new in approvals)
    place = _place(trial, [new.site for new in approvals])
    with acting("record IRB approval", by=by, subject=subject, place=place):
        return Approval.objects.bulk_create(
            Approval(
                trial=trial,
                site=new.site,
                protocol_version=new.protocol_version,
                form_version=new.form_version,
                irb=new.irb,
                approved_on=new.approved_on,
                expires_on=new.expires_on,
            )
            for new in approvals
        )


def suspend_approval(*, site: Site, on: date, why: str, by: AnyActor) -> Suspension:
    """Record that the IRB suspended its approval at a site; research stops that day."""
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=site.trial)
    if Suspension.objects.filter(site=site, lifted_on__isnull=True).exists():
        raise Refused("This site is suspended already.")
    with acting(
        "record IRB suspension",
        by=by,
        reason=why,
        subject=f"site {site.number}",
        place=_place(site.trial, [site]),
    ):
        return Suspension.objects.create(
            trial_id=site.trial_id, site=site, suspended_on=on, why=why
        )


def lift_suspension(
    *, suspension: Suspension, on: date, reason: str, by: AnyActor
) -> None:
    """Record that the IRB lifted a suspension; research may go on from that day."""
    site = suspension.site
    require_on_trial(by=by, permission=Permission.MANAGE_TRIAL, trial=site.trial)
    if suspension.lifted_on is not None:
        raise Refused(f"It was lifted already, on {suspension.lifted_on.isoformat()}.")
    if on < suspension.suspended_on:
        raise Refused("It would be lifted before it began.")
    with acting(
        "lift IRB suspension",
        by=by,
        reason=reason,
        subject=f"site {site.number}",
        place=_place(site.trial, [site]),
    ):
        suspension.lifted_on = on
        suspension.save(update_fields=["lifted_on"])


def _place(trial: Trial, sites: Sequence[Site]) -> Place:
    """Return the one site that an act is about, or the trial."""
    one = sites[0].pk if len({site.pk for site in sites}) == 1 else None
    return Place(trial_id=trial.pk, site_id=one)
