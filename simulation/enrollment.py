"""Sites, who enters when, and the allocation: all that comes before the arm."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulation import figures
from simulation.figures import Arm
from simulation.moments import stream
from simulation.plan import SitePlan
from simulation.schedule import BEFORE_ALLOCATION, Calendar, dates_of

RECRUITMENT_DAYS = 420
AGE_SD = 10.5  # assumed
AGES = (18, 72)
SIZES = (12, 11, 10, 9, 9, 8, 8, 8, 7, 6, 6, 5, 5)
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Denver",
    "Asia/Jerusalem",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Phoenix",
    "Asia/Jerusalem",
    "America/New_York",
)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A participant up to randomization: nothing here depends on an arm."""

    site: int
    sex: str
    age: int
    days: Mapping[str, int]

    @property
    def randomized_day(self) -> int:
        """Return the day of confirmation and randomization."""
        return self.days["prep_3"]


def site_plans() -> tuple[SitePlan, ...]:
    """Return the thirteen synthetic sites: eleven in the US, two in Israel."""
    return tuple(
        SitePlan(
            code=f"{number:02d}",
            name=f"Synthetic Site {number:02d}",
            country="IL" if zone.startswith("Asia/") else "US",
            time_zone=zone,
            size=size,
        )
        for number, (zone, size) in enumerate(zip(ZONES, SIZES, strict=True), start=1)
    )


def entrants(seed: bytes) -> tuple[Entrant, ...]:
    """Return the 104 entrants in the order of their randomization."""
    rng = stream(seed, "enrollment")
    sites = [site for site, size in enumerate(SIZES) for _ in range(size)]
    rng.shuffle(sites)
    sexes = ["female"] * figures.WOMEN + ["male"] * (
        figures.PARTICIPANTS - figures.WOMEN
    )
    rng.shuffle(sexes)
    found = [
        Entrant(site, sex, age, _opening(rng))
        for site, sex, age in zip(sites, sexes, _ages(rng), strict=True)
    ]
    found.sort(key=lambda entrant: (entrant.randomized_day, entrant.site))
    return tuple(found)


def _opening(rng: random.Random) -> Mapping[str, int]:
    calendar = Calendar(rng, first_weekday=0)
    screening = calendar.pick(0, RECRUITMENT_DAYS)
    return dates_of(
        BEFORE_ALLOCATION, calendar=calendar, known={"screening": screening}
    )


def _ages(rng: random.Random) -> list[int]:
    """Return ages with the published mean, to within half a year."""
    low, high = AGES
    ages = [
        min(high, max(low, round(rng.gauss(figures.MEAN_AGE, AGE_SD))))
        for _ in range(figures.PARTICIPANTS)
    ]
    while abs(off := sum(ages) / len(ages) - figures.MEAN_AGE) > 0.5:
        who = rng.randrange(len(ages))
        ages[who] = min(high, max(low, ages[who] + (-1 if off > 0 else 1)))
    return ages


def arms_in_order(
    lists: Mapping[int, Sequence[str]], sites: Sequence[int]
) -> tuple[Arm, ...]:
    """Return the arm of each entrant when each site's list is used from its top.

    `lists` has one sequence of arms for each site index, at least as long as the site
    is large (IndexError otherwise). ValueError for an arm that is not one of ours.
    """
    used = dict.fromkeys(lists, 0)
    arms = []
    for site in sites:
        arms.append(Arm(lists[site][used[site]]))
        used[site] += 1
    return tuple(arms)


def balanced_allocation(
    seed: bytes,
    *,
    make: Callable[[bytes], Mapping[int, Sequence[str]]],
    sites: Sequence[int],
    tries: int = 1000,
) -> tuple[bytes, tuple[Arm, ...]]:
    """Return a list seed under which 53 and 51 are allocated, and the arms.

    Thirteen stratified lists whose last blocks are used in part rarely end with the
    published sizes, so list seeds are derived from the simulation's seed by a counter
    until one does. Only the numbers allocated are looked at, and before any outcome
    exists: this constructs the allocation and picks no result. LookupError if no list
    seed does within `tries`.
    """
    for counter in range(tries):
        list_seed = hashlib.sha256(seed + b"|allocation|%d" % counter).digest()
        arms = arms_in_order(make(list_seed), sites)
        if all(arms.count(arm) == size for arm, size in figures.SIZES.items()):
            return list_seed, arms
    message = f"no list seed among {tries} allocates the published numbers"
    raise LookupError(message)
