"""What is to be played: who takes part where and when, and the lists made for it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from randomization.blocks import ListEntry, make_list
from simulation.cohort import build_cohort
from simulation.enrollment import (
    SIZES,
    balanced_allocation,
    entrants,
    site_plans,
)
from simulation.figures import Arm
from simulation.live import LiveState, live_plans
from simulation.plan import Cohort, ParticipantPlan, SitePlan, VisitPlan

IDENTIFIER = "MAPP2-DEMO"
SEED = b"MAPP2-DEMO"
BLOCK_SIZES = (4, 6)
DAYS_OF_REST = 7  # between the finished cohort's last act and today
WEEKS_OF_PREPARATION = 4  # between the opening of the trial and its first day
# Places and kits left over, so that whoever tries the system can go on randomizing.
SPARE = 10
# One click signs in as the first site's people, so that is where most things happen.
LIVE_SITES = (0, 0, 1)


@dataclass(frozen=True, slots=True)
class Member:
    """One participant of the demonstration, with the calendar their days belong to.

    `state` is None for those who have finished; `booked` are visits still to come.
    """

    plan: ParticipantPlan
    day_zero_on: date
    state: LiveState | None = None
    booked: tuple[VisitPlan, ...] = ()

    def on(self, day: int) -> date:
        """Return the date of a day of the plan."""
        return self.day_zero_on + timedelta(days=day)

    @property
    def screened_on(self) -> date:
        """Return the day on which the participant came onto the screening log."""
        return self.on(self.plan.consent_day or 0)

    @property
    def key(self) -> str:
        """Return what tells the participant from the others, whatever the database."""
        return f"{self.plan.index}"


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that the demonstration plays; the same for the same seed and day.

    `lists` is the allocation list of every site; it gives those who have finished the
    arms that their plans were made for.
    """

    identifier: str
    seed: bytes
    today: date
    opened_on: date
    sites: tuple[SitePlan, ...]
    members: tuple[Member, ...]
    lists: tuple[ListEntry, ...]

    def at_site(self, site: int) -> list[Member]:
        """Return a site's participants in the order of its screening log."""
        found = [member for member in self.members if member.plan.site == site]
        return sorted(found, key=lambda each: (each.screened_on, each.plan.index))


def full_script(*, today: date, seed: bytes = SEED) -> Script:
    """Return the whole demonstration: 104 who have finished, and those of today."""
    sites = site_plans()
    list_seed, arms = balanced_allocation(
        seed,
        make=lambda candidate: _arms_by_site(_lists(sites, candidate)),
        sites=[entrant.site for entrant in entrants(seed)],
    )
    cohort = build_cohort(seed=seed, arms=arms)
    return script_of(cohort, today=today, lists=_lists(sites, list_seed))


def script_of(
    cohort: Cohort,
    *,
    today: date,
    lists: Sequence[ListEntry],
    identifier: str = IDENTIFIER,
) -> Script:
    """Return the script of a finished cohort, with today's participants beside it.

    Day 0 is a Monday, and the cohort's last day lies a week or more before `today`.
    """
    latest = today - timedelta(days=DAYS_OF_REST + cohort.last_day)
    day_zero_on = latest - timedelta(days=latest.weekday())
    finished = [Member(plan, day_zero_on) for plan in cohort.participants]
    return Script(
        identifier=identifier,
        seed=cohort.seed,
        today=today,
        opened_on=day_zero_on - timedelta(weeks=WEEKS_OF_PREPARATION),
        sites=site_plans(),
        members=(*finished, *live_members(today)),
        lists=tuple(lists),
    )


def live_members(today: date) -> list[Member]:
    """Return the participants of today, gathered at the first two sites."""
    return [
        Member(
            replace(live.plan, site=LIVE_SITES[place % len(LIVE_SITES)]),
            live.day_zero_on,
            live.state,
            live.booked,
        )
        for place, live in enumerate(live_plans(today))
    ]


def kit_seed(script: Script) -> bytes:
    """Return the seed of the kit numbers, which is nobody else's."""
    return hashlib.sha256(script.seed + b"|kits").digest()


def _lists(sites: Sequence[SitePlan], list_seed: bytes) -> list[ListEntry]:
    return make_list(
        arms=dict.fromkeys(Arm, 1),
        block_sizes=BLOCK_SIZES,
        strata=[site.code for site in sites],
        length=max(SIZES) + len(LiveState) + SPARE,
        seed=list_seed,
    )


def _arms_by_site(entries: Sequence[ListEntry]) -> Mapping[int, Sequence[str]]:
    lists: dict[int, list[str]] = {}
    for entry in entries:
        lists.setdefault(int(entry.stratum) - 1, []).append(entry.arm)
    return lists
