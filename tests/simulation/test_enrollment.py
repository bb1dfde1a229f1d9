"""Sites, entrants and the construction of an allocation of 53 and 51."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.enrollment import (
    SIZES,
    arms_in_order,
    balanced_allocation,
    entrants,
    site_plans,
)
from simulation.figures import Arm
from simulation.moments import mean
from tests.simulation.cohorts import blocks


def test_thirteen_sites_hold_a_hundred_and_four_in_two_countries() -> None:
    sites = site_plans()
    assert Counter(site.country for site in sites) == {"US": 11, "IL": 2}
    assert sum(site.size for site in sites) == 104
    assert all(5 <= site.size <= 12 for site in sites)
    assert len({site.code for site in sites}) == 13


@settings(deadline=None, max_examples=25)
@given(seed=st.binary(max_size=16))
def test_entrants_come_in_the_order_of_randomization(seed: bytes) -> None:
    found = entrants(seed)
    days = [entrant.randomized_day for entrant in found]
    assert days == sorted(days)
    assert Counter(entrant.site for entrant in found) == dict(enumerate(SIZES))
    assert sum(entrant.sex == "female" for entrant in found) == 74
    assert mean([entrant.age for entrant in found]) == pytest.approx(39.1, abs=0.5)
    assert min(entrant.age for entrant in found) >= 18


@settings(deadline=None, max_examples=25)
@given(seed=st.binary(max_size=16))
def test_an_allocation_ends_with_the_published_sizes(seed: bytes) -> None:
    sites = [entrant.site for entrant in entrants(seed)]
    list_seed, arms = balanced_allocation(seed, make=blocks, sites=sites)
    assert Counter(arms) == {Arm.ACTIVE: 53, Arm.COMPARATOR: 51}
    assert arms == arms_in_order(blocks(list_seed), sites)
    assert len(list_seed) == 32


def test_an_allocation_that_cannot_be_had_is_named() -> None:
    sites = [entrant.site for entrant in entrants(b"x")]
    only = dict.fromkeys(range(13), [Arm.ACTIVE] * 12)
    with pytest.raises(LookupError, match="no list seed"):
        balanced_allocation(b"x", make=lambda _: only, sites=sites, tries=3)


def test_each_site_uses_its_own_list_from_the_top() -> None:
    lists = {0: ["active", "comparator"], 1: ["comparator", "active"]}
    assert arms_in_order(lists, [1, 0, 0, 1]) == (
        Arm.COMPARATOR,
        Arm.ACTIVE,
        Arm.COMPARATOR,
        Arm.ACTIVE,
    )
