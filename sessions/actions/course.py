"""The participant's steps through the trial, each with the plan that follows from it."""

from collections.abc import Callable, Sequence
from datetime import date

from audit.actors import AnyActor
from audit.trail import acting
from participants import actions as course
from participants.actions import Confirmation, NewConsent, Step
from participants.lifecycle import Treatment
from participants.models import Participant
from sessions.actions.entries import numbered, place_of
from sessions.actions.planning import replan


def consent(
    *, consents: Sequence[NewConsent], by: AnyActor, today: date | None = None
) -> None:
    """Record signed consent, and plan the first visits from its day."""
    people = [item.participant for item in consents]
    on = today or max(item.signed_on for item in consents)
    with acting(
        "record consent", by=by, subject=numbered(people), place=place_of(people)
    ):
        course.record_consents(consents=consents, by=by)
        replan(participants=people, today=on, by=by)


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

    Whoever leaves is given no further dose, so treatment that was not over stops with
    it in the same act; otherwise it would stand as "on treatment" for ever.
    """
    people = [step.participant for step in steps]
    with acting(
        "withdraw",
        by=by,
        reason=_reasons(steps),
        subject=numbered(people),
        place=place_of(people),
    ):
        open_ended = _with_treatment(people, Treatment.NOT_STARTED, Treatment.ON)
        stopping = [step for step in steps if step.participant.pk in open_ended]
        if stopping:
            course.discontinue_treatment(steps=stopping, by=by)
        course.withdraw(steps=steps, by=by)
        replan(participants=people, today=_today(steps, today), by=by)


def complete(*, steps: Sequence[Step], by: AnyActor, today: date | None = None) -> None:
    """Record that participants completed the trial; treatment still on is finished."""
    people = [step.participant for step in steps]
    with acting(
        "complete",
        by=by,
        reason=_reasons(steps),
        subject=numbered(people),
        place=place_of(people),
    ):
        on_treatment = _with_treatment(people, Treatment.ON)
        finishing = [step for step in steps if step.participant.pk in on_treatment]
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
        "confirm enrollment", by=by, subject=numbered(people), place=place_of(people)
    ):
        course.confirm_eligibility(
            confirmations=confirmations, milestone=milestone, password=password, by=by
        )
        on = today or max(item.on for item in confirmations)
        replan(participants=people, today=on, by=by)


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
        reason=_reasons(steps),
        subject=numbered(people),
        place=place_of(people),
    ):
        move(steps=steps, by=by)
        replan(participants=people, today=_today(steps, today), by=by)


def _today(steps: Sequence[Step], today: date | None) -> date:
    return today or max(step.on for step in steps)


def _reasons(steps: Sequence[Step]) -> str:
    return "; ".join(dict.fromkeys(step.reason for step in steps if step.reason))


def _with_treatment(people: Sequence[Participant], *states: Treatment) -> set[int]:
    """Return the ids of those whose treatment stands there now, not when they were read."""
    ids = {person.pk for person in people}
    found = Participant.objects.filter(pk__in=ids, treatment__in=states)
    return set(found.values_list("pk", flat=True))
