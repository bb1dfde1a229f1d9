"""Recording that something was not done as the protocol says."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import definition_for, participants_for
from participants.actions import record_deviations
from participants.forms import DeviationForm
from trials.access import today_at


def new_deviation(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record one deviation of a participant; the visit may be given in the address."""
    people = participants_for(request.user.pk, Permission.RECORD_VISITS)
    participant = get_object_or_404(people, uuid=uuid)
    form = DeviationForm(
        request.POST or None,
        definition=definition_for(participant),
        today=today_at(participant.site),
        initial={"visit_code": request.GET.get("visit", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            record_deviations(
                deviations=[form.deviation(participant)], by=request.actor
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"The deviation of {participant.number} is recorded."
            )
            return redirect("workbench:participant", participant.uuid)
    context = {"participant": participant, "form": form}
    return render(request, "participants/deviation.html", context)
