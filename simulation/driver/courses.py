"""Visits held and missed, sessions, doses, and how courses end."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from accounts.vocabulary import Role
from participants.actions import NewDeviation, Step, Withdrawal, record_deviations
from randomization.actions import KitRequest, dispense_kits
from sessions import actions
from sessions.actions import (
    Booking,
    GivenDose,
    Holding,
    Miss,
    NewSession,
    WithheldDose,
)
from sessions.actions.therapy import SESSION_KINDS
from sessions.dosing import Administration
from simulation.driver.scene import Due, Scene, by_site, grouped, last_round
from simulation.driver.script import Member
from simulation.plan import DosePlan, Ending

INITIAL, SUPPLEMENT = Administration.INITIAL, Administration.SUPPLEMENT
CAPSULES = {INITIAL: 2, SUPPLEMENT: 1}
LENGTHS = {"dosing": timedelta(hours=8, minutes=20)}
USUAL_LENGTH = timedelta(minutes=90)
DISPENSED_AT = time(8, 10)
BY_VIDEO = frozenset({"baseline", "t2", "t3", "t4"})


def mode_of(due: Due) -> str:
    """Return how a visit is held: by its kind, later integrations at times by video."""
    code = due.plan.code
    if code in BY_VIDEO:
        return "video"
    if due.visit.kind in {"call", "follow_up"}:
        return "phone"
    is_later = due.visit.kind == "integration" and not code.endswith("_1")
    return "video" if is_later and due.plan.day % 3 == 0 else "in_person"


def record_visits(scene: Scene, due: Sequence[Due]) -> None:
    """Record the round's visits, one act per site for those held and those missed."""
    for site, items in by_site(due).items():
        by = scene.cast.actor(Role.COORDINATOR, site=site)
        held = [item for item in items if item.plan.is_held]
        missed = [item for item in items if not item.plan.is_held and _is_asked(item)]
        if held:
            holdings = [
                Holding(item.visit, item.on, mode_of(item), _explanation(item))
                for item in held
            ]
            actions.hold(holdings=holdings, by=by)
        if missed:
            misses = [
                Miss(item.visit, item.plan.missed_reason, item.on) for item in missed
            ]
            actions.miss(misses=misses, by=by)
        for item in items:
            item.visit.state = "held" if item.plan.is_held else item.visit.state
        _record_deviations(scene, held)


def _is_asked(item: Due) -> bool:
    """Whether a visit is still expected: none follows a session that was missed."""
    return item.visit.plan not in {"not_for", "waiting", "if_needed", "cancelled"}


def _explanation(item: Due) -> str:
    """Return why a visit is out of its window, in the site's own words."""
    planned = item.plan.deviation
    if planned is None or planned.kind != "out_of_window":
        return ""
    said = planned.description.partition(": ")[2] or planned.description
    return f"{said[0].upper()}{said[1:]}."


def _record_deviations(scene: Scene, held: Sequence[Due]) -> None:
    """Record what only people notice; the rest is found by the acts themselves."""
    for item in held:
        planned = item.plan.deviation
        if planned is not None and planned.kind == "procedure":
            deviation = NewDeviation(
                participant=item.participant,
                kind=planned.kind,
                occurred_on=item.on,
                description=planned.description,
                visit_code=item.plan.code,
            )
            by = scene.cast.actor(Role.COORDINATOR, site=item.site)
            record_deviations(deviations=[deviation], by=by)


def record_sessions(scene: Scene, due: Sequence[Due]) -> None:
    """Have a therapist of each site record the sessions; the two take turns to lead."""
    sessions = [
        item for item in due if item.plan.is_held and item.visit.kind in SESSION_KINDS
    ]
    for site, items in by_site(sessions).items():
        pair = [scene.cast.user(Role.THERAPIST, site=site, number=n) for n in (0, 1)]
        records = []
        for item in items:
            lead = item.member.plan.index % 2
            started_at = item.at(item.plan.starts_at)
            ended_at = started_at + LENGTHS.get(item.visit.kind, USUAL_LENGTH)
            records.append(
                NewSession(item.visit, pair[lead], pair[1 - lead], started_at, ended_at)
            )
        by = scene.cast.actor(Role.THERAPIST, site=site)
        actions.record_sessions(sessions=records, by=by)


def record_doses(scene: Scene, due: Sequence[Due]) -> None:
    """Dispense both kits of each dosing session, and record what became of them."""
    dosed = [
        (item, item.plan.dose) for item in due if item.plan.is_held and item.plan.dose
    ]
    for site, pairs in grouped(dosed, lambda pair: pair[0].site).items():
        dispense_kits(
            requests=[
                KitRequest(item.visit, part.value, dose.step, item.at(DISPENSED_AT))
                for item, dose in pairs
                for part in (INITIAL, SUPPLEMENT)
            ],
            by=scene.cast.actor(Role.PHARMACIST, site=site),
        )
        by = scene.cast.actor(Role.THERAPIST, site=site)
        actions.give_doses(
            doses=[each for item, dose in pairs for each in _given(scene, item, dose)],
            by=by,
        )
        withheld = [
            WithheldDose(item.visit, SUPPLEMENT.value, dose.step, dose.withheld_reason)
            for item, dose in pairs
            if dose.supplement_after is None
        ]
        if withheld:
            actions.withhold_doses(doses=withheld, by=by)


def _given(scene: Scene, item: Due, dose: DosePlan) -> list[GivenDose]:
    by, witness = (
        scene.cast.user(Role.THERAPIST, site=item.site, number=n) for n in (0, 1)
    )
    first_at = item.at(dose.initial_at)
    note = item.plan.deviation
    why = note.description if note is not None and note.kind == "dosing" else ""
    moments: list[tuple[Administration, datetime]] = [(INITIAL, first_at)]
    if dose.supplement_after is not None:
        later = timedelta(minutes=dose.supplement_after)
        moments.append((SUPPLEMENT, first_at + later))
    return [
        GivenDose(
            visit=item.visit,
            part=part.value,
            given_at=at,
            capsules=CAPSULES[part],
            given_by=by,
            witnessed_by=witness,
            explanation=why if part is SUPPLEMENT else "",
        )
        for part, at in moments
    ]


def complete(scene: Scene, due: Sequence[Due]) -> None:
    """End the course of those who came to the termination visit."""
    done = [
        item
        for item in due
        if item.plan.code == "termination"
        and item.plan.is_held
        and item.member.plan.completed_day is not None
    ]
    for site, items in by_site(done).items():
        actions.complete(
            steps=[Step(item.participant, item.on) for item in items],
            by=scene.cast.actor(Role.COORDINATOR, site=site),
        )


def ending_after(
    scene: Scene, number: int, ending_of: Callable[[Member], Ending | None]
) -> list[Member]:
    """Return those whose ending comes after the round of this number.

    That is the last round with a visit of theirs up to the ending's day.
    """
    found = []
    for member in scene.script.members:
        ending = ending_of(member)
        if ending is not None and last_round(member, until=ending.day) == number:
            found.append(member)
    return found


def stop_of(member: Member) -> Ending | None:
    """Return when and why a member's treatment stops early, if it does."""
    return member.plan.treatment_stopped


def withdrawal_of(member: Member) -> Ending | None:
    """Return when and why a member leaves the trial, if they do."""
    return member.plan.withdrawn


def stop_treatment(scene: Scene, members: Sequence[Member]) -> None:
    """Discontinue treatment, site by site, with each one's reason."""
    for site, group in grouped(members, lambda member: member.plan.site).items():
        steps = [
            Step(scene.row(member), member.on(stop.day), stop.reason, stop.cause)
            for member in group
            if (stop := member.plan.treatment_stopped) is not None
        ]
        by = scene.cast.actor(Role.INVESTIGATOR, site=site)
        actions.discontinue_treatment(steps=steps, by=by)


def withdraw(scene: Scene, members: Sequence[Member]) -> None:
    """Record that participants left, site by site, with each one's reason."""
    for site, group in grouped(members, lambda member: member.plan.site).items():
        steps = [
            Withdrawal(
                *(scene.row(member), member.on(end.day), end.reason, end.cause),
                allows=end.allows,
            )
            for member in group
            if (end := member.plan.withdrawn) is not None
        ]
        by = scene.cast.actor(Role.INVESTIGATOR, site=site)
        actions.withdraw(steps=steps, by=by)


def book(scene: Scene) -> None:
    """Book the coming visits of today's participants, and plan them as of today."""
    booked = scene.with_rows(
        [(member, visit) for member in scene.script.members for visit in member.booked]
    )
    today = scene.script.today
    for site, items in by_site(booked).items():
        by = scene.cast.actor(Role.COORDINATOR, site=site)
        actions.book(
            bookings=[
                Booking(item.visit, item.on, item.plan.starts_at) for item in items
            ],
            by=by,
            today=today,
        )
    live = [
        member
        for member in scene.script.members
        if member.state is not None and member.plan.consent_day is not None
    ]
    for site, group in grouped(live, lambda member: member.plan.site).items():
        people = [scene.row(member) for member in group]
        by = scene.cast.actor(Role.COORDINATOR, site=site)
        actions.replan(participants=people, today=today, by=by)
