"""What a participant agreed to, thing by thing: what stands, what was, and a change."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from participants.access import consent_history, participants_for
from participants.actions import ConsentDecision
from participants.lifecycle import WORDS, State
from participants.models import ConsentItem, Participant
from participants.vocabulary import AGREEMENTS, CONSENT_ITEMS, PARTICIPATION
from sessions import actions
from sessions.forms import AgreementForm
from trials.access import may, today_at

_CHIPS = {
    True: {"tone": "good", "word": "Agreed", "icon": "check-circle"},
    False: {"tone": "late", "word": "Not agreed", "icon": "x-circle"},
    None: {"tone": "plain", "word": "Not asked", "icon": "question-circle"},
}
_ENDED = {"tone": "plain", "word": "Ended", "icon": "box-arrow-right"}


@require_http_methods(["GET", "POST"])
def agreements(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Show what a participant agreed to, and record that one thing changed."""
    permission = Permission.RECORD_CONSENT
    if request.method == "GET":
        permission = Permission.VIEW_PARTICIPANTS
    person = get_object_or_404(participants_for(request.user.pk, permission), uuid=uuid)
    items = {item.code: item for item in ConsentItem.objects.filter(participant=person)}
    today = today_at(person.site)
    edit = edited(
        request,
        lambda data: AgreementForm(
            data,
            given={code: item.is_given for code, item in items.items()},
            today=today,
        ),
        rows=list(items.values()),
        is_whole=True,
    )
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        decision = ConsentDecision(person, data["code"], form.is_given, data["on"])
        actions.decide_consent_items(
            decisions=[decision], by=request.actor, reason=data["why"], today=today
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        label = AGREEMENTS[form.cleaned_data["code"]]
        done = "agreed to" if form.is_given else "taken back"
        messages.success(request, f"{label}: recorded as {done}.")
        return redirect("sessions:agreements", uuid=person.uuid)
    return _page(request, person, items, edit=edit)


def _page(
    request: SignedInRequest,
    person: Participant,
    items: dict[str, ConsentItem],
    *,
    edit: Edit[AgreementForm],
) -> HttpResponse:
    reader, site = request.user.pk, person.site
    lines = [
        _line(person, code, items.get(code))
        for code in AGREEMENTS
        if code in items or code in CONSENT_ITEMS
    ]
    reads_trail = may(reader, Permission.READ_TRAIL, site)
    history = consent_history(person) if reads_trail else []
    context = {
        "participant": person,
        "state": WORDS[State(person.state)],
        "lines": lines,
        "form": edit.form,
        "edit": edit,
        "is_consented": PARTICIPATION in items,
        "may_change": may(reader, Permission.RECORD_CONSENT, site),
        "history": [
            {"change": change, "label": AGREEMENTS.get(change.code, change.code)}
            for change in history
        ],
    }
    with timezone.override(site.time_zone):
        return render(request, "sessions/agreements.html", context)


def _line(person: Participant, code: str, item: ConsentItem | None) -> dict[str, Any]:
    """Return one thing as it stands; taking part ends with leaving, not with an answer."""
    line = {
        "label": AGREEMENTS[code],
        "since": item.decided_on if item else None,
        "chip": _CHIPS[item.is_given if item else None],
    }
    if code == PARTICIPATION and person.state == State.WITHDRAWN:
        line |= {"since": person.ended_on, "chip": _ENDED}
    return line
