"""What no single column can refuse, each with the sentence that somebody reads."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal

from audit.refusal import Refused
from medical.models import (
    DAYS,
    ECG,
    Condition,
    LabResult,
    Medication,
    Record,
    TestResult,
    kind_of,
)
from medical.rules import fridericia, is_before, is_partial_date
from medical.vocabulary import (
    CONDITION_KINDS,
    DRUG_CLASSES,
    DRUG_SCREEN,
    OTHER,
    RESULTS,
    Kind,
)
from participants.access import has_left_before
from trials.protocol import ProtocolDefinition
from trials.protocol.records import ANALYTES, MEASURES, TESTS

# Wide enough for any living heart; what lies outside was mistyped.
PLAUSIBLE: Mapping[str, tuple[int, int]] = {
    "rate": (20, 250),
    "pr": (50, 500),
    "qrs": (30, 300),
    "qt": (200, 800),
    "qtcf": (200, 800),
}


def check(*, record: Record, definition: ProtocolDefinition, today: date) -> None:
    """Raise `Refused` where a record cannot stand; fill in what follows from the rest."""
    kind = kind_of(record)
    record.source = record.source.strip()
    if not record.source:
        raise Refused(
            "Say where this is written: the chart, the report, the interview."
        )
    if getattr(record, DAYS[kind]) > today:
        raise Refused("This day has not come yet at the site.")
    if known := _CHECKS.get(kind):
        known(record, definition)


def refuse_after_leaving(*, record: Record, allows: Collection[str]) -> None:
    """Raise `Refused` for a record of a day after somebody left who allowed none (CON-06).

    Checked while the participant is locked: nobody leaves meanwhile.
    """
    on = getattr(record, DAYS[kind_of(record)])
    if on is not None and has_left_before(record.participant, on) and not allows:
        raise Refused(
            "This person had left the study by that day, and allowed neither to be seen "
            "nor to have their records read. What concerns an adverse event is recorded "
            "with the event."
        )


def _check_condition(record: Record, _definition: ProtocolDefinition) -> None:
    assert isinstance(record, Condition)  # noqa: S101 - for the type checker
    _among(record.kind, CONDITION_KINDS, "Choose what kind of condition it is.")
    if not record.term.strip():
        raise Refused("Say what the condition is.")
    _dates(record.since, record.ended)
    if record.is_ongoing and record.ended:
        raise Refused("A condition that goes on has no end. Leave one of the two out.")


def _check_medication(record: Record, definition: ProtocolDefinition) -> None:
    assert isinstance(record, Medication)  # noqa: S101 - for the type checker
    known = {drug.code: drug for drug in definition.drugs}
    if record.drug and record.drug not in known:
        raise Refused(f"“{record.drug}” is not on the protocol's list of drugs.")
    if record.drug:
        record.label = known[record.drug].label or record.drug.replace("_", " ")
    if not record.label.strip():
        raise Refused("Choose the drug from the list, or write its name.")
    last = record.last_dose_on
    _dates(record.started, last.isoformat() if last else "")
    if last is not None and last > record.reported_on:
        raise Refused("The last dose lies after the day on which it was told.")


def _check_test(record: Record, _definition: ProtocolDefinition) -> None:
    assert isinstance(record, TestResult)  # noqa: S101 - for the type checker
    _among(record.kind, TESTS, "Choose which test it was.")
    _among(record.result, RESULTS, "Choose what the test showed.")
    is_found = record.kind == DRUG_SCREEN and record.result == "positive"
    if is_found:
        _among(record.drug_class, DRUG_CLASSES, "Say which class of drug was found.")
    elif record.drug_class:
        raise Refused("Only a positive drug screen names a class of drug.")


def _check_lab(record: Record, definition: ProtocolDefinition) -> None:
    assert isinstance(record, LabResult)  # noqa: S101 - for the type checker
    if record.code != OTHER:
        _among(record.code, ANALYTES, "Choose the analyte, or write its name.")
        record.label = ANALYTES[record.code]
    if not record.label.strip():
        raise Refused("Write the name of the analyte.")
    low, high = record.low, record.high
    if low is not None and high is not None and low > high:
        raise Refused("The reference range ends below where it begins.")
    for fact in definition.facts:
        if fact.record == f"lab.{record.code}" and fact.unit != record.unit:
            raise Refused(
                f"The protocol reads {record.label.lower()} in {fact.unit}: record it in "
                "that unit."
            )


def _check_ecg(record: Record, _definition: ProtocolDefinition) -> None:
    assert isinstance(record, ECG)  # noqa: S101 - for the type checker
    if record.rate and record.qt and not record.is_qtcf_given:
        record.qtcf = fridericia(qt=record.qt, rate=record.rate)
    for name, (least, most) in PLAUSIBLE.items():
        value = getattr(record, name)
        if value is not None and not least <= Decimal(value) <= most:
            raise Refused(
                f"{MEASURES[name]}: {value} is not between {least} and {most}. Compare it with "
                "the recording."
            )


_CHECKS: Mapping[Kind, Callable[[Record, ProtocolDefinition], None]] = {
    Kind.CONDITION: _check_condition,
    Kind.MEDICATION: _check_medication,
    Kind.TEST: _check_test,
    Kind.LAB: _check_lab,
    Kind.ECG: _check_ecg,
}


def _among(value: str, known: Mapping[str, str], sentence: str) -> None:
    if value not in known:
        raise Refused(sentence)


def _dates(began: str, ended: str) -> None:
    for text in (began, ended):
        if text and not is_partial_date(text):
            raise Refused(
                f"“{text}” is no date. Write a year, a month or a day: 2019, 2019-05, "
                "2019-05-14."
            )
    if began and ended and is_before(ended, began):
        raise Refused("The end lies before the beginning.")
