"""Forms and messages on the worklist: unsigned, not begun, with the rater, not sent."""

from collections.abc import Iterable, Iterator

from accounts.vocabulary import Permission
from assessments.access import OutstandingForm, outstanding_forms
from reminders.access import failed_reminders
from reminders.models import Reminder
from reminders.rules import WORDS as MESSAGES
from reminders.rules import Kind as Message
from workbench.vocabulary import Kind, visit_name
from workbench.worklist.lines import Address, Here, Line, ago

MOST_FORMS = 500
_P = Permission


def forms(here: Here) -> Iterator[Line]:
    forms: Iterable[OutstandingForm] = outstanding_forms(here.sites, limit=MOST_FORMS)
    ours: dict[tuple[object, ...], bool] = {}  # by kind of form: few for many forms
    for form in forms:
        key = (form.site_id, form.is_for_rater, form.state, form.by)
        if key not in ours:
            ours[key] = _is_ours(form, here)
        is_ours = ours[key]
        kind = Kind.FORMS if is_ours else Kind.WAITING
        yield Line(
            kind=kind,
            what=_form_act(form) if is_ours else form.title,
            at=_where(form, is_ours=is_ours),
            participant=form.participant_number,
            person=form.participant_uuid,
            visit=visit_name(form.visit_number, form.visit_label),
            why=_why(form, here, is_waiting=not is_ours),
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
        return here.may(_P.SIGN_ASSESSMENTS, form.site_id)
    return here.desk.gives(form.by.split(","), site)


def _form_act(form: OutstandingForm) -> str:
    if form.is_for_rater:
        return f"Request {form.title}"
    verbs = {"not_started": "Start", "complete": "Sign"}
    return f"{verbs.get(form.state, 'Complete')} {form.title}"


def _where(form: OutstandingForm, *, is_ours: bool) -> Address:
    if form.assessment_uuid is None or form.is_for_rater or not is_ours:
        return Address("workbench:visit", form.visit_uuid, "#forms")
    # To sign, too, is done on the form's own page, below what is signed.
    return Address("assessments:enter", form.assessment_uuid)


def _whom(form: OutstandingForm) -> str:
    """Return whom a form waits for, in words."""
    if form.is_for_rater:
        return "independent rater"
    if form.state == "complete":
        return (
            "therapist or investigator"  # a participant's answers are signed by staff
        )
    return " or ".join(role.replace("_", " ") for role in form.by.split(","))


def reminders(here: Here, *, audience: str = "") -> Iterator[Line]:
    """Messages that could not be sent, to everybody or to one audience alone."""
    if not here.sites:
        return
    failed: Iterable[Reminder] = failed_reminders(here.sites, audience=audience)[:50]
    for reminder in failed:
        visit, person = reminder.visit, reminder.participant
        yield Line(
            kind=Kind.REMINDERS,
            what=_tell(reminder),
            at=_about(reminder),
            participant=person.number if person else "",
            person=person.uuid if person else None,
            visit=visit_name(visit.number, visit.label) if visit else "",
            why=reminder.note or "The message could not be sent",
            order=(reminder.audience != "safety", reminder.due_on),
        )


def _tell(reminder: Reminder) -> str:
    if reminder.visit is not None:
        return f"Remind {reminder.get_audience_display().lower()} another way"
    whom = reminder.recipient or reminder.get_audience_display().lower()
    return f"Tell {whom} another way: {MESSAGES[Message(reminder.kind)].lower()}"


def _about(reminder: Reminder) -> Address:
    if reminder.visit is not None:
        return Address("workbench:visit", reminder.visit.uuid)
    if reminder.participant is not None:
        return Address("workbench:participant", reminder.participant.uuid)
    return Address("workbench:home")
