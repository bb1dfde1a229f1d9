"""Locking a trial: what is not finished in it, and the signature under the lock."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from trials import actions
from trials.access import lock_of, trials_where
from trials.forms import LockForm
from workbench.access.closing import OpenMatter, open_matters


@sensitive_post_parameters("password")
def lock(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show what stands in the way of a trial's lock, and lock it where nothing does.

    It stands here, above all that it counts; the trial's own pages know nothing of that.
    """
    signed_in = cast(SignedInRequest, request)
    managed = trials_where(signed_in.user.pk, Permission.LOCK_TRIAL)
    trial = get_object_or_404(managed, uuid=uuid)
    form = LockForm(request.POST or None)

    def act() -> None:
        actions.lock_trial(
            trial=trial,
            password=form.cleaned_data["password"],
            still_open=lambda: [each.sentence for each in open_matters(trial)],
            by=signed_in.actor,
        )

    if request.method == "POST" and attempted(form, act):
        messages.success(request, f"{trial.identifier} is locked.")
        return redirect("trials:trial", uuid=trial.uuid)
    state = lock_of(trial)
    gates = [] if state.is_locked else gates_of(open_matters(trial))
    context = {
        "trial": trial,
        "form": form,
        "state": state,
        "gates": gates,
        "is_ready": gates == [_READY],
    }
    return render(request, "workbench/lock.html", context)


_READY = {
    "word": "Ready",
    "tone": "good",
    "icon": "check-circle",
    "sentence": "Participants, visits, forms, events and safety reports are finished.",
}
_OPEN = {"word": "Open", "tone": "late", "icon": "x-circle"}


def gates_of(matters: list[OpenMatter]) -> list[dict[str, str]]:
    """Return a gate line for each thing that is not finished, or that all is."""
    return [_OPEN | {"sentence": matter.sentence} for matter in matters] or [_READY]
