"""RS and QS: answers and scores of signed forms, clinical classifications apart."""

from dataclasses import replace

from accounts.disclosure import FieldClass
from assessments.instruments import REGISTRY
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
# Of the form, and not of each of its answers.
_EPOCH = epoch("x.day")
_DAY = study_day("", "Study Day of Collection", "x.assessed_on")
_VALUE = "trim_scale(r.value)::text"
_NO_VALUE = "r.value IS NULL"
_UNDETERMINED = "Not determined by the answers given"
_SEQUENCE = f"f.ordinal * {_ORDINALS} + r.position"
_REASON = (
    f"CASE WHEN {_NO_VALUE} THEN CASE r.part "
    f"WHEN 'score' THEN {quoted(_UNDETERMINED)} "
    f"WHEN 'item' THEN {mapped('r.missing', MISSING_REASON_WORDS)} "
    "ELSE r.missing END END"
)


# One participant, then one form of theirs, then one answer: `OFFSET 0` holds the order.
_SOURCE = """
FROM export.person p
CROSS JOIN LATERAL (
    SELECT x.*, {epoch} AS epoch, {day} AS study_day FROM export.form x
    WHERE x.participant_id = p.participant_id AND x.domain = {domain}
    OFFSET 0
) f
CROSS JOIN LATERAL (
    SELECT y.*, z.position, z.testcd, z.test, z.words
    FROM export.answer y
    JOIN export.test z ON z.instrument = f.instrument AND z.version = f.version
        AND z.part = y.part AND z.code = y.code
    WHERE y.assessment_id = f.assessment_id AND (y.part = {whole}) = f.is_missed
    OFFSET 0
) r"""


def _source(domain: str) -> str:
    return _SOURCE.format(
        epoch=_EPOCH.sql, day=_DAY.sql, domain=quoted(domain), whole=quoted(WHOLE)
    ).strip()


# Named here by what follows the two letters of the domain.
_RESULT = (
    Variable(
        "ORRES",
        "Result or Finding in Original Units",
        f"coalesce(r.words[r.value::int], {_VALUE})",
        COLLECTED,
        disclosure=FieldClass.OUTCOME,
    ),
    Variable(
        "STRESC",
        "Character Result/Finding in Std Format",
        _VALUE,
        COLLECTED,
        disclosure=FieldClass.OUTCOME,
    ),
    Variable(
        "STRESN",
        "Numeric Result/Finding in Std Units",
        "trim_scale(r.value)",
        COLLECTED,
        Kind.NUMBER,
        disclosure=FieldClass.OUTCOME,
    ),
    Variable(
        "STAT",
        "Completion Status",
        f"CASE WHEN {_NO_VALUE} THEN 'NOT DONE' END",
        COLLECTED,
        disclosure=FieldClass.OUTCOME,
        note="Codelist ND",
    ),
    Variable(
        "REASND",
        "Reason Not Done",
        _REASON,
        COLLECTED,
        disclosure=FieldClass.OUTCOME,
        is_free_text=True,
    ),
    Variable(
        "DRVFL",
        "Derived Flag",
        "CASE WHEN r.part = 'score' THEN 'Y' END",
        DERIVED,
        note="Y for what was computed from the answers",
    ),
    Variable("EVAL", "Evaluator", "f.evaluator", ASSIGNED),
    Variable(
        "EVALID",
        "Evaluator Identifier",
        "f.evaluator_id",
        ASSIGNED,
        note="Pseudonym of the rater, the same within the trial",
    ),
)
_TIMING = (
    Variable("DTC", "Date/Time of Collection", "f.dtc", COLLECTED),
    replace(_DAY, name="DY", sql="f.study_day"),
    Variable("EVLINT", "Evaluation Interval", "f.duration", ASSIGNED),
    Variable("EVINTX", "Evaluation Interval Text", "f.period", ASSIGNED),
)


def _tests(what: str) -> tuple[Variable, ...]:
    """Return the variables that say which answer of which form a row holds."""
    return (
        number(
            "SEQ",
            "Sequence Number",
            _SEQUENCE,
            origin=DERIVED,
            note="Number of the form times 1000, plus the place of the test in it",
        ),
        Variable(
            "SPID",
            "Sponsor-Defined Identifier",
            "f.uuid::text",
            ASSIGNED,
            note="The assessment",
        ),
        Variable(
            "TESTCD",
            f"{what} Short Name",
            "r.testcd",
            ASSIGNED,
            note="Sponsor's own where controlled terminology has none",
        ),
        Variable("TEST", f"{what} Name", "r.test", ASSIGNED),
        Variable("CAT", f"Category for {what}", "f.category", ASSIGNED),
    )


def _kept_back(domain: str) -> tuple[Variable, ...]:
    """Return the rows of instruments that tell of the arm, as the manifest lists them."""
    return tuple(
        Variable(
            f"{domain}CAT={each.category}",
            each.title,
            "",
            COLLECTED,
            disclosure=FieldClass.UNBLINDING,
            note="Kept from blinded receivers until the trial is locked",
        )
        for each in REGISTRY.values()
        if each.tells_of_arm and each.domain == domain
    )


def _form_dataset(domain: str, label: str, what: str) -> Dataset:
    """Return the dataset of one of the two domains of findings about a person."""

    def own(variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        return tuple(replace(each, name=domain + each.name) for each in variables)

    return Dataset(
        name=domain,
        label=label,
        structure="One record per item, score or form not done per signed form",
        source=_source(domain),
        turn=_SEQUENCE,
        keys=("STUDYID", "USUBJID", f"{domain}CAT", f"{domain}TESTCD", "VISITNUM"),
        variables=(
            *identifiers(domain),
            *own(_tests(what)),
            *own(_RESULT),
            *visit("f.visitnum", "f.visit"),
            replace(_EPOCH, sql="f.epoch"),
            *own(_TIMING),
        ),
        rows_kept_back=_kept_back(domain),
    )


RS = _form_dataset(
    "RS", "Disease Response and Clin Classification", "Clinical Classification"
)
QS = _form_dataset("QS", "Questionnaires", "Question")
