"""Visits, sessions, doses, events and what was told of them, as auditors read them."""

from typing import ClassVar

from django.contrib import admin

from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.vocabulary import (
    ACTION_WORDS,
    OUTCOME_WORDS,
    RELATEDNESS_WORDS,
    SEVERITY_WORDS,
    SPECIAL_INTEREST_WORDS,
    VALENCE_WORDS,
)
from notices.models import Notice
from oversight.readonly import ReadOnlyAdmin, Words
from oversight.site import oversight_site
from reminders.models import Reminder
from sessions.models import DoseAdministration, TherapySession, Visit


@admin.register(Visit, site=oversight_site)
class VisitAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "number",
        "label",
        "state",
        "opens",
        "target",
        "closes",
        "held_on",
    )
    words: ClassVar[Words] = {"kind": {}}
    list_filter = ["state", "kind", "site"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]
    ordering = ["-id"]
    fields = (
        "trial",
        "site",
        "participant",
        "protocol_version",
        "code",
        "number",
        "label",
        "kind",
        "state",
        "plan",
        "opens",
        "target",
        "closes",
        "why",
        "booked_on",
        "booked_time",
        "held_on",
        "mode",
        "missed_reason",
        "to_decide",
    )


@admin.register(TherapySession, site=oversight_site)
class TherapySessionAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "visit",
        "lead_therapist",
        "co_therapist",
        "started_at",
        "ended_at",
    )
    list_select_related = ["participant", "visit", "lead_therapist", "co_therapist"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(DoseAdministration, site=oversight_site)
class DoseAdministrationAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "visit",
        "part",
        "kit_number",
        "given_at",
        "capsules",
    )
    list_filter = ["part", "site"]
    list_select_related = ["participant", "visit"]
    search_fields = ["participant__number", "=kit_number"]
    fields = (
        "trial",
        "site",
        *list_display,
        "step",
        "given_by",
        "witnessed_by",
        "withheld_reason",
    )


@admin.register(AdverseEvent, site=oversight_site)
class AdverseEventAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "term",
        "valence",
        "severity",
        "onset_on",
        "outcome",
    )
    words: ClassVar[Words] = {
        "valence": VALENCE_WORDS,
        "severity": SEVERITY_WORDS,
        "outcome": OUTCOME_WORDS,
        "action_taken": ACTION_WORDS,
        "special_interest": SPECIAL_INTEREST_WORDS,
        "relatedness": RELATEDNESS_WORDS,
    }
    list_filter = ["severity", "valence", "site"]
    list_select_related = ["participant"]
    search_fields = ["participant__number", "term"]
    fields = (
        "trial",
        "site",
        *list_display,
        "description",
        "onset_time",
        "ended_on",
        "dosing_visit",
        "action_taken",
        "special_interest",
        "is_fatal",
        "is_life_threatening",
        "is_hospitalization",
        "is_disabling",
        "is_congenital",
        "is_medically_important",
        "relatedness",
        "relatedness_by",
        "relatedness_at",
        "site_aware_at",
        "sponsor_received_at",
        "sponsor_determined_at",
        "is_unexpected",
        "is_suspected",
        "voided_at",
        "void_reason",
    )


@admin.register(SafetyReport, site=oversight_site)
class SafetyReportAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "event",
        "kind",
        "runs_from",
        "due_at",
        "sent_at",
    )
    list_filter = ["kind"]
    list_select_related = ["participant", "event"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(Reminder, site=oversight_site)
class ReminderAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "visit",
        "kind",
        "audience",
        "recipient",
        "state",
        "due_on",
        "sent_at",
    )
    words: ClassVar[Words] = {"kind": {}}
    list_filter = ["state", "audience"]
    list_select_related = ["participant", "visit", "recipient"]
    search_fields = ["participant__number", "recipient__name"]
    fields = (
        "trial",
        "site",
        *list_display,
        "notice",
        "report",
        "attempts",
        "note",
    )


@admin.register(Notice, site=oversight_site)
class NoticeAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("participant", "kind", "occurred_at", "by", "why")
    list_filter = ["kind", "site"]
    list_select_related = ["participant", "by"]
    search_fields = ["participant__number", "by__name"]
    ordering = ["-id"]
    fields = (
        "trial",
        "site",
        *list_display,
        "about",
    )
