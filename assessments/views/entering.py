"""The page of one assessment: answering, completing, correcting, signing, reopening."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.editing import Edit
from accounts.http import SignedInRequest, acts_by_post
from accounts.once import without_key
from assessments import actions
from assessments.access import (
    answers_of,
    assessments_for,
    caps_rule,
    is_for_rater,
    is_signature_intact,
    row_of,
    scores_of,
)
from assessments.actions import (
    ActionNeeded,
    Completion,
    DraftClosed,
    GivenAnswer,
)
from assessments.actions.drafts import BESIDE_THE_ITEMS
from assessments.entry import has_ten
from assessments.forms import EntryForm, ReasonForm, SigningForm
from assessments.instruments import instrument
from assessments.instruments.cssrs_slc import URGENCY_WORDS, Urgency
from assessments.lifecycle import State
from assessments.views.comparing import (
    act_edit,
    entry_edit,
    say_what_is_left,
    say_what_was_typed,
)
from assessments.views.onward import onward
from assessments.views.opening import (
    Opened,
    context_of,
    entry_form,
    laid_out,
    needs_action,
    opened,
    progress_of,
    read_only,
    saved_and_draft,
    signatures,
    zone_for,
)
from audit.refusal import NotPermitted, ReasonNeeded, Refused

USUAL_REASONS = [
    "Typed in error",
    "Misheard; checked with the recording",
    "Clarified with the participant",
    "Differs from the paper source",
    "Rating guideline applied wrongly",
]


def enter(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Answer a form, read it, or see only how far it is: by role and state."""
    form = opened(request, uuid)
    if not form.standing.sees_answers:
        return _state_page(request, form)
    # Answers for a form that somebody else completed meanwhile: a correction of theirs.
    asks = "correct" in request.GET or request.method == "POST"
    corrects = form.state is State.COMPLETE and asks
    if not (form.takes_answers or (corrects and form.sources)):
        say_what_was_typed(request, form)
        return _answers_page(request, form)
    edit = entry_edit(request, form, is_correction=corrects)
    if request.method == "POST":
        return _save(request, form, edit, is_correction=corrects)
    saved, typed = saved_and_draft(request, form)
    edit.form = entry_form(form, answers=saved | typed, is_correction=corrects)
    return _entry_page(request, form, edit, saved=saved, typed=typed)


def _save(
    request: SignedInRequest,
    form: Opened,
    edit: Edit[EntryForm],
    *,
    is_correction: bool,
) -> HttpResponse:
    page = edit.form
    if is_correction and edit.is_same:
        messages.info(request, "Somebody else saved the same answers; nothing differs.")
        return redirect("assessments:enter", uuid=form.assessment.uuid)
    if page.is_valid():
        completion = Completion(
            assessment=form.assessment,
            assessed_on=page.cleaned_data["assessed_on"],
            source=page.cleaned_data["source"],
            responses=page.answers,
            action_taken=page.cleaned_data["action_taken"],
        )
        save = actions.correct if is_correction else actions.complete
        try:
            with edit.guard():
                save(
                    completions=[completion],
                    by=request.actor,
                    reason=page.cleaned_data["reason"],
                )
        except ActionNeeded as refusal:
            page.add_error("action_taken", str(refusal))
        except ReasonNeeded as refusal:
            page.add_error("reason", str(refusal))
        except Refused as refusal:
            page.add_error(None, str(refusal))
        else:
            return redirect("assessments:enter", uuid=form.assessment.uuid)
    saved, typed = saved_and_draft(request, form)
    return _entry_page(request, form, edit, saved=saved, typed=typed)


def _entry_page(
    request: SignedInRequest,
    form: Opened,
    edit: Edit[EntryForm],
    *,
    saved: dict[str, int | str],
    typed: dict[str, int | str],
) -> HttpResponse:
    page = edit.form
    is_correction = form.state is State.COMPLETE
    reason = {
        "field": page["reason"],
        "reasons": USUAL_REASONS,
        "always": page.is_bound or bool(typed),
    }
    shown = page.answers if page.is_bound else saved | typed
    return render(
        request,
        "assessments/enter.html",
        context_of(form)
        | {
            "form": page,
            "edit": edit,
            "runs": laid_out(form, page),
            "progress": progress_of(form.instrument, shown),
            "is_correction": is_correction,
            "has_ten": has_ten(form.instrument),
            "reason_box": reason if saved else None,
            "needs_action": needs_action(form, page),
            "urgency": URGENCY_WORDS[Urgency.IMMEDIATE],
        },
    )


def _answers_page(
    request: SignedInRequest,
    form: Opened,
    *,
    signing: Edit[Form] | None = None,
    reopening: Edit[Form] | None = None,
) -> HttpResponse:
    saved, _ = saved_and_draft(request, form)
    signs = form.state is State.COMPLETE and form.standing.may_sign
    reopens = form.state in {State.SIGNED, State.NOT_DONE} and (
        form.standing.may_sign or form.standing.may_enter
    )
    shown = form.standing.sees_scores and form.state in {State.SIGNED, State.LOCKED}
    if signs and signing is None:
        signing = act_edit(request, form, SigningForm, is_sent=False)
    if reopens and reopening is None:
        reopening = act_edit(request, form, ReasonForm, is_sent=False)
    say_what_is_left(request, form)
    context: dict[str, Any] = {
        "runs": read_only(form, saved) if saved else [],
        "signatures": signatures(form),
        "is_intact": is_signature_intact(form.assessment),
        "scores": scores_of(form.assessment.pk) if shown else [],
        "signing": signing if signs else None,
        "reopening": reopening if reopens else None,
        "may_correct": form.state is State.COMPLETE and bool(form.sources),
    }
    shown_context = context_of(form) | onward(request, form) | context
    return render(request, "assessments/answers.html", shown_context)


def _state_page(request: SignedInRequest, form: Opened) -> HttpResponse:
    """What a site sees of a form that is hidden from it."""
    context = {
        "caps_rule": caps_rule(form.assessment.participant),
        "signatures": signatures(form),
        "is_intact": is_signature_intact(form.assessment),
    }
    shown = context_of(form) | onward(request, form) | context
    return render(request, "assessments/state.html", shown)


# Saved over and over as somebody types: its sequence says which answer is the newest.
@without_key
@require_POST
def draft(request: SignedInRequest, uuid: UUID) -> JsonResponse:
    """Keep the answers sent; "saved" is answered only after the server has them."""
    assessment = get_object_or_404(assessments_for(request.user.pk), uuid=uuid)
    try:
        kept = actions.keep_answers(
            assessment=assessment, given=_given(request.POST), by=request.actor
        )
    except DraftClosed as refusal:
        return JsonResponse({"error": str(refusal)}, status=409)
    except NotPermitted as refusal:
        return JsonResponse({"error": str(refusal)}, status=404)
    except Refused as refusal:
        return JsonResponse({"error": str(refusal)}, status=400)
    saved = answers_of([assessment.pk])[assessment.pk]
    edition = instrument(assessment.instrument, assessment.version)
    # A baseline's interview is not hidden from the site, yet its rater is blinded to it.
    is_rated = assessment.rater_id == request.user.pk and is_for_rater(
        row_of(assessment)
    )
    zone = zone_for(assessment, is_rater=is_rated)
    return JsonResponse(
        {
            "saved_at": f"{kept.at.astimezone(zone):%H:%M:%S}",
            "answered": progress_of(edition, saved | kept.answers).settled,
            "refused": kept.refused,
        }
    )


def _given(posted: QueryDict) -> list[GivenAnswer]:
    """Return the answers of a request, which names four fields for each, in step."""
    fields = ("item", "value", "missing", "sequence")
    rows = zip(*(posted.getlist(field) for field in fields), strict=False)
    return [
        GivenAnswer(item, _value(item, value), missing, _sequence(sequence))
        for item, value, missing, sequence in rows
    ]


def _value(item: str, text: str) -> int | str | None:
    if item in BESIDE_THE_ITEMS:
        return text
    if not text.strip():
        return None
    # Any other text goes on as it is and is refused with the scale's own words.
    return int(text) if text.isdecimal() and len(text) < 6 else text


def _sequence(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


@acts_by_post(page="assessments:enter", key="uuid")
def sign(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Sign one complete form with the password."""
    form = opened(request, uuid)
    edit = act_edit(request, form, SigningForm, is_sent=True)
    signing = edit.form
    if signing.is_valid():
        try:
            with edit.guard():
                actions.sign(
                    assessments=[form.assessment],
                    password=signing.cleaned_data["password"],
                    by=request.actor,
                )
        except NotPermitted as refusal:
            signing.add_error("password", str(refusal))
        except Refused as refusal:
            signing.add_error(None, str(refusal))
        else:
            messages.success(request, f"{form.instrument.short_title} is signed.")
            return redirect("assessments:enter", uuid=uuid)
    if not form.standing.sees_answers:
        return _state_page(request, form)
    return _answers_page(request, form, signing=edit)


@acts_by_post(page="assessments:enter", key="uuid")
def reopen(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take a signed or missed form up again, with a reason."""
    form = opened(request, uuid)
    edit = act_edit(request, form, ReasonForm, is_sent=True)
    reopening = edit.form
    if reopening.is_valid():
        try:
            with edit.guard():
                actions.reopen(
                    assessment=form.assessment,
                    reason=reopening.cleaned_data["reason"],
                    by=request.actor,
                )
        except Refused as refusal:
            reopening.add_error(None, str(refusal))
        else:
            return redirect("assessments:enter", uuid=uuid)
    if not form.standing.sees_answers:
        return _state_page(request, form)
    return _answers_page(request, form, reopening=edit)
