"""Loading the sealed list and the kits: unblinded people's work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.template.defaultfilters import pluralize

from accounts.vocabulary import Permission
from audit.actors import AnyActor, Place
from audit.refusal import Refused
from audit.trail import acting
from randomization.access import WHOLE_TRIAL, Places, current_definition, places_of
from randomization.blocks import (
    ListEntry,
    check_cohorts,
    check_list,
    is_kit_number,
    list_digest,
    make_list,
)
from randomization.models import Kit
from sessions.dosing import Administration
from trials.access import require, require_on_trial
from trials.models import Site, Trial
from trials.protocol import ProtocolDefinition
from trials.protocol.parts import Randomization as PlannedRandomization

NOT_ALLOCATED = "This trial's protocol has no randomization."


@dataclass(frozen=True, slots=True)
class NewKit:
    """A kit as packed: number on the outside, the rest behind the wall; milligrams."""

    site: Site
    number: str
    arm: str
    step: str
    part: str
    milligrams: Decimal


def load_list(*, trial: Trial, entries: Sequence[ListEntry], by: AnyActor) -> None:
    """Seal the list of some strata, or the next places of cohorts filled in order.

    A stratum is loaded once, whole, and checked against the protocol's arms, ratio and
    block sizes. A cohort's places are added when it may begin. Refusals name strata and
    positions, never an arm. What anchors the list in the trail are its rows'
    commitments: the hash of a list, with no secret in it, could be tried until it fits.
    """
    require_on_trial(by=by, permission=Permission.LOAD_LIST, trial=trial)
    definition = current_definition(trial)
    if definition is None or not (definition.randomization or definition.fills_cohorts):
        raise Refused(NOT_ALLOCATED)
    sites = {site.number: site.pk for site in Site.objects.filter(trial=trial)}
    strata = _strata(entries, sites, definition)
    # In the list's own order: rows in the order of a file sorted by arm would tell.
    ordered = sorted(entries, key=lambda entry: (entry.stratum, entry.position))
    with acting(
        "load sealed list",
        by=by,
        subject=f"{trial.identifier}, strata {', '.join(strata)}",
        place=Place(trial_id=trial.pk),
        details={"places": len(ordered)},
    ):
        with connection.cursor() as cursor:
            # One load at a time: two would both find their strata empty.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [str(trial.pk)]
            )
        problems = _problems(ordered, definition, strata, loaded=places_of(trial.pk))
        if problems:
            raise Refused("The list was not loaded. " + " ".join(problems))
        _seal_list(trial, ordered, sites)


def _problems(
    entries: Sequence[ListEntry],
    definition: ProtocolDefinition,
    strata: Sequence[str],
    *,
    loaded: Mapping[str, Places],
) -> tuple[str, ...]:
    planned = definition.randomization
    if planned is None:
        before = loaded.get(WHOLE_TRIAL)
        return check_cohorts(
            entries,
            arms=[arm.code for arm in definition.arms],
            stratum=WHOLE_TRIAL,
            after=before.total if before else 0,
        )
    if again := sorted(loaded.keys() & set(strata)):
        return (f"The list of stratum {', '.join(again)} was loaded already.",)
    return check_list(
        entries,
        arms={arm.code: arm.ratio for arm in definition.arms},
        block_sizes=planned.block_sizes,
        strata=strata,
        length=min(planned.block_sizes),
    )


def is_sealed_list(*, trial: Trial, seed: bytes, by: AnyActor) -> bool:
    """Tell whether a trial's sealed list, of all its strata, is what a seed makes.

    The list is made again here and compared behind the wall, by its hash; neither comes
    out (ICH E9 2.3.2: the list can be reproduced). Raises Refused for a short seed.
    """
    definition, planned = _randomized(trial)
    strata = places_of(trial.pk)
    if not strata:
        raise Refused("No list of this trial is sealed yet.")
    entries = [
        entry
        for stratum, places in strata.items()
        for entry in make_list(
            arms={arm.code: arm.ratio for arm in definition.arms},
            block_sizes=planned.block_sizes,
            strata=[stratum],
            length=places.total,
            seed=seed,
        )
    ]
    place = Place(trial_id=trial.pk)
    with (
        acting("compare sealed list", by=by, subject=trial.identifier, place=place),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT sealed.is_list(%s, %s)", [trial.pk, list_digest(entries)]
        )
        return bool(cursor.fetchone()[0])


def _seal_list(
    trial: Trial, entries: Sequence[ListEntry], sites: dict[str, int]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sealed.load_list(%s, %s::bigint[], %s, %s, %s)",
            [
                trial.pk,
                [sites.get(entry.stratum) for entry in entries],
                [entry.stratum for entry in entries],
                [entry.position for entry in entries],
                [entry.arm for entry in entries],
            ],
        )


def _randomized(trial: Trial) -> tuple[ProtocolDefinition, PlannedRandomization]:
    definition = current_definition(trial)
    if definition is None or definition.randomization is None:
        raise Refused(NOT_ALLOCATED)
    return definition, definition.randomization


def _strata(
    entries: Iterable[ListEntry],
    sites: dict[str, int],
    definition: ProtocolDefinition,
) -> list[str]:
    """Return the strata of the list; what is none of them, the checks name."""
    planned = definition.randomization
    by = set(planned.strata) if planned else set()
    if by - {"site"}:
        raise Refused("Only sites can be strata so far.")
    allowed = set(sites) if by else {WHOLE_TRIAL}
    found = sorted(allowed & {entry.stratum for entry in entries})
    if not found:
        raise Refused("The list has no stratum of this trial.")
    return found


def load_kits(*, trial: Trial, kits: Sequence[NewKit], by: AnyActor) -> list[Kit]:
    """Enter kits at their sites and seal what they hold.

    Each must hold what the protocol plans for an arm, a step and a part; those of a
    stage without blinding are packed without an arm. Refusals name kit numbers, never
    contents.
    """
    if not kits:
        raise Refused("There are no kits to load.")
    require(
        by=by,
        permission=Permission.LOAD_LIST,
        site_ids={kit.site.pk for kit in kits},
    )
    _check_kits(trial, kits)
    # Ordered by number: ids in the order of a file sorted by arm would tell.
    ordered = sorted(kits, key=lambda kit: kit.number)
    sites = {kit.site.number: kit.site.pk for kit in kits}
    with acting(
        "load kits",
        by=by,
        subject=f"{len(kits)} kit{pluralize(len(kits))}, site {', '.join(sorted(sites))}",
        place=Place(trial.pk, next(iter(sites.values())) if len(sites) == 1 else None),
    ):
        rows = Kit.objects.bulk_create(
            Kit(trial=trial, site=kit.site, number=kit.number) for kit in ordered
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sealed.load_kits(%s, %s, %s, %s, %s)",
                [
                    [row.pk for row in rows],
                    [kit.arm for kit in ordered],
                    [kit.step for kit in ordered],
                    [kit.part for kit in ordered],
                    [kit.milligrams for kit in ordered],
                ],
            )
    return rows


def _check_kits(trial: Trial, kits: Sequence[NewKit]) -> None:
    definition = current_definition(trial)
    if definition is None:
        raise Refused("This trial has no protocol yet.")
    numbers = [kit.number for kit in kits]
    if len(set(numbers)) < len(numbers):
        raise Refused("Two of the kits have the same number.")
    if known := _taken(trial, numbers)[:3]:
        raise Refused(f"Kit {', '.join(known)} is entered already.")
    for kit in kits:
        if kit.site.trial_id != trial.pk:
            raise Refused("A kit goes to a site of the trial.")
        if not is_kit_number(kit.number):
            raise Refused(f"{kit.number} is not a kit number: a digit is wrong.")
        if kit.milligrams not in _planned(kit, definition):
            raise Refused(f"Kit {kit.number} does not hold what the protocol plans.")


def _taken(trial: Trial, numbers: Sequence[str]) -> list[str]:
    """Return the numbers that are in use, at sites too that the pharmacist does not see."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM walls.kits_taken(%s, %s)", [trial.pk, list(numbers)]
        )
        return [number for (number,) in cursor]


def _planned(kit: NewKit, definition: ProtocolDefinition) -> tuple[Decimal, ...]:
    """Return the amounts that the protocol plans for such a kit, in milligrams."""
    doses = {arm.code: arm.doses for arm in definition.arms}
    # A step of both kinds would let an open kit go to somebody whose dose is blinded.
    blinded = {step for planned in doses.values() for step in planned}
    doses[""] = {
        step: dose
        for stage in definition.stages
        if not stage.blinded
        for step, dose in stage.doses.items()
        if step not in blinded
    }
    dose = doses.get(kit.arm, {}).get(kit.step)
    if dose is None:
        return ()
    amounts = {
        Administration.INITIAL.value: dose.initial_mg,
        Administration.SUPPLEMENT.value: dose.supplement_mg,
    }
    return amounts.get(kit.part, ())
