"""One participant: where they stand, what comes next, their visits, forms and events."""

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
from adverse_events.vocabulary import OUTCOME_WORDS, SEVERITY_WORDS, Outcome, Severity
from assessments.access import expected_forms, trajectory
from audit.diffs import chain_of
from audit.history import Subject, acts, of_participant
from audit.naming import Names
from audit.sentences import Sentence, sentences
from participants.access import (
    allowed_after_leaving,
    definition_for,
    facts_of,
    has_identity,
    participants_for,
    with_form_to_sign,
)
from participants.lifecycle import BEFORE_RANDOMIZATION, State
from participants.models import Deviation, Fact, Participant
from participants.vocabulary import AFTER_LEAVING
from randomization.access import (
    planned_unblinding_of,
    randomization_numbers,
    told_of,
)
from sessions.access import sites_held_back
from sessions.models import Visit
from trials.access import today_at
from workbench.access import Desk, unseen
from workbench.rail import desk
from workbench.views.acts import participant_acts
from workbench.views.course import (
    VisitRow,
    drawn,
    following_visit,
    form_cells,
    state_sentence,
    visit_rows,
)
from workbench.vocabulary import state_chip

RECENT = 5
_P = Permission
TABS = {"": "Visits", "forms": "Forms", "events": "Events"}
_READ_TABS = {"story": "Story", "trail": "Trail", "changes": "Changes"}


@require_safe
def participant(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show a participant: visits first, or forms or events where the tab says so."""
    here = desk(request)
    person = get_object_or_404(
        with_form_to_sign(participants_for(here.user_id)), uuid=uuid
    )
    today = today_at(person.site)
    visits = list(Visit.objects.filter(participant=person).in_order())
    for visit in visits:
        visit.site, visit.participant = person.site, person
    definition = definition_for(person)
    forms = expected_forms(visits, known={person.protocol_version_id: definition})
    rows = visit_rows(visits, forms, today=today)
    following = following_visit(visits)
    facts = _facts(person)
    tab = request.GET.get("show", "")
    context = {
        "participant": person,
        "chip": state_chip(person.state),
        "state": state_sentence(person, following, visits, today=today),
        "acts": participant_acts(
            here, person, facts, following=following, visits=visits, today=today
        ),
        "tabs": tabs(person, here, tab if tab in TABS else ""),
        "may_see_identity": here.may(_P.VIEW_IDENTITY, person.site)
        and person.age is not None,
        "today": today,
    }
    if context["may_see_identity"]:
        context["is_identified"] = has_identity(person.pk)
    if person.state == State.WITHDRAWN:
        given = allowed_after_leaving([person.pk]).get(person.pk, frozenset())
        context["allows"] = [
            words for code, words in AFTER_LEAVING.items() if code in given
        ]
    context |= _shown(here, person, rows, tab=tab, definition=definition, today=today)
    template = _TEMPLATES.get(tab, _TEMPLATES[""])
    with timezone.override(person.site.time_zone):
        return render(request, template, context)


_TEMPLATES = {
    "": "workbench/participant.html",
    "forms": "workbench/participant_forms.html",
    "events": "workbench/participant_events.html",
}


def _facts(person: Participant) -> dict[str, Fact]:
    """Return the facts that the next step asks for; after randomization there is none."""
    if State(person.state) not in BEFORE_RANDOMIZATION:
        return {}
    return facts_of([person.pk])[person.pk]


def _shown(
    here: Desk, person: Participant, rows: Sequence[VisitRow], *, tab: str, **known: Any
) -> dict[str, Any]:
    if tab == "forms":
        return {"map": _forms_by_visit(rows)}
    if tab == "events":
        return {"events": _events(person), "deviations": _deviations(person)}
    numbers = {}
    if State(person.state) not in BEFORE_RANDOMIZATION:
        numbers = randomization_numbers([person.pk])
    plots = []
    if here.may(_P.VIEW_OUTCOMES, person.site):
        plots = trajectory(person.pk, user_id=here.user_id)
    return {
        "rows": [row for row in rows if not row.is_quiet],
        "quiet": [row for row in rows if row.is_quiet],
        "unscheduled_url": _unscheduled_url(here, person),
        "is_held_back": bool(known["definition"].held_back.visits)
        and person.site_id in sites_held_back(),
        "timeline": drawn(person, rows, known["definition"], today=known["today"]),
        "randomization_number": numbers.get(person.pk, ""),
        "told": told_of(person) if _may_be_told(here, person) else "",
        "plots": plots,
        **_other_studies(here, person),
        "events": _events(person),
        "recent": _recent(here, person),
    }


def _other_studies(here: Desk, person: Participant) -> dict[str, Any]:
    """Return who somebody was in a parent study and is in a later one, as far as seen."""
    seen = participants_for(here.user_id)
    found: dict[str, Any] = {}
    if person.parent_id is not None:
        found["parent"] = seen.filter(pk=person.parent_id).first()
    # Nobody goes on in another study before they have left this one.
    if State(person.state) in {State.COMPLETED, State.WITHDRAWN}:
        found["continued_in"] = list(seen.filter(parent=person.pk).order_by("pk"))
    return found


def _may_be_told(here: Desk, person: Participant) -> bool:
    """Tell whether the planned unblinding is this reader's to see, if there was one."""
    if person.randomized_on is None or not here.may(_P.SEE_REVEALED, person.site):
        return False
    return planned_unblinding_of(person) is not None


def _unscheduled_url(here: Desk, person: Participant) -> str:
    """Return where a visit that no plan foresees is added; empty where it may not be."""
    has_left = State(person.state) in {State.WITHDRAWN, State.SCREEN_FAILURE}
    if has_left or not here.may(_P.RECORD_VISITS, person.site):
        return ""
    return reverse("sessions:unscheduled", args=[person.uuid])


def tabs(person: Participant, here: Desk, current: str) -> list[dict[str, object]]:
    """Return the pages of a participant as links; the trail only for its readers.

    `count` is how many acts the reader has not seen since they marked the record so.
    """
    base = reverse("workbench:participant", args=[person.uuid])
    found: list[dict[str, object]] = [
        {
            "label": label,
            "url": f"{base}?show={key}" if key else base,
            "is_current": key == current,
        }
        for key, label in TABS.items()
    ]
    if here.may(_P.VIEW_MEDICAL, person.site):
        url = reverse("workbench:medical", args=[person.uuid])
        found.append(
            {"label": "Medical", "url": url, "is_current": current == "medical"}
        )
    if not here.may(_P.READ_TRAIL, person.site):
        return found
    for key, label in _READ_TABS.items():
        url = reverse(f"workbench:{key}", args=[person.uuid])
        found.append({"label": label, "url": url, "is_current": key == current})
    chain = chain_of("participant", person.pk)
    state = unseen(here.user_id, [chain]).get(chain)
    found[-1]["count"] = state.acts if state else 0
    return found


def _forms_by_visit(rows: Sequence[VisitRow]) -> list[dict[str, Any]]:
    """Return the visits that expect a form and have a day, with the forms as cells."""
    return [
        {"row": row, "cells": form_cells(row.forms, row.url)}
        for row in rows
        if row.forms and not row.is_quiet
    ]


def _events(person: Participant) -> list[dict[str, Any]]:
    events = AdverseEvent.objects.filter(participant=person).order_by(
        "-onset_on", "-id"
    )
    return [
        {
            "event": event,
            "url": reverse("adverse_events:event", args=[event.uuid]),
            "severity": SEVERITY_WORDS[Severity(event.severity)],
            "outcome": OUTCOME_WORDS[Outcome(event.outcome)],
        }
        for event in events
    ]


def _deviations(person: Participant) -> list[Deviation]:
    return list(
        Deviation.objects.filter(participant=person).order_by("-occurred_on", "-id")
    )


def _recent(here: Desk, person: Participant) -> list[Sentence]:
    """Return the last acts: who did what when; the values stand on the whole trail."""
    if not here.may(_P.READ_TRAIL, person.site):
        return []
    found = acts(
        of_participant(person.pk), limit=RECENT, about=Subject(person.pk, person.number)
    )
    return sentences(found, names=Names({}), zone=person.site.time_zone)
