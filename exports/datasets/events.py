"""AE: adverse events, pleasant and neutral effects among them."""

from adverse_events.vocabulary import (
    ACTION_TERMS,
    CRITERION_VARIABLES,
    OUTCOME_TERMS,
    Relatedness,
    SeriousnessCriterion,
    Severity,
    Valence,
)
from exports.datasets.columns import (
    ASSIGNED,
    COLLECTED,
    DERIVED,
    ISO_8601,
    NO_YES,
    epoch,
    identifiers,
    mapped,
    number,
    study_day,
    yes_or_no,
)
from exports.datasets.support import iso
from exports.vocabulary import Dataset, Variable

_CRITERIA = {
    SeriousnessCriterion.DEATH: ("is_fatal", "Results in Death"),
    SeriousnessCriterion.LIFE_THREATENING: (
        "is_life_threatening",
        "Is Life Threatening",
    ),
    SeriousnessCriterion.HOSPITALIZATION: (
        "is_hospitalization",
        "Requires or Prolongs Hospitalization",
    ),
    SeriousnessCriterion.DISABILITY: (
        "is_disabling",
        "Persist or Signif Disability/Incapacity",
    ),
    SeriousnessCriterion.CONGENITAL_ANOMALY: (
        "is_congenital",
        "Congenital Anomaly or Birth Defect",
    ),
    SeriousnessCriterion.IMPORTANT_MEDICAL_EVENT: (
        "is_medically_important",
        "Other Medically Important Serious Event",
    ),
}
_SERIOUS = " OR ".join(f"a.{column}" for column, _ in _CRITERIA.values())
_ONSET = f"{iso('a.onset_on')} || coalesce('T' || to_char(a.onset_time, 'HH24:MI'), '')"

AE = Dataset(
    name="AE",
    label="Adverse Events",
    structure="One record per event; voided ones are left out and leave a gap",
    source=(
        "FROM export.person p JOIN adverse_events_adverseevent a "
        "ON a.participant_id = p.participant_id AND a.voided_at IS NULL"
    ),
    turn="a.sequence",
    keys=("STUDYID", "USUBJID", "AESEQ"),
    variables=(
        *identifiers("AE"),
        number("AESEQ", "Sequence Number", "a.sequence", origin=ASSIGNED),
        Variable("AESPID", "Sponsor-Defined Identifier", "a.uuid::text", ASSIGNED),
        Variable(
            "AETERM",
            "Reported Term for the Adverse Event",
            "a.term",
            COLLECTED,
            is_free_text=True,
        ),
        Variable(
            "AECAT",
            "Category for Adverse Event",
            "CASE WHEN a.special_interest <> '' THEN 'SPECIAL INTEREST' END",
            ASSIGNED,
        ),
        Variable(
            "AESCAT",
            "Subcategory for Adverse Event",
            "upper(replace(nullif(a.special_interest, ''), '_', ' '))",
            COLLECTED,
        ),
        Variable(
            "AESEV",
            "Severity/Intensity",
            mapped("a.severity", {each.value: each.name for each in Severity}),
            COLLECTED,
            note="Codelist AESEV",
        ),
        Variable("AESER", "Serious Event", yes_or_no(_SERIOUS), DERIVED, note=NO_YES),
        *(
            Variable(
                CRITERION_VARIABLES[criterion],
                label,
                yes_or_no(f"a.{column}"),
                COLLECTED,
                note=NO_YES,
            )
            for criterion, (column, label) in _CRITERIA.items()
        ),
        Variable(
            "AEACN",
            "Action Taken with Study Treatment",
            mapped("a.action_taken", ACTION_TERMS),
            COLLECTED,
            note="Codelist ACN",
        ),
        Variable(
            "AEREL",
            "Causality",
            mapped("a.relatedness", {each.value: each.name for each in Relatedness}),
            COLLECTED,
            note="The investigator's judgment; null until made",
        ),
        Variable(
            "AEOUT",
            "Outcome of Adverse Event",
            mapped("a.outcome", OUTCOME_TERMS),
            COLLECTED,
            note="Codelist OUT",
        ),
        epoch("a.onset_on"),
        Variable(
            "AESTDTC",
            "Start Date/Time of Adverse Event",
            _ONSET,
            COLLECTED,
            note=ISO_8601,
        ),
        Variable(
            "AEENDTC", "End Date/Time of Adverse Event", iso("a.ended_on"), COLLECTED
        ),
        study_day("AESTDY", "Study Day of Start of Adverse Event", "a.onset_on"),
        study_day("AEENDY", "Study Day of End of Adverse Event", "a.ended_on"),
        Variable(
            "AEVALNC",
            "Valence of the Effect",
            mapped("a.valence", {each.value: each.name for each in Valence}),
            COLLECTED,
            note="Not a standard variable: belongs to SUPPAE in a submission",
        ),
    ),
)
