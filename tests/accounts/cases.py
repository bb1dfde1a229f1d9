"""Of every form that changes a record, one meeting of two people; the medical ones beside."""

from datetime import date, timedelta

from django.urls import reverse

from accounts.vocabulary import Role
from assessments.instruments import instrument
from assessments.models import Assessment
from sessions.models import Visit
from tests.accounts import cases_of_days
from tests.accounts.meetings import (
    CASES,
    REASON,
    SIGNED,
    WHY,
    Form,
    Meeting,
    Stage,
    Typed,
    case,
    two,
    url,
)
from tests.locking import locked
from tests.medical import meetings as medical
from tests.world import PASSWORD, visit_of
from trials.actions import ask_to_reopen, suspend_approval
from trials.models import Delegation

__all__ = ["CASES", "cases_of_days", "medical"]


def later(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()  # noqa: TID251, DTZ011 - as typed


def answers(form: Assessment, value: int) -> Typed:
    edition = instrument(form.instrument, form.version)
    return {item.code: str(value) for item in edition.items}


def completed(form: Assessment) -> Form:
    page = url("assessments:enter", form)
    return Form(Role.COORDINATOR, page, answers(form, 1))


def corrected(form: Assessment) -> Form:
    item = next(iter(answers(form, 1)))
    page = url("assessments:enter", form) + "?correct=1"
    return Form(Role.COORDINATOR, page, {item: "2", "reason": "Misheard"})


@case("adverse_events:amend")
def _amend(stage: Stage) -> Meeting:
    one, other = {"severity": "severe"}, {"severity": "moderate"}
    return two("adverse_events:amend", stage.event, one, other, common=REASON)


def amended(stage: Stage) -> Form:
    page = url("adverse_events:amend", stage.event)
    return Form(Role.COORDINATOR, page, REASON | {"severity": "severe"})


@case("adverse_events:void")
def _void(stage: Stage) -> Meeting:
    page = url("adverse_events:void", stage.event)
    form = Form(Role.INVESTIGATOR, page, {"reason": "Entered twice"})
    return Meeting(form, [amended(stage)])


@case("adverse_events:causality")
def _causality(stage: Stage) -> Meeting:
    page = url("adverse_events:causality", stage.event)
    form = Form(Role.INVESTIGATOR, page, SIGNED | {"relatedness": "possible"})
    return Meeting(form, [amended(stage)], more=SIGNED)


@case("adverse_events:receive")
def _receive(stage: Stage) -> Meeting:
    one, other = {"at": "2025-04-29T10:00"}, {"at": "2025-04-29T12:00"}
    return two(
        *("adverse_events:receive", stage.event, one, other),
        role=Role.MEDICAL_MONITOR,
        more=REASON,
    )


@case("adverse_events:determine")
def _determine(stage: Stage) -> Meeting:
    common = {"suspected": "yes", "at": "2025-04-30T10:00"}
    return two(
        *("adverse_events:determine", stage.event),
        *({"unexpected": "yes"}, {"unexpected": "no"}),
        common=common,
        role=Role.MEDICAL_MONITOR,
        more=REASON,
        before=_receive(stage).saved,
    )


@case("adverse_events:send")
def _send(stage: Stage) -> Meeting:
    one, other = {"at": "2025-04-29T10:00"}, {"at": "2025-04-29T12:00"}
    return two(
        *("adverse_events:send", stage.event, one, other),
        parts=("site_to_sponsor",),
        more=REASON,
    )


@case("participants:eligibility")
def _eligibility(stage: Stage) -> Meeting:
    common = {"source": "Chart", "observed_on": "2025-04-01"}
    one, other = {"fact_symptom_months": "70"}, {"fact_symptom_months": "80"}
    return two(
        *("participants:eligibility", stage.consented, one, other),
        common=common,
        more=REASON,
    )


@case("participants:identity")
def _identity(stage: Stage) -> Meeting:
    common = {"act": "save", "birth_date": "1990-02-03"}
    one, other = {"name": "Ada One"}, {"name": "Ada Two"}
    return two(
        *("participants:identity", stage.consented, one, other),
        common=common,
        more=REASON | {"act": "save"},
    )


@case("randomization:impact")
def _impact(stage: Stage) -> Meeting:
    one, other = {"impact": "None at all"}, {"impact": "The therapist rates nothing"}
    return two(
        *("randomization:impact", stage.unblinding, one, other),
        role=Role.DATA_MANAGER,
        more=REASON,
    )


def exchanged(stage: Stage) -> Meeting:
    typed = {"condition": "damaged", "on": "2025-04-28", "at": "08:50"} | WHY
    return two(
        *("randomization:exchange", visit_of(stage.treated, "dosing_1"), typed, typed),
        parts=("initial",),
        role=Role.PHARMACIST,
    )


case("randomization:exchange")(exchanged)


@case("assessments:enter")
def _enter(stage: Stage) -> Meeting:
    given = answers(stage.questionnaire, 1)
    other = given | {next(iter(given)): "3"}
    return two("assessments:enter", stage.questionnaire, given, other, more=REASON)


@case("assessments:sign")
def _sign(stage: Stage) -> Meeting:
    form = stage.questionnaire
    page, sign = url("assessments:enter", form), url("assessments:sign", form)
    signing = Form(Role.INVESTIGATOR, page, SIGNED, to=sign)
    return Meeting(signing, [corrected(form)], SIGNED, before=[completed(form)])


@case("assessments:signing")
def _signing(stage: Stage) -> Meeting:
    form = stage.questionnaire
    typed = SIGNED | {"chosen": [str(form.uuid)]}
    signing = Form(Role.INVESTIGATOR, reverse("assessments:signing"), typed)
    return Meeting(signing, [corrected(form)], SIGNED, before=[completed(form)])


def not_done(form: Assessment, *, is_second: bool = False) -> Form:
    page = reverse("assessments:not_done", args=[form.visit.uuid, form.code])
    return Form(Role.COORDINATOR, page, WHY, is_second=is_second)


@case("assessments:reopen")
def _reopen(stage: Stage) -> Meeting:
    """Somebody else takes up the missed form, and says again that it was missed."""
    form = stage.questionnaire
    page, reopen = url("assessments:enter", form), url("assessments:reopen", form)
    first = Form(Role.COORDINATOR, page, REASON, to=reopen)
    second = Form(Role.INVESTIGATOR, page, REASON, to=reopen)
    return Meeting(second, [first, not_done(form)], before=[not_done(form)])


@case("assessments:not_done")
def _not_done(stage: Stage) -> Meeting:
    form = not_done(stage.interview, is_second=True)
    return Meeting(form, [reassigned(stage.interview)])


@case("assessments:set_aside")
def _set_aside(stage: Stage) -> Meeting:
    form = stage.interview
    is_second = form.rater_id == stage.world.user(Role.RATER, second=True).pk
    page = url("assessments:set_aside", form)
    rater = Form(Role.RATER, page, WHY, is_second=is_second)
    return Meeting(rater, [not_done(form)], ends="not done and cannot be")


def reassigned(form: Assessment) -> Form:
    page = url("assessments:reassign", form)
    return Form(Role.COORDINATOR, page, WHY | {"due_on": later(3)})


@case("assessments:reassign")
def _reassign(stage: Stage) -> Meeting:
    typed = WHY | {"due_on": later(3)}
    return two("assessments:reassign", stage.interview, typed, typed)


@case("sessions:consent")
def _consent(stage: Stage) -> Meeting:
    common = {
        "form_version": "1.0",
        "signed_on": "2025-03-03",
        "obtained_by": stage.world.user(Role.COORDINATOR).pk,
        "sex": "female",
        "participation": "on",
        "is_able": "on",
    }
    one, other = {"age": "34"}, {"age": "43"}
    return two(
        *("sessions:consent", stage.screened, one, other),
        common=common,
        more=REASON,
        ends="Consent on this version is recorded already",
    )


@case("sessions:agreements")
def _agreements(stage: Stage) -> Meeting:
    common = {"on": "2025-04-01"} | WHY
    one, other = {"code": "recording"}, {"code": "reminders_email"}
    return two("sessions:agreements", stage.consented, one, other, common=common)


@case("sessions:confirm")
def _confirm(stage: Stage) -> Meeting:
    typed = {"source": "Chart", "observed_on": "2025-04-14"}
    typed |= {"fact_ketamine_or_ect_on": "2015-01-01"}
    page = url("participants:eligibility", stage.ready)
    fact = Form(Role.COORDINATOR, page, typed | REASON)
    confirm = url("sessions:confirm", stage.ready)
    signing = Form(Role.INVESTIGATOR, confirm, SIGNED | {"on": "2025-04-21"})
    return Meeting(signing, [fact], more=SIGNED)


@case("sessions:book")
def _book(stage: Stage) -> Meeting:
    visit = visit_of(stage.enrolled, "prep_1")
    one, other = {"on": later(1)}, {"on": later(2)}
    return two("sessions:book", visit, one, other, more=REASON)


def booked(visit: Visit, days: int, **more: str) -> Form:
    return Form(
        Role.COORDINATOR, url("sessions:book", visit), {"on": later(days)} | more
    )


@case("sessions:unbook")
def _unbook(stage: Stage) -> Meeting:
    page = url("sessions:book", stage.extra)
    form = Form(Role.INVESTIGATOR, page, {}, to=url("sessions:unbook", stage.extra))
    return Meeting(form, [booked(stage.extra, 5, **REASON)])


@case("sessions:hold")
def _hold(stage: Stage) -> Meeting:
    visit = visit_of(stage.enrolled, "prep_1")
    one, other = {"on": "2025-03-31"}, {"on": "2025-04-01"}
    return two("sessions:hold", visit, one, other, more=REASON)


@case("sessions:miss")
def _miss(stage: Stage) -> Meeting:
    visit = visit_of(stage.enrolled, "prep_1")
    typed = WHY | {"on": "2025-04-02"}
    form = Form(Role.INVESTIGATOR, url("sessions:miss", visit), typed)
    return Meeting(form, [booked(visit, 1)])


@case("sessions:reinstate")
def _reinstate(stage: Stage) -> Meeting:
    visit = visit_of(stage.ready, "prep_3")
    typed = {"on": "2025-04-22"} | REASON
    first = Form(Role.COORDINATOR, url("sessions:hold", visit), typed)
    second = Form(Role.INVESTIGATOR, url("sessions:reinstate", visit), WHY)
    return Meeting(second, [first])


@case("sessions:session")
def _session(stage: Stage) -> Meeting:
    common = {
        "lead_therapist": stage.world.user(Role.THERAPIST).pk,
        "started": "09:00",
        "ended_on": "2025-03-31",
        "ended": "10:30",
    }
    one, other = {"note": "Calm"}, {"note": "Restless"}
    return two(
        *("sessions:session", visit_of(stage.ready, "prep_1"), one, other),
        common=common,
        more=REASON,
    )


@case("sessions:cancel")
def _cancel(stage: Stage) -> Meeting:
    form = Form(Role.INVESTIGATOR, url("sessions:cancel", stage.extra), WHY)
    return Meeting(form, [booked(stage.extra, 5, **REASON)])


@case("sessions:give_dose")
def _give_dose(stage: Stage) -> Meeting:
    visit = visit_of(stage.treated, "dosing_1")
    to = url("sessions:give_dose", visit, "initial")
    typed = {
        "on": "2025-04-28",
        "at": "09:00",
        "given_by": stage.world.user(Role.THERAPIST).pk,
        "witnessed_by": stage.world.user(Role.COORDINATOR).pk,
    }
    one, other = (typed | {"capsules": number} for number in ("1", "2"))
    page = url("sessions:dosing", visit)
    first = Form(Role.THERAPIST, page, one, to=to)
    second = Form(Role.INVESTIGATOR, page, other, to=to)
    return Meeting(second, [first], more=REASON)


@case("sessions:withhold_dose")
def _withhold_dose(stage: Stage) -> Meeting:
    visit = visit_of(stage.treated, "dosing_1")
    page, to = (
        url("sessions:dosing", visit),
        url("sessions:withhold_dose", visit, "initial"),
    )
    typed = {"why": "vital_signs", "note": "190/110 at 08:50"}
    form = Form(Role.THERAPIST, page, typed, to=to)
    return Meeting(form, exchanged(stage).saved)


@case("trials:end_delegation")
def _end_delegation(stage: Stage) -> Meeting:
    user = stage.world.user(Role.THERAPIST, second=True)
    line = Delegation.objects.get(user=user)
    one, other = {"on": later(20)}, {"on": later(30)}
    return two(
        *("trials:end_delegation", line, one, other),
        role=Role.DATA_MANAGER,
        common=REASON,
    )


@case("trials:lift")
def _lift(stage: Stage) -> Meeting:
    by = stage.world.actor(Role.DATA_MANAGER)
    site, on = stage.world.elsewhere, date(2025, 4, 1)
    pause = suspend_approval(site=site, on=on, why="Letter of the IRB", by=by)
    one, other = {"on": later(-2)}, {"on": later(-1)}
    return two(
        *("trials:lift", pause, one, other),
        role=Role.DATA_MANAGER,
        common=REASON,
        ends="It was lifted already",
    )


@case("trials:agree")
def _agree(stage: Stage) -> Meeting:
    locked(stage.world)
    asked = ask_to_reopen(
        trial=stage.world.trial,
        why="A transcription",
        days=3,
        password=PASSWORD,
        by=stage.world.actor(Role.DATA_MANAGER),
    )
    return two(
        *("trials:agree", asked, {}, {}),
        role=Role.MEDICAL_MONITOR,
        common=SIGNED,
        more=SIGNED,
        ends="This request was answered or replaced",
    )
