"""The constructed cohort: who is at which site, in which arm, and what each answers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from randomization.blocks import ListEntry, make_list
from simulation.items import Answers, draw_person
from simulation.moments import stream
from simulation.reproduction.answers import answers_of
from simulation.reproduction.targets import Measure, Target
from simulation.reproduction.totals import Scored, arm_totals
from trials.protocol import ProtocolDefinition

TRIES = 5_000  # a list seed each; allocated numbers only are looked at


@dataclass(frozen=True, slots=True)
class Volunteer:
    """One synthetic participant: `answers` at the visits they come to, baseline first."""

    index: int
    site: int
    arm: str
    answers: tuple[Answers, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everybody in the order of randomization, and the lists that give them their arms."""

    seed: bytes
    volunteers: tuple[Volunteer, ...]
    lists: tuple[ListEntry, ...]


def site_number(site: int) -> str:
    """Return the number of a site, which is also the stratum of its list."""
    return f"{site + 1:02d}"


def build_cohort(target: Target, definition: ProtocolDefinition) -> Cohort:
    """Return the cohort of a published trial; the same at every call.

    LookupError where no list of the definition's blocks allocates the published numbers.
    """
    seed = target.name.encode()
    sites = [index % target.sites for index in range(target.participants)]
    lists, arms = allocation(seed, target, definition, sites=sites)
    answers: dict[int, tuple[Answers, ...]] = {}
    for arm in target.arms:
        members = [index for index, code in enumerate(arms) if code == arm.code]
        scored = dict(zip(members, arm_totals(seed, target, arm), strict=True))
        answers |= _answers(seed, target, arm.code, scored=scored)
    volunteers = tuple(
        Volunteer(index, site, arm, answers[index])
        for index, (site, arm) in enumerate(zip(sites, arms, strict=True))
    )
    return Cohort(seed, volunteers, lists)


def allocation(
    seed: bytes, target: Target, definition: ProtocolDefinition, *, sites: Sequence[int]
) -> tuple[tuple[ListEntry, ...], tuple[str, ...]]:
    """Return lists under which each arm gets its published number, and everybody's arm.

    Blocks used in part rarely end with those numbers, so seeds of the lists are derived
    from the trial's name by a counter until they do, before any outcome exists.
    """
    planned = definition.randomization
    if planned is None:
        message = f"{definition.identifier} randomizes nobody"
        raise LookupError(message)
    wanted = {arm.code: arm.randomized for arm in target.arms}
    for counter in range(TRIES):
        entries = make_list(
            arms={arm.code: arm.ratio for arm in definition.arms},
            block_sizes=planned.block_sizes,
            strata=[site_number(site) for site in range(target.sites)],
            length=max(Counter(sites).values()),
            seed=hashlib.sha256(seed + b"|allocation|%d" % counter).digest(),
        )
        arms = _arms(entries, sites)
        if Counter(arms) == wanted:
            return tuple(entries), arms
    message = f"no list of the planned blocks allocates {wanted}"
    raise LookupError(message)


def _arms(entries: Sequence[ListEntry], sites: Sequence[int]) -> tuple[str, ...]:
    listed: dict[str, list[str]] = {}
    for entry in entries:
        listed.setdefault(entry.stratum, []).append(entry.arm)
    places = {stratum: iter(arms) for stratum, arms in listed.items()}
    return tuple(next(places[site_number(site)]) for site in sites)


def _answers(
    seed: bytes, target: Target, arm: str, *, scored: Mapping[int, Scored]
) -> dict[int, tuple[Answers, ...]]:
    """Return the forms of an arm's participants by index."""
    points = target.arm(arm).points
    lost = [
        _losing(scored, time, point.aim(Measure.LOST))
        for time, point in enumerate(points)
    ]
    found = {}
    for index, each in scored.items():
        rng = stream(seed, f"answers {index}")
        person = draw_person(stream(seed, f"person {index}"))
        found[index] = tuple(
            answers_of(
                rng,
                person,
                form=target.form,
                total=total,
                diagnosis=_diagnosis(time, lost[time], index),
            )
            for time, total in enumerate(each.totals)
        )
    return found


def _losing(
    scored: Mapping[int, Scored], time: int, count: float | None
) -> frozenset[int] | None:
    """Return who loses the diagnosis at a visit: those with the lowest totals."""
    if count is None:
        return None
    there = [index for index, each in scored.items() if each.seen > time]
    ranked = sorted(there, key=lambda index: (scored[index].totals[time], index))
    return frozenset(ranked[: int(count)])


def _diagnosis(time: int, lost: frozenset[int] | None, index: int) -> bool | None:
    """Return whether a form is to show the diagnosis; None where nothing is published."""
    if time == 0:
        return True
    return None if lost is None else index not in lost
