"""Waiving a criterion, and taking a waiver back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants import actions
from participants.access import (
    NEXT_MILESTONE,
    definition_for,
    facts_of,
    judged,
    participants_for,
)
from participants.forms import EndWaiverForm, WaiverForm
from participants.lifecycle import State
from participants.models import Participant, Waiver
from trials.access import today_at
from trials.protocol import Criterion


def waive(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Pass over a criterion that stands in the way, with a reason and a signature."""
    people = participants_for(request.user.pk, Permission.CONFIRM_ELIGIBILITY)
    person = get_object_or_404(people, uuid=uuid)
    form = WaiverForm(request.POST or None, criteria=_in_the_way(person))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        today = today_at(person.site)
        new = actions.NewWaiver(person, typed["code"], today, typed["why"])
        try:
            actions.grant_waivers(
                waivers=[new], password=typed["password"], by=request.actor
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"Criterion {new.code.upper()} is waived for {person.number}."
            )
            return redirect("participants:eligibility", person.uuid)
    context = {"participant": person, "form": form}
    return render(request, "participants/waive.html", context)


def _in_the_way(person: Participant) -> list[Criterion]:
    facts = facts_of([person.pk])[person.pk]
    milestone = NEXT_MILESTONE.get(State(person.state), "")
    on = today_at(person.site)
    result = judged(definition_for(person), milestone, facts, on=on)
    return [item.criterion for item in result.in_the_way]


def end_waiver(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take a waiver back: the criterion is asked again."""
    people = participants_for(request.user.pk, Permission.CONFIRM_ELIGIBILITY)
    waivers = Waiver.objects.filter(participant__in=people)
    waiver = get_object_or_404(waivers.select_related("participant__site"), uuid=uuid)
    person = waiver.participant
    edit = edited(request, EndWaiverForm, rows=[waiver], is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.end_waiver(
                    waiver=waiver,
                    on=today_at(person.site),
                    reason=form.cleaned_data["why"],
                    by=request.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"The waiver of {person.number} is taken back.")
            return redirect("participants:eligibility", person.uuid)
    context = {"participant": person, "form": form, "edit": edit, "waiver": waiver}
    return render(request, "participants/waive.html", context)
