"""Adding somebody to the screening log, and correcting the day of it."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import ReasonNeeded, Refused
from participants.access import participants_for
from participants.actions import correct_screening, screen
from participants.forms import ScreeningDayForm, ScreeningForm
from trials.access import sites_for, today_at

USUAL_REASONS = ("Mistyped", "Misread the source", "The source was corrected")


def screening(request: SignedInRequest) -> HttpResponse:
    """Give the next number of a site to somebody who came to be screened."""
    sites = sites_for(request.user.pk, Permission.SCREEN)
    if not sites:
        raise Http404
    # Several sites may live on different days; the action and the log keep the typed one.
    today = max(today_at(site) for site in sites)
    form = ScreeningForm(request.POST or None, sites=sites, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            (participant,) = screen(screenings=[form.screening()], by=request.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{participant.number} is on the screening log.")
            return redirect("workbench:participant", participant.uuid)
    return render(request, "participants/screen.html", {"form": form})


def screening_day(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Correct the day of the screening log, with a reason."""
    people = participants_for(request.user.pk, Permission.SCREEN)
    participant = get_object_or_404(people, uuid=uuid)
    edit = edited(
        request,
        partial(
            ScreeningDayForm,
            saved=participant.screened_on,
            today=today_at(participant.site),
        ),
        rows=[participant],
        zone=participant.site.time_zone,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                correct_screening(
                    participant=participant,
                    on=form.cleaned_data["on"],
                    reason=form.cleaned_data["reason"],
                    by=request.actor,
                )
        except Refused as refusal:
            field = "reason" if isinstance(refusal, ReasonNeeded) else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, "The day of the screening log is corrected.")
            return redirect("workbench:participant", participant.uuid)
    context = {
        "participant": participant,
        "form": form,
        "edit": edit,
        "box": {"field": form["reason"], "reasons": USUAL_REASONS},
    }
    return render(request, "participants/screening_day.html", context)
