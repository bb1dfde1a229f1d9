"""Item answers made from totals: CAPS-5, adapted SDS, PCL-5, C-SSRS.

Severity is handed out by person-specific propensities (gamma, shape 2), mainly in
steps of two points up to four. Handing out single points spreads the severity too
thinly and keeps too many diagnoses.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from assessments.instruments import caps5, cssrs_slc, pcl5, sds_adapted
from assessments.instruments.base import MissingReason

# For each cluster B-E: the positions of its items and how many must be present.
CLUSTERS: tuple[tuple[tuple[int, ...], int], ...] = tuple(
    (tuple(caps5.SYMPTOMS.index(code) for code in codes), caps5.NEEDED[name])
    for name, codes in caps5.CLUSTERS.items()
)
SHORT_OF = (3, 6, 0, 1)  # which cluster falls short first when a diagnosis is lost
LEAST_DIAGNOSABLE = 12  # one, one, two and two items at two points
BLOCK_SHARE = 0.9
DEFINITE, PROBABLE = 1, 2


@dataclass(frozen=True, slots=True)
class Person:
    """What stays the same in one participant's answers.

    `propensities` weighs the twenty symptoms; `wishes` is the chance of passive
    suicidal ideation between two contacts.
    """

    propensities: tuple[float, ...]
    onset_months: int
    months_ill: int
    is_dissociative: bool
    works: bool
    wishes: float


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one form: item code to whole number, or None if missing.

    Every None has its coded reason in `missing`.
    """

    form: str
    values: Mapping[str, int | None]
    missing: Mapping[str, MissingReason] = field(
        default_factory=lambda: MappingProxyType({})
    )


def draw_person(rng: random.Random) -> Person:
    """Return a participant's lasting dispositions."""
    return Person(
        propensities=tuple(rng.gammavariate(2, 1) for _ in range(20)),
        onset_months=rng.choices((0, 1, 3, 8, 24), weights=(70, 15, 5, 6, 4))[0],
        months_ill=rng.randrange(8, 300),
        is_dissociative=rng.random() < 0.2,
        works=rng.random() < 0.8,
        wishes=0.3 if rng.random() < 0.3 else 0.02,
    )


def hand_out(
    rng: random.Random,
    total: int,
    *,
    weights: Sequence[float],
    caps: Sequence[int],
    floors: Sequence[int],
) -> list[int]:
    """Return item severities that add up to the total.

    Each lies between its floor and its cap. ValueError where the total cannot be
    reached.
    """
    if not sum(floors) <= total <= sum(caps):
        message = f"{total} points do not fit between the floors and the caps"
        raise ValueError(message)
    severities = list(floors)
    left = total - sum(floors)
    while left:
        open_weights = [
            weight if severity < cap else 0.0
            for weight, severity, cap in zip(weights, severities, caps, strict=True)
        ]
        item = rng.choices(range(len(severities)), weights=open_weights)[0]
        block = 2 if rng.random() < BLOCK_SHARE else 1
        step = min(block, left, caps[item] - severities[item])
        severities[item] += step
        left -= step
    return severities


def meets_clusters(severities: Sequence[int]) -> bool:
    """Tell whether B to E have enough symptoms of at least two points."""
    return all(
        sum(severities[item] >= caps5.PRESENT for item in cluster) >= needed
        for cluster, needed in CLUSTERS
    )


def _floors_for_diagnosis(person: Person) -> list[int]:
    floors = [0] * 20
    for cluster, needed in CLUSTERS:
        ranked = sorted(cluster, key=lambda item: -person.propensities[item])
        for item in ranked[:needed]:
            floors[item] = caps5.PRESENT
    return floors


def _caps_against_diagnosis(rng: random.Random) -> list[int]:
    """Return caps under which one cluster falls short, avoidance most often."""
    cluster, needed = rng.choices(CLUSTERS, weights=SHORT_OF)[0]
    spared = set(rng.sample(cluster, needed - 1))
    return [1 if item in cluster and item not in spared else 4 for item in range(20)]


def symptom_severities(
    rng: random.Random, person: Person, *, total: int, diagnosis: bool | None
) -> list[int]:
    """Return the twenty CAPS-5 severities for a total of 0-80.

    `diagnosis` None leaves the clusters to chance; True or False steers them. Totals
    under 12 cannot carry a diagnosis and totals above 60 are not steered away from
    one: ValueError.
    """
    caps, floors = [4] * 20, [0] * 20
    if diagnosis:
        floors = _floors_for_diagnosis(person)
    elif diagnosis is False:
        caps = _caps_against_diagnosis(rng)
    return hand_out(rng, total, weights=person.propensities, caps=caps, floors=floors)


def caps5_answers(
    rng: random.Random, person: Person, *, total: int, diagnosis: bool | None
) -> Answers:
    """Return a complete CAPS-5 with the given total; see `symptom_severities`."""
    severities = symptom_severities(rng, person, total=total, diagnosis=diagnosis)
    rated = dict(zip(caps5.SYMPTOMS, severities, strict=True))
    values: dict[str, int | None] = {caps5.EVENT: 1, **rated}
    values |= {
        caps5.trauma_related(f"caps{number:02}"): _relation(rng, severities[number - 1])
        for number in caps5.RELATED_NUMBERS
    }
    values |= {
        caps5.ONSET_MONTHS: person.onset_months,
        caps5.DURATION: 1,
        caps5.DURATION_MONTHS: person.months_ill,
    }
    values |= dict(zip(caps5.DISTRESS, _distress(rng, severities), strict=True))
    values |= {
        "caps26": rng.choices((0, 1, 2), weights=(70, 25, 5))[0],
        "caps27": min(4, round(total / 18)),
        "caps28": min(5, max(0, round(total / 14) + rng.choice((-1, 0, 0)))),
    }
    is_apart = person.is_dissociative and total >= LEAST_DIAGNOSABLE
    grades = (2, 2, 3) if is_apart else (0, 0, 0, 1)
    values |= {code: rng.choice(grades) for code in caps5.DISSOCIATION}
    return Answers("caps5", values)


def _distress(rng: random.Random, severities: Sequence[int]) -> list[int]:
    """Return the three ratings of distress and impairment.

    They go with the symptoms: where B to E are met, so is G, or it would undo the
    diagnosis that was steered for.
    """
    burden = sum(severities) / 18
    grades = [min(4, max(0, round(burden + rng.gauss(0, 0.6)))) for _ in range(3)]
    if meets_clusters(severities):
        grades[0] = max(caps5.PRESENT, grades[0])
    return grades


def _relation(rng: random.Random, severity: int) -> int:
    """Return how the symptom relates to the trauma.

    "Unlikely" falls only on symptoms that do not count anyway, since it would take a
    counted one out of the diagnosis that was steered for.
    """
    unlikely = 4 if severity < caps5.PRESENT else 0
    weights = (88, 8, unlikely)
    return rng.choices((DEFINITE, PROBABLE, caps5.UNLIKELY), weights=weights)[0]


def without(answers: Answers, code: str, reason: MissingReason) -> Answers:
    """Return the answers with one item missing for a coded reason."""
    if code not in answers.values:
        message = f"{answers.form} has no item {code}"
        raise ValueError(message)
    return Answers(
        answers.form,
        {**answers.values, code: None},
        {**answers.missing, code: reason},
    )


def sds_answers(rng: random.Random, person: Person, *, points: int) -> Answers:
    """Return the three adapted SDS items for a sum of 0-30.

    Those who do not work have no work item, and the other two carry the same mean.
    """
    codes = sds_adapted.CODES
    count = 3 if person.works else 2
    share = hand_out(
        rng,
        round(points * count / 3),
        weights=[1.0] * count,
        caps=[10] * count,
        floors=[max(0, points // 3 - 2)] * count,
    )
    if person.works:
        return Answers("sds_adapted", dict(zip(codes, share, strict=True)))
    values: dict[str, int | None] = dict(zip(codes, [None, *share], strict=True))
    missing = {codes[0]: MissingReason.NOT_APPLICABLE}
    return Answers("sds_adapted", values, missing)


def pcl5_answers(rng: random.Random, person: Person, *, near: int) -> Answers:
    """Return a PCL-5 whose total goes with a CAPS-5 total near it."""
    total = min(80, max(0, round(4 + 0.95 * near + rng.gauss(0, 6))))
    severities = hand_out(
        rng, total, weights=person.propensities, caps=[4] * 20, floors=[0] * 20
    )
    return Answers("pcl5", dict(zip(pcl5.CODES, severities, strict=True)))


def cssrs_answers(rng: random.Random, person: Person) -> Answers:
    """Return a C-SSRS since last contact: mostly nothing, at most ideation type 2.

    Items that are asked only after another answer are left out where they are not.
    """
    wishes = rng.random() < person.wishes
    thoughts = wishes and rng.random() < 0.3
    values: dict[str, int | None] = dict(
        zip(cssrs_slc.IDEATION, (int(wishes), int(thoughts)), strict=False)
    )
    if thoughts:
        values |= dict.fromkeys(cssrs_slc.IDEATION[2:], 0)
    if wishes:
        values |= {code: rng.choice((1, 1, 2)) for code in cssrs_slc.INTENSITY}
    values |= dict.fromkeys((*cssrs_slc.BEHAVIOR, cssrs_slc.SELF_INJURY), 0)
    return Answers("cssrs_slc", values)
