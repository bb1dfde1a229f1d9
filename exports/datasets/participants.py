"""DM and DS: who takes part, and the milestones of taking part."""

from accounts.disclosure import FieldClass
from exports.datasets.columns import (
    ASSIGNED,
    COLLECTED,
    DERIVED,
    ISO_8601,
    epoch,
    identifiers,
    mapped,
    number,
    study_day,
    yes,
)
from exports.datasets.support import civil, iso, quoted
from exports.vocabulary import Dataset, Variable
from participants.lifecycle import State, Treatment
from participants.vocabulary import EndCause

_SEALED = "Kept from blinded receivers until the trial is unblinded"
_FIRST_DOSE = civil("p.first_at", "p.time_zone")


def _sealed(name: str, label: str) -> Variable:
    return Variable(
        name, label, "", ASSIGNED, disclosure=FieldClass.UNBLINDING, note=_SEALED
    )


def _kept(name: str, label: str) -> Variable:
    return Variable(
        name,
        label,
        "",
        COLLECTED,
        disclosure=FieldClass.IDENTIFYING,
        note="Identifies the participant; stays at the site",
    )


DM = Dataset(
    name="DM",
    label="Demographics",
    structure="One record per participant who has consented",
    source="FROM export.person p",
    turn="0",
    keys=("STUDYID", "USUBJID"),
    variables=(
        *identifiers("DM"),
        Variable("SUBJID", "Subject Identifier for the Study", "p.number", ASSIGNED),
        Variable(
            "RFSTDTC",
            "Subject Reference Start Date/Time",
            _FIRST_DOSE,
            DERIVED,
            note=f"First dose; null if none was given. {ISO_8601}",
        ),
        Variable(
            "RFENDTC",
            "Subject Reference End Date/Time",
            iso("p.ended_on"),
            DERIVED,
            note="End of participation",
        ),
        Variable(
            "RFXSTDTC", "Date/Time of First Study Treatment", _FIRST_DOSE, DERIVED
        ),
        Variable(
            "RFXENDTC",
            "Date/Time of Last Study Treatment",
            civil("p.last_at", "p.time_zone"),
            DERIVED,
        ),
        Variable(
            "RFICDTC", "Date/Time of Informed Consent", iso("p.consented_on"), COLLECTED
        ),
        Variable(
            "RFPENDTC",
            "Date/Time of End of Participation",
            iso("greatest(p.ended_on, p.last_on, p.consented_on)"),
            DERIVED,
            note="Last visit held, or end of participation if later",
        ),
        Variable("DTHDTC", "Date/Time of Death", iso("p.died_on"), COLLECTED),
        Variable("DTHFL", "Subject Death Flag", yes("p.is_dead"), DERIVED),
        Variable("SITEID", "Study Site Identifier", "p.site", ASSIGNED),
        number("AGE", "Age", "p.age", origin=COLLECTED, note="At consent"),
        Variable(
            "AGEU",
            "Age Units",
            "CASE WHEN p.age IS NOT NULL THEN 'YEARS' END",
            ASSIGNED,
        ),
        Variable(
            "SEX",
            "Sex",
            mapped("p.sex", {"female": "F", "male": "M", "intersex": "INTERSEX"}),
            COLLECTED,
            note="Codelist SEX: F, M, INTERSEX",
        ),
        Variable(
            "ARMNRS",
            "Reason Arm and/or Actual Arm is Null",
            f"CASE WHEN p.state = {quoted(State.SCREEN_FAILURE.value)} "
            "THEN 'SCREEN FAILURE' END",
            DERIVED,
            note="Of the reasons, only a screen failure says nothing about the arm",
        ),
        Variable("COUNTRY", "Country", "p.country", ASSIGNED, note="ISO 3166"),
        _sealed("ARMCD", "Planned Arm Code"),
        _sealed("ARM", "Description of Planned Arm"),
        _sealed("ACTARMCD", "Actual Arm Code"),
        _sealed("ACTARM", "Description of Actual Arm"),
        _sealed("ACTARMUD", "Description of Unplanned Actual Arm"),
        _kept("BRTHDTC", "Date/Time of Birth"),
    ),
)

_MILESTONE, _DISPOSITION = "PROTOCOL MILESTONE", "DISPOSITION EVENT"
_STUDY, _TREATMENT = "STUDY PARTICIPATION", "STUDY TREATMENT"
_ENDED = mapped(
    "p.state",
    {
        State.COMPLETED.value: "COMPLETED",
        State.SCREEN_FAILURE.value: "SCREEN FAILURE",
    },
)
# Submission values of the controlled terminology's codelist C66727 (NCOMPLT).
_CAUSES = {
    EndCause.SUBJECT.value: "WITHDRAWAL BY SUBJECT",
    EndCause.ADVERSE_EVENT.value: "ADVERSE EVENT",
    EndCause.NO_BENEFIT.value: "LACK OF EFFICACY",
    EndCause.LOST.value: "LOST TO FOLLOW-UP",
    EndCause.PREGNANCY.value: "PREGNANCY",
    EndCause.PHYSICIAN.value: "PHYSICIAN DECISION",
    EndCause.SITE.value: "SITE TERMINATED BY SPONSOR",
    EndCause.SPONSOR.value: "STUDY TERMINATED BY SPONSOR",
    EndCause.DEATH.value: "DEATH",
    EndCause.OTHER.value: "OTHER",
}


def _cause(column: str) -> str:
    """Return SQL for why something ended early; whoever died is counted as dead."""
    return f"CASE WHEN p.is_dead THEN 'DEATH' ELSE {mapped(column, _CAUSES)} END"


# Turn, term, decoded term, category, subcategory and day of each kind of record.
_RECORDS = f"""(VALUES
    (1, 'INFORMED CONSENT OBTAINED', 'INFORMED CONSENT OBTAINED',
        '{_MILESTONE}', NULL, p.consented_on),
    (2, 'ENTERED INTO TRIAL', 'ENTERED INTO TRIAL', '{_MILESTONE}', NULL, p.enrolled_on),
    (3, 'ELIGIBILITY CONFIRMED', 'ELIGIBILITY CRITERIA MET',
        '{_MILESTONE}', NULL, p.confirmed_on),
    (4, 'RANDOMIZED', 'RANDOMIZED', '{_MILESTONE}', NULL, p.randomized_on),
    (5, CASE WHEN p.treatment = {quoted(Treatment.DISCONTINUED.value)}
            THEN p.treatment_stop_reason ELSE 'COMPLETED' END,
        CASE WHEN p.treatment = {quoted(Treatment.DISCONTINUED.value)}
            THEN {_cause("p.treatment_stop_cause")} ELSE 'COMPLETED' END,
        '{_DISPOSITION}', '{_TREATMENT}',
        CASE p.treatment
            WHEN {quoted(Treatment.DISCONTINUED.value)} THEN p.treatment_stopped_on
            WHEN {quoted(Treatment.FINISHED.value)}
                THEN (p.last_at AT TIME ZONE p.time_zone)::date END),
    (6, p.end_reason,
        CASE WHEN p.state = {quoted(State.WITHDRAWN.value)}
            THEN {_cause("p.end_cause")} ELSE {_ENDED} END,
        '{_DISPOSITION}', '{_STUDY}', p.ended_on)
) AS d (turn, term, decoded, category, subcategory, day)"""

DS = Dataset(
    name="DS",
    label="Disposition",
    structure="One record per milestone or disposition event per participant",
    source=f"FROM export.person p JOIN LATERAL {_RECORDS} ON d.day IS NOT NULL",
    turn="d.turn",
    keys=("STUDYID", "USUBJID", "DSDECOD", "DSSTDTC"),
    variables=(
        *identifiers("DS"),
        number(
            "DSSEQ",
            "Sequence Number",
            "d.turn",
            origin=DERIVED,
            note="One for each kind of event",
        ),
        Variable(
            "DSTERM",
            "Reported Term for the Disposition Event",
            "d.term",
            COLLECTED,
            is_free_text=True,
        ),
        Variable(
            "DSDECOD",
            "Standardized Disposition Term",
            "d.decoded",
            ASSIGNED,
            note="Codelists PROTMLST and NCOMPLT; OTHER where the reason is free text",
        ),
        Variable("DSCAT", "Category for Disposition Event", "d.category", ASSIGNED),
        Variable(
            "DSSCAT", "Subcategory for Disposition Event", "d.subcategory", ASSIGNED
        ),
        epoch("d.day"),
        Variable(
            "DSSTDTC", "Start Date/Time of Disposition Event", iso("d.day"), COLLECTED
        ),
        study_day("DSSTDY", "Study Day of Start of Disposition Event", "d.day"),
    ),
)
