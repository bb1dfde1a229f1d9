"""Adding somebody to the screening log."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.actions import screen
from participants.forms import ScreeningForm
from trials.access import sites_for, today_at


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
