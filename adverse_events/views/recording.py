"""Reporting an event, amending it and voiding it."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from adverse_events import actions
from adverse_events.access import events_for
from adverse_events.forms import (
    AmendForm,
    EventForm,
    VoidForm,
    dosing_visits_of,
    initial_of,
    site_zone,
)
from adverse_events.models import AdverseEvent
from audit.refusal import Refused
from participants.access import participants_for
from participants.models import Consent, Participant
from trials.access import may, today_at

AMEND_REASONS = (
    "Follow-up information",
    "Typing error",
    "Misread the source",
    "Entered in the wrong field",
    "Query of the monitor",
)


def report(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Report an event of a participant."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.REPORT_EVENTS)
    person = get_object_or_404(people, uuid=uuid)
    form = EventForm(
        request.POST or None,
        initial=_first_values(request, person),
        participant=person,
        zone=site_zone(person.site),
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        new = actions.NewEvent(participant=person, **form.values)
        try:
            (made,) = actions.report_events(events=[new], by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _reported(made))
            return redirect("adverse_events:event", uuid=made.uuid)
    context = {
        "form": form,
        "participant": person,
        "is_consented": Consent.objects.filter(participant=person).exists(),
        "may_record_consent": may(
            signed_in.user.pk, Permission.RECORD_CONSENT, person.site
        ),
    }
    return render(request, "adverse_events/report.html", context)


def _first_values(request: HttpRequest, person: Participant) -> dict[str, Any]:
    """Return what is known before anything is typed: today, and the visit asked from."""
    values: dict[str, Any] = {"onset_on": today_at(person.site)}
    visits = {str(visit.uuid): visit for visit in dosing_visits_of(person)}
    if visit := visits.get(request.GET.get("visit", "")):
        values["dosing_visit"] = visit.pk
    return values


def _reported(event: AdverseEvent) -> str:
    sentence = f"Event {event.sequence} is recorded."
    if event.is_serious:
        sentence += " Report it to the sponsor now; the clock below is running."
    return sentence


def amend(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Change a saved event, with a reason."""
    signed_in = cast(SignedInRequest, request)
    events = events_for(signed_in.user.pk, Permission.REPORT_EVENTS)
    shown = get_object_or_404(events, uuid=uuid, voided_at__isnull=True)
    edit = edited(
        signed_in,
        lambda data: _amend_form(shown, data),
        rows=[shown],
        zone=shown.site.time_zone,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.amend_event(
                    event=shown,
                    changes=form.changes,
                    reason=form.cleaned_data["reason"],
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The event is amended.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    context = {
        "form": form,
        "edit": edit,
        "event": shown,
        "participant": shown.participant,
        "box": {"field": form["reason"], "reasons": AMEND_REASONS},
    }
    return render(request, "adverse_events/amend.html", context)


def _amend_form(shown: AdverseEvent, data: QueryDict | None) -> AmendForm:
    zone = site_zone(shown.site)
    return AmendForm(
        data,
        initial=initial_of(shown, zone),
        participant=shown.participant,
        zone=zone,
        now=timezone.now(),
    )


def void(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Void an event that should not have been entered."""
    signed_in = cast(SignedInRequest, request)
    events = events_for(signed_in.user.pk, Permission.REPORT_EVENTS)
    shown = get_object_or_404(events, uuid=uuid, voided_at__isnull=True)
    now = timezone.now()
    edit = edited(
        signed_in,
        lambda data: VoidForm(data, zone=site_zone(shown.site), now=now),
        rows=[shown],
        is_whole=True,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.void_event(
                    event=shown,
                    reason=form.cleaned_data["reason"],
                    at=now,
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The event is voided.")
            return redirect("adverse_events:event", uuid=shown.uuid)
    context = {
        "form": form,
        "edit": edit,
        "event": shown,
        "title": "Void the event",
        "verb": "Void event",
    }
    return render(request, "adverse_events/act.html", context)
