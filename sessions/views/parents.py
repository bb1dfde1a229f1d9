"""Linking somebody to who they were in a parent study, and taking a mistake back."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from participants.access import definition_for, participants_for
from participants.models import Participant
from sessions import actions
from sessions.access import parents_for
from sessions.forms import ParentForm, UnlinkForm
from trials.access import today_at


@require_http_methods(["GET", "POST"])
def parent(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Link a participant to a parent study, or take the link back with a reason."""
    people = participants_for(request.user.pk, Permission.SCREEN)
    person = get_object_or_404(people, uuid=uuid)
    planned = definition_for(person).parent
    if planned is None:
        raise Http404
    seen = participants_for(request.user.pk)
    known = seen.filter(pk=person.parent_id).first() if person.parent_id else None
    candidates = [] if person.parent_id else parents_for(request.user.pk, person)
    form: ParentForm | UnlinkForm = (
        UnlinkForm(request.POST or None)
        if person.parent_id
        else ParentForm(request.POST or None, candidates=candidates)
    )
    is_linked = person.parent_id is not None
    if request.method == "POST" and attempted(form, _act(form, person, request)):
        done = "is not linked any more" if is_linked else "is linked"
        messages.success(request, f"{person.number} {done}.")
        return redirect("workbench:participant", uuid=person.uuid)
    context = {
        "participant": person,
        "form": form,
        "is_linked": is_linked,
        "parent": known,
        "trials": " or ".join(planned.trials),
        "obstacle": _obstacle(person, candidates, is_seen=known is not None),
    }
    return render(request, "sessions/parent.html", context)


def _act(
    form: ParentForm | UnlinkForm, person: Participant, request: SignedInRequest
) -> Callable[[], None]:
    on = today_at(person.site)

    def act() -> None:
        if isinstance(form, ParentForm):
            actions.link_parent(
                participant=person, parent=form.parent, on=on, by=request.actor
            )
        else:
            why = form.cleaned_data["why"]
            actions.unlink_parent(
                participant=person, on=on, reason=why, by=request.actor
            )

    return act


def _obstacle(
    person: Participant, candidates: list[Participant], *, is_seen: bool
) -> str:
    if person.parent_id and not is_seen:
        return (
            "The participant of the parent study is at a site that is not yours, so the "
            "link is not yours to take back. Ask somebody who works at both."
        )
    if not person.parent_id and not candidates:
        return (
            "There is nobody to choose: no participant of a parent study at your sites "
            "has completed it or left. Record the days of the parent study as facts."
        )
    return ""
