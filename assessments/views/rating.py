"""A rater's interviews, and the forms that wait for somebody's signature."""

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from assessments import actions
from assessments.access import BrokenForm, broken_forms, rater_queue, signable_by
from assessments.forms import SigningBatchForm
from assessments.instruments import instrument
from assessments.lifecycle import WORDS, State
from assessments.models import Assessment, ItemResponse
from assessments.views.opening import CHIPS, zone_for
from audit.refusal import NotPermitted, Refused
from trials.access import permissions_of


@dataclass(frozen=True, slots=True)
class ShownInterview:
    """An interview as its rater sees it: nothing of participant, site or visit.

    `begins` is the time in the sponsor's zone, with its name; the site's would tell the
    site. `goes_with` is the code of the interview that this form is a further form of.
    """

    assessment: Assessment
    title: str
    recall: str
    begins: str
    chip: dict[str, str]
    is_late: bool = False
    goes_with: str = ""


@dataclass(frozen=True, slots=True)
class BrokenSignature:
    """An interview that its rater signed and that was changed since; not by whom."""

    interview: ShownInterview
    became: str
    signed_at: datetime
    changed_at: datetime


def ratings(request: SignedInRequest) -> HttpResponse:
    """The interviews that wait for the rater, the next one first."""
    waiting = list(rater_queue(request.user.pk))
    to_hold = [each for each in waiting if each.state != State.COMPLETE]
    context = {
        "interviews": _together(to_hold),
        "to_sign": len(waiting) - len(to_hold),
        "broken": [_broken(each) for each in broken_forms(now=timezone.now())],
    }
    return render(request, "assessments/ratings.html", context)


def _broken(form: BrokenForm) -> BrokenSignature:
    zone = zone_for(form.assessment, is_rater=True)
    return BrokenSignature(
        _shown(form.assessment),
        form.became.value,
        form.signature.signed_at.astimezone(zone),
        form.signature.changed_at.astimezone(zone),
    )


def _together(queue: Sequence[Assessment]) -> list[ShownInterview]:
    """The queue with the forms of one interview below each other, in the form's order."""
    by_visit: dict[int, list[Assessment]] = {}
    for each in queue:
        by_visit.setdefault(each.visit_id, []).append(each)
    shown = []
    for forms in by_visit.values():
        forms.sort(key=lambda each: each.position)
        first = forms[0].opaque_code
        shown += [
            _shown(each, goes_with="" if n == 0 else first)
            for n, each in enumerate(forms)
        ]
    return shown


def signing(request: SignedInRequest) -> HttpResponse:
    """Sign several complete forms with one check of the password."""
    signable = signable_by(request.user.pk)
    picked = set(request.POST.getlist("chosen"))
    edit = _signing_edit(request, signable, picked)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        chosen = list(form.cleaned_data["chosen"])
        password = form.cleaned_data["password"]
        try:
            with edit.guard():
                actions.sign(assessments=chosen, password=password, by=request.actor)
        except NotPermitted as refusal:
            form.add_error("password", str(refusal))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            word = "form is" if len(chosen) == 1 else "forms are"
            messages.success(request, f"{len(chosen)} {word} signed.")
            return redirect("assessments:signing")
    is_rater = Permission.VIEW_PARTICIPANTS not in permissions_of(request.user.pk)
    # Nothing is ticked beforehand: signing is a conscious act for each form.
    lines = [(_shown(each), str(each.uuid) in picked) for each in signable]
    context = {"form": form, "edit": edit, "lines": lines, "is_rater": is_rater}
    return render(request, "assessments/signing.html", context)


def _signing_edit(
    request: SignedInRequest, signable: QuerySet[Assessment], picked: set[str]
) -> Edit[SigningBatchForm]:
    """Return the form with the version of every form listed, its answers among it.

    What was completed since the page was opened is not on it, and stands in nobody's way.
    """
    is_sent = request.method == "POST"
    rows = [each for each in signable if not is_sent or str(each.uuid) in picked]
    answers = ItemResponse.objects.filter(assessment__in=rows)
    return edited(
        request,
        partial(
            SigningBatchForm, signable=signable.filter(pk__in=[x.pk for x in rows])
        ),
        rows=[*rows, *answers],
        is_whole=True,
    )


def _shown(assessment: Assessment, *, goes_with: str = "") -> ShownInterview:
    state = State(assessment.state)
    tone, icon = CHIPS[state]
    begins_at = _begins_at(assessment)
    today = timezone.now().astimezone(zone_for(assessment, is_rater=True)).date()
    return ShownInterview(
        assessment,
        instrument(assessment.instrument, assessment.version).short_title,
        assessment.recall,
        f"{begins_at:%H:%M %Z}" if begins_at else "",
        {"word": WORDS[state], "tone": tone, "icon": icon},
        is_late=assessment.due_on is not None and assessment.due_on < today,
        goes_with=goes_with,
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
    return at_site.astimezone(zone_for(assessment, is_rater=True))
