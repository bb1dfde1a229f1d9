"""The finished cohort: 104 synthetic participants put together for given arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assessments.instruments.base import MissingReason
from assessments.instruments.caps5 import score_caps5
from simulation import figures
from simulation.course import Course, run_course
from simulation.enrollment import Entrant, entrants
from simulation.events import events_of_arm
from simulation.figures import Arm
from simulation.items import (
    LEAST_DIAGNOSABLE,
    Answers,
    Person,
    caps5_answers,
    cssrs_answers,
    draw_person,
    pcl5_answers,
    sds_answers,
    without,
)
from simulation.leaving import (
    Defect,
    Leaving,
    assessed_of,
    leavings,
    plant,
)
from simulation.moments import stream
from simulation.plan import (
    Cohort,
    Ending,
    EventPlan,
    ParticipantPlan,
    UnblindingPlan,
    VisitPlan,
)
from simulation.trajectories import caps_totals, sds_sums

TIME_OF = {"baseline": 0, "t2": 1, "t3": 2, "t4": 3}
EARLY = "early_termination"
PCL_VISITS = ("screening", "termination", "follow_up")
CSSRS_CALLS = ("day_2", "day_7")
MISSING_CODE = "caps08"
LEARNED_BY = "Surgical team of the hospital and the site's investigator"


@dataclass(frozen=True, slots=True)
class Scores:
    """What a participant's instruments are to show at T1-T4."""

    totals: tuple[int, ...]
    sums: tuple[int, ...]


def build_cohort(*, seed: bytes, arms: Sequence[str]) -> Cohort:
    """Return the cohort for a seed and the arms in the order of randomization.

    `arms[i]` belongs to `enrollment.entrants(seed)[i]`; 53 active and 51 placebo,
    otherwise ValueError. The same seed and arms give the same cohort.
    """
    allocated = [Arm(arm) for arm in arms]
    if any(allocated.count(arm) != size for arm, size in figures.SIZES.items()):
        message = "the published cohort has 53 and 51 participants"
        raise ValueError(message)
    leaving = leavings(seed, allocated)
    defects = plant(seed, leaving)
    entered = entrants(seed)
    courses = {
        index: run_course(
            stream(seed, f"course {index}"),
            entrant.days,
            leaving=leaving.get(index),
            defects=defects.get(index, frozenset()),
        )
        for index, entrant in enumerate(entered)
    }
    scores: dict[int, Scores] = {}
    events: dict[int, tuple[EventPlan, ...]] = {}
    for arm in Arm:
        members = [i for i, each in enumerate(allocated) if each is arm]
        scores |= _scores(seed, arm=arm, members=members, leaving=leaving)
        own = {index: courses[index] for index in members}
        events |= events_of_arm(seed, arm=arm, courses=own, defects=defects)
    plans = [
        _participant(
            seed, index, entrant, leaving=leaving.get(index), course=courses[index]
        )
        for index, entrant in enumerate(entered)
    ]
    plans = [
        replace(plan, arm=allocated[plan.index], events=events[plan.index])
        for plan in plans
    ]
    return Cohort(seed, _answered(seed, plans, scores=scores, defects=defects))


def _scores(
    seed: bytes, *, arm: Arm, members: Sequence[int], leaving: dict[int, Leaving]
) -> dict[int, Scores]:
    assessed = [assessed_of(index, leaving) for index in members]
    totals = caps_totals(seed, arm=arm, assessed=assessed)
    sums = sds_sums(seed, arm=arm, totals=totals, assessed=assessed)
    return {
        index: Scores(own_totals, own_sums)
        for index, own_totals, own_sums in zip(members, totals, sums, strict=True)
    }


def _participant(
    seed: bytes,
    index: int,
    entrant: Entrant,
    *,
    leaving: Leaving | None,
    course: Course,
) -> ParticipantPlan:
    """Return a participant's plan without arm, events and answers."""
    stopped = _ending(leaving, course.stopped_day)
    withdrawn = _ending(leaving, course.withdrawn_day)
    return ParticipantPlan(
        index=index,
        name=synthetic_name(index),
        email=synthetic_email(index),
        site=entrant.site,
        arm=None,
        sex=entrant.sex,
        age=entrant.age,
        person=draw_person(stream(seed, f"person {index}")),
        consent_day=entrant.days["screening"],
        visits=course.visits,
        confirmed_day=entrant.randomized_day,
        randomized_day=entrant.randomized_day,
        treatment_stopped=stopped,
        withdrawn=withdrawn,
        completed_day=None if withdrawn else _completed(course),
        unblinding=_unblinding(leaving, stopped),
    )


def _ending(leaving: Leaving | None, day: int | None) -> Ending | None:
    if leaving is None or day is None:
        return None
    return Ending(day, leaving.reason, leaving.cause, leaving.allows)


def _completed(course: Course) -> int:
    return next(visit.day for visit in course.visits if visit.code == "termination")


def synthetic_name(index: int) -> str:
    """Return a name that nobody could take for a person's."""
    return f"Synthetic {index + 1:03d}"


def synthetic_email(index: int) -> str:
    """Return an address in a domain that can never exist."""
    return f"participant-{index + 1:03d}@demo.invalid"


def _unblinding(
    leaving: Leaving | None, stopped: Ending | None
) -> UnblindingPlan | None:
    if leaving is None or stopped is None or not leaving.is_unblinded:
        return None
    reason = "Emergency operation: the anesthetist needed to know what was given"
    return UnblindingPlan(stopped.day, reason, LEARNED_BY)


def _answered(
    seed: bytes,
    plans: Sequence[ParticipantPlan],
    *,
    scores: dict[int, Scores],
    defects: dict[int, frozenset[Defect]],
) -> tuple[ParticipantPlan, ...]:
    """Return the plans with every form of every visit held."""
    endpoint = _endpoints(seed, plans, scores=scores)
    answered = []
    for plan in plans:
        answers = answers_for(seed, plan, scores=scores[plan.index])
        visits = [
            replace(visit, answers=answers(visit)) if visit.is_held else visit
            for visit in plan.visits
        ]
        visits = [
            _with_endpoint(visit, endpoint.get(plan.index))
            if visit.code == "t4"
            else visit
            for visit in visits
        ]
        if Defect.MISSING_ITEM in defects.get(plan.index, ()):
            visits = [_with_missing_item(visit) for visit in visits]
        answered.append(replace(plan, visits=tuple(visits)))
    return tuple(answered)


def answers_for(
    seed: bytes, plan: ParticipantPlan, *, scores: Scores
) -> Callable[[VisitPlan], tuple[Answers, ...]]:
    """Return the function that fills in a visit's forms for one participant."""
    label = "live" if plan.arm is None else "answers"

    def answers(visit: VisitPlan) -> tuple[Answers, ...]:
        rng = stream(seed, f"{label} {plan.index} {visit.code}")
        person, code = plan.person, visit.code
        if code in TIME_OF or code == EARLY:
            time = TIME_OF.get(code, 1)
            total, points = scores.totals[time], scores.sums[time]
            diagnosis = True if time == 0 else None
            rated = (
                caps5_answers(rng, person, total=total, diagnosis=diagnosis),
                sds_answers(rng, person, points=points),
            )
            return (*rated, cssrs_answers(rng, person)) if code == EARLY else rated
        near = scores.totals[0 if code == "screening" else 3]
        forms = []
        if code in PCL_VISITS:
            forms.append(pcl5_answers(rng, person, near=near))
        if code != "screening" and (
            not code.startswith("call") or code.endswith(CSSRS_CALLS)
        ):
            forms.append(cssrs_answers(rng, person))
        return tuple(forms)

    return answers


def _endpoints(
    seed: bytes, plans: Sequence[ParticipantPlan], *, scores: dict[int, Scores]
) -> dict[int, Answers]:
    """Return the CAPS-5 of T4, steered to the published losses of diagnosis.

    The items are first drawn freely. Too many diagnoses kept: those with the lowest
    totals lose theirs; too many lost: those with the highest totals keep theirs.
    """
    drawn: dict[int, Answers] = {}
    for arm in Arm:
        counted = [plan for plan in plans if plan.arm is arm and _counts_at_t4(plan)]
        totals = {plan.index: scores[plan.index].totals[3] for plan in counted}
        persons = {plan.index: plan.person for plan in counted}
        free = {
            index: _endpoint(seed, index, person=persons[index], total=total)
            for index, total in totals.items()
        }
        lost = {i for i, found in free.items() if not has_diagnosis(found)}
        off = figures.LOST_DIAGNOSIS[arm] - len(lost)
        ranked = sorted(totals, key=lambda index: (totals[index], index))
        if off >= 0:
            changed = [i for i in ranked if i not in lost][:off]
        else:
            able = [i for i in lost if totals[i] >= LEAST_DIAGNOSABLE]
            changed = sorted(able, key=lambda i: (-totals[i], i))[:-off]
        drawn |= free
        for index in changed:
            drawn[index] = _endpoint(
                seed,
                index,
                person=persons[index],
                total=totals[index],
                diagnosis=off < 0,
            )
    return drawn


def _endpoint(
    seed: bytes,
    index: int,
    *,
    person: Person,
    total: int,
    diagnosis: bool | None = None,
) -> Answers:
    rng = stream(seed, f"endpoint {index} {diagnosis}")
    return caps5_answers(rng, person, total=total, diagnosis=diagnosis)


def has_diagnosis(answers: Answers) -> bool:
    """Tell whether a CAPS-5 carries the diagnosis, by the instrument's own rule."""
    return score_caps5(answers.values)["diagnosis"] is True


def _counts_at_t4(plan: ParticipantPlan) -> bool:
    visit = plan.visit("t4")
    return visit is not None and visit.is_held and visit.counts


def _with_endpoint(visit: VisitPlan, endpoint: Answers | None) -> VisitPlan:
    if endpoint is None:
        return visit
    return replace(visit, answers=(endpoint, *visit.answers[1:]))


def _with_missing_item(visit: VisitPlan) -> VisitPlan:
    """Return T3 with one CAPS-5 item missing: its total cannot be had."""
    if visit.code != "t3":
        return visit
    caps = without(visit.answers[0], MISSING_CODE, MissingReason.UNKNOWN)
    return replace(visit, answers=(caps, *visit.answers[1:]))
