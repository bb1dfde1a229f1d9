"""Randomizing, dispensing a kit, and exchanging one that cannot be given."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.editing import edited
from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from participants.access import participants_for, settled_in
from participants.models import Participant
from randomization import actions
from randomization.access import (
    exchanged_at,
    gates_of,
    kits_of,
    randomization_numbers,
)
from randomization.forms import (
    DispensedAtForm,
    DispenseForm,
    ExchangeForm,
    RandomizeForm,
)
from randomization.models import Kit
from sessions.access import doses_of, visits_for
from sessions.dosing import WORDS, Administration
from sessions.models import DoseAdministration, Visit
from trials.access import definition_of, today_at

_TIME_REASONS = ("Mistyped", "Misread the source", "Entered later than it happened")


def randomize(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what must be true before randomization, and randomize."""
    signed_in = cast(SignedInRequest, request)
    people = participants_for(signed_in.user.pk, Permission.RANDOMIZE)
    person = get_object_or_404(people.select_related("site__trial"), uuid=uuid)
    typed = request.POST if request.method == "POST" else None
    form = RandomizeForm(typed, site=person.site, now=timezone.now())

    def act() -> None:
        asked = actions.Randomizing(person, form.moment())
        actions.randomize(randomizings=[asked], by=signed_in.actor)

    if request.method == "POST" and attempted(form, act):
        return redirect("randomization:randomize", uuid=person.uuid)
    number = randomization_numbers([person.pk]).get(person.pk, "")
    gates = [] if number else gates_of(person)
    context = {
        "participant": person,
        "form": form,
        "number": number,
        "following": _next_dosing(person) if number else None,
        "gates": [_gate_line(gate.is_met, gate.sentence) for gate in gates],
        "may_randomize": bool(gates) and all(gate.is_met for gate in gates),
    }
    return render(request, "randomization/randomize.html", context)


def _next_dosing(person: Participant) -> Visit | None:
    """Return the dosing visit that comes next: randomization is done for it."""
    open_visits = Visit.objects.filter(participant=person).open_to_record()
    return open_visits.filter(kind="dosing").in_order().first()


def _step_before(visit: Visit) -> str:
    """Return in a sentence the step of the session before this one."""
    given = DoseAdministration.objects.filter(
        visit__participant=visit.participant_id,
        visit__position__lt=visit.position,
        given_at__isnull=False,
    ).select_related("visit")
    last = given.order_by("-visit__position", "id").first()
    if last is None:
        return ""
    return f"{last.visit.called} was given at {last.step.replace('_', ' ')}."


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
    doses = doses_of(visit)
    form = DispenseForm(
        request.POST or None,
        steps=planned.dose if planned else (),
        dispensed={kit.part for kit in kits},
        site=visit.site,
        now=timezone.now(),
        before=_step_before(visit),
        settled_step=next((each.step for each in doses if each.step), ""),
    )
    _start_on_its_day(form, visit)

    def act() -> None:
        part, step = form.cleaned_data["part"], form.cleaned_data["step"]
        asked = actions.KitRequest(visit, part, step, form.moment())
        actions.dispense_kits(requests=[asked], by=signed_in.actor)

    if request.method == "POST" and attempted(form, act):
        return redirect("randomization:dispense", uuid=visit.uuid)
    is_planned = bool(planned and planned.dose)
    context = {
        "visit": visit,
        "participant": visit.participant,
        "form": form,
        "kits": kits,
        "exchanged": exchanged_at(visit),
        "settled": _settled_parts(doses),
        "is_randomized": visit.participant.state
        == settled_in(definition_of(visit.protocol_version)).value,
        "is_planned": is_planned,
        "is_open": is_planned and len(kits) < 2,
    }
    return render(request, "randomization/dispense.html", context)


def _start_on_its_day(form: DispenseForm, visit: Visit) -> None:
    """Offer the day of a visit that is past: its kit was hardly dispensed today."""
    day = visit.held_on or visit.booked_on
    if day and day < today_at(visit.site):
        form.start_at(day, visit.booked_time if day == visit.booked_on else None)


def correct_time(request: HttpRequest, uuid: UUID, part: str) -> HttpResponse:
    """Correct when a kit was dispensed, with a reason."""
    signed_in = cast(SignedInRequest, request)
    visits = visits_for(signed_in.user.pk, Permission.DISPENSE)
    visit = get_object_or_404(visits, uuid=uuid)
    kits = Kit.objects.filter(visit=visit, condition="usable")
    kit = get_object_or_404(kits, part=part)

    def make(data: QueryDict | None) -> DispensedAtForm:
        return DispensedAtForm(
            data, site=visit.site, now=timezone.now(), saved=kit.dispensed_at
        )

    edit = edited(signed_in, make, rows=[kit], zone=visit.site.time_zone)
    form = edit.form

    def act() -> None:
        asked = actions.DispensedAt(visit, part, form.moment())
        reason = form.cleaned_data["reason"]
        actions.correct_dispensing(
            corrections=[asked], reason=reason, by=signed_in.actor
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"The time of kit {kit.number} is corrected.")
        return redirect("randomization:dispense", uuid=visit.uuid)
    context = {
        "visit": visit,
        "participant": visit.participant,
        "kit": kit,
        "form": form,
        "edit": edit,
        "box": {"field": form["reason"], "reasons": _TIME_REASONS},
    }
    return render(request, "randomization/correct_time.html", context)


def _settled_parts(doses: Iterable[DoseAdministration]) -> set[str]:
    """Return the parts whose dose was given or withheld: their kit stays as it is."""
    return {dose.part for dose in doses if dose.given_at or dose.withheld_reason}


def exchange(request: HttpRequest, uuid: UUID, part: str) -> HttpResponse:
    """Exchange a kit that was damaged or lost for one that holds the same, unseen."""
    signed_in = cast(SignedInRequest, request)
    visits = visits_for(signed_in.user.pk, Permission.DISPENSE)
    visit = get_object_or_404(visits, uuid=uuid)
    kits = kits_of([visit.pk]).get(visit.pk, [])
    kit = next((each for each in kits if each.part == part), None)
    if kit is None:
        raise Http404
    # Of the kit that is shown: whoever else exchanged it has another one by now.
    doses = [each for each in doses_of(visit) if each.part == part]

    def make(data: QueryDict | None) -> ExchangeForm:
        return ExchangeForm(data, site=visit.site, now=timezone.now())

    edit = edited(signed_in, make, rows=doses, is_whole=True)
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        asked = actions.Exchange(visit, part, data["condition"], form.moment())
        actions.exchange_kits(exchanges=[asked], reason=data["why"], by=signed_in.actor)

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"Kit {kit.number} is exchanged.")
        return redirect("randomization:dispense", uuid=visit.uuid)
    context = {
        "visit": visit,
        "participant": visit.participant,
        "kit": kit,
        "dose_words": WORDS[Administration(part)],
        "form": form,
        "edit": edit,
        "is_settled": part in _settled_parts(doses),
    }
    return render(request, "randomization/exchange.html", context)
