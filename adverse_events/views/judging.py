"""Causality by the investigator; receipt, determination and reports of the sponsor."""

from functools import partial
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from adverse_events import actions
from adverse_events.access import events_for
from adverse_events.forms import (
    CausalityForm,
    DeterminationForm,
    MomentForm,
    site_zone,
    yes_no,
)
from adverse_events.models import AdverseEvent, SafetyReport
from adverse_events.reporting import KIND_WORDS, ReportKind
from audit.refusal import Refused


@sensitive_post_parameters("password")
def causality(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Judge and sign whether the study drug caused the event."""
    signed_in = cast(SignedInRequest, request)
    shown = _event(signed_in, uuid, Permission.ASSESS_CAUSALITY)
    now = timezone.now()
    edit = edited(
        signed_in,
        lambda data: CausalityForm(
            data,
            initial={"relatedness": shown.relatedness},
            is_second=bool(shown.relatedness),
            zone=site_zone(shown.site),
            now=now,
        ),
        rows=[shown],
        is_whole=True,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        judgment = actions.Causality(shown, form.cleaned_data["relatedness"], now)
        try:
            with edit.guard():
                actions.assess_causality(
                    assessments=[judgment],
                    password=form.cleaned_data["password"],
                    reason=form.cleaned_data.get("reason", ""),
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Causality is judged and signed.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    return _page(request, shown, edit, title="Judge causality", verb="Sign judgment")


def receive(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record when the sponsor received the site's report."""
    signed_in = cast(SignedInRequest, request)
    shown = _event(signed_in, uuid, Permission.RECEIVE_REPORTS)
    edit = edited(
        signed_in,
        lambda data: MomentForm(
            data,
            label="Received at",
            saved=shown.sponsor_received_at,
            zone=ZoneInfo(_zone_of(shown)),
            now=timezone.now(),
        ),
        rows=[shown],
        zone=_zone_of(shown),
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        receipt = actions.Receipt(shown, form.cleaned_data["at"])
        try:
            with edit.guard():
                actions.receive(
                    receipts=[receipt],
                    reason=form.cleaned_data.get("reason", ""),
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Receipt is recorded.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    return _page(request, shown, edit, title="Record receipt", verb="Record receipt")


def determine(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record what the sponsor decides that the event is."""
    signed_in = cast(SignedInRequest, request)
    shown = _event(signed_in, uuid, Permission.RECEIVE_REPORTS)
    edit = edited(
        signed_in, partial(_determination, shown), rows=[shown], zone=_zone_of(shown)
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        decision = actions.Determination(
            event=shown,
            is_unexpected=form.cleaned_data["unexpected"] == "yes",
            is_suspected=form.cleaned_data["suspected"] == "yes",
            at=form.cleaned_data["at"],
        )
        try:
            with edit.guard():
                actions.determine(
                    determinations=[decision],
                    reason=form.cleaned_data.get("reason", ""),
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The determination is recorded.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    return _page(
        request, shown, edit, title="Determine the event", verb="Record determination"
    )


def send(request: HttpRequest, uuid: UUID, kind: str) -> HttpResponse:
    """Record that a report was sent, and when."""
    signed_in = cast(SignedInRequest, request)
    if kind not in {known.value for known in ReportKind}:
        raise Http404
    is_sites = kind == ReportKind.SITE_TO_SPONSOR.value
    permission = Permission.REPORT_EVENTS if is_sites else Permission.RECEIVE_REPORTS
    shown = _event(signed_in, uuid, permission)
    reports = SafetyReport.objects.select_related("event__participant")
    report = get_object_or_404(reports, event=shown, kind=kind)
    zone = site_zone(shown.site) if is_sites else ZoneInfo(_zone_of(shown))
    edit = edited(
        signed_in,
        lambda data: MomentForm(
            data, label="Sent at", saved=report.sent_at, zone=zone, now=timezone.now()
        ),
        rows=[report],
        zone=zone.key,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        sent = actions.SentReport(report, form.cleaned_data["at"])
        try:
            with edit.guard():
                actions.send_reports(
                    reports=[sent],
                    reason=form.cleaned_data.get("reason", ""),
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The report is recorded as sent.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    title = KIND_WORDS[ReportKind(kind)]
    return _page(request, shown, edit, title=title, verb="Record as sent")


def _event(
    signed_in: SignedInRequest, uuid: UUID, permission: Permission
) -> AdverseEvent:
    events = events_for(signed_in.user.pk, permission)
    return get_object_or_404(events, uuid=uuid, voided_at__isnull=True)


def _determination(shown: AdverseEvent, data: Any) -> DeterminationForm:
    return DeterminationForm(
        data,
        label="Decided at",
        judged=shown.relatedness,
        saved=shown.sponsor_determined_at,
        initial={
            "unexpected": yes_no(shown.is_unexpected),
            "suspected": yes_no(shown.is_suspected),
        },
        zone=ZoneInfo(_zone_of(shown)),
        now=timezone.now(),
    )


def _zone_of(shown: AdverseEvent) -> str:
    return shown.trial.sponsor_time_zone


def _page(
    request: HttpRequest, shown: AdverseEvent, edit: Edit[Any], **words: Any
) -> HttpResponse:
    context = {"form": edit.form, "edit": edit, "event": shown} | words
    return render(request, "adverse_events/act.html", context)
