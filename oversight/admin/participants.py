"""Participants, consent, eligibility and deviations, as auditors read them."""

from typing import ClassVar

from django.contrib import admin

from oversight.readonly import ReadOnlyAdmin, Words
from oversight.site import oversight_site
from participants.lifecycle import TREATMENT_WORDS, WORDS
from participants.models import (
    Consent,
    ConsentItem,
    Deviation,
    EligibilityDecision,
    Fact,
    Participant,
    Waiver,
)


@admin.register(Participant, site=oversight_site)
class ParticipantAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "number",
        "site",
        "state",
        "treatment",
        "screened_on",
        "ended_on",
    )
    words: ClassVar[Words] = {
        "state": WORDS,
        "treatment": TREATMENT_WORDS,
    }
    list_filter = ["state", "treatment", "site"]
    list_select_related = ["site"]
    search_fields = ["number"]
    ordering = ["number"]
    fields = (
        "trial",
        "site",
        "number",
        "protocol_version",
        "state",
        "sex",
        "age",
        "screened_on",
        "enrolled_on",
        "confirmed_on",
        "randomized_on",
        "treatment",
        "treatment_stopped_on",
        "treatment_stop_reason",
        "ended_on",
        "end_reason",
    )


@admin.register(Consent, site=oversight_site)
class ConsentAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "form_version",
        "signed_on",
        "obtained_by",
    )
    list_select_related = ["participant", "obtained_by"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(ConsentItem, site=oversight_site)
class ConsentItemAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("participant", "code", "is_given", "decided_on")
    list_filter = ["code", "is_given"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(Fact, site=oversight_site)
class FactAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "code",
        "observed_on",
        "source",
        "is_current",
    )
    # A fact's value is of any kind: a number, a day, yes or no.
    words: ClassVar[Words] = {
        "value": {"True": "Yes", "False": "No", "None": "Unknown"}
    }
    list_filter = ["is_current"]
    list_select_related = ["participant"]
    search_fields = ["participant__number", "=code"]
    fields = (
        "trial",
        "site",
        *list_display,
        "value",
    )


@admin.register(EligibilityDecision, site=oversight_site)
class EligibilityDecisionAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "milestone",
        "is_eligible",
        "decided_on",
        "decided_by",
    )
    words: ClassVar[Words] = {"milestone": {}}
    list_select_related = ["participant", "decided_by"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
        "criteria",
    )


@admin.register(Deviation, site=oversight_site)
class DeviationAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "kind",
        "visit_code",
        "occurred_on",
        "description",
    )
    list_filter = ["kind", "site"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(Waiver, site=oversight_site)
class WaiverAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "code",
        "granted_on",
        "granted_by",
        "ended_on",
    )
    list_filter = ["site"]
    list_select_related = ["participant", "granted_by"]
    search_fields = ["participant__number", "=code"]
    fields = (
        "trial",
        "site",
        *list_display,
        "reason",
        "end_reason",
    )
