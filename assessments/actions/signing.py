"""Signing forms: scores are frozen, facts go down to eligibility; and reopening them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import connection

from assessments.access import TABLE, answers_of, content_of
from assessments.actions.records import (
    Record,
    fetched,
    move,
    names_of,
    not_yours,
    place_of,
)
from assessments.answers import Answers, values_of
from assessments.instruments.base import Scores
from assessments.lifecycle import IS_FINISHED, Move, State
from assessments.models import Assessment, Draft
from audit.actors import Actor, AnyActor
from audit.refusal import NotPermitted, Refused
from audit.signing import reauthenticate
from audit.signing import sign as sign_records
from audit.trail import acting
from participants.actions import FactRetraction, NewFact, record_facts, retract_facts
from sessions.actions.statements import update_rows
from trials.protocol import Fact, FactType

MEANING_OF_RATER = "I rated this interview"
MEANING_OF_SITE = "I reviewed this form and it is right"
FROM_FORMS = frozenset({FactType.SCORE, FactType.DIAGNOSIS})

_KEEP_SCORES = """
INSERT INTO assessments_scorevalue AS kept
    (trial_id, site_id, participant_id, assessment_id, score, value, scorer_version)
SELECT a.trial_id, a.site_id, a.participant_id, a.id, r.score, r.value, r.scorer
FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::text[])
    AS r (assessment_id, score, value, scorer)
JOIN assessments_assessment a ON a.id = r.assessment_id
ON CONFLICT (assessment_id, score) DO UPDATE
    SET value = excluded.value, scorer_version = excluded.scorer_version
    WHERE (kept.value, kept.scorer_version)
        IS DISTINCT FROM (excluded.value, excluded.scorer_version)
"""


def sign(*, assessments: Sequence[Assessment], password: str, by: AnyActor) -> None:
    """Sign complete forms, all with one check of the password (21 CFR 11.200(a)(1)(i)).

    Scores are computed and frozen, and what eligibility asks of a form is recorded as
    facts. A form that the protocol wants signed after another waits for that one.
    """
    if not isinstance(by, Actor):
        raise NotPermitted("Only a signed-in person can sign.")
    records = fetched(assessments=assessments, by=by)
    for record in records:
        if record.standing is None or not record.standing.may_sign:
            raise NotPermitted(not_yours(record=record))
    _check_order(records)
    reauthenticate(by=by, password=password)
    with acting(
        "sign assessment",
        by=by,
        subject=names_of(records=records),
        place=place_of(rows=[record.assessment for record in records]),
    ):
        states = move(records=records, to=Move.SIGN)
        _set_states(records, states)
        Draft.objects.filter(assessment__in=states, is_set_aside=False).delete()
        answers = answers_of([record.assessment.pk for record in records])
        scores = _scored(records, answers)
        _keep_scores(records, scores)
        for meaning, signed in _by_meaning(records).items():
            sign_records(
                meaning=meaning,
                table=TABLE,
                records=[
                    (row.pk, content_of(row, answers[row.pk]))
                    for row in (record.assessment for record in signed)
                ],
            )
        facts = [new for record in records for new in _facts(record, scores)]
        if facts:
            record_facts(facts=facts, by=by)


def reopen(*, assessment: Assessment, reason: str, by: AnyActor) -> None:
    """Take a signed or missed form up again; facts that came from it are unknown now."""
    record = fetched(assessments=[assessment], by=by)[0]
    standing = record.standing
    if standing is not None and not (standing.may_sign or standing.may_enter):
        raise NotPermitted(not_yours(record=record))
    was_signed = record.assessment.state == State.SIGNED
    if was_signed and standing is not None and not standing.may_sign:
        raise NotPermitted("Whoever may sign this form may reopen it.")
    with acting(
        "reopen assessment",
        by=by,
        reason=reason,
        subject=names_of(records=[record]),
        place=place_of(rows=[record.assessment]),
    ):
        _set_states([record], move(records=[record], to=Move.REOPEN, reason=reason))
        retractions = [
            FactRetraction(record.assessment.participant, fact.code)
            for fact in _facts_asked(record)
        ]
        if was_signed and retractions:
            retract_facts(retractions=retractions, by=by, reason=reason)


def _check_order(records: Sequence[Record]) -> None:
    """Refuse a form before the one that the protocol puts first at the same visit."""
    signed_now = {
        (record.assessment.visit_id, record.assessment.code) for record in records
    }
    finished = set(
        Assessment.objects.filter(
            visit__in={record.assessment.visit_id for record in records},
            state__in=IS_FINISHED,
        ).values_list("visit_id", "code")
    )
    for record in records:
        visit = record.assessment.visit
        for first in record.definition.forms_at(visit.code):
            waits = record.row.code in first.before
            if waits and (visit.pk, first.code) not in signed_now | finished:
                raise Refused(
                    f"{first.code.upper()} is signed first at this visit, then "
                    f"{record.instrument.short_title}."
                )


def _set_states(records: Sequence[Record], states: Mapping[int, State]) -> None:
    for record in records:
        record.assessment.state = states[record.assessment.pk].value
    update_rows(rows=[record.assessment for record in records], fields=["state"])


def _scored(
    records: Sequence[Record], answers: Mapping[int, Answers]
) -> dict[int, Scores]:
    return {
        record.assessment.pk: record.instrument.score(
            values_of(answers[record.assessment.pk])
        )
        for record in records
    }


def _keep_scores(records: Sequence[Record], scores: Mapping[int, Scores]) -> None:
    """Keep each score with the version of its scorer: only what is signed is scored anew."""
    lines = [
        (
            record.assessment.pk,
            code,
            None if value is None else Decimal(str(float(value))),
            record.instrument.scorer_version,
        )
        for record in records
        for code, value in scores[record.assessment.pk].items()
    ]
    if not lines:
        return  # a checklist has no score
    columns = [list(column) for column in zip(*lines, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_SCORES, columns)


def _by_meaning(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        rates = record.standing is not None and record.standing.is_rater
        meaning = MEANING_OF_RATER if rates else MEANING_OF_SITE
        found.setdefault(meaning, []).append(record)
    return found


def _facts_asked(record: Record) -> list[Fact]:
    return [
        fact
        for fact in record.definition.facts
        if fact.type in FROM_FORMS
        and fact.form == record.row.form
        and fact.visit == record.assessment.visit.code
    ]


def _facts(record: Record, scores: Mapping[int, Scores]) -> list[NewFact]:
    """The facts that a signed form gives; what it leaves undetermined stays unknown."""
    assessment = record.assessment
    if assessment.assessed_on is None:
        return []
    found = scores[assessment.pk]
    visit = assessment.visit
    source = f"{record.instrument.short_title}, {visit.number or visit.label}, signed"
    return [
        NewFact(
            participant=assessment.participant,
            code=fact.code,
            value=found[fact.score],
            observed_on=assessment.assessed_on,
            source=source,
            is_outcome=assessment.is_hidden_from_site,
        )
        for fact in _facts_asked(record)
        if found.get(fact.score) is not None
    ]
