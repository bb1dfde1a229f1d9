"""Causality by the investigator; receipt, determination and reports of the sponsor."""

from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from adverse_events import actions
from adverse_events.access import events_for
from adverse_events.forms import (
    ActForm,
    CausalityForm,
    DeterminationForm,
    MomentForm,
    site_zone,
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
    form = CausalityForm(
        request.POST or None,
        initial={"relatedness": shown.relatedness},
        is_second=bool(shown.relatedness),
        zone=site_zone(shown.site),
        now=now,
    )
    if request.method == "POST" and form.is_valid():
        judgment = actions.Causality(shown, form.cleaned_data["relatedness"], now)
        try:
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
    return _page(request, shown, form, title="Judge causality", verb="Sign judgment")


def receive(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record when the sponsor received the site's report."""
    signed_in = cast(SignedInRequest, request)
    shown = _event(signed_in, uuid, Permission.RECEIVE_REPORTS)
    form = MomentForm(
        request.POST or None,
        label="Received at",
        is_correction=shown.sponsor_received_at is not None,
        zone=ZoneInfo(shown.trial.sponsor_time_zone),
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        receipt = actions.Receipt(shown, form.cleaned_data["at"])
        try:
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
    return _page(request, shown, form, title="Record receipt", verb="Record receipt")


def determine(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record what the sponsor decides that the event is."""
    signed_in = cast(SignedInRequest, request)
    shown = _event(signed_in, uuid, Permission.RECEIVE_REPORTS)
    form = DeterminationForm(
        request.POST or None,
        label="Decided at",
        judged=shown.relatedness,
        is_correction=shown.sponsor_determined_at is not None,
        zone=ZoneInfo(shown.trial.sponsor_time_zone),
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        decision = actions.Determination(
            event=shown,
            is_unexpected=form.cleaned_data["unexpected"] == "yes",
            is_suspected=form.cleaned_data["suspected"] == "yes",
            at=form.cleaned_data["at"],
        )
        try:
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
        request, shown, form, title="Determine the event", verb="Record determination"
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
    sponsor_zone = ZoneInfo(shown.trial.sponsor_time_zone)
    form = MomentForm(
        request.POST or None,
        label="Sent at",
        is_correction=report.sent_at is not None,
        zone=site_zone(shown.site) if is_sites else sponsor_zone,
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        sent = actions.SentReport(report, form.cleaned_data["at"])
        try:
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
    return _page(request, shown, form, title=title, verb="Record as sent")


def _event(
    signed_in: SignedInRequest, uuid: UUID, permission: Permission
) -> AdverseEvent:
    events = events_for(signed_in.user.pk, permission)
    return get_object_or_404(events, uuid=uuid, voided_at__isnull=True)


def _page(
    request: HttpRequest, shown: AdverseEvent, form: ActForm, **words: Any
) -> HttpResponse:
    context = {"form": form, "event": shown} | words
    return render(request, "adverse_events/act.html", context)
