"""What a fact may be read from in the medical record, and what is wrong with a wish."""

from collections.abc import Iterator, Mapping

from trials.protocol.observations import Fact
from trials.protocol.problems import Problem, meant
from trials.protocol.vocabulary import FACT_TYPE_WORDS, FactType

# The facts under which participants keep what was taken and what was waived; a
# definition may not have its own of these names.
MEDICATIONS = "medications"
WAIVERS = "waivers"
TESTS: Mapping[str, str] = {
    "pregnancy": "Pregnancy test",
    "urine_drug_screen": "Urine drug screen",
    "breath_alcohol": "Breath alcohol test",
}
RESULTS = ("negative", "positive")
MEASURES: Mapping[str, str] = {
    "rate": "Heart rate",
    "pr": "PR interval",
    "qrs": "QRS duration",
    "qt": "QT interval",
    "qtcf": "QTcF",
}
ANALYTES: Mapping[str, str] = {
    "sodium": "Sodium",
    "potassium": "Potassium",
    "creatinine": "Creatinine",
    "glucose": "Glucose",
    "alt": "Alanine aminotransferase (ALT)",
    "ast": "Aspartate aminotransferase (AST)",
    "alp": "Alkaline phosphatase (ALP)",
    "bilirubin_total": "Bilirubin, total",
    "hemoglobin": "Hemoglobin",
    "leukocytes": "Leukocytes",
    "platelets": "Platelets",
    "tsh": "Thyrotropin (TSH)",
}
# What a gate before a dose may ask for by name, as a form, that is done in the medical
# record; and the code under which participants keep when it was done last.
PROCEDURES: Mapping[str, str] = {
    "laboratory": "Laboratory",
    "ecg": "ECG",
    "pregnancy_test": TESTS["pregnancy"],
    "urine_drug_screen": TESTS["urine_drug_screen"],
    "breath_alcohol": TESTS["breath_alcohol"],
}
_DONE = "done."


def done_code(procedure: str) -> str:
    """Return the code of the fact that says when a procedure was done, and if reviewed."""
    return _DONE + procedure


# The events of a course that freeze a fact, with the column that says when they came.
FREEZING: Mapping[str, str] = {
    "enrollment": "enrolled_on",
    "randomization": "randomized_on",
}
_SHAPES = "test.pregnancy.negative, ecg.qtcf or lab.sodium"


def record_problems(facts: tuple[Fact, ...]) -> Iterator[Problem]:
    """Facts that are to be read from a record that there is not, or not so."""
    for fact in facts:
        place = f"Fact {fact.code}"
        if fact.code in {MEDICATIONS, WAIVERS} or fact.code.startswith(_DONE):
            yield Problem(
                "is kept for the record's own use; choose another code.", place
            )
        if fact.frozen_by and fact.frozen_by not in FREEZING:
            known = " or ".join(FREEZING)
            yield Problem(f"can only be frozen_by {known}.", place)
        if fact.record:
            for sentence in _sentences(fact):
                yield Problem(sentence, place)


def _sentences(fact: Fact) -> Iterator[str]:
    if fact.form:
        yield "comes from a form or from a record; give one of form and record."
    table, _, rest = fact.record.partition(".")
    known = {"test": TESTS, "ecg": MEASURES, "lab": ANALYTES}.get(table)
    name, _, result = rest.partition(".")
    if known is None or bool(result) != (table == "test"):
        yield f"'{fact.record}' is no record to read from; write {_SHAPES}."
        return
    if name not in known:
        near = meant(name, known) or f" Use one of {', '.join(known)}."
        yield f"'{name}' of {fact.record} is not known.{near}"
    if result and result not in RESULTS:
        near = meant(result, RESULTS) or " Use negative or positive."
        yield f"'{result}' is no result to read.{near}"
    wanted = FactType.YES_NO if table == "test" else FactType.NUMBER
    if fact.type is not wanted:
        yield (
            f"is {FACT_TYPE_WORDS[fact.type]}, but {fact.record} is "
            f"{FACT_TYPE_WORDS[wanted]}."
        )
    if table == "lab" and not fact.unit:
        yield f"is read from {fact.record} and lacks a unit: results in another are refused."
