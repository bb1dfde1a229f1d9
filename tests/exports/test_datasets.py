"""Each dataset's rows, checked by hand."""

import re
from collections.abc import Mapping

from assessments.instruments.base import Instrument
from assessments.instruments.cssrs_slc import CSSRS_SLC
from assessments.instruments.pcl5 import PCL5
from assessments.instruments.sds_adapted import SDS_ADAPTED
from assessments.models import Assessment
from exports.datasets import DATASETS
from tests.exports.rows import cells, rows_of
from tests.exports.study import CHECKLIST, DISABILITY, SUICIDALITY, Study, body_of


def test_who_has_not_consented_is_in_no_dataset(study: Study) -> None:
    for name in DATASETS:
        assert rows_of(study, name, study.unconsented) == []


def test_dm_counts_from_the_first_dose(study: Study) -> None:
    (row,) = rows_of(study, "DM", study.treated)
    assert row == {
        "STUDYID": "TEST-1",
        "DOMAIN": "DM",
        "USUBJID": f"TEST-1-01-{study.treated.number}",
        "SUBJID": study.treated.number,
        "RFSTDTC": "2025-04-28T10:05",
        "RFENDTC": None,
        "RFXSTDTC": "2025-04-28T10:05",
        "RFXENDTC": "2025-04-28T10:05",
        "RFICDTC": "2025-03-03",
        "RFPENDTC": "2025-04-28",
        "DTHDTC": None,
        "DTHFL": None,
        "SITEID": "01",
        "AGE": 34,
        "AGEU": "YEARS",
        "SEX": "F",
        "ARMNRS": None,
        "COUNTRY": "USA",
    }


def test_dm_gives_a_reason_for_no_arm_only_for_a_screen_failure(study: Study) -> None:
    (failed,) = rows_of(study, "DM", study.failed)
    (waiting,) = rows_of(study, "DM", study.waiting)
    assert cells(failed, "ARMNRS", "RFENDTC", "RFSTDTC") == (
        "SCREEN FAILURE",
        "2025-03-20",
        None,
    )
    assert cells(waiting, "ARMNRS", "SITEID", "COUNTRY") == (None, "02", "ISR")


def test_sv_has_visits_held_and_missed_and_no_day_zero(study: Study) -> None:
    rows = rows_of(study, "SV", study.treated)
    shown = [cells(r, "VISIT", "SVOCCUR", "SVSTDTC", "SVSTDY", "EPOCH") for r in rows]
    assert shown == [
        ("SCR Screening", "Y", "2025-03-10", -49, "SCREENING"),
        ("V0 Enrollment", "Y", "2025-03-24", -35, "SCREENING"),
        ("V1 Preparatory session 1", "Y", "2025-03-31", -28, "SCREENING"),
        ("V2 Preparatory session 2", "Y", "2025-04-07", -21, "SCREENING"),
        ("V3 Baseline assessment", "Y", "2025-04-14", -14, "SCREENING"),
        ("V4 Preparatory session 3", "Y", "2025-04-21", -7, "SCREENING"),
        ("V5 Experimental session 1", "Y", "2025-04-28", 1, "TREATMENT"),
        ("V6 Integration session 1.1", "N", None, None, None),
    ]
    assert rows[-1]["SVREASOC"] == "Snow closed the road"
    assert rows[0]["SVCNTMOD"] == "IN PERSON"


def test_rs_has_each_item_with_word_and_number(study: Study) -> None:
    rows = {row["RSTESTCD"]: row for row in rows_of(study, "RS", study.treated)}
    first = rows["CAPS501"]
    names = ("RSORRES", "RSSTRESC", "RSSTRESN", "RSSTAT", "RSDRVFL", "RSDTC", "RSDY")
    assert cells(first, *names) == (
        "Moderate / threshold",
        "2",
        2,
        None,
        None,
        "2025-04-14",
        -14,
    )
    assert cells(first, "RSCAT", "RSEVAL", "RSEVLINT", "VISITNUM", "EPOCH") == (
        "CAPS-5 PAST MONTH",
        "INDEPENDENT ASSESSOR",
        "-P1M",
        4,
        "SCREENING",
    )


def test_rs_marks_what_was_computed_and_says_what_was_not_determined(
    study: Study,
) -> None:
    rows = {row["RSTESTCD"]: row for row in rows_of(study, "RS", study.treated)}
    assert cells(rows["CAPS5TOT"], "RSORRES", "RSSTRESN", "RSDRVFL") == ("40", 40, "Y")
    assert cells(rows["CAPS5DX"], "RSORRES", "RSSTRESN", "RSDRVFL") == ("Yes", 1, "Y")
    undetermined = cells(rows["CAPS5DEL"], "RSSTRESN", "RSSTAT", "RSREASND")
    assert undetermined == (None, "NOT DONE", "Not determined by the answers given")


def test_rs_has_one_row_for_a_form_that_was_not_done(study: Study) -> None:
    rows = [r for r in rows_of(study, "RS") if r["RSTESTCD"] == "CAPS5ALL"]
    (row,) = rows
    assert cells(row, "VISIT", "RSSTAT", "RSREASND", "RSDTC", "RSSTRESN") == (
        "V9 Assessment 2",
        "NOT DONE",
        "Participant was ill",
        None,
        None,
    )


def test_qs_holds_the_signed_questionnaires_answer_by_answer(study: Study) -> None:
    rows = rows_of(study, "QS")
    assert {row["USUBJID"] for row in rows} == {f"TEST-1-01-{study.treated.number}"}
    asked: list[tuple[Instrument, Mapping[str, int | str]]] = [
        (PCL5, CHECKLIST),
        (CSSRS_SLC, SUICIDALITY),
        (SDS_ADAPTED, DISABILITY),
    ]
    expected = {
        item.cdisc[0]: answers[item.code]
        for instrument, answers in asked
        for item in instrument.items
        if item.cdisc and item.code in answers
    }
    found = {
        row["QSTESTCD"]: row["QSREASND"] if row["QSSTRESN"] is None else row["QSSTRESN"]
        for row in rows
        if row["QSDRVFL"] is None
    }
    expected |= {"PCL0116": "Refused", "SDS0101": "Not applicable"}
    assert found == expected
    assert len(rows) == len({row["QSTESTCD"] for row in rows})


def test_qs_says_of_each_form_what_when_and_who(study: Study) -> None:
    rows = {row["QSTESTCD"]: row for row in rows_of(study, "QS")}
    names = ("QSCAT", "QSORRES", "QSSTRESC", "QSSTAT", "QSEVAL", "VISIT", "QSDTC")
    assert cells(rows["PCL0104"], *names) == (
        "PCL-5",
        "Extremely",
        "4",
        None,
        "STUDY SUBJECT",
        "SCR Screening",
        "2025-03-10",
    )
    assert cells(rows["CSS0201"], *names) == (
        CSSRS_SLC.category,
        "Yes",
        "1",
        None,
        "HEALTH CARE PROFESSIONAL",
        "V1 Preparatory session 1",
        "2025-03-31",
    )
    assert cells(rows["SDS0102"], *names) == (
        "SDS",
        "7",
        "7",
        None,
        "INDEPENDENT ASSESSOR",
        "V3 Baseline assessment",
        "2025-04-14",
    )
    assert cells(rows["SDS0102"], "QSDY", "QSEVLINT", "EPOCH") == (
        -14,
        "-P1M",
        "SCREENING",
    )
    assert cells(rows["PCL0116"], "QSORRES", "QSSTRESN", "QSSTAT") == (
        None,
        None,
        "NOT DONE",
    )


def test_qs_marks_scores_as_computed(study: Study) -> None:
    rows = {row["QSTESTCD"]: row for row in rows_of(study, "QS") if row["QSDRVFL"]}
    assert cells(rows["SDSMEAN"], "QSSTRESN", "QSSTAT") == (5.5, None)
    # One of the answers is missing, so there is no sum.
    for code in ("SDSTOT", "PCL5TOT"):
        assert cells(rows[code], "QSSTRESN", "QSSTAT") == (None, "NOT DONE")


def test_rs_names_the_rater_by_a_pseudonym_alone(study: Study) -> None:
    names = {row["RSEVALID"] for row in rows_of(study, "RS") if row["RSDTC"]}
    (pseudonym,) = names
    assert re.fullmatch(r"RATER-[0-9A-F]{8}", pseudonym)


def test_a_participants_own_form_has_no_rater_whoever_typed_it(study: Study) -> None:
    """The coordinator who typed a PCL-5 once stood in the export as its rater."""
    typed = Assessment.objects.filter(instrument="pcl5", rater__isnull=False)
    assert typed.exists()
    rows = [row for row in rows_of(study, "QS") if row["QSDTC"]]
    own = [row for row in rows if row["QSCAT"] == "PCL-5"]
    assert {cells(row, "QSEVAL", "QSEVALID") for row in own} == {
        ("STUDY SUBJECT", None)
    }
    others = {row["QSEVALID"] for row in rows if row["QSCAT"] != "PCL-5"}
    assert all(re.fullmatch(r"RATER-[0-9A-F]{8}", str(name)) for name in others)


def test_sequence_numbers_are_unique_within_a_participant(study: Study) -> None:
    for name in ("RS", "QS", "AE", "DS", "EC"):
        numbers = [(r["USUBJID"], r[f"{name}SEQ"]) for r in rows_of(study, name)]
        assert numbers == sorted(set(numbers))


def test_ae_leaves_a_gap_for_a_voided_event(study: Study) -> None:
    pleasant, serious = rows_of(study, "AE", study.treated)
    assert (pleasant["AESEQ"], serious["AESEQ"]) == (1, 3)
    assert cells(
        pleasant, "AESEV", "AESER", "AEVALNC", "AEOUT", "AESTDTC", "AESTDY"
    ) == (
        "MILD",
        "N",
        "PLEASANT",
        "RECOVERED/RESOLVED",
        "2025-04-28T10:05",
        1,
    )
    assert cells(
        serious, "AETERM", "AESER", "AESHOSP", "AESDTH", "AEACN", "AESTDY"
    ) == (
        "Syncope",
        "Y",
        "Y",
        "N",
        "DRUG INTERRUPTED",
        2,
    )


def test_ae_carries_no_narrative(study: Study) -> None:
    assert b"in confidence" not in body_of(study.get("datasets/AE", format="csv"))


def test_ds_has_the_milestones_in_order(study: Study) -> None:
    rows = rows_of(study, "DS", study.treated)
    assert [cells(row, "DSDECOD", "DSSTDTC", "DSSTDY") for row in rows] == [
        ("INFORMED CONSENT OBTAINED", "2025-03-03", -56),
        ("ENTERED INTO TRIAL", "2025-03-24", -35),
        ("ELIGIBILITY CRITERIA MET", "2025-04-21", -7),
        ("RANDOMIZED", "2025-04-22", -6),
    ]


def test_ds_says_how_participation_ended(study: Study) -> None:
    last = rows_of(study, "DS", study.failed)[-1]
    assert cells(last, "DSTERM", "DSDECOD", "DSSCAT") == (
        "Blood pressure too high",
        "SCREEN FAILURE",
        "STUDY PARTICIPATION",
    )


def test_ec_knows_capsules_and_kits_and_no_amount(study: Study) -> None:
    given, withheld = rows_of(study, "EC", study.treated)
    assert cells(given, "ECTRT", "ECOCCUR", "ECDOSE", "ECDOSU", "ECLOT", "ECTPT") == (
        "STUDY DRUG (BLINDED)",
        "Y",
        2,
        "CAPSULE",
        "K-1047",
        "INITIAL DOSE",
    )
    assert cells(given, "ECSTDTC", "ECSTDY") == ("2025-04-28T10:05", 1)
    assert cells(withheld, "ECOCCUR", "ECREASOC", "ECDOSE", "ECTPT") == (
        "N",
        "tolerability",
        None,
        "SUPPLEMENTAL DOSE",
    )
