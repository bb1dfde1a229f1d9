"""One assessment as one person meets it: what they see, may do, and call it."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.http import SignedInRequest
from assessments.access import (
    TABLE,
    Standing,
    answers_of,
    assessments_for,
    draft_of,
    edition_of,
    row_of,
    standings,
)
from assessments.answers import Progress, calls_for_action, progress
from assessments.entry import Entered, ShownRun, runs
from assessments.forms import MISSING, EntryForm, initial_of
from assessments.instruments.base import Instrument, Item
from assessments.lifecycle import TAKES_DRAFTS, WORDS, State
from assessments.models import Assessment
from audit.signing import signatures_of
from trials.access import today_at
from trials.protocol import AssessmentRow

CHIPS = {
    State.ASSIGNED: ("plain", "circle"),
    State.IN_PROGRESS: ("accent", "pencil"),
    State.COMPLETE: ("due", "hourglass-split"),
    State.SIGNED: ("good", "check-circle"),
    State.NOT_DONE: ("plain", "slash-circle"),
    State.LOCKED: ("plain", "lock"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An assessment in somebody's hands."""

    assessment: Assessment
    row: AssessmentRow
    instrument: Instrument
    standing: Standing

    @property
    def state(self) -> State:
        return State(self.assessment.state)

    @property
    def sources(self) -> list[str]:
        """Where this person may take answers from."""
        paper = self.row.from_paper and (
            self.standing.may_enter or self.standing.may_transcribe
        )
        return [
            source
            for source, allowed in (
                ("direct", self.standing.may_enter),
                ("paper", paper),
            )
            if allowed
        ]

    @property
    def takes_answers(self) -> bool:
        return self.state in TAKES_DRAFTS and bool(self.sources)

    @property
    def is_questionnaire(self) -> bool:
        """Whether the participant answers in person."""
        return "participant" in self.row.by

    @property
    def asked(self) -> str:
        """The form and the period it asks about; the heading of a site has the form."""
        recall = self.assessment.recall
        title = self.instrument.short_title
        if not self.standing.is_rater:
            return f"{recall[:1].upper()}{recall[1:]}." if recall else ""
        return f"{title}, {recall}." if recall and recall not in title else f"{title}."

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zone_for(self.assessment, is_rater=self.standing.is_rater)

    @property
    def chip(self) -> dict[str, str]:
        tone, icon = CHIPS[self.state]
        return {"word": WORDS[self.state], "tone": tone, "icon": icon}


def zone_for(assessment: Assessment, *, is_rater: bool) -> zoneinfo.ZoneInfo:
    """The site's own time; a rater is shown the sponsor's, which tells no site."""
    if is_rater:
        return zoneinfo.ZoneInfo(assessment.trial.sponsor_time_zone)
    return zoneinfo.ZoneInfo(assessment.site.time_zone)


def opened(request: SignedInRequest, uuid: UUID) -> Opened:
    """Fetch an assessment; what does not exist and what is not theirs look alike."""
    user_id = request.user.pk
    assessment = get_object_or_404(assessments_for(user_id), uuid=uuid)
    row = row_of(assessment)
    standing = standings(user_id, [(assessment, row)])[0]
    return Opened(assessment, row, edition_of(row), standing)


def context_of(form: Opened) -> dict[str, Any]:
    """Return what every page of one assessment shows."""
    return {
        "assessment": form.assessment,
        "instrument": form.instrument,
        "standing": form.standing,
        "chip": form.chip,
        "asked": form.asked,
        "is_questionnaire": form.is_questionnaire,
    }


def saved_and_draft(
    request: HttpRequest, form: Opened
) -> tuple[dict[str, int | str], dict[str, int | str]]:
    """Return the saved answers and, while the form is open, this person's draft."""
    saved = answers_of([form.assessment.pk])[form.assessment.pk]
    if not form.takes_answers or request.user.pk is None:
        return saved, {}
    return saved, draft_of(form.assessment, request.user.pk)


def entry_form(
    form: Opened,
    *,
    answers: dict[str, int | str],
    data: Any = None,
    is_correction: bool = False,
) -> EntryForm:
    """Return the form as it starts, or bound to what was typed."""
    today = today_at(form.assessment.site)
    heads: dict[str, Any] = {
        "assessed_on": day_of(form.assessment, today),
        "source": form.assessment.source or form.sources[0],
        "action_taken": form.assessment.alert_action,
    }
    page = EntryForm(
        data,
        instrument=form.instrument,
        sources=form.sources,
        today=today,
        is_correction=is_correction,
        initial=heads | initial_of(answers, form.instrument),
    )
    if form.assessment.assessed_on is None:
        page.offered = frozenset({"assessed_on", "source"})
    return page


def day_of(assessment: Assessment, today: date) -> date:
    """The day that stands in the form before anybody chose one; never a coming one."""
    wanted = assessment.assessed_on or assessment.visit.held_on or assessment.due_on
    return min(wanted, today) if wanted else today


def laid_out(form: Opened, typed: EntryForm) -> list[ShownRun]:
    """Return the items with what stands in them and what is wrong with it."""

    def entered(item: Item) -> Entered:
        errors = [*typed[item.code].errors, *typed[item.code + MISSING].errors]
        return Entered(typed.shown(item), typed.shown_reason(item), errors)

    return runs(form.instrument, entered)


def read_only(form: Opened, answers: dict[str, int | str]) -> list[ShownRun]:
    """Return the items with their saved answers in words."""

    def entered(item: Item) -> Entered:
        answer = answers.get(item.code)
        if isinstance(answer, int):
            return Entered(str(answer), "")
        return Entered("", answer or "")

    return runs(form.instrument, entered)


def needs_action(form: Opened, typed: EntryForm) -> bool:
    """Whether the answers as they stand call for a clinician today."""
    answers: dict[str, int | str] = {}
    for item in form.instrument.items:
        shown = typed.shown(item)
        if shown.isdecimal():
            answers[item.code] = int(shown)
    return calls_for_action(form.instrument, answers)


def progress_of(edition: Instrument, answers: dict[str, int | str]) -> Progress:
    codes = {item.code for item in edition.items}
    return progress(
        edition, {code: each for code, each in answers.items() if code in codes}
    )


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """A signature as a page prints it: name, time with zone, meaning (21 CFR 11.50)."""

    name: str
    at: datetime
    meaning: str


def signatures(form: Opened) -> list[ShownSignature]:
    """Return the signatures on the form, newest first, in the reader's zone."""
    found = signatures_of(TABLE, [form.assessment.pk]).get(str(form.assessment.pk), [])
    return [
        ShownSignature(each.name, each.signed_at.astimezone(form.zone), each.meaning)
        for each in found
    ]
