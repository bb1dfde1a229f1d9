"""The stage of a reproduced trial: definition, sites, people, sealed lists and kits."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from accounts.actions import NewUser, create_users
from accounts.models import User
from accounts.vocabulary import Role
from audit.actors import SystemActor
from participants.models import Participant
from randomization.actions import NewKit, load_kits, load_list
from randomization.blocks import kit_numbers
from sessions.dosing import Administration
from simulation.driver.cast import PASSWORD, Cast, key_of
from simulation.reproduction.cohort import Cohort, site_number
from simulation.reproduction.targets import Target
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
from trials.protocol import ProtocolDefinition, parse

SETUP = SystemActor("setup", triggered_by="reproduce")
OPENED_ON = date(2020, 1, 6)  # fixed, so that a repetition has the same days
APPROVED_UNTIL = date(2099, 12, 31)
FORM_VERSION = "1.0"  # of the consent form
RATERS = 4  # as many as there are assessments: nobody is seen twice by one
# Everybody works at all sites: one act then serves the whole trial, however many sites.
STAFF = (
    *(Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST),
    *(Role.DATA_MANAGER, Role.STATISTICIAN, Role.SPONSOR),
)
THERAPISTS = 2


@dataclass(slots=True)
class Stage:
    """What is played on: the cohort, the cast, and everybody's row by index."""

    target: Target
    definition: ProtocolDefinition
    cohort: Cohort
    cast: Cast
    rows: dict[int, Participant]


def definition_text(target: Target) -> str:
    """Return the text of the shipped definition of a published trial."""
    folder = Path(settings.BASE_DIR) / "trials" / "protocols"
    return (folder / f"{target.definition}.toml").read_text("utf-8")


def read_definition(target: Target) -> ProtocolDefinition:
    """Return the shipped definition of a published trial."""
    return parse(definition_text(target))


def open_stage(target: Target, definition: ProtocolDefinition, cohort: Cohort) -> Stage:
    """Open a synthetic trial on the definition, with sites, people, lists and kits."""
    trial = open_trial(
        trial=NewTrial(
            identifier=f"{target.definition.upper()}-REPRODUCED",
            title=f"{target.name}, played anew with synthetic participants",
            sponsor_name="Synthetic Sponsor (no real organization)",
            opened_on=OPENED_ON,
            reminders_from=APPROVED_UNTIL,
        ),
        is_synthetic=True,
        by=SETUP,
    )
    version = adopt_protocol(
        trial=trial,
        text=definition_text(target),
        filename=f"{target.definition}.toml",
        on=OPENED_ON,
        by=SETUP,
    )
    sites = open_sites(trial=trial, sites=list(_sites(target)), by=SETUP)
    _approve(trial, sites, version)
    cast = Cast(trial, sites, _people(trial))
    load_list(trial=trial, entries=cohort.lists, by=cast.actor(Role.STATISTICIAN))
    _load_kits(definition, cohort, cast)
    return Stage(target, definition, cohort, cast, {})


def _sites(target: Target) -> Iterator[NewSite]:
    for site in range(target.sites):
        number = site_number(site)
        yield NewSite(
            number=number,
            name=f"Synthetic site {number}",
            country="USA",
            time_zone="America/New_York",
            # 555-01xx is set aside for fiction.
            phone=f"+1 555 01{number}",
            crisis_contact=f"Synthetic crisis line, 555 01{site + 51} (fictitious)",
        )


def _approve(trial: Trial, sites: Sequence[Site], version: ProtocolVersion) -> None:
    approvals = [
        NewApproval(
            site=site,
            protocol_version=version,
            form_version=FORM_VERSION,
            irb="Synthetic IRB (no real board)",
            approved_on=OPENED_ON,
            expires_on=APPROVED_UNTIL,
        )
        for site in sites
    ]
    record_approvals(trial=trial, approvals=approvals, by=SETUP)


def staff() -> Iterator[tuple[str, Role]]:
    """Yield the user name and role of everybody who works in the trial."""
    for role in STAFF:
        yield key_of(role), role
    for role, count in ((Role.THERAPIST, THERAPISTS), (Role.RATER, RATERS)):
        for number in range(count):
            yield key_of(role, number=number), role


def _people(trial: Trial) -> dict[str, User]:
    parts = list(staff())
    users = create_users(
        people=[
            NewUser(key, f"Synthetic {key}", f"{key}@staff.invalid", PASSWORD)
            for key, _ in parts
        ],
        by=SETUP,
    )
    delegate(
        trial=trial,
        delegations=[
            NewDelegation(user, role, OPENED_ON)
            for user, (_, role) in zip(users, parts, strict=True)
        ],
        by=SETUP,
    )
    return {key: user for user, (key, _) in zip(users, parts, strict=True)}


def _load_kits(definition: ProtocolDefinition, cohort: Cohort, cast: Cast) -> None:
    """Load as many kits as the arms of each site's own list use."""
    wanted = [
        (site, content)
        for site in cast.sites
        for content in _contents(definition)
        for _ in range(_times(definition, content) * _listed(cohort, site)[content[0]])
    ]
    seed = hashlib.sha256(cohort.seed + b"|kits").digest()
    kits = [
        NewKit(site, number, *content)
        for number, (site, content) in zip(
            kit_numbers(seed, len(wanted)), wanted, strict=True
        )
    ]
    load_kits(trial=cast.trial, kits=kits, by=cast.actor(Role.PHARMACIST))


Content = tuple[str, str, str, Decimal]  # arm, step, part, milligrams


def _contents(definition: ProtocolDefinition) -> Iterator[Content]:
    """Yield arm, step, part and milligrams of each kind of kit of the blinded stage."""
    for arm in definition.arms:
        for step, dose in arm.doses.items():
            yield arm.code, step, Administration.INITIAL.value, dose.initial_mg[0]
            yield arm.code, step, Administration.SUPPLEMENT.value, dose.supplement_mg[0]


def _times(definition: ProtocolDefinition, content: Content) -> int:
    """Return at how many visits a step is the first choice."""
    _, step, _, _ = content
    return sum(visit.dose[:1] == (step,) for visit in definition.dosing_visits)


def _listed(cohort: Cohort, site: Site) -> Counter[str]:
    """Return how many places each arm has on a site's list."""
    return Counter(each.arm for each in cohort.lists if each.stratum == site.number)
