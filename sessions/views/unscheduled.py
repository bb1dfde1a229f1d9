"""Adding a visit that no plan foresees, and cancelling one that is not held."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.editing import edited
from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from participants.access import definition_for, participants_for
from participants.lifecycle import WORDS, State
from sessions import actions
from sessions.drawing.windows import day_text
from sessions.forms import CancelForm, UnscheduledForm
from sessions.lifecycle import Move
from sessions.views.visits import found, obstacle_to, page, to
from trials.access import today_at


@require_http_methods(["GET", "POST"])
def unscheduled(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Add an unscheduled visit that took place, or one that is to come."""
    people = participants_for(request.user.pk, Permission.RECORD_VISITS)
    person = get_object_or_404(people, uuid=uuid)
    kinds = actions.unscheduled_in(definition=definition_for(person))
    today = today_at(person.site)
    form = UnscheduledForm(
        request.POST or None, participant=person, kinds=kinds, today=today
    )
    added = []

    def act() -> None:
        data = form.cleaned_data
        wanted = actions.Unscheduled(
            participant=person,
            on=data["on"],
            mode=data["mode"],
            why=data["why"],
            took_place=form.took_place,
            time=data["time"],
            code=data.get("code", ""),
        )
        added.extend(
            actions.add_unscheduled(additions=[wanted], by=request.actor, today=today)
        )

    if request.method == "POST" and attempted(form, act):
        on = day_text(form.cleaned_data["on"])
        done = "recorded as held on" if form.took_place else "booked for"
        messages.success(
            request, f"Unscheduled visit {added[0].number} is {done} {on}."
        )
        return redirect("workbench:visit", uuid=added[0].uuid)
    context = {
        "participant": person,
        "form": form,
        "state": WORDS[State(person.state)],
        "obstacle": "" if kinds else "The protocol has no unscheduled visit.",
    }
    return render(request, "sessions/unscheduled.html", context)


@require_http_methods(["GET", "POST"])
def cancel(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Cancel an unscheduled visit that is not held."""
    visit = found(request, uuid)
    if not visit.turn:
        raise Http404
    edit = edited(request, CancelForm, rows=[visit], is_whole=True)
    form = edit.form

    def act() -> None:
        actions.cancel_unscheduled(
            visits=[visit], by=request.actor, reason=form.cleaned_data["why"]
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"Visit {visit.called} is cancelled.")
        return to(visit)
    return page(
        request,
        visit,
        edit,
        obstacle=obstacle_to(visit, Move.CANCEL),
        heading="Cancel visit",
        button="Cancel visit",
    )
