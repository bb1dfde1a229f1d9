"""Adding a record, and correcting one."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.editing import edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import ReasonNeeded, Refused
from medical import actions
from medical.access import records_for
from medical.forms import FORMS, RecordForm
from medical.models import Record
from medical.vocabulary import KIND_WORDS, Kind
from participants.access import definition_for, participants_for
from participants.models import Participant
from trials.access import today_at

USUAL_REASONS = (
    "Mistyped",
    "Misread the source",
    "The source was corrected",
    "Follow-up information",
)
HEADINGS = {
    Kind.CONDITION: "Add condition",
    Kind.HISTORY: "Medication history taken",
    Kind.MEDICATION: "Add medication",
    Kind.TEST: "Add test result",
    Kind.LAB: "Add laboratory result",
    Kind.ECG: "Add ECG",
}


def kind_in(text: str) -> Kind:
    """Return the kind that an address names; a page that is not there otherwise."""
    if text not in set(Kind):
        raise Http404
    return Kind(text)


def record(request: SignedInRequest, uuid: UUID, kind: str) -> HttpResponse:
    """Record something new of a participant."""
    known = kind_in(kind)
    people = participants_for(request.user.pk, Permission.RECORD_MEDICAL)
    person = get_object_or_404(people, uuid=uuid)
    form = FORMS[known](
        request.POST or None,
        definition=definition_for(person),
        today=today_at(person.site),
    )
    if request.method == "POST" and form.is_valid():
        new = actions.NewRecord(person, known, form.values)
        try:
            actions.record(records=[new], by=request.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"The {KIND_WORDS[known]} of {person.number} is recorded."
            )
            return to_records(person)
    context = {
        "participant": person,
        "form": form,
        "title": HEADINGS[known],
        "state": _NOTES.get(known, "What is recorded stays; it can be corrected."),
        "verb": "Record",
    }
    return render(request, "medical/record.html", context)


_NOTES = {
    Kind.HISTORY: "Record that you asked what is taken and was taken, also where the "
    "answer is “nothing”: until then no washout is known to be over."
}


def correct(request: SignedInRequest, kind: str, uuid: UUID) -> HttpResponse:
    """Change a saved record, or fill in what was open; a review of it is taken back."""
    known = kind_in(kind)
    records = records_for(request.user.pk, known, Permission.RECORD_MEDICAL)
    saved: Record = get_object_or_404(records, uuid=uuid, voided_at__isnull=True)
    person = saved.participant
    make = partial(
        FORMS[known],
        definition=definition_for(person),
        today=today_at(person.site),
        saved=saved,
    )
    edit = edited(request, make, rows=[saved], zone=person.site.time_zone)
    form: RecordForm = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                actions.correct(
                    record=saved,
                    changes=form.values,
                    reason=form.cleaned_data["reason"],
                    by=request.actor,
                )
        except Refused as refusal:
            field = "reason" if isinstance(refusal, ReasonNeeded) else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, f"The {KIND_WORDS[known]} is corrected.")
            return to_records(person)
    context = {
        "participant": person,
        "form": form,
        "edit": edit,
        "title": f"Correct {KIND_WORDS[known]}",
        "state": "What was recorded before stays on the trail. A review is taken back.",
        "verb": "Save",
        "box": {"field": form["reason"], "reasons": USUAL_REASONS},
        "void_url": reverse("medical:void", args=[known, saved.uuid]),
    }
    return render(request, "medical/record.html", context)


def to_records(person: Participant) -> HttpResponseRedirect:
    """Lead back to the page on which the records are read."""
    return redirect("workbench:medical", person.uuid)
