"""What the screening found of people's health: history, medication, tests, laboratory, ECG."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from accounts.vocabulary import Role
from medical.actions import NewRecord, Review, record, review
from medical.models import Medication, ReviewedRecord
from medical.vocabulary import Kind
from simulation.driver.scene import Due, Scene, by_site
from simulation.driver.screening import screening_facts
from simulation.live import LiveState
from simulation.moments import stream

SOURCE = "Screening (synthetic)"
# Mild, long there, and nothing that keeps anybody out.
CONDITIONS = (
    ("psychiatric", "Major depressive disorder, in remission"),
    ("medical", "Migraine"),
    ("medical", "Asthma"),
    ("medical", "Seasonal allergy"),
    ("surgical", "Appendectomy"),
)
DRUGS = (("sertraline", "50 mg"), ("fluoxetine", "20 mg"), ("paroxetine", "20 mg"))
# Analyte, unit, the laboratory's range, and what is found of healthy people, in tenths.
ANALYTES = (
    ("sodium", "mmol/L", ("135", "145"), (1370, 1440)),
    ("alt", "U/L", ("7", "55"), (120, 380)),
    ("creatinine", "mg/dL", ("0.6", "1.3"), (7, 12)),
)


def examine(scene: Scene, due: Sequence[Due]) -> None:
    """Record what was found of everybody, and have it reviewed: two acts a site."""
    for site, items in by_site(due).items():
        records = [new for item in items for new in _records(scene, item)]
        made = record(records=records, by=scene.cast.actor(Role.COORDINATOR, site=site))
        review(
            reviews=[
                Review(each, "read" if isinstance(each, Medication) else "normal")
                for each in made
                if isinstance(each, ReviewedRecord)
            ],
            at=timezone.now(),
            by=scene.cast.actor(Role.INVESTIGATOR, site=site),
        )


def _records(scene: Scene, item: Due) -> Iterator[NewRecord]:
    facts = dict(screening_facts(scene.script.seed, item.member))
    rng = stream(scene.script.seed, f"health {item.member.plan.index}")
    found = [*_history(rng, item.on)]
    # The person of today who has just consented was asked, and not yet examined.
    if item.member.state is not LiveState.CONSENTED:
        found += _examined(rng, item, int(str(facts["qtc_ms"])))
    for kind, values in found:
        yield NewRecord(item.participant, kind, {"source": SOURCE} | values)


def _history(rng: Random, on: date) -> Iterator[tuple[Kind, dict[str, Any]]]:
    for kind, term in rng.sample(CONDITIONS, rng.choices((0, 1, 2), (40, 45, 15))[0]):
        yield (
            Kind.CONDITION,
            {
                "kind": kind,
                "term": term,
                "since": str(on.year - rng.randint(2, 15)),
                "is_ongoing": kind == "medical",
                "is_controlled": True if kind == "medical" else None,
                "reported_on": on,
            },
        )
    yield Kind.HISTORY, {"taken_on": on}
    if rng.random() < 0.4:
        drug, dose = rng.choice(DRUGS)
        yield (
            Kind.MEDICATION,
            {
                "drug": drug,
                "indication": "Posttraumatic stress disorder",
                "dose": f"{dose} once a day",
                "started": str(on.year - rng.randint(1, 4)),
                "last_dose_on": on - timedelta(days=rng.randint(45, 120)),
                "reported_on": on,
            },
        )


def _examined(
    rng: Random, item: Due, qtc: int
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    on = item.on
    if item.member.plan.sex == "female":
        result = {"kind": "pregnancy", "result": "negative", "performed_on": on}
        yield Kind.TEST, result
    screen = {"kind": "urine_drug_screen", "result": "negative", "performed_on": on}
    yield Kind.TEST, screen
    for code, unit, (low, high), (least, most) in ANALYTES:
        value = Decimal(rng.randint(least, most)) / 10
        yield (
            Kind.LAB,
            {
                "code": code,
                "value": value,
                "unit": unit,
                "low": Decimal(low),
                "high": Decimal(high),
                "sampled_on": on,
            },
        )
    rate = rng.randint(56, 84)
    # The interval that makes the corrected one of the screening facts.
    qt = round(qtc / (rate / 60) ** (1 / 3))
    ecg = {"recorded_on": on, "rate": rate, "qt": qt, "pr": rng.randint(130, 190)}
    yield Kind.ECG, ecg | {"qrs": rng.randint(80, 105)}
