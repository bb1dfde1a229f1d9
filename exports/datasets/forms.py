"""RS and QS: answers and scores of signed forms, clinical classifications apart."""

from accounts.disclosure import FieldClass
from assessments.instruments.base import MISSING_REASON_WORDS
from exports.datasets.columns import (
    ASSIGNED,
    COLLECTED,
    DERIVED,
    epoch,
    identifiers,
    mapped,
    number,
    study_day,
    visit,
)
from exports.datasets.support import WHOLE, quoted
from exports.vocabulary import Dataset, Kind, Variable

_ORDINALS = 1000  # room for the tests of one form in a sequence number
_VALUE = "trim_scale(r.value)::text"
_NO_VALUE = "r.value IS NULL"
_UNDETERMINED = "Not determined by the answers given"
_SEQUENCE = f"f.ordinal * {_ORDINALS} + t.position"
_REASON = (
    f"CASE WHEN {_NO_VALUE} THEN CASE r.part "
    f"WHEN 'score' THEN {quoted(_UNDETERMINED)} "
    f"WHEN 'item' THEN {mapped('r.missing', MISSING_REASON_WORDS)} "
    "ELSE r.missing END END"
)


def _form_dataset(domain: str, label: str, what: str) -> Dataset:
    """Return the dataset of one of the two domains of findings about a person."""

    def own(suffix: str, label: str, sql: str, *, note: str = "") -> Variable:
        return Variable(
            domain + suffix,
            label,
            sql,
            COLLECTED,
            disclosure=FieldClass.OUTCOME,
            note=note,
        )

    return Dataset(
        name=domain,
        label=label,
        structure="One record per item, score or form not done per signed form",
        source=(
            "FROM export.person p "
            "JOIN export.form f ON f.participant_id = p.participant_id "
            f"AND f.domain = {quoted(domain)} "
            "JOIN export.answer r ON r.participant_id = p.participant_id "
            "AND r.assessment_id = f.assessment_id "
            f"AND (r.part = {quoted(WHOLE)}) = f.is_missed "
            "JOIN export.test t ON t.instrument = f.instrument "
            "AND t.version = f.version AND t.part = r.part AND t.code = r.code"
        ),
        turn=_SEQUENCE,
        keys=("STUDYID", "USUBJID", f"{domain}CAT", f"{domain}TESTCD", "VISITNUM"),
        variables=(
            *identifiers(domain),
            number(
                f"{domain}SEQ",
                "Sequence Number",
                _SEQUENCE,
                origin=DERIVED,
                note="Number of the form times 1000, plus the place of the test in it",
            ),
            Variable(
                f"{domain}SPID",
                "Sponsor-Defined Identifier",
                "f.uuid::text",
                ASSIGNED,
                note="The assessment",
            ),
            Variable(
                f"{domain}TESTCD",
                f"{what} Short Name",
                "t.testcd",
                ASSIGNED,
                note="Sponsor's own where controlled terminology has none",
            ),
            Variable(f"{domain}TEST", f"{what} Name", "t.test", ASSIGNED),
            Variable(f"{domain}CAT", f"Category for {what}", "f.category", ASSIGNED),
            own(
                "ORRES",
                "Result or Finding in Original Units",
                f"coalesce((t.words::text[])[r.value::int], {_VALUE})",
            ),
            own("STRESC", "Character Result/Finding in Std Format", _VALUE),
            Variable(
                f"{domain}STRESN",
                "Numeric Result/Finding in Std Units",
                "trim_scale(r.value)",
                COLLECTED,
                Kind.NUMBER,
                disclosure=FieldClass.OUTCOME,
            ),
            own(
                "STAT",
                "Completion Status",
                f"CASE WHEN {_NO_VALUE} THEN 'NOT DONE' END",
                note="Codelist ND",
            ),
            own("REASND", "Reason Not Done", _REASON),
            Variable(
                f"{domain}DRVFL",
                "Derived Flag",
                "CASE WHEN r.part = 'score' THEN 'Y' END",
                origin=DERIVED,
                note="Y for what was computed from the answers",
            ),
            Variable(f"{domain}EVAL", "Evaluator", "f.evaluator", ASSIGNED),
            Variable(
                f"{domain}EVALID",
                "Evaluator Identifier",
                "f.evaluator_id",
                ASSIGNED,
                note="Pseudonym of the rater, the same within the trial",
            ),
            *visit("f.visitnum", "f.visit"),
            epoch("f.day"),
            Variable(f"{domain}DTC", "Date/Time of Collection", "f.dtc", COLLECTED),
            study_day(f"{domain}DY", "Study Day of Collection", "f.assessed_on"),
            Variable(f"{domain}EVLINT", "Evaluation Interval", "f.duration", ASSIGNED),
            Variable(
                f"{domain}EVINTX", "Evaluation Interval Text", "f.period", ASSIGNED
            ),
        ),
    )


RS = _form_dataset(
    "RS", "Disease Response and Clin Classification", "Clinical Classification"
)
QS = _form_dataset("QS", "Questionnaires", "Question")
