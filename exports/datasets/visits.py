"""SV and EC: the visits, and the capsules given or withheld there, blind-safe."""

from accounts.disclosure import FieldClass
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
    visit,
    yes,
    yes_or_no,
)
from exports.datasets.support import VISIT_NAME, VISIT_NUMBER, civil, iso, quoted
from exports.vocabulary import Dataset, Variable
from sessions.lifecycle import State

_HAS_HAPPENED = f"v.state = {quoted(State.HELD.value)}"
_IS_PLANNED = "v.turn = 0"

SV = Dataset(
    name="SV",
    label="Subject Visits",
    structure="One record per visit that was held or missed",
    source=(
        "FROM export.person p JOIN study_sessions_visit v "
        "ON v.participant_id = p.participant_id "
        f"AND v.state IN ({quoted(State.HELD.value)}, {quoted(State.MISSED.value)})"
    ),
    # In the order of VISITNUM; the id tells apart what two protocol versions put in one
    # position.
    turn="(v.position * 100 + v.turn)::bigint * 4294967296 + v.id",
    keys=("STUDYID", "USUBJID", "VISITNUM"),
    variables=(
        *identifiers("SV"),
        *visit(VISIT_NUMBER, VISIT_NAME),
        Variable(
            "SVPRESP",
            "Pre-specified",
            yes(_IS_PLANNED),
            ASSIGNED,
            note="Null for a visit that the protocol does not plan",
        ),
        Variable(
            "SVOCCUR",
            "Subject Visit Occurrence",
            f"CASE WHEN {_IS_PLANNED} THEN {yes_or_no(_HAS_HAPPENED)} END",
            COLLECTED,
            note=f"{NO_YES}. Null for a visit that the protocol does not plan",
        ),
        Variable(
            "SVREASOC",
            "Reason for Occur Value",
            "nullif(v.missed_reason, '')",
            COLLECTED,
            is_free_text=True,
        ),
        Variable(
            "SVCNTMOD",
            "Contact Mode",
            mapped(
                "v.mode",
                {
                    "in_person": "IN PERSON",
                    "video": "REMOTE AUDIO VIDEO",
                    "phone": "TELEPHONE CALL",
                },
            ),
            COLLECTED,
            note="Codelist CNTMODE",
        ),
        Variable(
            "SVUPDES",
            "Description of Unplanned Visit",
            "CASE WHEN v.turn > 0 THEN nullif(v.why, '') END",
            COLLECTED,
            is_free_text=True,
        ),
        epoch("v.held_on"),
        Variable(
            "SVSTDTC", "Start Date/Time of Observation", iso("v.held_on"), COLLECTED
        ),
        Variable(
            "SVENDTC", "End Date/Time of Observation", iso("v.held_on"), COLLECTED
        ),
        study_day("SVSTDY", "Study Day of Start of Observation", "v.held_on"),
        study_day("SVENDY", "Study Day of End of Observation", "v.held_on"),
    ),
)

_DAY = "(d.given_at AT TIME ZONE p.time_zone)::date"
_GIVEN = "d.given_at IS NOT NULL"


def _sealed(name: str, label: str) -> Variable:
    return Variable(
        name,
        label,
        "",
        ASSIGNED,
        disclosure=FieldClass.UNBLINDING,
        note="Contents of kits are sealed until the trial is unblinded",
    )


EC = Dataset(
    name="EC",
    label="Exposure as Collected",
    structure="One record per dose given or withheld, as blinded staff know it",
    source=(
        "FROM export.person p JOIN (SELECT *, row_number() "
        "OVER (PARTITION BY participant_id ORDER BY id) AS turn "
        "FROM study_sessions_doseadministration) d "
        "ON d.participant_id = p.participant_id "
        "AND (d.given_at IS NOT NULL OR d.withheld_reason <> '') "
        "JOIN study_sessions_visit v ON v.id = d.visit_id"
    ),
    turn="d.turn",
    keys=("STUDYID", "USUBJID", "VISITNUM", "ECTPTNUM"),
    variables=(
        *identifiers("EC"),
        number("ECSEQ", "Sequence Number", "d.turn", origin=DERIVED),
        Variable("ECSPID", "Sponsor-Defined Identifier", "d.uuid::text", ASSIGNED),
        Variable("ECTRT", "Name of Treatment", "'STUDY DRUG (BLINDED)'", ASSIGNED),
        Variable("ECMOOD", "Mood", "'PERFORMED'", ASSIGNED),
        Variable("ECPRESP", "Pre-Specified", "'Y'", ASSIGNED),
        Variable("ECOCCUR", "Occurrence", yes_or_no(_GIVEN), COLLECTED, note=NO_YES),
        Variable(
            "ECREASOC",
            "Reason for Occur Value",
            "nullif(d.withheld_reason, '')",
            COLLECTED,
            is_free_text=True,
        ),
        number(
            "ECDOSE",
            "Dose",
            "d.capsules",
            origin=COLLECTED,
            note="Capsules, never an amount",
        ),
        Variable(
            "ECDOSU",
            "Dose Units",
            f"CASE WHEN {_GIVEN} THEN 'CAPSULE' END",
            ASSIGNED,
        ),
        Variable("ECDOSFRM", "Dose Form", "'CAPSULE'", ASSIGNED),
        Variable("ECROUTE", "Route of Administration", "'ORAL'", ASSIGNED),
        Variable(
            "ECLOT",
            "Lot Number",
            "nullif(d.kit_number, '')",
            COLLECTED,
            note="Kit number, random with respect to arm, session and order",
        ),
        *visit(VISIT_NUMBER, VISIT_NAME),
        epoch(f"coalesce({_DAY}, v.held_on)"),
        Variable(
            "ECSTDTC",
            "Start Date/Time of Treatment",
            civil("d.given_at", "p.time_zone"),
            COLLECTED,
            note=ISO_8601,
        ),
        study_day("ECSTDY", "Study Day of Start of Treatment", _DAY),
        Variable(
            "ECTPT",
            "Planned Time Point Name",
            mapped(
                "d.part",
                {"initial": "INITIAL DOSE", "supplement": "SUPPLEMENTAL DOSE"},
            ),
            ASSIGNED,
        ),
        number(
            "ECTPTNUM",
            "Planned Time Point Number",
            "CASE d.part WHEN 'initial' THEN 1 ELSE 2 END",
            origin=ASSIGNED,
        ),
        _sealed("EXTRT", "Name of Treatment (unblinded)"),
        _sealed("EXDOSE", "Dose (unblinded)"),
    ),
)
