"""Who a participant is: typed in after consent, shown once by an act."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest
from accounts.vocabulary import Permission
from audit.refusal import ReasonNeeded, Refused
from audit.versions import records_of_participant
from participants.access import has_identity, participants_for
from participants.actions import KnownIdentity, record_identities, show_identity
from participants.forms import IdentityForm
from participants.models import ConsentItem, Participant
from participants.vocabulary import PARTICIPATION
from trials.access import may, today_at

TABLE = "participants_identity"
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
    edit = _edit(request, participant)
    form = edit.form
    if request.method == "POST" and form.is_valid():
        try:
            with edit.guard():
                record_identities(
                    identities=[form.identity(participant)],
                    by=request.actor,
                    reason=form.cleaned_data["reason"],
                )
        except Refused as refusal:
            field = "reason" if isinstance(refusal, ReasonNeeded) else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, f"Identity of {participant.number} is saved.")
            return redirect("participants:identity", participant.uuid)
    return _page(request, participant, edit=edit)


def _edit(
    request: SignedInRequest, participant: Participant, *, is_sent: bool = True
) -> Edit[IdentityForm]:
    """Return the form with its version.

    What is saved is read, by an act that leaves an entry, only where it is shown: after
    "Show name", or beside what was typed where somebody else was quicker.
    """
    today = today_at(participant.site)

    def make(typed: QueryDict | None) -> IdentityForm:
        known = None
        if typed is None and request.method == "POST":
            known = show_identity(participant=participant, by=request.actor)
        initial = {field: getattr(known, field) for field in FIELDS} if known else {}
        return IdentityForm(typed, initial=initial, today=today)

    return edited(
        request,
        make,
        records=records_of_participant(TABLE, participant.pk),
        zone=participant.site.time_zone,
        is_sent=is_sent,
    )


def _shown(request: SignedInRequest, participant: Participant) -> HttpResponse:
    """Show who the participant is, on a page that no browser keeps."""
    try:
        edit = _edit(request, participant, is_sent=False)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("participants:identity", participant.uuid)
    initial = edit.form.initial
    if not initial:
        return redirect("participants:identity", participant.uuid)
    known = KnownIdentity(**{field: initial[field] for field in FIELDS})
    return _page(request, participant, edit=edit, known=known)


def _page(
    request: SignedInRequest,
    participant: Participant,
    *,
    edit: Edit[IdentityForm],
    known: KnownIdentity | None = None,
) -> HttpResponse:
    form = edit.form
    consented = ConsentItem.objects.filter(
        participant=participant, code=PARTICIPATION, is_given=True
    )
    is_recorded = has_identity(participant.pk)
    context = {
        "participant": participant,
        "form": form,
        "edit": edit,
        "known": known,
        "is_recorded": is_recorded,
        "is_consented": consented.exists(),
        "may_record": may(request.user.pk, Permission.RECORD_CONSENT, participant.site),
        "is_form_shown": known is not None or not is_recorded or form.is_bound,
        "reason": {"field": form["reason"], "reasons": USUAL_REASONS},
    }
    return render(request, "participants/identity.html", context)
