"""Outcomes: the course of scores for those who may see it, and one verdict for a site."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.vocabulary import Permission
from assessments.drawing import CoursePlot, CoursePoint, CourseWindow, course_plot
from assessments.instruments import instrument
from assessments.models import ScoreValue
from participants.access import facts_of
from participants.eligibility import Evidence, Verdict, evaluate_criterion
from participants.facts import FROM_FORMS, typed
from participants.models import Participant
from trials.access import protocol_versions, sites_for
from trials.protocol import Criterion, ProtocolDefinition
from trials.protocol.conditions import facts_in

MET, NOT_MET, UNDETERMINED = "met", "not met", "undetermined"
SIGNED = ("signed", "locked")


def caps_rules(participants: Sequence[Participant], *, on: date) -> dict[int, str]:
    """Return by id what a site may know of hidden scores: met, not met, undetermined.

    The rule is every criterion of the protocol that asks for a score or diagnosis of a
    form hidden from the site. Two queries for any number of participants.
    """
    definitions = protocol_versions(row.protocol_version_id for row in participants)
    facts = facts_of(row.pk for row in participants)
    found = {}
    for row in participants:
        definition = definitions[row.protocol_version_id]
        known = definition.facts_by_code
        values = {
            code: typed(known[code], fact.value)
            for code, fact in facts[row.pk].items()
            if code in known and fact.observed_on <= on
        }
        evidence = Evidence(facts=values, on=on)
        found[row.pk] = _said(
            [
                evaluate_criterion(criterion, definition, evidence).verdict
                for criterion in _hidden_criteria(definition)
            ]
        )
    return found


def caps_rule(participant: Participant, *, on: date = date.max) -> str:
    """Return "met", "not met" or "undetermined" for one participant."""
    return caps_rules([participant], on=on)[participant.pk]


def _hidden_criteria(definition: ProtocolDefinition) -> list[Criterion]:
    hidden = {
        fact.code
        for fact in definition.facts
        if fact.type in FROM_FORMS and definition.is_hidden_from_site(fact.form)
    }
    return [
        criterion
        for criterion in definition.criteria
        if hidden.intersection(facts_in(criterion.rule))
    ]


def _said(verdicts: Sequence[Verdict]) -> str:
    if Verdict.NOT_MET in verdicts:
        return NOT_MET
    if not verdicts or Verdict.UNKNOWN in verdicts:
        return UNDETERMINED
    return MET


def trajectory(participant_id: int, *, user_id: int) -> list[CoursePlot]:
    """Return each instrument's course over the visits, drawn, in three queries.

    Empty for anybody who may not see outcomes at the participant's site, and where
    nothing is signed.
    """
    rows = list(
        ScoreValue.objects.filter(
            participant_id=participant_id,
            assessment__state__in=SIGNED,
            site__in=sites_for(user_id, Permission.VIEW_OUTCOMES),
        )
        .select_related("assessment__visit")
        .order_by("assessment__assessed_on", "pk")
    )
    if not rows:
        return []
    definitions = protocol_versions({rows[-1].assessment.visit.protocol_version_id})
    definition = next(iter(definitions.values()))
    drawn = []
    for row in definition.assessments:
        chosen = _score_of(definition, row.form)
        of_form = [
            score
            for score in rows
            if score.assessment.code == row.code and score.score == chosen
        ]
        if of_form:
            drawn.append(_plot(of_form))
    return drawn


def _score_of(definition: ProtocolDefinition, form: str) -> str:
    """The score whose course is drawn: the endpoint's, or the total."""
    named = (each.score for each in definition.endpoints if each.form == form)
    return next(named, "total")


def _plot(rows: Sequence[ScoreValue]) -> CoursePlot:
    edition = instrument(rows[0].assessment.instrument, rows[0].assessment.version)
    score = {each.code: each for each in edition.scores}[rows[0].score]
    points, windows = [], []
    for row in rows:
        visit = row.assessment.visit
        on = row.assessment.assessed_on
        if on is None:
            continue
        label = visit.number or visit.label
        points.append(CoursePoint(label, on, _number(row.value)))
        if visit.opens and visit.closes and visit.opens <= visit.closes:
            windows.append(CourseWindow(visit.opens, visit.closes))
    return course_plot(
        f"{edition.short_title} {score.label.lower()}",
        points,
        lowest=float(score.least),
        highest=float(score.most),
        windows=windows,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def scores_of(assessment_id: int) -> list[tuple[str, Any]]:
    """Return the frozen scores of one assessment by label, in the instrument's order."""
    rows = {
        row.score: row
        for row in ScoreValue.objects.filter(
            assessment_id=assessment_id
        ).select_related("assessment")
    }
    if not rows:
        return []
    any_row = next(iter(rows.values()))
    edition = instrument(any_row.assessment.instrument, any_row.assessment.version)
    return [
        (score.label, _read(rows[score.code].value, is_yes_no=score.kind == "yes_no"))
        for score in edition.scores
        if score.code in rows
    ]


def _read(value: Decimal | None, *, is_yes_no: bool) -> str:
    if value is None:
        return "not determined"
    if is_yes_no:
        return "Yes" if value else "No"
    return f"{value.normalize():f}"
