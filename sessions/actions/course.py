"""The participant's steps through the trial, each with the plan that follows from it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants import actions as course
from participants.actions import (
    Confirmation,
    ConsentDecision,
    NewConsent,
    Step,
    Withdrawal,
)
from participants.actions.batch import place_of, reason_of, subject_of
from participants.lifecycle import Treatment
from participants.models import Participant
from sessions.actions.planning import Today, latest_days, replan
from sessions.models import DoseAdministration


def consent(
    *,
    consents: Sequence[NewConsent],
    by: AnyActor,
    reason: str = "",
    today: date | None = None,
) -> None:
    """Record signed consent, and plan the first visits from its day.

    Never of the day of a dose or the day after it: who is under its influence decides
    nothing (CON-04; a whole day is a cautious guess, unverified).
    """
    people = [item.participant for item in consents]
    on = latest_days(days=((item.participant.pk, item.signed_on) for item in consents))
    with acting(
        "record consent",
        by=by,
        reason=reason,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        _refuse_after_dose(consents)
        course.record_consents(consents=consents, by=by, reason=reason)
        replan(participants=people, today=today or on, by=by)


def _refuse_after_dose(consents: Sequence[NewConsent]) -> None:
    given = DoseAdministration.objects.filter(
        participant__in={item.participant.pk for item in consents},
        given_at__isnull=False,
    ).values_list("participant_id", "visit__held_on")
    dosed = {
        (person, on + timedelta(days=days))
        for person, on in given
        if on is not None  # a dose is only ever recorded at a held visit
        for days in (0, 1)
    }
    for item in consents:
        if (item.participant.pk, item.signed_on) in dosed:
            raise Refused(
                f"{item.participant.number} had a dose on that day or the day before, and "
                "whoever is under its influence cannot consent. Ask on a later day."
            )


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


def enter_stages(*, step: Step, revealed: str, by: AnyActor) -> None:
    """Plan the stages that waited for a planned unblinding, by what it revealed.

    Theirs open from its day, those of others are ruled out.
    """
    person = step.participant
    with acting(
        "plan what was revealed",
        by=by,
        subject=person.number,
        place=place_of(participants=[person]),
    ):
        course.mark_unblinded(steps=[step], by=by)
        told = {person.pk: revealed}
        replan(participants=[person], today=step.on, by=by, revealed=told)


def discontinue_treatment(
    *, steps: Sequence[Step], by: AnyActor, today: date | None = None
) -> None:
    """Stop treatment, not the study: dosing is cancelled, assessments go on.

    The two are separate decisions of separate days (ICH E9(R1) A.3.2).
    """
    _step("stop treatment", course.discontinue_treatment, steps, by=by, today=today)


def withdraw(
    *, steps: Sequence[Withdrawal], by: AnyActor, today: date | None = None
) -> None:
    """Record that participants left the study, with their reasons.

    Treatment that runs ends with it; visits that the protocol keeps stay planned for
    those who allow it.
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
