"""A trial that reads eligibility from the medical record, and builders of records."""

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.vocabulary import Role
from medical.actions import NewRecord, record
from medical.models import Record
from medical.vocabulary import Kind
from participants.access import eligibility_of
from participants.eligibility import CriterionResult
from participants.models import Fact, Participant
from tests.world import MAPP2, SCREENED_ON, World

SODIUM = """
[[facts]]
code = "sodium"
label = "Sodium"
type = "number"
unit = "mmol/L"
record = "lab.sodium"

[[criteria]]
code = "e11"
kind = "exclusion"
text = "Sodium below 130 mmol/L"
at = ["confirmation"]
fact = "sodium"
less_than = 130

"""
# The washout asked from the medication itself, half-lives known, an ECG and a sodium
# read from records, and the prior use frozen.
_EDITS = (
    (
        'where_not_known = "washout_complete"\nsource = "methods"\n',
        'source = "methods"\n',
    ),
    (
        'label = "Sertraline"\ndrug_class = "ssri"\n',
        'label = "Sertraline"\ndrug_class = "ssri"\nhalf_life_h = 26\n',
    ),
    (
        'label = "QTc interval, repeated measurement"\ntype = "number"\n',
        'label = "QTcF"\ntype = "number"\nrecord = "ecg.qtcf"\n',
    ),
    ('[[criteria]]\ncode = "i1"\n', SODIUM + '[[criteria]]\ncode = "i1"\n'),
    (
        'code = "prior_use_over_limit"\n',
        'code = "prior_use_over_limit"\nfrozen_by = "randomization"\n',
    ),
)


def text() -> str:
    """Return MAPP2 with those changes; each must be found in it."""
    changed = MAPP2.read_text("utf-8")
    for old, new in _EDITS:
        assert old in changed, old
        changed = changed.replace(old, new)
    return changed


DRUG: dict[str, Any] = {
    "drug": "sertraline",
    "indication": "Depression",
    "dose": "50 mg once a day",
    "last_dose_on": date(2025, 3, 1),
}
VALUES: dict[Kind, dict[str, Any]] = {
    Kind.CONDITION: {
        "kind": "medical",
        "term": "Asthma",
        "since": "2011-05",
        "is_ongoing": True,
        "is_controlled": True,
        "reported_on": SCREENED_ON,
    },
    Kind.HISTORY: {"taken_on": SCREENED_ON},
    Kind.MEDICATION: DRUG | {"reported_on": SCREENED_ON},
    Kind.TEST: {
        "kind": "pregnancy",
        "result": "negative",
        "performed_on": SCREENED_ON,
    },
    Kind.LAB: {
        "code": "sodium",
        "value": Decimal(140),
        "unit": "mmol/L",
        "low": Decimal(135),
        "high": Decimal(145),
        "sampled_on": SCREENED_ON,
    },
    Kind.ECG: {"recorded_on": SCREENED_ON, "rate": 60, "qt": 420, "pr": 160},
}


def new(person: Participant, kind: Kind, /, **values: Any) -> NewRecord:
    """Return a record of a kind as it usually is, but for what is given."""
    return NewRecord(person, kind, {"source": "Chart"} | VALUES[kind] | values)


def recorded(world: World, person: Participant, kind: Kind, /, **values: Any) -> Any:
    """Record one record as the coordinator."""
    (made,) = record(
        records=[new(person, kind, **values)], by=world.actor(Role.COORDINATOR)
    )
    return made


def everything_of(world: World, person: Participant) -> list[Record]:
    """Record one of each kind."""
    elsewhere = person.site_id == world.elsewhere.pk
    return record(
        records=[new(person, kind) for kind in Kind],
        by=world.actor(Role.COORDINATOR, elsewhere=elsewhere),
    )


def fact(person: Participant, code: str) -> Fact | None:
    """Return the current fact of a code."""
    return Fact.objects.filter(participant=person, code=code, is_current=True).first()


def asked(
    person: Participant, criterion: str, *, on: date, milestone: str = "confirmation"
) -> CriterionResult:
    """Return how somebody stands with one criterion on a day."""
    result = eligibility_of([person], milestone, on=on)[person.pk]
    return next(x for x in result.results if x.criterion.code == criterion)
