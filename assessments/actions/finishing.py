"""Recording that somebody completed the trial, with what is missing explained."""

from collections.abc import Sequence
from datetime import date

from assessments.access import counted, lacks_of
from audit.actors import AnyActor
from audit.refusal import ReasonNeeded
from audit.trail import acting
from participants.actions import Step
from participants.actions.batch import place_of, subject_of
from sessions import actions as course


def complete_trial(
    *,
    steps: Sequence[Step],
    by: AnyActor,
    explanation: str = "",
    today: date | None = None,
) -> None:
    """Record that participants completed the trial.

    Raises `ReasonNeeded` where visits or forms are missing and nobody says why that is
    right; the explanation stands on the trail (ICH E6(R3) 4.2.2: missing data are to be
    seen and resolved).
    """
    people = [step.participant for step in steps]
    missing = lacks_of(people)
    if any(missing.values()) and len(explanation.strip()) < 3:
        raise ReasonNeeded(f"{counted(missing)} Say why it is complete all the same.")
    with acting(
        "complete",
        by=by,
        reason=explanation,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        course.complete(steps=steps, by=by, today=today)
