"""Adverse events: reported, judged, received, determined, voided; and the unblinding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from accounts.vocabulary import Role
from adverse_events import actions
from adverse_events.actions import Causality, Determination, NewEvent, Receipt
from adverse_events.models import AdverseEvent
from adverse_events.vocabulary import Outcome
from randomization.actions import reveal_arm
from sessions.models import Visit
from simulation.driver.cast import PASSWORD
from simulation.driver.scene import Scene, grouped
from simulation.driver.script import Member
from simulation.plan import EventPlan
from trials.access import at_site

AWARE_AT = time(9, 40)
RECEIVED_AFTER = timedelta(hours=5)
DETERMINED_AT = time(15, 0)
JUDGED_AT = time(16, 20)
VOIDED_AT = time(11, 15)
REVEALED_AT = time(9, 5)


@dataclass(frozen=True, slots=True)
class Reported:
    """One event of the plan with its row."""

    member: Member
    plan: EventPlan
    event: AdverseEvent


def moment(scene: Scene, member: Member, *, day: int, at: time) -> datetime:
    """Return a moment of a day of a member's plan, in the site's zone."""
    site = scene.cast.sites[member.plan.site]
    return at_site(site, datetime.combine(member.on(day), at))


def play_serious(scene: Scene, members: Sequence[Member]) -> None:
    """Play an emergency: the event, its three moments, and the unblinding it needs.

    Before treatment is stopped, since that is why it is stopped.
    """
    for member in members:
        if member.plan.unblinding is None:
            continue
        serious = [event for event in member.plan.events if event.serious]
        reported = _report(scene, [(member, event) for event in serious])
        _sponsor_decides(scene, reported)
        _reveal(scene, member)


def _reveal(scene: Scene, member: Member) -> None:
    planned = member.plan.unblinding
    if planned is None:
        return
    # What comes back is dropped: nothing that is written here may depend on it.
    reveal_arm(
        participant=scene.row(member),
        why=f"{planned.reason}. Told to: {planned.learned_by}.",
        password=PASSWORD,
        at=moment(scene, member, day=planned.day, at=REVEALED_AT),
        by=scene.cast.actor(Role.INVESTIGATOR, site=member.plan.site),
    )


def play_events(scene: Scene) -> None:
    """Report all other events, site by site; judge them; void what was entered twice."""
    plans = [
        (member, event)
        for member in scene.script.members
        for event in member.plan.events
        if not event.serious
    ]
    reported = _report(scene, plans)
    _void(scene, reported)


def _report(scene: Scene, plans: Sequence[tuple[Member, EventPlan]]) -> list[Reported]:
    """Report events and have all but the newest of today's judged by investigators."""
    visits = _dosing_visits(scene)
    found: list[Reported] = []
    for site, pairs in grouped(plans, lambda pair: pair[0].plan.site).items():
        rows = actions.report_events(
            events=[_new(scene, member, plan, visits=visits) for member, plan in pairs],
            by=scene.cast.actor(Role.THERAPIST, site=site),
        )
        here = [
            Reported(member, plan, row)
            for (member, plan), row in zip(pairs, rows, strict=True)
        ]
        _judge(scene, site, here)
        found += here
    return found


def _dosing_visits(scene: Scene) -> Mapping[tuple[int, str], Visit]:
    rows = Visit.objects.filter(trial=scene.cast.trial, kind="dosing")
    return {(row.participant_id, row.code): row for row in rows}


def _new(
    scene: Scene,
    member: Member,
    plan: EventPlan,
    *,
    visits: Mapping[tuple[int, str], Visit],
) -> NewEvent:
    row = scene.row(member)
    onset = _onset(member, plan)
    onset_on = onset.date() if onset else member.on(plan.day)
    return NewEvent(
        participant=row,
        term=plan.term,
        onset_on=onset_on,
        onset_time=onset.time() if onset else None,
        ended_on=onset_on + timedelta(days=plan.duration_days),
        severity=plan.severity.value,
        valence=plan.valence.value,
        outcome=Outcome.RECOVERED.value,
        action_taken=plan.action.value,
        dosing_visit=visits[row.pk, plan.dosing] if plan.dosing else None,
        seriousness=frozenset(criterion.value for criterion in plan.serious),
        site_aware_at=(
            moment(scene, member, day=plan.aware_day, at=AWARE_AT)
            if plan.serious
            else None
        ),
    )


def _onset(member: Member, plan: EventPlan) -> datetime | None:
    """Return when an event around a session began, naive and local; else None."""
    visit = member.plan.visit(plan.dosing) if plan.dosing else None
    if visit is None or visit.dose is None or plan.minutes_after_dose is None:
        return None
    started = datetime.combine(member.on(plan.day), visit.dose.initial_at)
    return started + timedelta(minutes=plan.minutes_after_dose)


def _judge(scene: Scene, site: int, reported: Sequence[Reported]) -> None:
    """Sign the causality of what is to be judged, with one password."""
    newest: dict[int, EventPlan] = {
        each.member.plan.index: each.plan
        for each in reported
        if each.member.state is not None and each.member.plan.withdrawn is None
    }
    judged = [
        Causality(
            each.event,
            each.plan.relatedness.value,
            moment(scene, each.member, day=each.plan.aware_day, at=JUDGED_AT),
        )
        for each in reported
        if each.plan.duplicate_of is None
        and newest.get(each.member.plan.index) is not each.plan
    ]
    if judged:
        by = scene.cast.actor(Role.INVESTIGATOR, site=site)
        actions.assess_causality(assessments=judged, password=PASSWORD, by=by)


def _sponsor_decides(scene: Scene, reported: Sequence[Reported]) -> None:
    """Have the medical monitor receive serious events and decide what they are."""
    by = scene.cast.actor(Role.MEDICAL_MONITOR)
    for each in reported:
        aware_at = moment(scene, each.member, day=each.plan.aware_day, at=AWARE_AT)
        actions.receive(
            receipts=[Receipt(each.event, aware_at + RECEIVED_AFTER)], by=by
        )
        if each.plan.determined_day is not None:
            decision = Determination(
                event=each.event,
                is_unexpected=True,
                is_suspected=False,  # an appendicitis, unrelated: no report to FDA
                at=moment(
                    scene, each.member, day=each.plan.determined_day, at=DETERMINED_AT
                ),
            )
            actions.determine(determinations=[decision], by=by)


def _void(scene: Scene, reported: Sequence[Reported]) -> None:
    for each in reported:
        if each.plan.voided_day is not None:
            actions.void_event(
                event=each.event,
                reason=each.plan.voided_reason,
                at=moment(scene, each.member, day=each.plan.voided_day, at=VOIDED_AT),
                by=scene.cast.actor(Role.COORDINATOR, site=each.member.plan.site),
            )
