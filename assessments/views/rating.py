"""A rater's interviews, and the forms that wait for somebody's signature."""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from assessments import actions
from assessments.access import rater_queue, signable_by
from assessments.forms import SigningBatchForm
from assessments.instruments import instrument
from assessments.lifecycle import WORDS, State
from assessments.models import Assessment
from assessments.views.opening import CHIPS
from audit.refusal import NotPermitted, Refused
from trials.access import permissions_of


@dataclass(frozen=True, slots=True)
class ShownInterview:
    """An interview as its rater sees it: nothing of participant, site or visit.

    `begins_at` is in the sponsor's zone; the site's would tell the site.
    """

    assessment: Assessment
    title: str
    recall: str
    begins_at: datetime | None
    chip: dict[str, str]


def ratings(request: SignedInRequest) -> HttpResponse:
    """The interviews that wait for the rater, the next one first."""
    waiting = [_shown(each) for each in rater_queue(request.user.pk)]
    to_hold = [each for each in waiting if each.assessment.state != State.COMPLETE]
    return render(
        request,
        "assessments/ratings.html",
        {"interviews": to_hold, "to_sign": len(waiting) - len(to_hold)},
    )


def signing(request: SignedInRequest) -> HttpResponse:
    """Sign several complete forms with one check of the password."""
    signable = signable_by(request.user.pk)
    form = SigningBatchForm(request.POST or None, signable=signable)
    if request.method == "POST" and form.is_valid():
        chosen = list(form.cleaned_data["chosen"])
        try:
            actions.sign(
                assessments=chosen,
                password=form.cleaned_data["password"],
                by=request.actor,
            )
        except NotPermitted as refusal:
            form.add_error("password", str(refusal))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            word = "form is" if len(chosen) == 1 else "forms are"
            messages.success(request, f"{len(chosen)} {word} signed.")
            return redirect("assessments:signing")
    is_rater = Permission.VIEW_PARTICIPANTS not in permissions_of(request.user.pk)
    picked = set(request.POST.getlist("chosen"))
    # Nothing is ticked beforehand: signing is a conscious act for each form.
    lines = [(_shown(each), str(each.uuid) in picked) for each in signable]
    context = {"form": form, "lines": lines, "is_rater": is_rater}
    return render(request, "assessments/signing.html", context)


def _shown(assessment: Assessment) -> ShownInterview:
    state = State(assessment.state)
    tone, icon = CHIPS[state]
    return ShownInterview(
        assessment,
        instrument(assessment.instrument, assessment.version).short_title,
        assessment.recall,
        _begins_at(assessment),
        {"word": WORDS[state], "tone": tone, "icon": icon},
    )


def _begins_at(assessment: Assessment) -> datetime | None:
    visit = assessment.visit
    if visit.booked_time is None or visit.booked_on != assessment.due_on:
        return None
    if visit.booked_on is None:
        return None
    at_site = datetime.combine(
        visit.booked_on,
        visit.booked_time,
        tzinfo=zoneinfo.ZoneInfo(assessment.site.time_zone),
    )
    return at_site.astimezone(zoneinfo.ZoneInfo(assessment.trial.sponsor_time_zone))
