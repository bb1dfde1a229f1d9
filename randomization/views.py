"""Randomizing, dispensing, emergency unblinding, and loading what is sealed."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import participants_for
from participants.lifecycle import BEFORE_RANDOMIZATION, State
from randomization import actions
from randomization.access import (
    gates_of,
    kit_sites_for,
    kits_of,
    lists_for,
    places_of,
    randomization_numbers,
    stocks_of,
    unblindings_of,
)
from randomization.forms import (
    DispenseForm,
    KitsForm,
    ListForm,
    RandomizeForm,
    UnblindForm,
)
from sessions.access import visits_for
from trials.access import definition_of
from trials.protocol import ProtocolDefinition


def randomize(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what must be true before randomization, and randomize."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.RANDOMIZE)
    person = get_object_or_404(people.select_related("site__trial"), uuid=uuid)
    typed = request.POST if request.method == "POST" else None
    form = RandomizeForm(typed, site=person.site, now=timezone.now())
    if request.method == "POST" and form.is_valid():
        asked = actions.Randomizing(person, form.moment())
        try:
            actions.randomize(randomizings=[asked], by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("randomization:randomize", uuid=person.uuid)
    number = randomization_numbers([person.pk]).get(person.pk, "")
    gates = [] if number else gates_of(person)
    context = {
        "participant": person,
        "form": form,
        "number": number,
        "gates": [_gate_line(gate.is_met, gate.sentence) for gate in gates],
        "may_randomize": bool(gates) and all(gate.is_met for gate in gates),
    }
    return render(request, "randomization/randomize.html", context)


def _gate_line(is_met: bool, sentence: str) -> dict[str, str]:  # noqa: FBT001 - one of a pair
    if is_met:
        return {
            "tone": "good",
            "word": "Met",
            "icon": "check-circle",
            "sentence": sentence,
        }
    return {
        "tone": "late",
        "word": "Not met",
        "icon": "x-circle",
        "sentence": sentence,
    }


def dispense(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Dispense a kit for a dose of a visit, and show its number."""
    signed_in = cast(SignedInRequest, request)
    visits = visits_for(signed_in.user.pk, Permission.DISPENSE)
    visit = get_object_or_404(visits, uuid=uuid)
    planned = definition_of(visit.protocol_version).visits_by_code.get(visit.code)
    kits = kits_of([visit.pk]).get(visit.pk, [])
    form = DispenseForm(
        request.POST or None,
        steps=planned.dose if planned else (),
        dispensed={kit.part for kit in kits},
    )
    if request.method == "POST" and form.is_valid():
        asked = actions.KitRequest(
            visit, form.cleaned_data["part"], form.cleaned_data["step"], timezone.now()
        )
        try:
            actions.dispense_kits(requests=[asked], by=signed_in.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("randomization:dispense", uuid=visit.uuid)
    is_planned = bool(planned and planned.dose)
    context = {
        "visit": visit,
        "participant": visit.participant,
        "form": form,
        "kits": kits,
        "is_randomized": visit.participant.state == State.RANDOMIZED.value,
        "is_planned": is_planned,
        "is_open": is_planned and len(kits) < 2,
    }
    return render(request, "randomization/dispense.html", context)


@never_cache
@sensitive_post_parameters("password")
@sensitive_variables("arm")
def unblind(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Tell a participant's arm in an emergency: once, on this response and nowhere else."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.UNBLIND)
    person = get_object_or_404(people, uuid=uuid)
    form = UnblindForm(request.POST or None)
    context = {"participant": person, "form": form}
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
            told = _told(arm, definition_of(person.protocol_version))
            shown = context | {"told": told, "at": now}
            return render(request, "randomization/revealed.html", shown)
    context["unblindings"] = unblindings_of([person.pk]).get(person.pk, [])
    context["is_randomized"] = State(person.state) not in BEFORE_RANDOMIZATION
    return render(request, "randomization/unblind.html", context)


@sensitive_variables()
def _told(arm: str, definition: ProtocolDefinition) -> str:
    """Return an arm in the protocol's words; a group of arms by its own name."""
    labels = {known.code: known.label for known in definition.arms}
    return labels.get(arm, arm.replace("_", " "))


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
            messages.success(request, f"{len(entries)} places are sealed.")
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
            messages.success(request, f"{len(loaded)} kits are entered and sealed.")
            return redirect("randomization:kits")
    context = {
        "form": form,
        "heading": f"Site {site} · Kits",
        "verb": "Check and load kits",
        "stock": stocks_of([site])[0],
    }
    return render(request, "randomization/load.html", context)
