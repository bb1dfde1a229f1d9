"""The dosing page: kits, the two doses with their actual times, and doses withheld."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.editing import Edit, edited
from accounts.http import SignedInRequest, acts_by_post, attempted
from accounts.vocabulary import Permission
from sessions import actions
from sessions.access import doses_of, standings_of
from sessions.dosing import (
    SUPPLEMENT_WORDS,
    WORDS,
    Administration,
    Gate,
    SessionRecord,
    Standing,
    SupplementState,
    SupplementWindow,
    stands_in_the_way,
    supplement_state,
    who_dispenses,
)
from sessions.forms import GiveForm, WithholdForm
from sessions.models import DoseAdministration, Visit
from sessions.views.reasons import reason_box
from sessions.views.visits import found
from trials.access import definition_of, local_time, may
from trials.protocol import ProtocolDefinition

_CHIPS = {
    "given": {"tone": "good", "word": "Given", "icon": "check-circle"},
    "withheld": {"tone": "due", "word": "Withheld", "icon": "slash-circle"},
    "ready": {"tone": "accent", "word": "Kit dispensed", "icon": "box-seam"},
    "none": {"tone": "plain", "word": "No kit yet", "icon": "circle"},
}
_GATE_CHIPS: Mapping[bool | None, dict[str, str]] = {
    True: {"tone": "good", "word": "Met", "icon": "check-circle"},
    False: {"tone": "late", "word": "Not met", "icon": "x-circle"},
    None: {"tone": "due", "word": "Not recorded", "icon": "question-circle"},
}
_WINDOW_CHIPS = {
    SupplementState.NO_INITIAL_DOSE: ("plain", "hourglass-split"),
    SupplementState.NOT_YET: ("plain", "clock"),
    SupplementState.OPEN: ("good", "unlock"),
    SupplementState.CLOSED: ("due", "lock"),
}


@dataclass(frozen=True, slots=True)
class _Window:
    """The supplement's window as the page says it, in the site's time."""

    chip: dict[str, str]
    opens_at: datetime | None
    closes_at: datetime | None
    minutes: int | None
    is_open: bool
    rule: str


@dataclass(slots=True)
class _Panel:
    """One administration on the page: what is on record, and what can be done."""

    part: str
    words: str
    dose: DoseAdministration
    chip: dict[str, str]
    given_at: datetime | None
    window: _Window | None
    standing: Standing
    in_the_way: tuple[str, ...]
    give_edit: Edit[GiveForm] | None = None
    give_box: dict[str, Any] | None = None
    withhold_edit: Edit[WithholdForm] | None = None

    @property
    def give(self) -> GiveForm | None:
        return self.give_edit.form if self.give_edit else None

    @property
    def withhold(self) -> WithholdForm | None:
        return self.withhold_edit.form if self.withhold_edit else None


@require_safe
def dosing(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Show the dosing session of a visit."""
    visit = _dosing_visit(request, uuid)
    return _page(request, visit, _panels(request, visit))


@acts_by_post(page="sessions:dosing", key="uuid")
def give_dose(request: SignedInRequest, uuid: UUID, part: str) -> HttpResponse:
    """Record that a dose was given, or correct it."""
    visit = _dosing_visit(request, uuid)
    panels = _panels(request, visit, posted="give", part=part)
    edit = panels[part].give_edit
    if edit is None:
        raise Http404
    form = edit.form

    def act() -> None:
        data = form.cleaned_data
        dose = actions.GivenDose(
            visit=visit,
            part=part,
            given_at=form.moment(),
            capsules=data["capsules"],
            given_by=data["given_by"],
            witnessed_by=data["witnessed_by"],
            explanation=data.get("explanation", ""),
        )
        reason = data.get("reason", "")
        actions.give_doses(doses=[dose], by=request.actor, reason=reason)

    if attempted(form, edit.guarded(act)):
        messages.success(request, f"{panels[part].words} is recorded.")
        return redirect("sessions:dosing", uuid=visit.uuid)
    panels[part].give_box = reason_box(form)
    return _page(request, visit, panels)


@acts_by_post(page="sessions:dosing", key="uuid")
def withhold_dose(request: SignedInRequest, uuid: UUID, part: str) -> HttpResponse:
    """Record that a dose was not given, and why."""
    visit = _dosing_visit(request, uuid)
    panels = _panels(request, visit, posted="withhold", part=part)
    edit = panels[part].withhold_edit
    if edit is None:
        raise Http404
    form = edit.form

    def act() -> None:
        step = panels[part].dose.step or form.step()
        dose = actions.WithheldDose(visit, part, step, form.reason())
        actions.withhold_doses(doses=[dose], by=request.actor)

    if attempted(form, edit.guarded(act)):
        messages.success(request, f"{panels[part].words} is recorded as withheld.")
        return redirect("sessions:dosing", uuid=visit.uuid)
    return _page(request, visit, panels)


def _dosing_visit(request: SignedInRequest, uuid: UUID) -> Visit:
    visit = found(request, uuid)
    if visit.kind != "dosing":
        raise Http404
    return visit


def _page(
    request: SignedInRequest, visit: Visit, panels: dict[str, _Panel]
) -> HttpResponse:
    context = {
        "visit": visit,
        "panels": panels.values(),
        "gates": _gate_lines(next(iter(panels.values())).standing),
        "who_dispenses": who_dispenses(),
        "may_dispense": may(request.user.pk, Permission.DISPENSE, visit.site),
        "may_record": may(request.user.pk, Permission.RECORD_DOSE, visit.site),
    }
    return render(request, "sessions/dosing.html", context)


def _gate_lines(standing: Standing) -> list[dict[str, str]]:
    """Return what must be true before a dose: the gates that the act refuses on."""
    stops = standing.is_stopped_by
    treatment = (
        f"Treatment: {', '.join(stops)}" if stops else "Treatment is not stopped"
    )
    gates = (*standing.gates, Gate(treatment, is_met=not stops))
    return [_GATE_CHIPS[gate.is_met] | {"sentence": f"{gate.label}."} for gate in gates]


def _panels(
    request: SignedInRequest, visit: Visit, *, posted: str = "", part: str = ""
) -> dict[str, _Panel]:
    """Return both administrations, the form that was posted bound to what was typed."""
    if part not in {"", *Administration}:
        raise Http404
    definition = definition_of(visit.protocol_version)
    rows = {row.part: row for row in doses_of(visit)}
    record = _record(visit, rows)
    has_supplement = definition.dosing is not None and definition.dosing.supplement
    kinds = [kind for kind in Administration if kind == "initial" or has_supplement]
    panels = {}
    for kind in kinds:
        dose = rows.get(kind.value) or DoseAdministration(visit=visit, part=kind.value)
        panel = _panel(visit, dose, record, definition=definition)
        sent = posted if part == kind else ""
        if may(request.user.pk, Permission.RECORD_DOSE, visit.site):
            _offer(panel, visit, definition, sent=sent, request=request)
        panels[kind.value] = panel
    return panels


def _record(
    visit: Visit, rows: dict[str, DoseAdministration]
) -> dict[str, SessionRecord]:
    """Return for each administration what the pure rules ask of the session."""
    initial = rows.get(Administration.INITIAL)
    supplement = rows.get(Administration.SUPPLEMENT)
    standing = standings_of([visit]).get(visit.pk, Standing())
    return {
        kind.value: SessionRecord(
            initial_at=initial.given_at if initial else None,
            supplement_at=supplement.given_at if supplement else None,
            initial_is_withheld=bool(initial and initial.withheld_reason),
            supplement_is_withheld=bool(supplement and supplement.withheld_reason),
            has_kit=bool(rows.get(kind.value) and rows[kind.value].kit_number),
            # The form asks for the second person, so it never waits for one.
            has_second_signature=True,
            standing=standing,
        )
        for kind in Administration
    }


def _panel(
    visit: Visit,
    dose: DoseAdministration,
    record: dict[str, SessionRecord],
    *,
    definition: ProtocolDefinition,
) -> _Panel:
    kind = Administration(dose.part)
    is_settled = bool(dose.given_at or dose.withheld_reason)
    standing = "ready" if dose.kit_number else "none"
    if is_settled:
        standing = "given" if dose.given_at else "withheld"
    in_the_way = () if is_settled else stands_in_the_way(kind, record[kind.value])
    if visit.held_on is None:
        in_the_way = ("This visit is not recorded as held yet.", *in_the_way)
    is_supplement = kind is Administration.SUPPLEMENT
    return _Panel(
        part=kind.value,
        words=WORDS[kind],
        dose=dose,
        chip=_CHIPS[standing],
        given_at=local_time(visit.site, dose.given_at) if dose.given_at else None,
        window=(
            _window(visit, record[kind.value].initial_at, definition)
            if is_supplement
            else None
        ),
        standing=record[kind.value].standing,
        in_the_way=in_the_way,
    )


def _window(
    visit: Visit, initial_at: datetime | None, definition: ProtocolDefinition
) -> _Window | None:
    if definition.dosing is None or definition.dosing.supplement is None:
        return None
    rule = definition.dosing.supplement
    window: SupplementWindow = supplement_state(
        initial_at,
        timezone.now(),
        opens_min=rule.opens_minutes,
        closes_min=rule.closes_minutes,
    )
    tone, icon = _WINDOW_CHIPS[window.state]
    return _Window(
        chip={"tone": tone, "word": SUPPLEMENT_WORDS[window.state], "icon": icon},
        opens_at=window.opens_at and local_time(visit.site, window.opens_at),
        closes_at=window.closes_at and local_time(visit.site, window.closes_at),
        minutes=window.minutes,
        is_open=window.state is SupplementState.OPEN,
        rule=f"{rule.opens_minutes} to {rule.closes_minutes} minutes after the initial "
        "dose",
    )


def _offer(
    panel: _Panel,
    visit: Visit,
    definition: ProtocolDefinition,
    *,
    sent: str,
    request: SignedInRequest,
) -> None:
    """Add the forms for what can be recorded of this dose now."""
    if visit.held_on is None:
        return
    if panel.dose.given_at or not (panel.in_the_way or panel.dose.withheld_reason):
        give = partial(GiveForm, dose=panel.dose, site=visit.site, by=request.user)
        panel.give_edit = edited(
            request,
            partial(give, held_on=visit.held_on),
            rows=[panel.dose],
            zone=visit.site.time_zone,
            is_sent=sent == "give",
        )
        panel.give_box = reason_box(panel.give_edit.form)
    if not panel.dose.given_at and not panel.dose.withheld_reason:
        known = definition.visits_by_code
        planned = known[visit.code].dose if visit.code in known else ()
        choices = definition.dosing.withheld_reasons if definition.dosing else ()
        panel.withhold_edit = edited(
            request,
            partial(
                WithholdForm,
                part=panel.part,
                steps=(panel.dose.step,) if panel.dose.step else planned,
                reasons=[(choice.code, choice.label) for choice in choices],
            ),
            rows=[panel.dose],
            is_whole=True,
            is_sent=sent == "withhold",
        )
