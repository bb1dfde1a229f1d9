"""Allocations and cohorts that the simulation's tests share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from randomization.blocks import make_list
from simulation.cohort import build_cohort
from simulation.enrollment import SIZES, balanced_allocation, entrants, site_plans
from simulation.figures import Arm
from simulation.plan import Cohort


def blocks(list_seed: bytes) -> Mapping[int, Sequence[str]]:
    """Return every site's allocation list, as the randomization app makes them."""
    strata = [site.code for site in site_plans()]
    lists: dict[str, list[str]] = {code: [] for code in strata}
    for entry in make_list(
        arms=dict.fromkeys(Arm, 1),
        block_sizes=(4, 6),
        strata=strata,
        length=max(SIZES),
        seed=list_seed,
    ):
        lists[entry.stratum].append(entry.arm)
    return {site: lists[code] for site, code in enumerate(strata)}


def arms_for(seed: bytes) -> tuple[Arm, ...]:
    """Return arms allocated to the entrants of a seed, 53 and 51."""
    sites = [entrant.site for entrant in entrants(seed)]
    return balanced_allocation(seed, make=blocks, sites=sites)[1]


@cache
def cohort_of(number: int) -> Cohort:
    """Return the cohort of a numbered seed."""
    seed = b"seed %d" % number
    return build_cohort(seed=seed, arms=arms_for(seed))
