"""Booking a visit, and recording that it was held or missed, or its therapy session."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest, acts_by_post, attempted
from accounts.vocabulary import Permission
from audit.refusal import Changed, Refused
from sessions import actions
from sessions.access import visits_for
from sessions.drawing.windows import PlannedWindow, WindowBar, day_text, window_bar
from sessions.forms import BookForm, HoldForm, MissForm, ReinstateForm, SessionForm
from sessions.lifecycle import WORDS, Move, State, is_late, moved
from sessions.models import TherapySession, Visit
from sessions.views.reasons import RESCHEDULING, reason_box
from trials.access import today_at

_Form = TypeVar("_Form", bound=forms.Form)


@require_http_methods(["GET", "POST"])
def book(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Put a visit on the calendar, or move it there."""
    visit = found(request, uuid)
    today = today_at(visit.site)
    edit = _edit(request, visit, lambda data: BookForm(data, visit=visit, today=today))
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        booking = actions.Booking(visit, data["on"], data["time"], data["mode"])
        actions.book(
            bookings=[booking],
            by=request.actor,
            reason=data.get("reason", ""),
            today=today,
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        on = day_text(form.cleaned_data["on"])
        messages.success(request, f"{_name(visit)} is booked for {on}.")
        return to(visit)
    is_booked = visit.state == State.BOOKED
    return page(
        request,
        visit,
        edit,
        obstacle=obstacle_to(visit, Move.BOOK),
        heading="Change booking" if is_booked else "Book",
        button="Change booking" if is_booked else "Book visit",
        can_unbook=is_booked,
        why=RESCHEDULING,
    )


@acts_by_post(page="workbench:visit", key="uuid")
def unbook(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take a visit off the calendar."""
    visit = found(request, uuid)
    edit = _edit(request, visit, forms.Form, is_whole=True)
    try:
        if edit.form.errors:
            raise Changed(edit.form.non_field_errors()[0])
        with edit.guard():
            actions.book(
                bookings=[actions.Booking(visit, None)],
                by=request.actor,
                today=today_at(visit.site),
            )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{_name(visit)} is off the calendar.")
    return to(visit)


@require_http_methods(["GET", "POST"])
def hold(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record that a visit was held, or correct its day."""
    visit = found(request, uuid)
    today = today_at(visit.site)
    edit = _edit(request, visit, lambda data: HoldForm(data, visit=visit, today=today))
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        holding = actions.Holding(visit, data["on"], data["mode"], data["explanation"])
        actions.hold(
            holdings=[holding],
            by=request.actor,
            reason=data.get("reason", ""),
            today=today,
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        on = day_text(form.cleaned_data["on"])
        messages.success(request, f"{_name(visit)} is recorded as held on {on}.")
        return to(visit)
    is_held = visit.state == State.HELD
    return page(
        request,
        visit,
        edit,
        obstacle="" if is_held else obstacle_to(visit, Move.HOLD),
        heading="Correct the day held" if is_held else "Record as held",
        button="Save correction" if is_held else "Record visit",
        can_reinstate=is_held,
    )


@require_http_methods(["GET", "POST"])
def miss(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record that a visit did not take place."""
    visit = found(request, uuid)
    today = today_at(visit.site)
    # Its form shows nothing of the visit: what became of it is to be looked at.
    make = partial(MissForm, today=today)
    edit = _edit(request, visit, make, is_whole=True)
    form = edit.form

    def act() -> None:
        missed = actions.Miss(visit, form.cleaned_data["why"], form.cleaned_data["on"])
        actions.miss(misses=[missed], by=request.actor, today=today)

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"{_name(visit)} is recorded as missed.")
        return to(visit)
    return page(
        request,
        visit,
        edit,
        obstacle=obstacle_to(visit, Move.MARK_MISSED),
        heading="Record as missed",
        button="Record missed visit",
    )


@require_http_methods(["GET", "POST"])
def reinstate(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Undo that a visit was recorded as held or missed."""
    visit = found(request, uuid)
    edit = _edit(request, visit, ReinstateForm, is_whole=True)
    form = edit.form

    def act() -> None:
        actions.reinstate(
            visits=[visit],
            by=request.actor,
            reason=form.cleaned_data["why"],
            today=today_at(visit.site),
        )

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"{_name(visit)} is planned again.")
        return to(visit)
    return page(
        request,
        visit,
        edit,
        obstacle=obstacle_to(visit, Move.REINSTATE),
        heading="Undo this record",
        button="Plan visit again",
    )


@require_http_methods(["GET", "POST"])
def session(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Record the therapy session of a visit that was held, or correct it."""
    visit = found(request, uuid)
    if visit.kind not in actions.SESSION_KINDS:
        raise Http404
    if visit.held_on is None:
        messages.warning(request, f"Record first that {_name(visit)} was held.")
        return redirect("sessions:hold", uuid=visit.uuid)
    saved = TherapySession.objects.filter(visit=visit).first()
    make = partial(SessionForm, visit=visit, held_on=visit.held_on, session=saved)
    edit = _edit(request, visit, make, rows=[saved] if saved else [])
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        started_at, ended_at = form.moments()
        new = actions.NewSession(
            visit=visit,
            lead_therapist=data["lead_therapist"],
            co_therapist=data["co_therapist"],
            started_at=started_at,
            ended_at=ended_at,
            note=data["note"],
        )
        reason = data.get("reason", "")
        actions.record_sessions(sessions=[new], by=request.actor, reason=reason)

    if request.method == "POST" and attempted(form, edit.guarded(act)):
        messages.success(request, f"The session of {_name(visit)} is saved.")
        return to(visit)
    return page(
        request,
        visit,
        edit,
        heading="Therapy session",
        button="Save correction" if saved else "Save session",
    )


def _edit(
    request: SignedInRequest,
    visit: Visit,
    make: Callable[..., _Form],
    *,
    rows: Sequence[Model] | None = None,
    is_whole: bool = False,
) -> Edit[_Form]:
    """Return the form of an act on a visit, or on `rows` of it, and their version."""
    return edited(
        request,
        make,
        rows=[visit] if rows is None else rows,
        zone=visit.site.time_zone,
        is_whole=is_whole,
    )


def found(
    request: SignedInRequest,
    uuid: UUID,
    permission: Permission = Permission.RECORD_VISITS,
) -> Visit:
    """Return the visit for a person who may change it; anybody else finds nothing."""
    return get_object_or_404(visits_for(request.user.pk, permission), uuid=uuid)


def to(visit: Visit) -> HttpResponse:
    return redirect("workbench:visit", uuid=visit.uuid)


def page(
    request: SignedInRequest, visit: Visit, edit: Edit[Any], **more: Any
) -> HttpResponse:
    """Show the page of one act on a visit, with its window in sight."""
    form = edit.form
    context = {
        "visit": visit,
        "edit": edit,
        "form": form,
        "box": reason_box(form, **more.pop("why", {})),
        "state": _standing(visit),
        "bar": bar_of(visit),
        **more,
    }
    return render(request, "sessions/visit_act.html", context)


def _standing(visit: Visit) -> str:
    """Return where a visit stands, in the word that every other page has for it."""
    today = today_at(visit.site)
    if is_late(visit.state, visit.plan, closes=visit.closes, today=today):
        return "Overdue"
    return WORDS[State(visit.state)]


def bar_of(visit: Visit) -> WindowBar | None:
    """Return the drawing of a visit's window; None where it has no window to draw."""
    if visit.opens is None or visit.target is None or visit.closes is None:
        return None
    if not visit.opens <= visit.target <= visit.closes:
        return None
    return window_bar(
        PlannedWindow(visit.opens, visit.target, visit.closes),
        today=today_at(visit.site),
        booked_on=visit.booked_on,
        held_on=visit.held_on,
        width=240,
    )


def obstacle_to(visit: Visit, move: Move) -> str:
    """Return why the visit does not allow the act from where it stands."""
    try:
        # Whether a reason is given is for the form to ask, not for the page.
        moved(State(visit.state), move, reason="not asked yet")
    except Refused as refusal:
        return str(refusal)
    if move is not Move.REINSTATE and visit.plan in {"waiting", "if_needed", "not_for"}:
        return f"{_name(visit)} is not expected. {visit.why}".rstrip()
    return ""


def _name(visit: Visit) -> str:
    return f"Visit {visit.called}"
