"""Giving an interview to another rater, by the site or by who keeps the pool."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from assessments import actions
from assessments.access import edition_of, is_for_rater, reassignable_by, row_of
from assessments.actions import Candidate, Choice, Reassignment
from assessments.forms import ReassignForm
from assessments.lifecycle import Move, State, moved
from assessments.models import Assessment
from audit.refusal import Refused
from trials.access import may


@require_http_methods(["GET", "POST"])
def reassign(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take an interview from its rater and give it to another one, with the reason."""
    assessment = get_object_or_404(reassignable_by(request.user.pk), uuid=uuid)
    row = row_of(assessment)
    if not is_for_rater(row) or assessment.rater is None:
        raise Http404
    others = actions.candidates(visit=assessment.visit, former_id=assessment.rater.pk)
    names_raters = may(request.user.pk, Permission.ASSIGN_RATERS, assessment.site)
    raters = _choices(others) if names_raters else []
    make = partial(ReassignForm, raters=raters, initial={"due_on": assessment.due_on})
    edit = edited(request, make, rows=[assessment], is_whole=True)
    form = edit.form
    title = edition_of(row).short_title
    if request.method == "POST" and form.is_valid():
        asked = _asked(assessment, form, others)
        why = form.cleaned_data["why"]
        try:
            with edit.guard():
                choices = actions.reassign_ratings(
                    reassignments=[asked], reason=why, by=request.actor
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            choice = choices[assessment.visit_id]
            name = next(x.rater.name for x in others if x.rater.pk == choice.rater_id)
            _tell(request, f"{title} is assigned to {name}.", choice)
            return redirect("workbench:visit", uuid=assessment.visit.uuid)
    context = {
        "form": form,
        "edit": edit,
        "assessment": assessment,
        "visit": assessment.visit,
        "title": title,
        "obstacle": _obstacle(assessment, others),
        "all_have_met": bool(others) and all(each.has_met for each in others),
    }
    return render(request, "assessments/reassign.html", context)


def _asked(
    assessment: Assessment, form: ReassignForm, others: list[Candidate]
) -> Reassignment:
    chosen = form.cleaned_data.get("rater")
    named = next((x.rater for x in others if str(x.rater.pk) == chosen), None)
    return Reassignment(assessment, named, form.cleaned_data["due_on"])


def _choices(others: list[Candidate]) -> list[tuple[str, str]]:
    """Return the raters to name; who may not be named since others could is left out."""
    fresh = [each for each in others if not each.has_met]
    return [(str(each.rater.pk), each.rater.name) for each in fresh or others]


def _obstacle(assessment: Assessment, others: list[Candidate]) -> str:
    """Return why the interview cannot go to another rater, if it cannot."""
    if assessment.assessed_on is not None:
        return "The interview was held: its rater completes, signs and corrects it."
    try:
        moved(State(assessment.state), Move.REASSIGN, reason="not asked yet")
    except Refused as refusal:
        return str(refusal)
    if not others:
        return "No other rater is on the delegation log for this site."
    return ""


def _tell(request: SignedInRequest, done: str, choice: Choice) -> None:
    messages.success(request, done)
    if choice.is_repeat:
        messages.warning(
            request,
            "This rater has rated the participant before, since nobody else in the pool "
            "could. A deviation is recorded.",
        )
