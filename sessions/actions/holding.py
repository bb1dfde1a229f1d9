"""When a visit may be recorded as held, and what is out of order about its day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from audit.refusal import Refused
from participants.access import has_left_before, settled_in, settled_on
from participants.actions import NewDeviation
from participants.lifecycle import STEP_WORDS, TAKEN_WORDS
from participants.models import Participant
from participants.vocabulary import SAFETY_AFTER_LEAVING
from sessions.actions.entries import ExplanationNeeded
from sessions.drawing.windows import between_text, day_text, days_text
from sessions.lifecycle import Mode, State, modes_of
from sessions.models import Visit
from trials.access import Approvals
from trials.protocol import Event, ProtocolDefinition
from trials.protocol.ordering import ties_of

# Before enrollment nobody is prepared for treatment or measured for the outcome.
_BEFORE_ENROLLMENT = frozenset({"screening", "safety", "unscheduled"})
# Whoever was dosed is not left alone because a paper lapsed.
_FOR_SAFETY = frozenset(
    {"safety", "unscheduled", "call", "integration", "early_termination"}
)
_NOT_EXPECTED = frozenset({"waiting", "if_needed", "not_for"})


@dataclass(frozen=True, slots=True)
class Holding:
    """The day and mode of a visit that took place; explained where outside its window."""

    visit: Visit
    on: date
    mode: str
    explanation: str = ""


def may_be_held(
    *,
    visit: Visit,
    holding: Holding,
    definition: ProtocolDefinition,
    consented_on: date | None,
    waits_for: str,
    counts_from: str,
    today: date,
) -> None:
    """Raise `Refused` with a sentence where the record forbids that this visit was held.

    The checks of the participant's course (DAT-09): consent first, enrollment before
    preparation, confirmation and randomization before a dose, no dose after the end of
    treatment. `waits_for` says what research waits for (`research_waits_for`),
    `counts_from` names the visit that this one is counted from.
    """
    name = visit.called
    refuse_mode(visit=visit, mode=holding.mode)
    if holding.on > today:
        raise Refused(
            f"{day_text(holding.on)} has not come yet. A visit is recorded once it took "
            "place; until then, book it."
        )
    if consented_on is None or holding.on < consented_on:
        when = "" if consented_on is None else f" on {day_text(consented_on)}"
        raise Refused(
            f"Consent comes first: {name} cannot be held before it was signed{when}."
        )
    if waits_for:
        raise Refused(waits_for)
    _refuse_unplanned(visit, holding.on)
    if visit.plan == "provisional" and counts_from:
        raise Refused(
            f"{name} counts from {counts_from}, which is not on record. Record that "
            f"{counts_from} was held or missed first."
        )
    _refuse_before_enrollment(visit, holding.on, definition)
    if visit.kind == "dosing":
        _refuse_dosing(visit, holding.on, definition)


def research_waits_for(
    *, visit: Visit, on: date, signed: Mapping[str, date], approvals: Approvals
) -> str:
    """Return what a visit of research waits for on a day; empty where for nothing.

    The IRB's approval, and consent on the form approved at the site on that day: of
    each version in `signed`, its day. What is done for safety waits for neither
    (21 CFR 50.27, 56.113; 45 CFR 46.113).
    """
    if visit.kind in _FOR_SAFETY:
        return ""
    if obstacle := approvals.obstacle(visit.site_id, on):
        return obstacle
    approval = approvals.on(visit.site_id, on)
    version = approval.form_version if approval else ""
    signed_on = signed.get(version)
    if signed_on is not None and signed_on <= on:
        return ""
    return (
        f"Version {version} of the consent form held at this site on {day_text(on)}, and "
        f"{visit.participant.number} had not signed it by then. Record that consent "
        f"before {visit.called}."
    )


def refuse_mode(*, visit: Visit, mode: str) -> None:
    """Raise `Refused` where a visit of this kind is not held that way."""
    name = visit.called
    if mode not in set(Mode):
        raise Refused(f"Say whether {name} is held in person, by video or by phone.")
    if mode not in modes_of(visit.kind):
        raise Refused(f"{name} is a dosing visit: it can only be held in person.")


def _refuse_unplanned(visit: Visit, on: date) -> None:
    if visit.state == State.HELD:
        return
    if visit.plan in _NOT_EXPECTED:
        raise Refused(f"{visit.called} is not expected. {visit.why}".rstrip())
    ended = _ended_on(visit.participant)
    # What took place before the end may still come in late.
    if visit.plan == "cancelled" and (ended is None or on > ended):
        raise Refused(f"{visit.called} was cancelled. {visit.why}".rstrip())


def after_leaving(
    *, person: Participant, kind: str, on: date, allows: Collection[str]
) -> str:
    """Return why a visit cannot be of a day after its participant left; empty if it can.

    What is done for safety may be, where they allowed it (ICH E6(R3) 3.16.1(u)).
    """
    if person.ended_on is None or not has_left_before(person, on):
        return ""
    left = f"{person.number} left the study on {day_text(person.ended_on)}"
    if kind not in _FOR_SAFETY:
        return f"{left}, so nothing of a later day is collected but for safety."
    if SAFETY_AFTER_LEAVING not in allows:
        return (
            f"{left} and did not allow to be seen or called after it. If they do now, "
            "record that under “What was agreed to” first."
        )
    return ""


def _ended_on(person: Participant) -> date | None:
    days = (person.treatment_stopped_on, person.ended_on)
    return min((day for day in days if day is not None), default=None)


def _refuse_before_enrollment(
    visit: Visit, on: date, definition: ProtocolDefinition
) -> None:
    # Where enrollment is decided at a visit, it cannot come before that visit.
    decided_at = ties_of(definition).get(Event.ENROLLMENT)
    if visit.kind in _BEFORE_ENROLLMENT or visit.code == decided_at:
        return
    person = visit.participant
    name = visit.called
    if person.enrolled_on is None:
        raise Refused(
            f"{person.number} is not enrolled, so {name} cannot be held. Enroll first."
        )
    if on < person.enrolled_on:
        raise Refused(
            f"{name} cannot be held on {day_text(on)}: enrollment was on "
            f"{day_text(person.enrolled_on)}."
        )


def _refuse_dosing(visit: Visit, on: date, definition: ProtocolDefinition) -> None:
    person = visit.participant
    name = visit.called
    if person.confirmed_on is None:
        raise Refused(
            f"Eligibility of {person.number} is not confirmed, so {name} cannot be held. "
            "Ask the investigator to confirm enrollment."
        )
    settled = settled_on(person, definition)
    if settled is None or on < settled:
        state = settled_in(definition)
        raise Refused(
            f"{person.number} was not {TAKEN_WORDS[state]} by {day_text(on)}, so {name} "
            f"cannot be held on that day. {STEP_WORDS[state]} comes first."
        )
    stopped_on = person.treatment_stopped_on
    if stopped_on is not None and on > stopped_on:
        raise Refused(
            f"Treatment of {person.number} was stopped on {day_text(stopped_on)}, so "
            f"{name} cannot be held. Assessments go on."
        )


_WITHOUT_A_DAY = {
    "no_day": "Held although no day was left.",
    "too_late": "Held although it was too late.",
    "cancelled": "Recorded after it had been cancelled.",
}


def out_of_order(*, visit: Visit, on: date) -> str:
    """Return what is out of order about holding a visit on a day; empty if nothing is.

    A forecast binds nobody: only a firm window can be left.
    """
    if visit.plan in _WITHOUT_A_DAY:
        return f"{_WITHOUT_A_DAY[visit.plan]} {visit.why}".rstrip()
    sentence = ""
    if visit.plan == "provisional":
        return sentence
    if visit.opens is not None and on < visit.opens:
        early = days_text((visit.opens - on).days)
        sentence = f"Held {early} before the window{_window(visit)}."
    elif visit.closes is not None and on > visit.closes:
        late = days_text((on - visit.closes).days)
        sentence = f"Held {late} after the window{_window(visit)}."
    return sentence


def _window(visit: Visit) -> str:
    if visit.opens is None or visit.closes is None:
        return ""
    return f" ({between_text(visit.opens, visit.closes)})"


def deviation_of(*, visit: Visit, holding: Holding) -> list[NewDeviation]:
    """Return the deviation that a day out of order leaves; none where all is in order.

    Raises `Refused` where it is not explained. A correction that keeps the day leaves
    no second one.
    """
    if visit.held_on == holding.on:
        return []
    sentence = out_of_order(visit=visit, on=holding.on)
    if not sentence:
        return []
    explanation = holding.explanation.strip()
    if not explanation:
        raise ExplanationNeeded(
            f"{sentence} Say why: it is recorded as a deviation, and later visits count "
            "from this day."
        )
    return [
        NewDeviation(
            participant=visit.participant,
            kind="out_of_window",
            occurred_on=holding.on,
            description=f"{sentence} {explanation}",
            visit_code=visit.code,
        )
    ]
