"""CAPS-IV answers that score to a given total, with or without the diagnosis."""

from __future__ import annotations

import random
from collections.abc import Sequence

from assessments.instruments import caps4
from simulation.items import Answers, Person, caps5_answers, hand_out

MOST = 2 * caps4.MOST  # points of one symptom: frequency and intensity of four each
PRESENT = caps4.PRESENT_FREQUENCY + caps4.PRESENT_INTENSITY
CLUSTERS = tuple(
    (tuple(caps4.SYMPTOMS.index(code) for code in codes), caps4.NEEDED[name])
    for name, codes in caps4.CLUSTERS.items()
)
SHORT = (
    1  # the cluster that falls short where a diagnosis is lost: C needs most symptoms
)


def answers_of(
    rng: random.Random,
    person: Person,
    *,
    form: str,
    total: int,
    diagnosis: bool | None,
) -> Answers:
    """Return a complete CAPS-IV (`caps4`) or CAPS-5 (`caps5`) with the given total.

    `diagnosis` None leaves it to chance. ValueError for a total that cannot carry it.
    """
    if form == "caps5":
        return caps5_answers(rng, person, total=total, diagnosis=diagnosis)
    return caps4_answers(rng, person, total=total, diagnosis=diagnosis)


def caps4_answers(
    rng: random.Random, person: Person, *, total: int, diagnosis: bool | None
) -> Answers:
    """Return a complete CAPS-IV with a total of 0-136, by the F1/I2 rule.

    A symptom's points are split evenly into frequency and intensity, so it is present
    from three points on.
    """
    caps = [MOST] * len(caps4.SYMPTOMS)
    floors = [0] * len(caps4.SYMPTOMS)
    if diagnosis:
        floors = _floors(person)
    elif diagnosis is False:
        caps = _caps(rng)
    points = hand_out(
        rng,
        total,
        weights=person.propensities[: len(caps4.SYMPTOMS)],
        caps=caps,
        floors=floors,
    )
    values: dict[str, int | None] = {caps4.EVENT: 1}
    for code, severity in zip(caps4.SYMPTOMS, points, strict=True):
        frequency = min(severity, max(1, severity // 2))
        values[caps4.frequency_of(code)] = frequency
        if frequency:
            values[caps4.intensity_of(code)] = severity - frequency
    values[caps4.DURATION] = 1
    values |= dict(
        zip(
            caps4.DISTRESS, _distress(rng, points, is_kept=bool(diagnosis)), strict=True
        )
    )
    return Answers("caps4", values)


def _floors(person: Person) -> list[int]:
    """Return floors under which each cluster has the symptoms that it needs."""
    floors = [0] * len(caps4.SYMPTOMS)
    for cluster, needed in CLUSTERS:
        ranked = sorted(cluster, key=lambda item: -person.propensities[item])
        for item in ranked[:needed]:
            floors[item] = PRESENT
    return floors


def _caps(rng: random.Random) -> list[int]:
    """Return caps under which cluster C has a symptom too few."""
    cluster, needed = CLUSTERS[SHORT]
    spared = set(rng.sample(cluster, needed - 1))
    return [
        PRESENT - 1 if item in cluster and item not in spared else MOST
        for item in range(len(caps4.SYMPTOMS))
    ]


def _distress(rng: random.Random, points: Sequence[int], *, is_kept: bool) -> list[int]:
    """Return the three ratings of distress and impairment, which go with the symptoms."""
    burden = sum(points) / 34
    ratings = [
        min(caps4.MOST, max(0, round(burden + rng.gauss(0, 0.6))))
        for _ in caps4.DISTRESS
    ]
    if is_kept:
        ratings[0] = max(caps4.IMPAIRING, ratings[0])
    return ratings
