"""Who is ready for the next step before randomization, and what it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q

from accounts.vocabulary import Permission
from participants.access import (
    NEXT_MILESTONE,
    facts_of,
    is_ready,
    settled_in,
    with_form_to_sign,
)
from participants.lifecycle import State
from participants.models import Fact, Participant
from participants.vocabulary import CONFIRMATION
from trials.access import definition_of
from workbench.vocabulary import Kind
from workbench.worklist.lines import Address, Here, Line

_P = Permission
_STEPPING = (
    _P.SCREEN,
    _P.RECORD_CONSENT,
    _P.CONFIRM_ELIGIBILITY,
    _P.RANDOMIZE,
)


def steps(here: Here) -> Iterator[Line]:
    """Return who is ready for the next step before randomization, in two queries.

    And of everybody in the trial, who has not signed the form that holds now.
    """
    if not any(here.may_somewhere(permission) for permission in _STEPPING):
        return
    people = list(
        with_form_to_sign(Participant.objects.filter(site__in=here.sites))
        .filter(
            Q(state__in=[State.SCREENING, State.ENROLLED, State.CONFIRMED])
            | Q(form_to_sign__isnull=False)
        )
        .select_related("protocol_version")
        .defer("protocol_version__text", "treatment_stop_reason", "end_reason")
    )
    facts = facts_of([person.pk for person in people])
    for person in people:
        step = next_step(
            person,
            facts[person.pk],
            today=here.days[person.site_id],
            form_to_sign=person.form_to_sign,  # type: ignore[attr-defined] # annotated above
        )
        if step is None or not here.may(step.permission, person.site_id):
            continue
        yield Line(
            kind=step.kind,
            what=step.what,
            at=Address(step.route, person.uuid),
            participant=person.number,
            person=person.uuid,
            why=step.why,
            order=(person.number,),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of somebody not randomized yet, and who may take it."""

    kind: Kind
    what: str
    route: str
    permission: Permission
    why: str


def next_step(
    person: Participant,
    facts: Mapping[str, Fact],
    *,
    today: date,
    form_to_sign: str | None,
) -> Step | None:
    """Return the step that a participant is ready for; None while something is missing.

    `form_to_sign` is the version of the consent form that holds and is not signed.
    """
    state = State(person.state)
    if state is State.SCREENING and person.age is None:
        return _CONSENT
    if form_to_sign:
        return _consent_anew(form_to_sign)
    return _step_from(person, state, facts, today=today)


def _step_from(
    person: Participant, state: State, facts: Mapping[str, Fact], *, today: date
) -> Step | None:
    """Return the step past the next milestone, for whom every criterion is satisfied.

    Whoever took the protocol's last step before treatment waits for none.
    """
    definition = definition_of(person.protocol_version)
    milestone = NEXT_MILESTONE.get(state)
    if milestone is None or state is settled_in(definition):
        waits = state is State.CONFIRMED and state is not settled_in(definition)
        return _RANDOMIZE if waits else None
    if not is_ready(definition, milestone, facts, on=today):
        return None
    return _CONFIRM if milestone == CONFIRMATION else _ENROLL


def _consent_anew(version: str) -> Step:
    return replace(
        _CONSENT,
        what=f"Record consent on version {version}",
        why="The IRB approved a new consent form; visits wait for it",
    )


_CONSENT = Step(
    Kind.STEPS,
    "Record consent",
    "sessions:consent",
    _P.RECORD_CONSENT,
    "On the screening log, consent not recorded",
)
_ENROLL = Step(
    Kind.STEPS,
    "Enroll participant",
    "sessions:enroll",
    _P.SCREEN,
    "Every criterion asked so far is satisfied",
)
_CONFIRM = Step(
    Kind.ELIGIBILITY,
    "Confirm eligibility",
    "sessions:confirm",
    _P.CONFIRM_ELIGIBILITY,
    "Every criterion is satisfied",
)
_RANDOMIZE = Step(
    Kind.STEPS,
    "Randomize",
    "randomization:randomize",
    _P.RANDOMIZE,
    "Enrollment is confirmed",
)
