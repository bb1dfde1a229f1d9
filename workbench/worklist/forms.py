"""Forms and messages on the worklist: unsigned, not begun, with the rater, not sent."""

from collections.abc import Iterable, Iterator

from accounts.vocabulary import Permission
from assessments.access import OutstandingForm, outstanding_forms
from reminders.access import failed_reminders
from reminders.models import Reminder
from workbench.vocabulary import Kind, visit_name
from workbench.worklist.lines import Address, Here, Line, ago

MOST_FORMS = 500
_P = Permission


def forms(here: Here) -> Iterator[Line]:
    forms: Iterable[OutstandingForm] = outstanding_forms(here.sites, limit=MOST_FORMS)
    for form in forms:
        kind = Kind.FORMS if _is_ours(form, here) else Kind.WAITING
        yield Line(
            kind=kind,
            what=_form_act(form, here),
            at=_where(form, here),
            participant=form.participant_number,
            person=form.participant_uuid,
            visit=visit_name(form.visit_number, form.visit_label),
            why=_why(form, here, is_waiting=kind is Kind.WAITING),
            order=(form.held_on, form.participant_number, form.code),
        )


def _why(form: OutstandingForm, here: Here, *, is_waiting: bool) -> str:
    held = f"{_FORM_WHY[form.state]}, held {ago(form.held_on, here.days[form.site_id])}"
    return f"{held}; for the {_whom(form)}" if is_waiting else held


_FORM_WHY = {
    "not_started": "Not started",
    "assigned": "Assigned",
    "in_progress": "In progress",
    "complete": "Complete, not signed",
}


def _is_ours(form: OutstandingForm, here: Here) -> bool:
    """Tell whether this person is who the form waits for."""
    site = here.sites[form.site_id]
    if form.is_for_rater:
        asks = here.may(_P.ENTER_ASSESSMENTS, form.site_id)
        return asks and form.state == "not_started"
    if form.state == "complete":
        return here.desk.may(_P.SIGN_ASSESSMENTS, site)
    return here.desk.gives(form.by.split(","), site)


def _form_act(form: OutstandingForm, here: Here) -> str:
    if not _is_ours(form, here):
        return form.title
    if form.is_for_rater:
        return f"Request {form.title}"
    verbs = {"not_started": "Start", "complete": "Sign"}
    return f"{verbs.get(form.state, 'Complete')} {form.title}"


def _where(form: OutstandingForm, here: Here) -> Address:
    if form.assessment_uuid is None or form.is_for_rater or not _is_ours(form, here):
        return Address("workbench:visit", form.visit_uuid, "#forms")
    route = "assessments:sign" if form.state == "complete" else "assessments:enter"
    return Address(route, form.assessment_uuid)


def _whom(form: OutstandingForm) -> str:
    """Return whom a form waits for, in words."""
    if form.is_for_rater:
        return "independent rater"
    if form.state == "complete":
        return (
            "therapist or investigator"  # a participant's answers are signed by staff
        )
    return " or ".join(role.replace("_", " ") for role in form.by.split(","))


def reminders(here: Here) -> Iterator[Line]:
    failed: Iterable[Reminder] = failed_reminders(here.sites)[:50]
    for reminder in failed:
        yield Line(
            kind=Kind.REMINDERS,
            what=f"Remind {reminder.get_audience_display().lower()} another way",
            at=Address("workbench:visit", reminder.visit.uuid),
            participant=reminder.participant.number,
            person=reminder.participant.uuid,
            visit=visit_name(reminder.visit.number, reminder.visit.label),
            why=reminder.note or "The message could not be sent",
            order=(reminder.due_on,),
        )
