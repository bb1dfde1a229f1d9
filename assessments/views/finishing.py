"""Recording that a participant completed the trial, with what is missing in sight."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from assessments import actions
from assessments.access import Lack, counted, lacks_of
from audit.refusal import Refused
from participants.access import participants_for
from participants.actions import Step
from participants.lifecycle import WORDS, Move, State, moved
from participants.models import Participant
from sessions.access import held_on
from sessions.forms import StepForm
from trials.access import today_at

LAST_KIND = "termination"


@require_http_methods(["GET", "POST"])
def complete_trial(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Show what the course still lacks, and record that it is complete."""
    people = participants_for(request.user.pk, Permission.RECORD_VISITS)
    person = get_object_or_404(people, uuid=uuid)
    missing = lacks_of([person])
    today = today_at(person.site)
    is_lacking = bool(missing[person.pk])
    form = StepForm(
        request.POST or None,
        on=held_on(person, kind=LAST_KIND) or today,
        day_label="Completed on",
        why_label="Why it is complete all the same" if is_lacking else "",
        why_help="What became of each of them. It stands on the trail with this act.",
    )

    def act() -> None:
        actions.complete_trial(
            steps=[Step(person, form.cleaned_data["on"])],
            explanation=form.cleaned_data.get("why", ""),
            by=request.actor,
            today=today,
        )

    if request.method == "POST" and attempted(form, act):
        messages.success(request, f"{person.number} has completed the trial.")
        return redirect("workbench:participant", uuid=person.uuid)
    context = {
        "participant": person,
        "form": form,
        "state": WORDS[State(person.state)],
        "missing": _by_visit(missing[person.pk]),
        "counted": counted(missing) if is_lacking else "",
        "obstacle": _obstacle(person),
    }
    return render(request, "assessments/complete_trial.html", context)


def _by_visit(lacks: Sequence[Lack]) -> list[dict[str, Any]]:
    """Return one line for each visit that lacks something: its forms, or itself."""
    lines: dict[int, dict[str, Any]] = {}
    for lack in lacks:
        visit = lack.visit
        name = f"{visit.number} {visit.label}".strip()
        new = {"visit": visit, "name": name, "what": []}
        line = lines.setdefault(visit.pk, new)
        said = f"{lack.title}: {lack.state}" if lack.title else lack.state
        line["what"].append(said)
    return list(lines.values())


def _obstacle(person: Participant) -> str:
    try:
        moved(State(person.state), Move.COMPLETE)
    except Refused as refusal:
        return str(refusal)
    return ""
