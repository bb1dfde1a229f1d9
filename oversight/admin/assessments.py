"""Assessments with responses and scores, as auditors read them."""

from typing import ClassVar

from django.contrib import admin

from assessments.instruments import TITLES
from assessments.lifecycle import WORDS
from assessments.models import Assessment, ItemResponse, ScoreValue
from oversight.readonly import ReadOnlyAdmin, Words
from oversight.site import oversight_site


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
    words: ClassVar[Words] = {
        "instrument": TITLES,
        "state": WORDS,
    }
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
    words: ClassVar[Words] = {"score": {}, "value": {}}
    list_select_related = ["participant", "assessment"]
    search_fields = ["participant__number"]
    ordering = ["-id"]
    fields = (
        "trial",
        "site",
        *list_display,
    )
