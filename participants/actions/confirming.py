"""The investigator's decision on eligibility, evaluated from the data and signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.vocabulary import Permission
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, Refused
from audit.signing import reauthenticate, sign
from audit.trail import acting
from participants.access import facts_of, judged, obstacles, settled_in, signed_content
from participants.actions.batch import (
    about,
    locked,
    place_of,
    site_ids_of,
    subject_of,
)
from participants.actions.course import Step, mark_confirmed
from participants.eligibility import (
    CriterionResult,
    MilestoneResult,
    asks_for_washouts,
)
from participants.lifecycle import HAS_LEFT, WORDS, Move, State, moved
from participants.models import EligibilityDecision, Fact, Participant
from participants.vocabulary import CONFIRMATION
from trials.access import protocol_versions, require
from trials.protocol.records import MEDICATIONS

MEANING = "I confirm that this participant is eligible"
_TABLE = "participants_eligibilitydecision"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The investigator decides about one participant on a day."""

    participant: Participant
    on: date


def confirm_eligibility(
    *,
    confirmations: Sequence[Confirmation],
    milestone: str = CONFIRMATION,
    password: str,
    by: AnyActor,
) -> list[EligibilityDecision]:
    """Decide that participants are eligible at a milestone, and sign it.

    The criteria are evaluated here, from the facts current now; refused with every
    criterion and missing fact that stands in the way. At the milestone "confirmation"
    the participants also move on in their course. 21 CFR 312.60; 11.50, 11.200.
    """
    people = [item.participant for item in confirmations]
    signer = _signer(people, password=password, by=by)
    with acting(
        "confirm eligibility",
        by=by,
        subject=subject_of(participants=people),
        place=place_of(participants=people),
    ):
        rows = locked(participants=people)
        decisions = EligibilityDecision.objects.bulk_create(
            _decisions(confirmations, rows, milestone=milestone, user_id=signer.user_id)
        )
        sign(
            meaning=MEANING,
            table=_TABLE,
            records=[(item.pk, signed_content(item)) for item in decisions],
        )
        if milestone == CONFIRMATION:
            steps = [Step(item.participant, item.on) for item in confirmations]
            mark_confirmed(steps=steps, by=by)
    return decisions


def _signer(people: Sequence[Participant], *, password: str, by: AnyActor) -> Actor:
    """Return who signs: somebody who may, and whose password it is."""
    if not isinstance(by, Actor):
        raise NotPermitted("Eligibility is confirmed by an investigator, never a job.")
    require(
        by=by,
        permission=Permission.CONFIRM_ELIGIBILITY,
        site_ids=site_ids_of(participants=people),
    )
    reauthenticate(by=by, password=password)
    return by


def _decisions(
    confirmations: Sequence[Confirmation],
    rows: Mapping[int, Participant],
    *,
    milestone: str,
    user_id: int,
) -> list[EligibilityDecision]:
    definitions = protocol_versions(row.protocol_version_id for row in rows.values())
    facts = facts_of(rows)
    decisions = []
    for item in confirmations:
        row = rows[item.participant.pk]
        definition = definitions[row.protocol_version_id]
        with about(participant=row, of=len(confirmations)):
            _check_state(State(row.state), milestone, settled_in(definition))
            result = judged(definition, milestone, facts[row.pk], on=item.on)
            if not result.may_be_confirmed:
                lines = obstacles(result, definition)
                raise Refused("Eligibility cannot be confirmed. " + " ".join(lines))
        decisions.append(
            EligibilityDecision(
                trial_id=row.trial_id,
                site_id=row.site_id,
                participant_id=row.pk,
                milestone=milestone,
                is_eligible=True,
                decided_on=item.on,
                decided_by_id=user_id,
                criteria=_frozen(result, facts[row.pk]),
            )
        )
    return decisions


def _check_state(state: State, milestone: str, settled: State) -> None:
    if milestone == CONFIRMATION:
        moved(state, Move.CONFIRM, settled=settled)
    elif state in HAS_LEFT:
        raise Refused(f"{WORDS[state]}: there is nothing left to confirm.")


def _frozen(result: MilestoneResult, facts: Mapping[str, Fact]) -> list[dict[str, Any]]:
    """Return each criterion as evaluated, naming facts by id and never by value.

    The decision is open to the whole site, and some facts are hidden scores. A rule on
    washouts was answered from what was taken; a waived criterion says so.
    """
    return [
        {
            "criterion": item.criterion.code,
            "verdict": item.verdict.value,
            "facts": [facts[code].pk for code in _read(item) if code in facts],
            **({"waived": True} if item.criterion.code in result.waived else {}),
        }
        for item in result.results
    ]


def _read(item: CriterionResult) -> tuple[str, ...]:
    """Return the codes of the facts that a verdict rests on."""
    rules = (item.criterion.rule, item.criterion.only_if)
    asks_washouts = any(asks_for_washouts(rule) for rule in rules if rule)
    return (*item.used, MEDICATIONS) if asks_washouts else (*item.used,)
