"""Who a participant is: typed in after consent, shown once by an act."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import participants_for
from participants.actions import record_identities, show_identity
from participants.forms import IdentityForm
from participants.models import ConsentItem, Identity, Participant
from participants.vocabulary import PARTICIPATION
from trials.access import may, today_at

FIELDS = ("name", "birth_date", "email", "phone")
USUAL_REASONS = (
    "Misspelled",
    "Changed name",
    "New phone or email",
    "Wrong birth date in the source",
)


@never_cache
def identity(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take the name in after consent. A GET never says it; "Show name" is a POST."""
    people = participants_for(request.user.pk, Permission.VIEW_IDENTITY)
    participant = get_object_or_404(people, uuid=uuid)
    if request.method == "POST" and request.POST.get("act") != "save":
        return _shown(request, participant)
    today = today_at(participant.site)
    form = IdentityForm(request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            record_identities(
                identities=[form.identity(participant)],
                by=request.actor,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Identity of {participant.number} is saved.")
            return redirect("participants:identity", participant.uuid)
    return _page(request, participant, form=form)


def _shown(request: SignedInRequest, participant: Participant) -> HttpResponse:
    """Show who the participant is, on a page that no browser keeps."""
    known = show_identity(participant=participant, by=request.actor)
    if known is None:
        return redirect("participants:identity", participant.uuid)
    form = IdentityForm(
        initial={field: getattr(known, field) for field in FIELDS},
        today=today_at(participant.site),
    )
    return _page(request, participant, form=form, known=known)


def _page(
    request: SignedInRequest,
    participant: Participant,
    *,
    form: IdentityForm,
    known: Identity | None = None,
) -> HttpResponse:
    consented = ConsentItem.objects.filter(
        participant=participant, code=PARTICIPATION, is_given=True
    )
    is_recorded = Identity.objects.filter(participant=participant).exists()
    context = {
        "participant": participant,
        "form": form,
        "known": known,
        "is_recorded": is_recorded,
        "is_consented": consented.exists(),
        "may_record": may(request.user.pk, Permission.RECORD_CONSENT, participant.site),
        "is_form_shown": known is not None or not is_recorded or form.is_bound,
        "reason": {"field": form["reason"], "reasons": USUAL_REASONS},
    }
    return render(request, "participants/identity.html", context)
