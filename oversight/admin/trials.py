"""Trials, protocol versions, sites and the delegation log, as auditors read them."""

from django.contrib import admin

from oversight.readonly import ReadOnlyAdmin
from oversight.site import oversight_site
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
