"""The participant's course and treatment, step by step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.vocabulary import Permission
from audit.actors import AnyActor
from audit.refusal import Refused
from audit.trail import acting
from participants.access import eligibility_of, facts_of, obstacles, settled_in
from participants.actions.batch import (
    about,
    locked,
    place_of,
    reason_of,
    refresh,
    site_ids_of,
    subject_of,
)
from participants.actions.consenting import ConsentDecision, keep_items
from participants.lifecycle import (
    TAKEN_WORDS,
    TREATMENT_WORDS,
    WORDS,
    Move,
    State,
    Treatment,
    TreatmentMove,
    moved,
    treatment_moved,
)
from participants.models import Consent, ConsentItem, Participant
from participants.vocabulary import (
    AFTER_LEAVING,
    ENROLLMENT,
    PARTICIPATION,
    EndCause,
)
from trials.access import protocol_versions, require, require_approval
from trials.protocol import Event

Rows = dict[int, Participant]
COMPLETED_REASON = "Completed the trial"
_FIELDS = (
    *("state", "enrolled_on", "confirmed_on", "randomized_on", "unblinded_on"),
    *("ended_on", "end_reason", "end_cause", "treatment", "treatment_stopped_on"),
    *("treatment_stop_reason", "treatment_stop_cause"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One participant takes a step on a day; `reason` where the step needs one.

    `cause` puts the reason of an early end among the few that an analysis tells apart.
    """

    participant: Participant
    on: date
    reason: str = ""
    cause: EndCause = EndCause.OTHER


@dataclass(frozen=True, slots=True)
class Withdrawal(Step):
    """Somebody leaves the study; `allows` holds what they allow still (AFTER_LEAVING)."""

    allows: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Verb:
    words: str
    permission: Permission
    apply: Callable[[Participant, Step, State], None]
    check: Callable[[Sequence[Step], Rows], None] | None = None
    # Whether it is research that waits while the IRB's approval does not hold (IRB-03).
    is_research: bool = False
    after: Callable[[Sequence[Step]], None] | None = None


def enroll(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Enroll participants who consented and meet what is asked until enrollment.

    Refused with every criterion and missing fact that stands in the way.
    """
    return _take(
        _Verb("enroll", Permission.SCREEN, _enroll, _may_enroll, is_research=True),
        steps=steps,
        by=by,
    )


def fail_screening(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """End the course of participants before randomization; each needs a reason."""
    verb = _Verb(
        "record screen failure", Permission.SCREEN, _ending(Move.FAIL_SCREENING)
    )
    return _take(verb, steps=steps, by=by)


def mark_confirmed(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Move participants on after the signed decision; `confirm_eligibility` makes it."""
    verb = _Verb(
        "confirm eligibility",
        Permission.CONFIRM_ELIGIBILITY,
        _confirm,
        is_research=True,
    )
    return _take(verb, steps=steps, by=by)


def mark_randomized(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Move confirmed participants on; the allocation itself is kept elsewhere."""
    return _take(
        _Verb(
            "randomize",
            Permission.RANDOMIZE,
            _randomize,
            _may_randomize,
            is_research=True,
        ),
        steps=steps,
        by=by,
    )


def mark_unblinded(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Keep the day of the planned unblinding; what it revealed is kept elsewhere."""
    verb = _Verb("unblind as planned", Permission.UNBLIND_AS_PLANNED, _unblind)
    return _take(verb, steps=steps, by=by)


def complete(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """End the course of participants who went through all of it."""
    verb = _Verb("complete trial", Permission.RECORD_VISITS, _ending(Move.COMPLETE))
    return _take(verb, steps=steps, by=by)


def withdraw(*, steps: Sequence[Withdrawal], by: AnyActor) -> list[Participant]:
    """End the course of randomized participants early; treatment that runs ends with it.

    Each needs a reason, and what the participant allows still is kept with the other
    things agreed to (ICH E6(R3) 2.9, 3.16.1(u)).
    """
    verb = _Verb("withdraw", Permission.STOP_TREATMENT, _withdraw, after=_keep_allowed)
    return _take(verb, steps=steps, by=by)


def start_treatment(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Treatment begins: the first dose was given."""
    verb = _Verb(
        "start treatment", Permission.RECORD_VISITS, _treating(TreatmentMove.START)
    )
    return _take(verb, steps=steps, by=by)


def finish_treatment(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Treatment ends as the protocol planned it."""
    verb = _Verb(
        "finish treatment", Permission.RECORD_VISITS, _treating(TreatmentMove.FINISH)
    )
    return _take(verb, steps=steps, by=by)


def discontinue_treatment(*, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Treatment ends early, with a reason; assessments go on (ICH E9(R1))."""
    verb = _Verb(
        "discontinue treatment",
        Permission.STOP_TREATMENT,
        _treating(TreatmentMove.DISCONTINUE),
    )
    return _take(verb, steps=steps, by=by)


def _take(verb: _Verb, *, steps: Sequence[Step], by: AnyActor) -> list[Participant]:
    """Let each participant take the step, all or none of them."""
    people = [step.participant for step in steps]
    require(
        by=by, permission=verb.permission, site_ids=site_ids_of(participants=people)
    )
    with acting(
        verb.words,
        by=by,
        reason=reason_of(reasons=[step.reason for step in steps]),
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        if verb.is_research:
            require_approval(
                days=((rows[step.participant.pk].site_id, step.on) for step in steps)
            )
        if verb.check:
            verb.check(steps, rows)
        definitions = protocol_versions(
            row.protocol_version_id for row in rows.values()
        )
        for step in steps:
            with about(participant=step.participant, of=len(steps)):
                row = rows[step.participant.pk]
                settled = settled_in(definitions[row.protocol_version_id])
                verb.apply(row, step, settled)
                _check_date(row, step.on)
        Participant.objects.bulk_update(rows.values(), _FIELDS)
        if verb.after:
            verb.after(steps)
    refresh(participants=people, rows=rows, fields=_FIELDS)
    return [rows[person.pk] for person in people]


def _check_date(row: Participant, on: date) -> None:
    """Refuse a step dated before one that the participant had taken before it."""
    taken = (row.screened_on, row.enrolled_on, row.confirmed_on, row.randomized_on)
    last = max(day for day in taken if day is not None)
    if on < last:
        raise Refused(
            f"This would be dated {on:%d %b %Y}, before the last step of the course, "
            f"on {last:%d %b %Y}. Correct the date."
        )


def _enroll(row: Participant, step: Step, settled: State) -> None:
    row.state = moved(State(row.state), Move.ENROLL, settled=settled)
    row.enrolled_on = step.on


def _confirm(row: Participant, step: Step, settled: State) -> None:
    row.state = moved(State(row.state), Move.CONFIRM, settled=settled)
    row.confirmed_on = step.on


def _randomize(row: Participant, step: Step, settled: State) -> None:
    row.state = moved(State(row.state), Move.RANDOMIZE, settled=settled)
    row.randomized_on = step.on


def _unblind(row: Participant, step: Step, settled: State) -> None:
    row.unblinded_on = step.on


def _ending(move: Move) -> Callable[[Participant, Step, State], None]:
    def apply(row: Participant, step: Step, settled: State) -> None:
        state = State(row.state)
        row.state = moved(state, move, reason=step.reason, settled=settled)
        row.ended_on = step.on
        row.end_reason = step.reason.strip() or COMPLETED_REASON

    return apply


def _keep_allowed(steps: Sequence[Step]) -> None:
    """Keep what each allows still, and what not: silence is a no from then on."""
    keep_items(
        decisions=[
            ConsentDecision(step.participant, code, code in step.allows, step.on)
            for step in steps
            if isinstance(step, Withdrawal)
            for code in AFTER_LEAVING
        ]
    )


def _withdraw(row: Participant, step: Step, settled: State) -> None:
    if step.cause is EndCause.DEATH and isinstance(step, Withdrawal) and step.allows:
        raise Refused(
            "Somebody who has died can be neither seen nor called: allow none."
        )
    _ending(Move.WITHDRAW)(row, step, settled)
    row.end_cause = step.cause.value
    if row.treatment == Treatment.ON:
        # Somebody who has left is not on treatment: analyses read both.
        row.treatment = treatment_moved(
            Treatment.ON, TreatmentMove.DISCONTINUE, reason=step.reason
        )
        row.treatment_stopped_on = step.on
        row.treatment_stop_reason = step.reason.strip()
        row.treatment_stop_cause = step.cause.value


def _treating(move: TreatmentMove) -> Callable[[Participant, Step, State], None]:
    def apply(row: Participant, step: Step, settled: State) -> None:
        state, treatment = State(row.state), Treatment(row.treatment)
        if state is not settled:
            raise Refused(
                f"{WORDS[state]}: only a {TAKEN_WORDS[settled]} participant has a "
                f"treatment to act on. {TREATMENT_WORDS[treatment]}."
            )
        row.treatment = treatment_moved(treatment, move, reason=step.reason)
        if move is TreatmentMove.DISCONTINUE:
            row.treatment_stopped_on = step.on
            row.treatment_stop_reason = step.reason.strip()
            row.treatment_stop_cause = step.cause.value

    return apply


def _may_enroll(steps: Sequence[Step], rows: Rows) -> None:
    """Refuse whoever has not consented by the day or does not meet the criteria."""
    for step in steps:
        with about(participant=step.participant, of=len(steps)):
            # Every table has this move from the same state.
            moved(State(rows[step.participant.pk].state), Move.ENROLL)
    signed = _first_consents(rows)
    definitions = protocol_versions(row.protocol_version_id for row in rows.values())
    standing = {
        on: eligibility_of(
            [rows[step.participant.pk] for step in steps if step.on == on],
            ENROLLMENT,
            on=on,
        )
        for on in {step.on for step in steps}
    }
    for step in steps:
        row = rows[step.participant.pk]
        with about(participant=row, of=len(steps)):
            _check_consent(signed.get(row.pk), step.on)
            result = standing[step.on][row.pk]
            if not result.may_be_confirmed:
                lines = obstacles(result, definitions[row.protocol_version_id])
                raise Refused("Cannot be enrolled yet. " + " ".join(lines))


def _may_randomize(steps: Sequence[Step], rows: Rows) -> None:
    """Refuse whoever was not asked yet what randomization is to freeze."""
    definitions = protocol_versions(row.protocol_version_id for row in rows.values())
    wanted = {
        pk: [fact for fact in each.facts if fact.frozen_by == Event.RANDOMIZATION]
        for pk, each in definitions.items()
    }
    if not any(wanted.values()):
        return
    known = facts_of(rows)
    for step in steps:
        row = rows[step.participant.pk]
        frozen = wanted[row.protocol_version_id]
        missing = [fact.label for fact in frozen if fact.code not in known[row.pk]]
        if missing:
            with about(participant=row, of=len(steps)):
                raise Refused(
                    "Cannot be randomized yet. Still to be recorded, since "
                    f"randomization freezes it: {'; '.join(missing)}."
                )


def _first_consents(rows: Mapping[int, Participant]) -> dict[int, date]:
    """Return the day of the first form by which each still agrees to take part."""
    agreeing = ConsentItem.objects.filter(
        participant_id__in=rows, code=PARTICIPATION, is_given=True
    )
    signed = Consent.objects.filter(
        participant_id__in=rows, participant__in=agreeing.values("participant_id")
    )
    first: dict[int, date] = {}
    for consent in signed.order_by("-signed_on"):
        first[consent.participant_id] = consent.signed_on
    return first


def _check_consent(signed_on: date | None, on: date) -> None:
    if signed_on is None:
        raise Refused("No consent is recorded. Record the signed consent form first.")
    if signed_on > on:
        raise Refused(
            f"Consent was signed on {signed_on:%d %b %Y}, after the day of enrollment. "
            "Correct the date."
        )
