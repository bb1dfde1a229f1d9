"""Two people at one medical record or waiver: cases for the conflicts of every form."""

from typing import Any

from django.urls import reverse

from accounts.vocabulary import Role
from medical.actions import NewRecord, record
from medical.models import Record
from medical.vocabulary import Kind
from participants.actions import NewWaiver, grant_waivers
from tests.accounts.meetings import REASON, WHY, Form, Meeting, Stage, case, url
from tests.world import PASSWORD, SCREENED_ON
from trials.access import today_at

ECG = {"source": "Cardiology", "recorded_on": SCREENED_ON, "rate": 60, "qt": 400}


def _ecg(stage: Stage) -> Record:
    by = stage.world.actor(Role.COORDINATOR)
    return record(records=[NewRecord(stage.consented, Kind.ECG, ECG)], by=by)[0]


def _form(role: Role, what: str, row: Record, typed: dict[str, Any]) -> Form:
    return Form(role, reverse(f"medical:{what}", args=[Kind.ECG, row.uuid]), typed)


def _corrected(row: Record, qt: str, role: Role = Role.COORDINATOR) -> Form:
    typed = {"recorded_on": SCREENED_ON.isoformat(), "qt": qt} | REASON
    return _form(role, "correct", row, typed)


@case("medical:correct")
def _correct(stage: Stage) -> Meeting:
    row = _ecg(stage)
    return Meeting(_corrected(row, "420", Role.INVESTIGATOR), [_corrected(row, "410")])


@case("medical:review")
def _review(stage: Stage) -> Meeting:
    row = _ecg(stage)
    typed = {"finding": "not_significant", "reason": "Sinus bradycardia"}
    form = _form(Role.INVESTIGATOR, "review", row, typed)
    return Meeting(form, [_corrected(row, "410")])


@case("medical:void")
def _void(stage: Stage) -> Meeting:
    row = _ecg(stage)
    form = _form(Role.INVESTIGATOR, "void", row, {"reason": "Entered twice"})
    return Meeting(form, [_corrected(row, "410")])


@case("participants:end_waiver")
def _end_waiver(stage: Stage) -> Meeting:
    """Somebody else takes the same waiver back."""
    on = today_at(stage.world.site)
    new = NewWaiver(stage.enrolled, "i1", on, "Asked for by the sponsor")
    by = stage.world.actor(Role.INVESTIGATOR)
    (waiver,) = grant_waivers(waivers=[new], password=PASSWORD, by=by)
    page = url("participants:end_waiver", waiver)
    first = Form(Role.INVESTIGATOR, page, WHY)
    second = Form(Role.INVESTIGATOR, page, WHY, is_second=True)
    return Meeting(second, [first], ends="taken back already")
