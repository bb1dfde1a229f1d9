"""The participant's steps: consent, enrollment, confirmation, and the ways to leave."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.editing import edited
from accounts.http import SignedInRequest, attempted
from accounts.vocabulary import Permission
from audit.refusal import Refused
from participants.access import (
    definition_for,
    eligibility_of,
    facts_of,
    participants_for,
    settled_in,
    settled_on,
)
from participants.actions import Confirmation, NewConsent
from participants.eligibility import (
    VERDICT_WORDS,
    CriterionResult,
    MilestoneResult,
    Verdict,
)
from participants.lifecycle import (
    TAKEN_WORDS,
    WORDS,
    Move,
    State,
    Treatment,
    TreatmentMove,
    allowed,
    moved,
    treatment_moved,
)
from participants.models import ConsentItem, Participant
from participants.vocabulary import CONFIRMATION, CONSENT_ITEMS, ENROLLMENT
from sessions import actions
from sessions.access import held_on
from sessions.forms import ConfirmForm, ConsentForm, EndForm, LeavingForm, StepForm
from sessions.views.reasons import reason_box
from trials.access import may, today_at
from trials.protocol import ProtocolDefinition

_LOOKS = {
    Verdict.MET: ("good", "check-circle"),
    Verdict.NOT_MET: ("late", "x-circle"),
    Verdict.UNKNOWN: ("plain", "question-circle"),
}


@require_http_methods(["GET", "POST"])
def consent(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record a signed consent form; the first visits are planned from its day."""
    person = _found(request, uuid, Permission.RECORD_CONSENT)
    today = today_at(person.site)
    edit = edited(
        request,
        lambda data: ConsentForm(data, participant=person, today=today),
        rows=[person, *ConsentItem.objects.filter(participant=person)],
        zone=person.site.time_zone,
    )
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        signed = NewConsent(
            participant=person,
            form_version=data["form_version"],
            signed_on=data["signed_on"],
            obtained_by=data["obtained_by"],
            items=form.items(),
            sex=data["sex"],
            age=data["age"],
            is_able=data["is_able"],
        )
        reason = data.get("reason", "")
        actions.consent(consents=[signed], by=request.actor, reason=reason, today=today)

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"Consent of {person.number} is recorded.")
        return _to(person)
    context = {
        "participant": person,
        "form": form,
        "edit": edit,
        "box": reason_box(form) if person.sex or form.has_error("reason") else None,
        "agreements": [form[code] for code in CONSENT_ITEMS],
        "state": WORDS[State(person.state)],
    }
    return render(request, "sessions/consent.html", context)


def _moves(move: Move) -> Callable[[Participant], object]:
    # Whether a reason is given is for the form to ask, not for the page.
    return lambda person: moved(
        State(person.state),
        move,
        reason="not asked yet",
        settled=settled_in(definition_for(person)),
    )


def _may_stop_treatment(person: Participant) -> object:
    definition = definition_for(person)
    if settled_on(person, definition) is None:
        step = TAKEN_WORDS[settled_in(definition)]
        raise Refused(f"Not {step}: there is no treatment to stop.")
    return treatment_moved(
        Treatment(person.treatment), TreatmentMove.DISCONTINUE, reason="not asked yet"
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """What the page of one step says, and what the step asks and does."""

    heading: str
    button: str
    day_label: str
    done: str
    permission: Permission
    act: Callable[..., object]
    # Raises `Refused` where the participant's state does not allow the step.
    check: Callable[[Participant], object]
    explanation: str = ""
    why_label: str = ""
    why_help: str = ""
    is_final: bool = False
    form: type[StepForm] = StepForm


_ENROLL = _Page(
    heading="Enroll",
    button="Enroll participant",
    day_label="Enrolled on",
    done="is enrolled",
    permission=Permission.SCREEN,
    act=actions.enroll,
    check=_moves(Move.ENROLL),
    explanation="Everything asked until enrollment must be satisfied and known.",
)
_FAIL = _Page(
    heading="Screen failure",
    button="Record screen failure",
    day_label="Decided on",
    done="is recorded as a screen failure",
    permission=Permission.SCREEN,
    act=actions.fail_screening,
    check=_moves(Move.FAIL_SCREENING),
    explanation="Leaving before randomization is a screen failure, whatever its reason. "
    "All visits that were planned are cancelled.",
    why_label="Reason",
    why_help="The criterion that was not met, or what the participant decided.",
    is_final=True,
)
_STOP = _Page(
    heading="Stop treatment",
    button="Stop treatment",
    day_label="Stopped on",
    done="receives no further treatment",
    permission=Permission.STOP_TREATMENT,
    act=actions.discontinue_treatment,
    check=_may_stop_treatment,
    explanation="No further dose is given. The participant stays in the trial: "
    "assessments and safety visits go on.",
    why_label="Reason",
    why_help="What led to this, in a sentence.",
    is_final=True,
    form=EndForm,
)
_WITHDRAW = _Page(
    heading="Withdraw from the trial",
    button="Withdraw participant",
    day_label="Withdrew on",
    done="has left the trial",
    permission=Permission.STOP_TREATMENT,
    act=actions.withdraw,
    check=_moves(Move.WITHDRAW),
    explanation="The participant leaves the trial, and treatment ends with it. If only "
    "treatment ends, stop treatment instead: assessments then go on.",
    why_label="Reason",
    why_help="In the participant's words, where they gave any. Nobody has to give one: "
    "then say so.",
    is_final=True,
    form=LeavingForm,
)


def enroll(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Enroll a participant who consented and meets the criteria."""
    return _step(request, uuid, _ENROLL)


def fail_screening(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record a screen failure."""
    return _step(request, uuid, _FAIL)


def stop_treatment(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Stop treatment and go on with assessments."""
    return _step(request, uuid, _STOP)


def withdraw(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record that a participant left the trial."""
    return _step(request, uuid, _WITHDRAW)


@require_http_methods(["GET", "POST"])
def _step(request: SignedInRequest, uuid: UUID, page: _Page) -> HttpResponse:
    person = _found(request, uuid, page.permission)
    today = today_at(person.site)
    form = page.form(
        request.POST or None,
        on=_day_for(person, ENROLLMENT, today=today) if page is _ENROLL else today,
        day_label=page.day_label,
        why_label=page.why_label,
        why_help=page.why_help,
    )

    def act() -> None:
        page.act(steps=[form.step_of(person)], by=request.actor, today=today)

    if request.method == "POST" and attempted(form, act):
        messages.success(request, f"{person.number} {page.done}.")
        return _to(person)
    context = {
        "participant": person,
        "page": page,
        "form": form,
        "state": WORDS[State(person.state)],
        "obstacle": _obstacle(person, page),
    }
    if page is _ENROLL:
        context |= _gates(person, ENROLLMENT)
        if not context["obstacle"] and not context["is_eligible"]:
            context["obstacle"] = "The criteria above stand in the way."
    return render(request, "sessions/step.html", context)


@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Show what eligibility stands on, and have the investigator sign it."""
    person = _found(request, uuid, Permission.VIEW_PARTICIPANTS)
    today = today_at(person.site)
    on = _day_for(person, CONFIRMATION, today=today)
    # What is signed is what was read: a fact that changed since is looked at again.
    edit = edited(
        request,
        partial(ConfirmForm, on=on, day_label="Confirmed on"),
        rows=[person, *facts_of([person.pk])[person.pk].values()],
        is_whole=True,
    )
    form = edit.form

    def act() -> None:
        actions.confirm_enrollment(
            confirmations=[Confirmation(person, form.cleaned_data["on"])],
            password=form.cleaned_data["password"],
            by=request.actor,
            today=today,
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"Enrollment of {person.number} is confirmed.")
        return _to(person)
    may_sign = may(request.user.pk, Permission.CONFIRM_ELIGIBILITY, person.site)
    context = {
        "participant": person,
        "form": form,
        "edit": edit,
        "state": WORDS[State(person.state)],
        "button": "Sign and confirm enrollment",
        "may_sign": may_sign,
        "can_be_confirmed": Move.CONFIRM
        in allowed(State(person.state), settled_in(definition_for(person))),
        "is_confirmed": person.confirmed_on is not None,
        **_gates(person, CONFIRMATION),
    }
    return render(request, "sessions/confirm.html", context)


def _day_for(person: Participant, milestone: str, *, today: date) -> date:
    """Return the day of the visit at which a milestone is decided, today without it.

    Today, too, where the facts were observed later than the visit: as of its day they
    were not known, and the step would be refused.
    """
    known = {each.code: each.at for each in definition_for(person).milestones}
    day = held_on(person, code=known.get(milestone, ""))
    if day is None:
        return today
    standing = eligibility_of([person], milestone, on=day)[person.pk]
    return day if standing.may_be_confirmed else today


def _obstacle(person: Participant, page: _Page) -> str:
    """Return why the step cannot be taken from where the participant stands."""
    try:
        page.check(person)
    except Refused as refusal:
        return str(refusal)
    return ""


# In place of the verdict, which the eligibility page still has beside the waiver.
_WAIVED = {"word": "Waived", "tone": "due", "icon": "pencil"}


def _gates(person: Participant, milestone: str) -> dict[str, object]:
    result = eligibility_of([person], milestone)[person.pk]
    definition = definition_for(person)
    lines = [
        _gate(item, definition)
        | (_WAIVED if item.criterion.code in result.waived else {})
        for item in _in_order(result)
    ]
    return {
        "gates": lines,
        "met": sum(item.verdict is Verdict.MET for item in result.results),
        "is_eligible": result.may_be_confirmed,
    }


def _in_order(result: MilestoneResult) -> list[CriterionResult]:
    """Return what stands in the way first: it is what somebody comes to see."""
    order = (Verdict.NOT_MET, Verdict.UNKNOWN, Verdict.MET)
    return sorted(result.results, key=lambda item: order.index(item.verdict))


def _gate(item: CriterionResult, definition: ProtocolDefinition) -> dict[str, str]:
    """Return one criterion as a gate line: never a value, which may be a hidden score."""
    labels = definition.facts_by_code
    tone, icon = _LOOKS[item.verdict]
    criterion = item.criterion
    word = VERDICT_WORDS[criterion.kind][item.verdict]
    sentence = f"{criterion.code.upper()} {criterion.kind.value}: {criterion.text}."
    missing = "; ".join(labels[c].label for c in item.missing if c in labels)
    if missing:
        sentence += f" Still to be recorded: {missing}."
    return {"tone": tone, "word": word, "icon": icon, "sentence": sentence}


def _found(request: SignedInRequest, uuid: UUID, permission: Permission) -> Participant:
    return get_object_or_404(participants_for(request.user.pk, permission), uuid=uuid)


def _to(person: Participant) -> HttpResponse:
    return redirect("workbench:participant", uuid=person.uuid)
