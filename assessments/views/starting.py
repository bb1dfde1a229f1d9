"""Bringing a form into being at a visit: starting, requesting a rater, or not done."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.editing import edited
from accounts.http import SignedInRequest, acts_by_post
from accounts.vocabulary import Permission
from assessments import actions
from assessments.access import ExpectedForm, expected_forms
from assessments.actions import NotDone, RatingRequest, Start
from assessments.forms import NotDoneForm, RatingRequestForm
from assessments.models import Assessment
from assessments.views.opening import opened
from audit.refusal import Refused
from sessions.access import visits_for
from sessions.models import Visit


@acts_by_post(page="workbench:visit", key="visit")
def start(request: SignedInRequest, visit: UUID, code: str) -> HttpResponse:
    """Begin a site form, or go on with it, and open its page."""
    found, _ = _expected(request, visit, code)
    try:
        begun = actions.start(starts=[Start(found, code)], by=request.actor)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("workbench:visit", uuid=found.uuid)
    return redirect("assessments:enter", uuid=begun[0].uuid)


def request_rating(request: SignedInRequest, visit: UUID, code: str) -> HttpResponse:
    """Ask for an interview by an independent rater, on a day."""
    found, expected = _expected(request, visit, code)
    day = found.held_on or found.booked_on or found.target
    form = RatingRequestForm(request.POST or None, initial={"due_on": day})
    if request.method == "POST" and form.is_valid():
        try:
            actions.request_ratings(
                requests=[RatingRequest(found, code, form.cleaned_data["due_on"])],
                by=request.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Interview requested: {expected.title}.")
            return redirect("workbench:visit", uuid=found.uuid)
    context = {"form": form, "visit": found, "expected": expected}
    return render(request, "assessments/request_rating.html", context)


def not_done(request: SignedInRequest, visit: UUID, code: str) -> HttpResponse:
    """Say that a form will not be filled in at a visit, and why."""
    found, expected = _expected(request, visit, code)
    begun = list(Assessment.objects.filter(visit=found, code=code))
    edit = edited(request, NotDoneForm, rows=begun, is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        asked = NotDone(found, code, form.cleaned_data["why"])
        try:
            with edit.guard():
                actions.mark_not_done(forms=[asked], by=request.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{expected.title} is marked as not done.")
            return redirect("workbench:visit", uuid=found.uuid)
    context = {"form": form, "edit": edit, "visit": found, "title": expected.title}
    return render(request, "assessments/not_done.html", context)


def set_aside(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A rater says that an interview was not held, without learning whose it was."""
    held = opened(request, uuid)
    assessment = held.assessment
    edit = edited(request, NotDoneForm, rows=[assessment], is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        why = form.cleaned_data["why"]
        asked = NotDone(assessment.visit, assessment.code, why)
        try:
            with edit.guard():
                actions.mark_not_done(forms=[asked], by=request.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("assessments:enter", uuid=uuid)
    context = {
        "form": form,
        "edit": edit,
        "assessment": assessment,
        "standing": held.standing,
        "title": held.instrument.short_title,
    }
    return render(request, "assessments/not_done.html", context)


def _expected(
    request: SignedInRequest, uuid: UUID, code: str
) -> tuple[Visit, ExpectedForm]:
    """Fetch a visit of a site where this person enters forms, and its form."""
    visits = visits_for(request.user.pk, Permission.ENTER_ASSESSMENTS)
    visit = get_object_or_404(visits, uuid=uuid)
    for each in expected_forms([visit])[visit.pk]:
        if each.row.code == code:
            return visit, each
    raise Http404
