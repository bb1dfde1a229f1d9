"""One visit: its window, what the protocol expects at it, what is done, what to do next."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.vocabulary import Permission
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import SEVERITY_WORDS, Severity
from assessments.access import ExpectedForm, expected_forms
from participants.models import Deviation
from reminders.access import reminders_of
from reminders.models import Reminder
from sessions.access import doses_of, visits_for
from sessions.drawing.windows import window_bar
from sessions.models import DoseAdministration, TherapySession, Visit
from trials.access import definition_of, today_at
from workbench.access import Desk
from workbench.rail import desk
from workbench.views.acts import WITH_SESSION, AtVisit, visit_acts
from workbench.views.course import in_words, when_text
from workbench.vocabulary import Act, form_chip, visit_chip, visit_name
from workbench.worklist import window_of

_P = Permission


@require_safe
def visit(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show a visit with its forms, session, doses, events and deviations."""
    here = desk(request)
    found = get_object_or_404(
        visits_for(here.user_id).defer("protocol_version__text"), uuid=uuid
    )
    # Both came with the visit; the participant's own copies would be fetched again.
    found.participant.site = found.site
    found.participant.protocol_version = found.protocol_version
    today = today_at(found.site)
    known = {found.protocol_version_id: definition_of(found.protocol_version)}
    forms = expected_forms([found], known=known)[found.pk]
    at_visit = AtVisit(
        visit=found,
        forms=forms,
        session=_session(found),
        doses=list(doses_of(found)) if found.kind == "dosing" else [],
    )
    context = {
        "visit": found,
        "participant": found.participant,
        "chip": visit_chip(found.state, found.plan, closes=found.closes, today=today),
        "bar": _bar(found, today),
        "when": when_text(found),
        "name": visit_name(found.number, found.label),
        "why": " ".join(filter(None, (found.to_decide, in_words(found.why)))),
        "acts": visit_acts(here, at_visit, today=today),
        "forms": [_form_line(here, found, form) for form in forms],
        "session": at_visit.session,
        "may_record": here.may(_P.RECORD_VISITS, found.site),
        "has_session": found.kind in WITH_SESSION,
        "doses": [_dose_line(dose) for dose in at_visit.doses],
        "events": _events(found),
        "deviations": _deviations(found),
        "reminders": [_reminder_line(line) for line in reminders_of([found.pk])],
    }
    with timezone.override(found.site.time_zone):
        return render(request, "workbench/visit.html", context)


def _session(found: Visit) -> TherapySession | None:
    if found.kind not in WITH_SESSION:
        return None
    people = ("lead_therapist", "co_therapist")
    return TherapySession.objects.filter(visit=found).select_related(*people).first()


def _deviations(found: Visit) -> list[Deviation]:
    here = Deviation.objects.filter(
        participant_id=found.participant_id, visit_code=found.code
    )
    return list(here.order_by("occurred_on", "id"))


def _bar(found: Visit, today: Any) -> Any:
    window = window_of(found)
    if window is None:
        return None
    return window_bar(
        window,
        today=today,
        booked_on=found.booked_on,
        held_on=found.held_on,
        width=420,
        height=24,
    )


def _form_line(here: Desk, found: Visit, form: ExpectedForm) -> dict[str, Any]:
    """Return a form with its state and the acts that are open on it to this person."""
    assessment = form.assessment
    return {
        "title": form.title,
        "uuid": assessment.uuid if assessment else None,
        "chip": form_chip(form.state),
        "is_hidden": form.is_hidden,
        "is_optional": form.row.optional,
        "rater": (assessment.rater__name or "") if assessment else "",
        "due_on": assessment.due_on if assessment else None,
        "assessed_on": assessment.assessed_on if assessment else None,
        "why": assessment.not_done_reason if assessment else "",
        "by": "Independent rater" if form.is_for_rater else _by(form.row.by),
        "acts": _form_acts(here, found, form),
    }


def _by(roles: Sequence[str]) -> str:
    return " or ".join(role.replace("_", " ") for role in roles).capitalize()


def _form_acts(here: Desk, found: Visit, form: ExpectedForm) -> list[Act]:
    if form.assessment is None:
        return _beginnings(here, found, form)
    if form.is_for_rater:
        return _of_a_rater(here, found, form, uuid=form.assessment.uuid)
    uuid = form.assessment.uuid
    enter = reverse("assessments:enter", args=[uuid])
    acts = [Act("Open", enter)]
    if form.state in {"assigned", "in_progress"}:
        aside = Act("Not done", reverse("assessments:set_aside", args=[uuid]))
        may_enter = here.may(_P.ENTER_ASSESSMENTS, found.site)
        acts = [Act("Go on", enter), aside] if may_enter else []
    elif form.state == "complete" and here.may(_P.SIGN_ASSESSMENTS, found.site):
        # The page of the form has its answers and asks for the password.
        acts = [Act("Sign", enter)]
    return acts


def _of_a_rater(
    here: Desk, found: Visit, form: ExpectedForm, *, uuid: UUID
) -> list[Act]:
    """A rater's form is opened by those who may read outcomes; the site sees its state.

    While nobody has completed it, the site and the pool's keeper may change its rater.
    """
    may_reassign = here.may(_P.ENTER_ASSESSMENTS, found.site) or here.may(
        _P.ASSIGN_RATERS, found.site
    )
    if may_reassign and form.is_reassignable:
        return [Act("Another rater", reverse("assessments:reassign", args=[uuid]))]
    if not here.may(_P.VIEW_OUTCOMES, found.site) or form.state not in _READABLE:
        return []
    return [Act("Open", reverse("assessments:enter", args=[uuid]))]


_READABLE = frozenset({"complete", "signed", "locked"})


def _beginnings(here: Desk, found: Visit, form: ExpectedForm) -> list[Act]:
    is_off = found.state in {"missed", "cancelled"} or found.plan in _NOT_YET
    if is_off or not here.may(_P.ENTER_ASSESSMENTS, found.site):
        return []
    arguments = [found.uuid, form.row.code]
    not_done = Act("Not done", reverse("assessments:not_done", args=arguments))
    if form.is_for_rater:
        url = reverse("assessments:request_rating", args=arguments)
        return [Act("Request interview", url), not_done]
    if found.state != "held" or not here.gives(form.row.by, found.site):
        return []
    url = reverse("assessments:start", args=arguments)
    return [Act("Start", url, is_post=True), not_done]


_NOT_YET = frozenset({"waiting", "not_for", "cancelled"})


def _dose_line(dose: DoseAdministration) -> dict[str, Any]:
    return {
        "dose": dose,
        "part": dose.get_part_display(),
        "step": dose.step.replace("_", " "),
        "withheld": dose.withheld_reason.replace("_", " "),
    }


def _events(found: Visit) -> list[dict[str, Any]]:
    events = AdverseEvent.objects.filter(dosing_visit=found).order_by("onset_on", "id")
    return [
        {
            "event": event,
            "url": reverse("adverse_events:event", args=[event.uuid]),
            "severity": SEVERITY_WORDS[Severity(event.severity)],
        }
        for event in events
    ]


_REMINDER_LOOKS = {
    "planned": ("plain", "clock"),
    "sent": ("good", "envelope"),
    "dropped": ("plain", "slash-circle"),
    "failed": ("late", "exclamation-circle"),
}


def _reminder_line(reminder: Reminder) -> dict[str, Any]:
    tone, icon = _REMINDER_LOOKS[reminder.state]
    return {
        "reminder": reminder,
        "chip": {"word": reminder.get_state_display(), "tone": tone, "icon": icon},
        "what": reminder.kind.replace("_", " ").capitalize(),
        "whom": reminder.get_audience_display().lower(),
    }
