"""Unblinding: emergency, planned, accidental, of a locked trial, and the report of it."""

import csv
from dataclasses import astuple, fields
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.once import answered_by_page
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import participants_for
from participants.lifecycle import BEFORE_RANDOMIZATION, State
from participants.models import Participant
from randomization import actions
from randomization.access import (
    has_arm,
    in_protocol_words,
    judgeable_by,
    planned_unblinding_of,
    told_of,
    unblinding_report,
    unblindings_of,
)
from randomization.forms import AccidentForm, ImpactForm, PlannedForm, UnblindForm
from trials.access import lock_of, staff_of, trials_where


@never_cache
@sensitive_post_parameters("password")
@sensitive_variables("arm", "shown")
def unblind(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Tell a participant's arm in an emergency: once, on this response and nowhere else."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.UNBLIND)
    person = get_object_or_404(people, uuid=uuid)
    form = UnblindForm(request.POST or None)
    context: dict[str, Any] = {"participant": person, "form": form}
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            arm = actions.reveal_arm(
                participant=person,
                why=form.cleaned_data["why"],
                password=form.cleaned_data["password"],
                at=now,
                by=signed_in.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            shown = context | {"told": in_protocol_words(arm, person), "at": now}
            answered_by_page(
                request,
                again="The arm was shown in answer to this already, once. Whoever must "
                "see it again unblinds again; each showing is on record.",
                page=reverse("randomization:unblind", args=[person.uuid]),
            )
            return render(request, "randomization/revealed.html", shown)
    context["unblindings"] = unblindings_of([person.pk]).get(person.pk, [])
    context["is_randomized"] = State(person.state) not in BEFORE_RANDOMIZATION
    return render(request, "randomization/unblind.html", context)


@never_cache
@sensitive_post_parameters("password")
@sensitive_variables("context")
def planned(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Unblind one participant as the protocol plans it, and show it to their site.

    A protocol that waits for the database's lock has no such page.
    """
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.SEE_REVEALED)
    person = get_object_or_404(people, uuid=uuid)
    plan = planned_unblinding_of(person)
    if plan is None:
        raise Http404
    form = PlannedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.unblind_as_planned(
                participant=person,
                password=form.cleaned_data["password"],
                at=timezone.now(),
                by=signed_in.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("randomization:planned", uuid=person.uuid)
    may_unblind = participants_for(signed_in.user.pk, Permission.UNBLIND_AS_PLANNED)
    context = {
        "participant": person,
        "plan": plan,
        "told": told_of(person),
        "form": form,
        "may_unblind": may_unblind.filter(pk=person.pk).exists(),
    }
    return render(request, "randomization/planned.html", context)


@never_cache
@sensitive_post_parameters("password")
@sensitive_variables("rows", "response", "line")
def arms(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Give the arms of a locked trial to its unblinded statistician, as a file."""
    signed_in = cast(SignedInRequest, request)
    trials = trials_where(signed_in.user.pk, Permission.UNBLIND_TRIAL)
    trial = get_object_or_404(trials, uuid=uuid)
    form = PlannedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rows = actions.arms_of_locked_trial(
                trial=trial,
                password=form.cleaned_data["password"],
                by=signed_in.actor,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            answered_by_page(
                request,
                again="The file was given in answer to this already. To have it again, "
                "type your password again; each time is on record.",
                page=reverse("randomization:arms", args=[trial.uuid]),
            )
            return _file_of(rows, f"{trial.identifier}_arms.csv")
    context = {"trial": trial, "form": form, "state": lock_of(trial)}
    return render(request, "randomization/arms.html", context)


def _file_of(rows: list[actions.AllocatedArm], name: str) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8; header=present")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    line = csv.writer(response)
    line.writerow(field.name for field in fields(actions.AllocatedArm))
    line.writerows(astuple(row) for row in rows)
    return response


def accident(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record that somebody learned a participant's arm by accident."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.RECORD_UNBLINDING)
    person = get_object_or_404(people, uuid=uuid)
    if not has_arm(person):
        raise Http404
    staff = User.objects.filter(pk__in=staff_of(person.site))
    form = AccidentForm(
        request.POST or None,
        site=person.site,
        staff=staff.order_by("name", "pk"),
        now=timezone.now(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.record_accident(
                accident=_accident(form, person), by=signed_in.actor
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The accidental unblinding is recorded.")
            return redirect("workbench:participant", uuid=person.uuid)
    context = {
        "participant": person,
        "form": form,
        "unblindings": unblindings_of([person.pk]).get(person.pk, []),
    }
    return render(request, "randomization/accident.html", context)


def _accident(form: AccidentForm, person: Participant) -> actions.Accident:
    data = form.cleaned_data
    return actions.Accident(
        participant=person,
        at=form.moment(),
        learned=data["learned"],
        how=data["why"],
        impact=data["impact"],
        user=data["user"],
        others=data["others"],
    )


def unblindings(request: HttpRequest) -> HttpResponse:
    """Report who learned which participant's arm, when, how, and what it means."""
    person = cast(SignedInRequest, request).user
    people = participants_for(person.pk, Permission.READ_UNBLINDINGS)
    lines = unblinding_report(person.pk)
    if not people.exists():
        raise Http404
    judged = set(judgeable_by(person.pk).values_list("uuid", flat=True))
    rows = [{"line": line, "may_judge": line.uuid in judged} for line in lines]
    return render(request, "randomization/unblindings.html", {"rows": rows})


def impact(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Write what an unblinding means for the trial."""
    signed_in = cast(SignedInRequest, request)
    unblinding = get_object_or_404(judgeable_by(signed_in.user.pk), uuid=uuid)
    edit = edited(
        signed_in,
        lambda data: ImpactForm(
            data,
            is_first=not unblinding.impact,
            initial={"impact": unblinding.impact},
        ),
        rows=[unblinding],
        zone=unblinding.participant.site.time_zone,
    )
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.assess_impact(
                    unblinding=unblinding,
                    impact=form.cleaned_data["impact"],
                    reason=form.cleaned_data.get("reason", ""),
                    by=signed_in.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The impact is recorded.")
            return redirect("workbench:participant", uuid=unblinding.participant.uuid)
    context = {
        "unblinding": unblinding,
        "participant": unblinding.participant,
        "form": form,
        "edit": edit,
    }
    return render(request, "randomization/impact.html", context)
