"""Acts on a record as it stands: reviewing it, and voiding it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import ReasonNeeded, Refused
from medical import actions
from medical.access import records_for
from medical.forms import ReviewForm, VoidForm
from medical.models import Record, ReviewedRecord
from medical.views.recording import kind_in, to_records
from medical.vocabulary import KIND_WORDS, REVIEWED_KINDS


def void(request: SignedInRequest, kind: str, uuid: UUID) -> HttpResponse:
    """Void a record that should not have been entered."""
    known = kind_in(kind)
    records = records_for(request.user.pk, known, Permission.RECORD_MEDICAL)
    shown: Record = get_object_or_404(records, uuid=uuid, voided_at__isnull=True)
    edit = edited(request, VoidForm, rows=[shown], is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.void(
                    record=shown,
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                    by=request.actor,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"The {KIND_WORDS[known]} is voided.")
            return to_records(shown.participant)
    context = {
        "participant": shown.participant,
        "form": form,
        "edit": edit,
        "title": f"Void {KIND_WORDS[known]}",
        "state": f"{KIND_WORDS[known].capitalize()}: {shown}",
        "verb": "Void",
    }
    return render(request, "medical/act.html", context)


def review(request: SignedInRequest, kind: str, uuid: UUID) -> HttpResponse:
    """Read a record and say what it means."""
    known = kind_in(kind)
    if known not in REVIEWED_KINDS:
        raise Http404
    records = records_for(request.user.pk, known, Permission.REVIEW_MEDICAL)
    shown: ReviewedRecord = get_object_or_404(
        records, uuid=uuid, voided_at__isnull=True
    )

    def make(data: QueryDict | None) -> ReviewForm:
        return ReviewForm(data, kind=known, initial={"finding": shown.significance})

    edit = edited(request, make, rows=[shown], is_whole=True)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        one = actions.Review(shown, typed["finding"], typed["reason"])
        try:
            with edit.guard():
                actions.review(reviews=[one], at=timezone.now(), by=request.actor)
        except Refused as refusal:
            field = "reason" if isinstance(refusal, ReasonNeeded) else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, f"The {KIND_WORDS[known]} is reviewed.")
            return to_records(shown.participant)
    context = {
        "participant": shown.participant,
        "form": form,
        "edit": edit,
        "title": f"Review {KIND_WORDS[known]}",
        "state": f"{KIND_WORDS[known].capitalize()}: {shown}",
        "verb": "Record review",
    }
    return render(request, "medical/act.html", context)
