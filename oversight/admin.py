"""What auditors can read: one class a model, fields listed by name.

Identifying fields are in no list, and nothing here leads behind the wall.
"""

from django.contrib import admin

from adverse_events.models import AdverseEvent, SafetyReport
from assessments.models import Assessment, ItemResponse, ScoreValue
from exports.models import ApiToken
from oversight.readonly import ReadOnlyAdmin
from oversight.site import oversight_site
from participants.models import (
    Consent,
    ConsentItem,
    Deviation,
    EligibilityDecision,
    Fact,
    Participant,
)
from reminders.models import Reminder
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.models import Delegation, ProtocolVersion, Site, Trial


@admin.register(Trial, site=oversight_site)
class TrialAdmin(ReadOnlyAdmin):
    trial_path = "pk"
    list_display: tuple[str, ...] = (
        "identifier",
        "title",
        "sponsor_name",
        "is_synthetic",
        "opened_on",
    )
    fields = (
        *list_display,
        "sponsor_time_zone",
        "reminders_from",
    )


@admin.register(ProtocolVersion, site=oversight_site)
class ProtocolVersionAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("trial", "version", "adopted_on", "sha256")
    list_select_related = ["trial"]
    fields = (
        *list_display,
        "text",
    )


@admin.register(Site, site=oversight_site)
class SiteAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("number", "name", "country", "time_zone", "phone")
    fields = (
        "trial",
        *list_display,
        "crisis_contact",
    )


@admin.register(Delegation, site=oversight_site)
class DelegationAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = ("user", "role", "site", "starts_on", "ends_on")
    list_filter = ["role"]
    list_select_related = ["user", "site"]
    search_fields = ["user__name"]
    fields = (
        "trial",
        *list_display,
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


@admin.register(Assessment, site=oversight_site)
class AssessmentAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "visit",
        "instrument",
        "state",
        "assessed_on",
        "rater",
    )
    list_filter = ["instrument", "state", "site"]
    list_select_related = ["participant", "visit", "rater"]
    search_fields = ["participant__number", "=opaque_code"]
    fields = (
        "trial",
        "site",
        *list_display,
        "version",
        "recall",
        "source",
        "opaque_code",
        "due_on",
        "not_done_reason",
    )


@admin.register(ItemResponse, site=oversight_site)
class ItemResponseAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "assessment",
        "item",
        "value",
        "missing",
    )
    list_select_related = ["participant", "assessment"]
    search_fields = ["participant__number"]
    ordering = ["-id"]
    fields = (
        "trial",
        "site",
        *list_display,
    )


@admin.register(ScoreValue, site=oversight_site)
class ScoreValueAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "participant",
        "assessment",
        "score",
        "value",
        "scorer_version",
    )
    list_select_related = ["participant", "assessment"]
    search_fields = ["participant__number"]
    ordering = ["-id"]
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
        "state",
        "due_on",
        "sent_at",
    )
    list_filter = ["state", "audience"]
    list_select_related = ["participant", "visit"]
    search_fields = ["participant__number"]
    fields = (
        "trial",
        "site",
        *list_display,
        "attempts",
        "note",
    )


@admin.register(ApiToken, site=oversight_site)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display: tuple[str, ...] = (
        "name",
        "user",
        "created_at",
        "expires_at",
        "revoked_at",
    )
    list_select_related = ["user"]
    fields = (
        "trial",
        *list_display,
    )
