"""Medical records, as auditors read them."""

from typing import ClassVar

from django.contrib import admin

from medical.models import (
    ECG,
    Condition,
    LabResult,
    Medication,
    MedicationHistory,
    TestResult,
)
from medical.vocabulary import CONDITION_KINDS, DRUG_CLASSES, FINDINGS, RESULTS
from oversight.readonly import ReadOnlyAdmin, Words
from oversight.site import oversight_site
from trials.protocol.records import TESTS

_PLACE = ("trial", "site")
_VOIDED = ("source", "voided_at", "void_reason")
_REVIEWED = ("reviewed_by", "reviewed_at", "significance", "review_note", *_VOIDED)


class MedicalAdmin(ReadOnlyAdmin):
    words: ClassVar[Words] = {"significance": FINDINGS}
    list_filter = ["significance", "site"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]


@admin.register(Condition, site=oversight_site)
class ConditionAdmin(MedicalAdmin):
    list_display: tuple[str, ...] = (
        *("participant", "kind", "term", "since", "is_ongoing", "ended"),
        *("is_controlled", "reported_on", "significance"),
    )
    words: ClassVar[Words] = {"kind": CONDITION_KINDS, "significance": FINDINGS}
    fields = (*_PLACE, *list_display, *_REVIEWED[:2], *_REVIEWED[3:])


@admin.register(MedicationHistory, site=oversight_site)
class MedicationHistoryAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("participant", "taken_on", "source")
    list_filter = ["site"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]
    fields = (*_PLACE, *list_display, *_VOIDED[1:])


@admin.register(Medication, site=oversight_site)
class MedicationAdmin(MedicalAdmin):
    list_display: tuple[str, ...] = (
        *("participant", "label", "drug", "indication", "dose", "started"),
        *("last_dose_on", "reported_on", "significance"),
    )
    fields = (*_PLACE, *list_display, *_REVIEWED[:2], *_REVIEWED[3:])


@admin.register(TestResult, site=oversight_site)
class TestResultAdmin(MedicalAdmin):
    list_display: tuple[str, ...] = (
        *("participant", "kind", "result", "drug_class", "performed_on"),
        "significance",
    )
    words: ClassVar[Words] = {
        "kind": TESTS,
        "result": RESULTS,
        "drug_class": DRUG_CLASSES,
        "significance": FINDINGS,
    }
    fields = (*_PLACE, *list_display, *_REVIEWED[:2], *_REVIEWED[3:])


@admin.register(LabResult, site=oversight_site)
class LabResultAdmin(MedicalAdmin):
    list_display: tuple[str, ...] = (
        *("participant", "label", "value", "unit", "low", "high", "sampled_on"),
        "significance",
    )
    words: ClassVar[Words] = {
        "value": {},
        "low": {},
        "high": {},
        "significance": FINDINGS,
    }
    fields = (*_PLACE, *list_display, "code", *_REVIEWED[:2], *_REVIEWED[3:])


@admin.register(ECG, site=oversight_site)
class ECGAdmin(MedicalAdmin):
    list_display: tuple[str, ...] = (
        *("participant", "recorded_on", "rate", "pr", "qrs", "qt", "qtcf"),
        *("is_qtcf_given", "significance"),
    )
    fields = (*_PLACE, *list_display, *_REVIEWED[:2], *_REVIEWED[3:])
