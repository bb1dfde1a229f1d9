"""From records to the facts that eligibility reads, within the act that wrote them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from audit.actors import AnyActor
from medical.access import standing_records, taken
from medical.models import (
    ECG,
    LabResult,
    Medication,
    MedicationHistory,
    Record,
    ReviewedRecord,
    TestResult,
    day_of,
)
from medical.rules import result_is
from medical.vocabulary import Kind
from participants.actions import FactReading, take_readings
from participants.facts import drugs_kept
from participants.models import Participant
from trials.access import protocol_versions
from trials.protocol import Fact, ProtocolDefinition
from trials.protocol.records import (
    MEASURES,
    MEDICATIONS,
    PROCEDURES,
    TESTS,
    done_code,
)

_OF_TABLE = {"test": Kind.TEST, "lab": Kind.LAB, "ecg": Kind.ECG}
# The records of each procedure that a gate may ask for, and of tests the kind.
_PROCEDURES = {
    "laboratory": (Kind.LAB, ""),
    "ecg": (Kind.ECG, ""),
    "pregnancy_test": (Kind.TEST, "pregnancy"),
    "urine_drug_screen": (Kind.TEST, "urine_drug_screen"),
    "breath_alcohol": (Kind.TEST, "breath_alcohol"),
}
_HISTORY = frozenset({Kind.HISTORY, Kind.MEDICATION})


def feed(
    *, participants: Mapping[int, Participant], kinds: Iterable[Kind], by: AnyActor
) -> None:
    """Bring the facts that are read from these kinds of records to what they say now."""
    changed = set(kinds)
    definitions = protocol_versions(
        row.protocol_version_id for row in participants.values()
    )
    readings: list[FactReading] = []
    if changed & _HISTORY:
        readings += _medications(participants)
    readings += _facts(participants, definitions, changed)
    readings += _procedures(participants, definitions, changed)
    if readings:
        take_readings(readings=readings, by=by)


def _facts(
    people: Mapping[int, Participant],
    definitions: Mapping[int, ProtocolDefinition],
    changed: Collection[Kind],
) -> Iterator[FactReading]:
    """Yield what the facts of the protocols that are read from records say now."""
    facts = {
        pk: [fact for fact in each.facts if _kind_of(fact) in changed]
        for pk, each in definitions.items()
    }
    wanted = {_kind_of(fact) for each in facts.values() for fact in each}
    for kind in sorted(kind for kind in wanted if kind is not None):
        found = _by_person(standing_records(people, kind))
        for row in people.values():
            for fact in facts[row.protocol_version_id]:
                if _kind_of(fact) is kind:
                    yield _reading(row, fact, found.get(row.pk, []))


def _procedures(
    people: Mapping[int, Participant],
    definitions: Mapping[int, ProtocolDefinition],
    changed: Collection[Kind],
) -> Iterator[FactReading]:
    """Yield when the procedures that gates ask for by name were done."""
    asked = {pk: _asked_by_gates(each) for pk, each in definitions.items()}
    for procedure in sorted(set().union(*asked.values())):
        kind, name = _PROCEDURES[procedure]
        if kind not in changed:
            continue
        found = _by_person(standing_records(people, kind))
        for row in people.values():
            if procedure in asked[row.protocol_version_id]:
                yield _done(row, procedure, _of(name, found.get(row.pk, [])))


def _asked_by_gates(definition: ProtocolDefinition) -> set[str]:
    """Return the procedures that a gate before a dose asks for by name."""
    return {gate.form for gate in definition.gates} & PROCEDURES.keys()


def _of(name: str, records: Iterable[Any]) -> Iterator[Any]:
    """Yield the records of a procedure: of tests those of a kind, of others all."""
    return (each for each in records if not name or each.kind == name)


def _done(person: Participant, procedure: str, records: Iterable[Any]) -> FactReading:
    """Return the days on which a procedure was done, each with whether it was reviewed.

    All of them: a dose that is recorded late is judged by what was before it.
    """
    days: dict[date, bool] = {}
    for each in records:
        on = day_of(each)
        assert isinstance(on, date)  # noqa: S101 - for the type checker
        days[on] = days.get(on, True) and each.reviewed_at is not None
    code = done_code(procedure)
    if not days:
        return FactReading(person, code, None, None)
    value = {on.isoformat(): days[on] for on in sorted(days)}
    return FactReading(person, code, value, max(days), PROCEDURES[procedure])


def _kind_of(fact: Fact) -> Kind | None:
    return _OF_TABLE.get(fact.record.partition(".")[0])


def _by_person(records: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for record in records:
        found.setdefault(record.participant_id, []).append(record)
    return found


def _reading(person: Participant, fact: Fact, records: Sequence[Any]) -> FactReading:
    """Return what the records of the latest day say of a fact."""
    table, name, *_ = fact.record.split(".")
    latest = list(_latest(_about(table, name, records)))
    if not latest:
        return FactReading(person, fact.code, None, None)
    value = _VALUES[table](fact, latest)
    on = day_of(latest[0])
    assert isinstance(on, date)  # noqa: S101 - for the type checker
    return FactReading(person, fact.code, value, on, _source(table, name, latest[0]))


def _about(table: str, name: str, records: Sequence[Any]) -> Iterator[Any]:
    if table == "test":
        return (each for each in records if each.kind == name)
    if table == "lab":
        return (each for each in records if each.code == name)
    return (each for each in records if getattr(each, name) is not None)


def _latest(records: Iterable[Any]) -> Iterator[Any]:
    """Yield the records of the latest day, the last recorded first."""
    first = None
    for record in records:
        first = first or day_of(record)
        if day_of(record) != first:
            return
        yield record


def _of_tests(fact: Fact, latest: Sequence[TestResult]) -> bool | None:
    wanted = fact.record.rpartition(".")[2]
    return result_is((each.result for each in latest), wanted=wanted)


def _of_labs(_fact: Fact, latest: Sequence[LabResult]) -> int | float:
    return _number(latest[0].value)


def _of_ecgs(fact: Fact, latest: Sequence[ECG]) -> int:
    return int(getattr(latest[0], fact.record.partition(".")[2]))


_VALUES: Mapping[str, Callable[[Fact, Any], Any]] = {
    "test": _of_tests,
    "lab": _of_labs,
    "ecg": _of_ecgs,
}


def _number(value: Any) -> int | float:
    whole = value == value.to_integral_value()
    return int(value) if whole else float(value)


def _source(table: str, name: str, record: ReviewedRecord) -> str:
    """Return where a fact comes from, in words: "Pregnancy test, chart, reviewed by …"."""
    label = {
        "test": TESTS.get(name, name),
        "lab": getattr(record, "label", name),
        "ecg": f"{MEASURES.get(name, name)} of the ECG",
    }[table]
    reviewer = record.reviewed_by
    read = f"reviewed by {reviewer.name}" if reviewer else "not reviewed yet"
    return f"{label}, {record.source}, {read}"


def _medications(people: Mapping[int, Participant]) -> Iterator[FactReading]:
    """Yield what washouts are asked about; not known while the history was not taken."""
    histories = _by_person(standing_records(people, Kind.HISTORY))
    drugs = _by_person(standing_records(people, Kind.MEDICATION))
    for row in people.values():
        history: list[MedicationHistory] = histories.get(row.pk, [])
        medications: list[Medication] = drugs.get(row.pk, [])
        if not history:
            yield FactReading(row, MEDICATIONS, None, None)
            continue
        # Ordered by what was taken, not by when it was told: the same list is the same.
        value = sorted(drugs_kept(taken(medications)), key=str)
        first = min(each.taken_on for each in history)
        yield FactReading(row, MEDICATIONS, value, first, _asked(history))


def _asked(history: Sequence[Record]) -> str:
    return f"Medication history, {history[0].source}"
