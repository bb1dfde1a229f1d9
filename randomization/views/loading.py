"""Loading what is sealed, and counting it."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.debug import sensitive_post_parameters

from accounts.http import SignedInRequest
from audit.refusal import Refused
from randomization import actions
from randomization.access import kit_sites_for, lists_for, places_of, stocks_of
from randomization.forms import KitsForm, ListForm


def kits(request: HttpRequest) -> HttpResponse:
    """Show the lists and the kits that this person keeps, in numbers."""
    person = cast(SignedInRequest, request).user
    trials = [
        {"trial": trial, "strata": places_of(trial.pk)}
        for trial in lists_for(person.pk).order_by("identifier")
    ]
    context = {"trials": trials, "stocks": stocks_of(kit_sites_for(person.pk))}
    return render(request, "randomization/kits.html", context)


@sensitive_post_parameters()
def load_list(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Check and seal the list of a trial's strata."""
    signed_in = cast(SignedInRequest, request)
    trial = get_object_or_404(lists_for(signed_in.user.pk), uuid=uuid)
    form = ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        entries = form.cleaned_data["file"]
        try:
            actions.load_list(trial=trial, entries=entries, by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _said(len(entries), "place", "sealed"))
            return redirect("randomization:kits")
    context = {
        "form": form,
        "heading": f"{trial.identifier} · Sealed list",
        "verb": "Check and seal list",
        "strata": places_of(trial.pk),
    }
    return render(request, "randomization/load.html", context)


@sensitive_post_parameters()
def load_kits(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Check and seal the kits of a site."""
    signed_in = cast(SignedInRequest, request)
    site = get_object_or_404(kit_sites_for(signed_in.user.pk), uuid=uuid)
    form = KitsForm(request.POST or None, request.FILES or None, site=site)
    if request.method == "POST" and form.is_valid():
        loaded = form.cleaned_data["file"]
        try:
            actions.load_kits(trial=site.trial, kits=loaded, by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _said(len(loaded), "kit", "entered and sealed"))
            return redirect("randomization:kits")
    context = {
        "form": form,
        "heading": f"Site {site} · Kits",
        "verb": "Check and load kits",
        "stock": stocks_of([site])[0],
    }
    return render(request, "randomization/load.html", context)


def _said(count: int, what: str, done: str) -> str:
    return f"{count} {what}{pluralize(count)} {pluralize(count, 'is,are')} {done}."
