"""The stage of the demonstration: trial, sites, people, sealed list and kits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from accounts.actions import NewUser, create_users
from accounts.models import User
from accounts.vocabulary import Role
from audit.actors import SystemActor
from randomization.actions import NewKit, load_kits, load_list
from randomization.blocks import kit_numbers
from sessions.dosing import Administration
from simulation.course import RATERS
from simulation.driver.cast import PASSWORD, WHOLE_TRIAL, Cast, key_of
from simulation.driver.script import SPARE, Script, kit_seed
from simulation.enrollment import site_plans
from simulation.figures import Arm
from simulation.plan import SitePlan
from trials.access import definition_of
from trials.actions import (
    NewApproval,
    NewDelegation,
    NewSite,
    NewTrial,
    adopt_protocol,
    delegate,
    open_sites,
    open_trial,
    record_approvals,
)
from trials.models import ProtocolVersion, Site, Trial

SETUP = SystemActor("setup", triggered_by="demonstration")
TITLE = (
    "MDMA-assisted therapy for PTSD: a synthetic demonstration constructed from "
    "published figures"
)
SPONSOR = "Synthetic Sponsor (no real organization)"
COUNTRIES = {"US": "USA", "IL": "ISR"}
PREFIXES = {"US": "+1", "IL": "+972"}
FORM_VERSION = "1.0"  # of the consent form
YEAR = timedelta(days=365)
# How many kits one participant uses of each dose step.
USED_OF_STEP = {"starting": 2, "full": 2}


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody of the staff: what the demonstration calls them, and their role."""

    key: str
    name: str
    role: Role
    site: int | None = None


def shown_accounts() -> dict[Role, str]:
    """Return the user name shown for each role: the first of the delegation log."""
    found: dict[Role, str] = {}
    for part in staff(site_plans()):
        found.setdefault(part.role, part.key)
    return found


def staff(sites: Sequence[SitePlan]) -> Iterator[Part]:
    """Yield everybody who works in the trial, the first of a role being the one shown."""
    for site, plan in enumerate(sites):
        yield from _site_staff(site, plan)
    for number in range(RATERS):
        key = key_of(Role.RATER, number=number)
        yield Part(key, f"Synthetic Rater {number + 1:02d}", Role.RATER)
    for role in WHOLE_TRIAL:
        words = role.value.replace("_", " ")
        name = {"irb auditor": "IRB Auditor"}.get(words, words.title())
        yield Part(key_of(role), f"Synthetic {name}", role)


def _site_staff(site: int, plan: SitePlan) -> Iterator[Part]:
    for role, count in (
        (Role.COORDINATOR, 1),
        (Role.INVESTIGATOR, 1),
        (Role.THERAPIST, 2),
        (Role.PHARMACIST, 1),
        (Role.MONITOR, 1),
    ):
        for number in range(count):
            letter = "AB"[number] if count > 1 else ""
            name = f"Synthetic {role.value.title()} {plan.code}{letter}"
            yield Part(key_of(role, site=site, number=number), name, role, site)


def open_stage(script: Script) -> None:
    """Open the trial, adopt the protocol, open the sites and fill the delegation log.

    The sealed list is loaded by the statistician and the kits by the pharmacists.
    """
    trial = open_trial(
        trial=NewTrial(
            identifier=script.identifier,
            title=TITLE,
            sponsor_name=SPONSOR,
            opened_on=script.opened_on,
            sponsor_time_zone="America/New_York",
            # Nobody is reminded of what the simulation has played through.
            reminders_from=script.today,
        ),
        is_synthetic=True,
        by=SETUP,
    )
    path = Path(settings.BASE_DIR) / "trials" / "protocols" / "mapp2.toml"
    version = adopt_protocol(
        trial=trial,
        text=path.read_text("utf-8"),
        filename=path.name,
        on=script.opened_on,
        by=SETUP,
    )
    sites = open_sites(trial=trial, sites=_sites(script), by=SETUP)
    approvals = list(_approvals(script, sites, version))
    record_approvals(trial=trial, approvals=approvals, by=SETUP)
    people = _people(script, trial, sites)
    cast = Cast(trial, sites, people)
    load_list(trial=trial, entries=script.lists, by=cast.actor(Role.STATISTICIAN))
    _load_kits(script, cast, version)
    cast.sign_out()


def _approvals(
    script: Script, sites: Sequence[Site], version: ProtocolVersion
) -> Iterator[NewApproval]:
    """Yield the approvals of each site: renewed each year, the last one for a year to come."""
    for site in sites:
        on = script.opened_on
        while on <= script.today:
            renewed_on = on + YEAR
            is_last = renewed_on > script.today
            yield NewApproval(
                site=site,
                protocol_version=version,
                form_version=FORM_VERSION,
                irb="Synthetic IRB (no real board)",
                approved_on=on,
                expires_on=script.today + YEAR if is_last else renewed_on,
            )
            on = renewed_on


def _sites(script: Script) -> list[NewSite]:
    return [
        NewSite(
            number=plan.code,
            name=plan.name,
            country=COUNTRIES[plan.country],
            time_zone=plan.time_zone,
            # 555-01xx is set aside for fiction.
            phone=f"{PREFIXES[plan.country]} 555 01{plan.code}",
            crisis_contact=f"Synthetic crisis line, 555 01{int(plan.code) + 50} (fictitious)",
        )
        for plan in script.sites
    ]


def _people(script: Script, trial: Trial, sites: list[Site]) -> dict[str, User]:
    parts = list(staff(script.sites))
    users = create_users(
        people=[
            NewUser(part.key, part.name, f"{part.key}@staff.invalid", PASSWORD)
            for part in parts
        ],
        by=SETUP,
    )
    people = {part.key: user for part, user in zip(parts, users, strict=True)}
    delegations = [
        NewDelegation(
            people[part.key],
            part.role,
            script.opened_on,
            None if part.site is None else sites[part.site],
        )
        for part in parts
    ]
    delegate(trial=trial, delegations=delegations, by=SETUP)
    return people


def _load_kits(script: Script, cast: Cast, version: ProtocolVersion) -> None:
    """Load enough kits for everybody planned at a site, whatever their arm, and more."""
    wanted = [
        (site, arm, step, part, milligrams)
        for site in range(len(script.sites))
        for arm, step, part, milligrams in _contents(version)
        for _ in range(
            USED_OF_STEP[step] * (len(script.at_site(site)) + SPARE) // len(Arm)
        )
    ]
    numbers = kit_numbers(kit_seed(script), len(wanted))
    for site, row in enumerate(cast.sites):
        kits = [
            NewKit(row, number, arm, step, part, milligrams)
            for number, (place, arm, step, part, milligrams) in zip(
                numbers, wanted, strict=True
            )
            if place == site
        ]
        by = cast.actor(Role.PHARMACIST, site=site)
        load_kits(trial=cast.trial, kits=kits, by=by)


def _contents(version: ProtocolVersion) -> list[tuple[str, str, str, Decimal]]:
    """Return arm, step, part and milligrams of each kind of kit that is packed."""
    return [
        (arm.code, step, part.value, amounts[0])
        for arm in definition_of(version).arms
        for step, dose in arm.doses.items()
        for part, amounts in (
            (Administration.INITIAL, dose.initial_mg),
            (Administration.SUPPLEMENT, dose.supplement_mg),
        )
    ]
