"""Opening and locking trials, sites, protocols, IRB approvals, the delegation log."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import ROLES, Permission, Role
from audit.actors import Actor, AnyActor, Place
from audit.refusal import NotPermitted, ReasonNeeded, Refused
from audit.signing import reauthenticate, sign
from audit.trail import acting
from trials.access import definition_of, lock_of, require_on_trial
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
from trials.protocol import ProtocolDefinition, ProtocolError, parse
from trials.protocol.amending import amendment_problems


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

    Raises `ProtocolError` with every problem of the text, and of a version beside others
    with what keeps it from amending the one that it names.
    """
    definition = parse(text, filename=filename)
    _check_amends(trial, definition, filename)
    place = Place(trial_id=trial.pk)
    subject = f"{trial.identifier} protocol {definition.version}"
    with acting("adopt protocol", by=by, subject=subject, place=place):
        return ProtocolVersion.objects.create(
            trial=trial,
            version=definition.version,
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            adopted_on=on,
            held_back=definition.held_back.as_lists(),
        )


def _check_amends(trial: Trial, new: ProtocolDefinition, filename: str) -> None:
    """Refuse what could be adopted and never applied to anybody."""
    known = [definition_of(each) for each in trial.protocols.order_by("pk")]
    if not known:
        return
    amends = new.amendment.amends if new.amendment else ""
    old = next((each for each in known if each.version == amends), known[-1])
    earlier = known[: known.index(old)]
    codes = {code for each in earlier for code in each.visits_by_code}
    if problems := amendment_problems(old, new, earlier_codes=codes):
        raise ProtocolError([replace(each, file=filename) for each in problems])


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


def lock_trial(
    *,
    trial: Trial,
    password: str,
    still_open: Callable[[], Sequence[str]],
    by: AnyActor,
) -> None:
    """Lock the trial's data, or end a reopening before its time; signed.

    From then on the database refuses every act that changes them (ICH E6(R3) 3.16.1(r)).
    `still_open` returns a sentence for each thing that is not finished. It is asked when
    no other act can be saved any more, since what it counts lies above this app.
    """
    signer = _signer(by, Permission.LOCK_TRIAL, trial, password=password)
    place = Place(trial_id=trial.pk)
    with acting("lock trial", by=by, subject=trial.identifier, place=place):
        state = lock_of(trial)
        if state.is_locked:
            raise Refused("This trial is locked already.")
        now = timezone.now()
        if state.lock is None:
            row: Lock | Reopening = Lock.objects.create(
                trial=trial, locked_by_id=signer.user_id, locked_at=now
            )
        else:
            row = Reopening.objects.get(trial=trial, until__gt=now)
            row.until = now
            row.save(update_fields=["until"])
        if waits := still_open():
            raise Refused("It is not finished. " + " ".join(waits))
        _signed("locked the data of the trial", row, trial, at=now.isoformat())


def ask_to_reopen(
    *, trial: Trial, why: str, days: int, password: str, by: AnyActor
) -> Reopening:
    """Ask to open a locked trial for 1 to 14 days; nothing opens before another agrees."""
    signer = _signer(by, Permission.LOCK_TRIAL, trial, password=password)
    if len(why.strip()) < 3:
        raise ReasonNeeded("Say what is to be corrected, in a few words.")
    with acting(
        "ask to reopen trial",
        by=by,
        reason=why,
        subject=trial.identifier,
        place=Place(trial_id=trial.pk),
    ):
        if not lock_of(trial).is_locked:
            raise Refused("This trial is not locked: there is nothing to reopen.")
        asked = Reopening.objects.create(
            trial=trial,
            why=why.strip(),
            days=days,
            asked_by_id=signer.user_id,
            asked_at=timezone.now(),
        )
        _signed("asked to reopen the trial", asked, trial, why=asked.why, days=days)
    return asked


def agree_to_reopen(*, reopening: Reopening, password: str, by: AnyActor) -> None:
    """Open a locked trial for the days that somebody else asked for; signed.

    It locks itself again: the database looks at the end, not at a job (DAT-15).
    """
    trial = reopening.trial
    signer = _signer(by, Permission.AGREE_TO_REOPEN, trial, password=password)
    if signer.user_id == reopening.asked_by_id:
        raise NotPermitted("You asked for it, so somebody else has to agree.")
    with acting(
        "reopen trial",
        by=by,
        reason=reopening.why,
        subject=trial.identifier,
        place=Place(trial_id=trial.pk),
    ):
        row = lock_of(trial).asked
        if row is None or row.pk != reopening.pk:
            raise Refused(
                "This request was answered or replaced. Look at the page again."
            )
        row.agreed_by_id = signer.user_id
        row.until = timezone.now() + timedelta(days=row.days)
        row.save(update_fields=["agreed_by", "until"])
        until = row.until.isoformat()
        _signed("agreed to reopen the trial", row, trial, why=row.why, until=until)


def _signer(
    by: AnyActor, permission: Permission, trial: Trial, *, password: str
) -> Actor:
    if not isinstance(by, Actor):
        raise NotPermitted("Only a person locks or reopens a trial, never a job.")
    require_on_trial(by=by, permission=permission, trial=trial)
    reauthenticate(by=by, password=password)
    return by


def _signed(
    meaning: str, row: Lock | Reopening, trial: Trial, **content: str | int
) -> None:
    sign(
        meaning=meaning,
        table=row._meta.db_table,  # noqa: SLF001 - Django's public name
        records=[(row.pk, {"trial": trial.identifier} | content)],
    )


def _place(trial: Trial, sites: Sequence[Site]) -> Place:
    """Return the one site that an act is about, or the trial."""
    one = sites[0].pk if len({site.pk for site in sites}) == 1 else None
    return Place(trial_id=trial.pk, site_id=one)
