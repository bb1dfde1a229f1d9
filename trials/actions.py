"""Opening trials and sites, adopting protocols, keeping the delegation log."""

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
from trials.models import Delegation, ProtocolVersion, Site, Trial
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
