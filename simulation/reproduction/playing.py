"""The course of the cohort, round by round, through the ordinary set-based actions.

Everybody's next planned visit of the blinded part is held on its target day. What is
filled in is the instrument of the primary outcome alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import takewhile
from types import MappingProxyType

from django.db import connection

from accounts.vocabulary import Role
from assessments import actions as forms
from assessments.actions import Completion, RatingRequest
from assessments.models import Assessment
from audit.seeing import seeing
from participants.actions import (
    Confirmation,
    NewConsent,
    NewFact,
    NewScreening,
    Step,
    Withdrawal,
    record_facts,
    screen,
)
from participants.lifecycle import State
from participants.models import Participant
from randomization.actions import KitRequest, Randomizing, dispense_kits, randomize
from sessions import actions
from sessions.actions import GivenDose, Holding
from sessions.dosing import Administration
from sessions.models import Visit
from simulation.driver.cast import PASSWORD
from simulation.driver.scene import grouped
from simulation.reproduction.cohort import Volunteer
from simulation.reproduction.stage import (
    FORM_VERSION,
    OPENED_ON,
    RATERS,
    SETUP,
    Stage,
)
from trials.access import at_site
from trials.protocol import FactType

APART = timedelta(days=2)  # between two consents
AGES = (25, 55)
PLAYED = frozenset(
    {"screening", "baseline", "preparatory", "dosing", "integration", "assessment"}
    | {"termination"}
)
RANDOMIZED_AT, HANDED_OUT_AT, DOSED_AT = time(17, 30), time(9), time(10)
SUPPLEMENT_LATER = timedelta(minutes=10)  # than its window opens
CAPSULES = {Administration.INITIAL: 2, Administration.SUPPLEMENT: 1}
WHY = "Withdrew (synthetic: the reason is not published by arm)"
# What is recorded of everybody at screening: that nothing keeps them out.
FACTS: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "speaks_site_language",
                "swallows_capsules",
                "agrees_to_recording",
                "has_support_contact",
                "will_report_conditions",
                "keeps_fasting_rules",
                "no_other_trial",
                "stays_overnight",
                "ptsd_by_interview",
                "washout_complete",
                "service_related",
                "earlier_treatment_failed",
            ),
            True,
        ),
        "symptom_months": 60,
        "alcohol_use_disorder": "none",
        "cannabis_use_disorder": "none",
        "qtc_ms": Decimal(420),
        "weight_kg": Decimal(75),
    }
)


@dataclass(frozen=True, slots=True)
class Held:
    """One visit of a round: the row, who comes, and the day."""

    visit: Visit
    volunteer: Volunteer
    on: date

    @property
    def row(self) -> Participant:
        return self.visit.participant

    def at(self, moment: time) -> datetime:
        """Return a moment of the visit's day, in the site's zone."""
        return at_site(self.row.site, datetime.combine(self.on, moment))


def play(stage: Stage) -> None:
    """Play the whole course, from the screening logs to the last visit.

    A transaction for each round, and a new database session for the next: an old one
    keeps plans that were made when the tables were empty.
    """
    with seeing(SETUP):
        open_logs(stage)
    is_over = False
    while not is_over:
        connection.close()
        with seeing(SETUP):
            due = next_visits(stage)
            for together in rounds_of(due):
                play_round(stage, together)
            is_over = not due
    with seeing(SETUP):
        sign(stage)


def open_logs(stage: Stage) -> None:
    """Put everybody onto the screening logs, and record consent.

    Nobody has a name: who they are is never recorded.
    """
    members = stage.cohort.volunteers
    by = stage.cast.actor(Role.COORDINATOR)
    days = [OPENED_ON + APART * each.index for each in members]
    people = screen(
        screenings=[
            NewScreening(stage.cast.sites[each.site], day)
            for each, day in zip(members, days, strict=True)
        ],
        by=by,
    )
    investigator = stage.cast.user(Role.INVESTIGATOR)
    items = {"participation": True, "recording": True}
    actions.consent(
        consents=[
            NewConsent(
                row,
                FORM_VERSION,
                on,
                investigator,
                items,
                sex_of(each),
                age_of(each),
                is_able=True,
            )
            for row, on, each in zip(people, days, members, strict=True)
        ],
        by=by,
    )
    for each, row in zip(members, people, strict=True):
        stage.rows[each.index] = row


def sex_of(volunteer: Volunteer) -> str:
    """Return a sex; assumed, half and half."""
    return "female" if volunteer.index % 2 else "male"


def age_of(volunteer: Volunteer) -> int:
    """Return an age in years; assumed."""
    low, high = AGES
    return low + volunteer.index * 7 % (high - low)


def next_visits(stage: Stage) -> list[Held]:
    """Return everybody's next visits of the blinded part, each on its target day.

    That is one visit, or the integration sessions up to the next other visit: they all
    count from the same session, and none from another.
    """
    blinded = {each.code for each in stage.definition.stages if each.blinded} | {""}
    rows = Visit.objects.filter(
        trial=stage.cast.trial,
        state="planned",
        plan="firm",
        stage__in=blinded,
        kind__in=PLAYED,
    ).exclude(participant__state__in=(State.COMPLETED, State.WITHDRAWN))
    coming: dict[int, list[Visit]] = {}
    for row in rows.select_related("participant__site").order_by("target", "position"):
        coming.setdefault(row.participant_id, []).append(row)
    return [
        Held(row, each, row.target)
        for each in stage.cohort.volunteers
        for row in _run(coming.get(stage.rows[each.index].pk, []))
        if row.target is not None
    ]


def _run(coming: Sequence[Visit]) -> Sequence[Visit]:
    """Return the visits that are recorded together."""
    return list(takewhile(_is_integration, coming)) or coming[:1]


def _is_integration(visit: Visit) -> bool:
    return visit.kind == "integration"


def rounds_of(due: Sequence[Held]) -> Iterator[list[Held]]:
    """Yield the visits that are played in one act each: of one code, or integration."""
    groups: dict[str, list[Held]] = {}
    for each in due:
        name = each.visit.kind if _is_integration(each.visit) else each.visit.code
        groups.setdefault(name, []).append(each)
    yield from groups.values()


def play_round(stage: Stage, due: Sequence[Held]) -> None:
    """Hold one visit of several people, with all that belongs to it."""
    code = due[0].visit.code
    asked = {each.at: each.code for each in stage.definition.milestones}.get(code)
    kind = due[0].visit.kind
    by = stage.cast.actor(Role.COORDINATOR)
    steps = [Step(each.row, each.on) for each in due]
    if asked == "screening":
        record_facts(facts=list(_facts(stage, due)), by=by)
    if asked == "enrollment":
        actions.enroll(steps=steps, by=by)
    holdings = [Holding(each.visit, each.on, "in_person") for each in due]
    actions.hold(holdings=holdings, by=by)
    if asked == "confirmation":
        confirm_and_randomize(stage, due)
    if kind == "dosing":
        dose(stage, due)
    if code in stage.target.visits:
        rate(stage, code, due)
    if kind == "termination":
        actions.complete(steps=steps, by=by)
    withdraw(stage, code, due)


def _facts(stage: Stage, items: Sequence[Held]) -> Iterable[NewFact]:
    """Yield an answer to every fact that a person records; what is not named is no."""
    typed = [
        fact
        for fact in stage.definition.facts
        if not fact.form and not fact.record and fact.type is not FactType.DATE
    ]
    for each in items:
        own = {"age": age_of(each.volunteer), "sex_at_birth": sex_of(each.volunteer)}
        for fact in typed:
            value = {**FACTS, **own}.get(fact.code, False)
            yield NewFact(each.row, fact.code, value, each.on, "Screening (synthetic)")


def confirm_and_randomize(stage: Stage, items: Sequence[Held]) -> None:
    """Have the investigator sign eligibility; then randomize, in the cohort's order."""
    actions.confirm_enrollment(
        confirmations=[Confirmation(each.row, each.on) for each in items],
        password=PASSWORD,
        by=stage.cast.actor(Role.INVESTIGATOR),
    )
    randomize(
        randomizings=[Randomizing(each.row, each.at(RANDOMIZED_AT)) for each in items],
        by=stage.cast.actor(Role.COORDINATOR),
    )


def dose(stage: Stage, items: Sequence[Held]) -> None:
    """Dispense both kits of a session, and give what they hold."""
    dosing = stage.definition.dosing
    supplement = dosing.supplement if dosing else None
    if supplement is None:
        message = f"{stage.target.name} plans no supplement"
        raise ValueError(message)
    step = stage.definition.visit(items[0].visit.code).dose[0]
    dispense_kits(
        requests=[
            KitRequest(each.visit, part.value, step, each.at(HANDED_OUT_AT))
            for each in items
            for part in CAPSULES
        ],
        by=stage.cast.actor(Role.PHARMACIST),
    )
    lead, other = (stage.cast.user(Role.THERAPIST, number=number) for number in (0, 1))
    later = {
        Administration.INITIAL: timedelta(),
        Administration.SUPPLEMENT: timedelta(minutes=supplement.opens_minutes)
        + SUPPLEMENT_LATER,
    }
    actions.give_doses(
        doses=[
            GivenDose(
                visit=each.visit,
                part=part.value,
                given_at=each.at(DOSED_AT) + later[part],
                capsules=count,
                given_by=lead,
                witnessed_by=other,
            )
            for each in items
            for part, count in CAPSULES.items()
        ],
        by=stage.cast.actor(Role.THERAPIST),
    )


def rate(stage: Stage, code: str, due: Sequence[Held]) -> None:
    """Have raters give the interview, none of them twice to one person."""
    form, time_of = stage.target.form, list(stage.target.visits).index(code)
    for number, items in grouped(
        due, lambda each: (each.volunteer.index + time_of) % RATERS
    ).items():
        rater = stage.cast.user(Role.RATER, number=number)
        rows = forms.request_ratings(
            requests=[
                RatingRequest(each.visit, form, each.on, rater) for each in items
            ],
            by=stage.cast.actor(Role.DATA_MANAGER),
        )
        forms.complete(
            completions=[
                Completion(row, each.on, "direct", _responses(each, time_of))
                for row, each in zip(rows, items, strict=True)
            ],
            by=stage.cast.actor_of(rater),
        )
    if time_of == 0:
        # Eligibility is judged by the baseline's signed score.
        sign(stage)


def sign(stage: Stage) -> None:
    """Have each rater sign what they have given: a password is slow to check, on purpose."""
    complete = Assessment.objects.filter(trial=stage.cast.trial, state="complete")
    raters = {user.pk: user for user in stage.cast.people.values()}
    rows = grouped(complete.order_by("pk"), lambda row: row.rater_id or 0)
    for rater, own in rows.items():
        by = stage.cast.actor_of(raters[rater])
        forms.sign(assessments=own, password=PASSWORD, by=by)


def _responses(each: Held, time_of: int) -> dict[str, int | str]:
    answers = each.volunteer.answers[time_of].values
    return {code: value for code, value in answers.items() if value is not None}


def withdraw(stage: Stage, code: str, due: Sequence[Held]) -> None:
    """Record that those left who come to no later assessment: the day after this visit.

    Whoever was assessed at baseline only leaves after the first session.
    """
    leaving = [each for each in due if _leaves_at(stage, each.volunteer) == code]
    if leaving:
        actions.withdraw(
            steps=[
                Withdrawal(each.row, each.on + timedelta(days=1), WHY)
                for each in leaving
            ],
            by=stage.cast.actor(Role.INVESTIGATOR),
        )


def _leaves_at(stage: Stage, volunteer: Volunteer) -> str:
    """Return the visit after which somebody leaves; empty for those who stay."""
    visits, seen = list(stage.target.visits), len(volunteer.answers)
    if seen == len(visits):
        return ""
    if seen > 1:
        return visits[seen - 1]
    return stage.definition.dosing_visits[0].code
