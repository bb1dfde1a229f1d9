"""Two people on one form: whoever is second compares, and loses nothing that was typed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import QueryDict

from accounts.editing import SEEN, Edit, edited, text_of, words_of
from accounts.http import SignedInRequest
from assessments.access import answers_of, draft_of
from assessments.answers import Answer
from assessments.forms import EntryForm
from assessments.instruments.base import MISSING_REASON_WORDS
from assessments.lifecycle import State
from assessments.models import ItemResponse
from assessments.views.opening import Opened, entry_form

_MOST_NAMED = 40


def entry_edit(
    request: SignedInRequest, form: Opened, *, is_correction: bool
) -> Edit[EntryForm]:
    """Return the entry form with the version of what is saved; a draft is no version."""

    def make(data: QueryDict | None) -> EntryForm:
        pk = form.assessment.pk
        return entry_form(
            form,
            answers=answers_of([pk])[pk] if data is None else {},
            data=data,
            is_correction=is_correction,
        )

    return edited(
        request,
        make,
        rows=[form.assessment, *_responses(form)],
        zone=form.zone.key,
    )


def act_edit(
    request: SignedInRequest, form: Opened, make: Any, *, is_sent: bool
) -> Edit[forms.Form]:
    """Return the form of an act on an assessment as it stands: to sign it, to reopen it."""
    return edited(
        request,
        make,
        rows=[form.assessment, *_responses(form)],
        zone=form.zone.key,
        is_whole=True,
        is_sent=is_sent,
    )


def _responses(form: Opened) -> list[ItemResponse]:
    return list(ItemResponse.objects.filter(assessment=form.assessment))


def say_what_was_typed(request: SignedInRequest, form: Opened) -> None:
    """Tell what was sent for a form that takes no answers any more, and what differs."""
    if request.method != "POST" or SEEN not in request.POST:
        return
    saved = entry_form(
        form, answers=answers_of([form.assessment.pk])[form.assessment.pk]
    )
    typed = entry_form(form, answers={}, data=request.POST)
    differing = [
        f"{saved[name].label}: yours {words_of(typed[name]) or 'nothing'}, "
        f"saved {words_of(saved[name]) or 'nothing'}"
        for name in saved.fields
        if name in request.POST
        and name != "reason"
        and text_of(typed[name]) != text_of(saved[name])
    ]
    _tell(request, "Somebody closed this form while you had it open.", differing)


def say_what_is_left(request: SignedInRequest, form: Opened) -> None:
    """Tell what this person had typed into a form that somebody else then completed."""
    if request.method == "POST" or form.state is not State.COMPLETE:
        return
    if not form.sources:
        return
    draft = draft_of(form.assessment, request.user.pk)
    saved = answers_of([form.assessment.pk])[form.assessment.pk]
    labels = {
        item.code: str(entry_form(form, answers={})[item.code].label)
        for item in form.instrument.items
    }
    differing = [
        f"{labels[code]}: yours {_words(draft[code])}, saved {_words(saved.get(code))}"
        for code in labels
        if code in draft and draft[code] != saved.get(code)
    ]
    if differing:
        _tell(request, "Somebody else completed this form.", differing)


def _tell(request: SignedInRequest, what: str, differing: list[str]) -> None:
    if not differing:
        messages.info(request, f"{what} It has the same answers as yours.")
        return
    more = len(differing) - _MOST_NAMED
    listed = ". ".join(differing[:_MOST_NAMED]) + (
        f" and {more} more" if more > 0 else ""
    )
    messages.warning(
        request,
        f"{what} What you typed is not saved where it differs. {listed}. To enter it, "
        "correct the form; a signed one is reopened first.",
    )


def _words(answer: Answer | None) -> str:
    known: Mapping[Any, str] = {
        reason.value: words for reason, words in MISSING_REASON_WORDS.items()
    }
    return "nothing" if answer is None else str(known.get(answer, answer))
