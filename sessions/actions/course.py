"""The participant's steps through the trial, each with the plan that follows from it."""

from collections.abc import Callable, Sequence
from datetime import date

from audit.actors import AnyActor
from audit.trail import acting
from participants import actions as course
from participants.actions import Confirmation, ConsentDecision, NewConsent, Step
from participants.actions.batch import place_of, reason_of, subject_of
from participants.lifecycle import Treatment
from participants.models import Participant
from sessions.actions.planning import Today, latest_days, replan


def consent(
    *,
    consents: Sequence[NewConsent],
    by: AnyActor,
    reason: str = "",
    today: date | None = None,
) -> None:
    """Record signed consent, and plan the first visits from its day."""
    people = [item.participant for item in consents]
    on = latest_days(days=((item.participant.pk, item.signed_on) for item in consents))
    with acting(
        "record consent",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        course.record_consents(consents=consents, by=by, reason=reason)
        replan(participants=people, today=today or on, by=by)


def decide_consent_items(
    *,
    decisions: Sequence[ConsentDecision],
    by: AnyActor,
    reason: str,
    today: date | None = None,
) -> None:
    """Record what was agreed to or taken back, and plan anew: a stage may wait for it."""
    people = [item.participant for item in decisions]
    on = latest_days(days=((item.participant.pk, item.on) for item in decisions))
    with acting(
        "change consent",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        course.decide_consent_items(decisions=decisions, by=by, reason=reason)
        replan(participants=people, today=today or on, by=by)


def enroll(*, steps: Sequence[Step], by: AnyActor, today: date | None = None) -> None:
    """Enroll participants, and plan from the day of enrollment."""
    _step("enroll", course.enroll, steps, by=by, today=today)


def fail_screening(
    *, steps: Sequence[Step], by: AnyActor, today: date | None = None
) -> None:
    """Record screen failures with their reasons; what was planned is cancelled."""
    _step("record screen failure", course.fail_screening, steps, by=by, today=today)


def discontinue_treatment(
    *, steps: Sequence[Step], by: AnyActor, today: date | None = None
) -> None:
    """Stop treatment, not the study: dosing is cancelled, assessments go on.

    The two are separate decisions of separate days (ICH E9(R1) A.3.2).
    """
    _step("stop treatment", course.discontinue_treatment, steps, by=by, today=today)


def withdraw(*, steps: Sequence[Step], by: AnyActor, today: date | None = None) -> None:
    """Record that participants left the study, with their reasons.

    Treatment that runs ends with it; visits that the protocol keeps stay planned.
    """
    _step("withdraw", course.withdraw, steps, by=by, today=today)


def complete(*, steps: Sequence[Step], by: AnyActor, today: date | None = None) -> None:
    """Record that participants completed the trial; treatment still on is finished."""
    people = [step.participant for step in steps]
    with acting(
        "complete",
        by=by,
        reason=reason_of(reasons=[step.reason for step in steps]),
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        finishing = _of_those_on_treatment(steps)
        if finishing:
            course.finish_treatment(steps=finishing, by=by)
        course.complete(steps=steps, by=by)
        replan(participants=people, today=_today(steps, today), by=by)


def confirm_enrollment(
    *,
    confirmations: Sequence[Confirmation],
    password: str,
    by: AnyActor,
    milestone: str = "confirmation",
    today: date | None = None,
) -> None:
    """Have the investigator sign eligibility, and plan on from there."""
    people = [item.participant for item in confirmations]
    with acting(
        "confirm enrollment",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        course.confirm_eligibility(
            confirmations=confirmations, milestone=milestone, password=password, by=by
        )
        on = latest_days(
            days=((item.participant.pk, item.on) for item in confirmations)
        )
        replan(participants=people, today=today or on, by=by)


def _step(
    verb: str,
    move: Callable[..., object],
    steps: Sequence[Step],
    *,
    by: AnyActor,
    today: date | None,
) -> None:
    people = [step.participant for step in steps]
    with acting(
        verb,
        by=by,
        reason=reason_of(reasons=[step.reason for step in steps]),
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        move(steps=steps, by=by)
        replan(participants=people, today=_today(steps, today), by=by)


def _today(steps: Sequence[Step], today: date | None) -> Today:
    return today or latest_days(days=((step.participant.pk, step.on) for step in steps))


def _of_those_on_treatment(steps: Sequence[Step]) -> list[Step]:
    """Return the steps of those whose treatment is on now, not when they were read."""
    ids = {step.participant.pk for step in steps}
    found = Participant.objects.filter(pk__in=ids, treatment=Treatment.ON)
    on_treatment = set(found.values_list("pk", flat=True))
    return [step for step in steps if step.participant.pk in on_treatment]
