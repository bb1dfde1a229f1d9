"""Playing the script act by act, each a transaction: a kill loses one act at most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from adverse_events.models import AdverseEvent
from assessments.models import Assessment
from audit.seeing import seeing
from participants.models import Participant
from sessions.models import Visit
from simulation.driver import courses, events, forms, health, screening, setting_up
from simulation.driver.cast import cast_of
from simulation.driver.scene import ROUNDS, Due, Round, Scene, scene_of
from simulation.driver.script import Script
from trials.models import Trial

LOCK = 7310  # of the demonstration, among the database's advisory locks
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Act:
    """A part of the play: `was_played` asks the database, `play` writes to it.

    Everything that `play` writes is written in one transaction, so an act was played
    whole or not at all.
    """

    name: str
    was_played: Callable[[Scene], bool]
    play: Callable[[Scene], None]


def demonstrate(script: Script, *, report: Report = lambda _: None) -> int:
    """Play what has not been played yet; return how many acts that were.

    What was played is read from the study's own rows. Several processes may play at
    once: each act is played by the first of them and found played by the others.
    """
    played = 0
    if begin(script):
        report("The trial is open")
        played += 1
    with seeing(setting_up.SETUP):
        left = _left(_scene(script))
    for act in left:
        if _played_now(script, act):
            report(act.name)
            played += 1
    return played


def begin(script: Script) -> bool:
    """Open the trial with sites, people, list and kits, unless it is open already."""
    with seeing(setting_up.SETUP):
        _wait_for_others()
        if Trial.objects.filter(identifier=script.identifier).exists():
            return False
        setting_up.open_stage(script)
    _forget_plans()
    return True


def _played_now(script: Script, act: Act) -> bool:
    """Play an act in one transaction unless it was; whether that was done now."""
    with seeing(setting_up.SETUP):
        _wait_for_others()
        scene = _scene(script)
        if act.was_played(scene):
            return False
        act.play(scene)
        scene.cast.sign_out()
    _forget_plans()
    return True


def _scene(script: Script) -> Scene:
    return scene_of(script, cast_of(script.identifier))


def _wait_for_others() -> None:
    """Let one process play at a time; the lock goes with the transaction, or with us."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _forget_plans() -> None:
    """Begin a new database session.

    The old one keeps the plans by which it checks foreign keys, made when the tables
    were empty: each check then reads the whole trial. Measured: 0.3 ms a response
    instead of 0.04.
    """
    connection.close()


def began_on(identifier: str) -> date | None:
    """Return the day that a demonstration was begun for; None where there is none.

    Whoever goes on with it must go on with that day's script.
    """
    return (
        Trial.objects.filter(identifier=identifier)
        .values_list("reminders_from", flat=True)
        .first()
    )


def _left(scene: Scene) -> list[Act]:
    """Return the acts from the first that was not played."""
    acts = all_acts()
    first = next((n for n, act in enumerate(acts) if not act.was_played(scene)), None)
    return [] if first is None else acts[first:]


def all_acts() -> list[Act]:
    """Return the acts in the order in which they are played."""
    rounds = [
        Act(each.name, _has_round(each), _playing(each, number))
        for number, each in enumerate(ROUNDS)
    ]
    return [
        Act("screening logs", _has_logs, screening.open_logs),
        *rounds,
        Act("ratings signed", _has_ratings, forms.sign_ratings),
        Act("site forms signed", _has_signed, forms.sign_site_forms),
        Act("adverse events", _has_events, events.play_events),
        Act("bookings", _has_bookings, _look_ahead),
    ]


def _has_logs(scene: Scene) -> bool:
    return Participant.objects.filter(trial=scene.cast.trial).exists()


def _has_round(one: Round) -> Callable[[Scene], bool]:
    def was_played(scene: Scene) -> bool:
        """Most of the round's visits: people may have recorded some by themselves."""
        rows = Visit.objects.filter(trial=scene.cast.trial, code__in=one.codes)
        recorded = rows.filter(state__in=["held", "missed"]).count()
        planned = sum(
            visit.code in one.codes
            for member in scene.script.members
            for visit in member.plan.visits
        )
        return 2 * recorded > planned or planned == 0

    return was_played


def _has_ratings(scene: Scene) -> bool:
    return _is_mostly_signed(scene, code__in=forms.RATED)


def _has_signed(scene: Scene) -> bool:
    return _is_mostly_signed(scene, is_hidden_from_site=False)


def _is_mostly_signed(scene: Scene, **which: object) -> bool:
    """Whether more of some forms are signed than wait for a signature."""
    rows = Assessment.objects.filter(trial=scene.cast.trial, **which)
    signed = rows.filter(state="signed").count()
    return signed > rows.filter(state="complete").count()


def _has_events(scene: Scene) -> bool:
    planned = sum(len(member.plan.events) for member in scene.script.members)
    return 2 * AdverseEvent.objects.filter(trial=scene.cast.trial).count() > planned


def _has_bookings(scene: Scene) -> bool:
    """Whether any visit to be booked is no longer merely planned."""
    coming = scene.with_rows(
        [(member, visit) for member in scene.script.members for visit in member.booked]
    )
    return any(item.visit.state != "planned" for item in coming)


def _playing(one: Round, number: int) -> Callable[[Scene], None]:
    def play(scene: Scene) -> None:
        due = scene.due(one.codes)
        courses.record_visits(scene, due)
        _on_the_way(scene, one, due)
        courses.record_sessions(scene, due)
        courses.record_doses(scene, due)
        forms.fill_in_site_forms(scene, due)
        forms.rate(scene, due)
        if "baseline" in one.codes:
            forms.sign_ratings(scene)
        if "prep_3" in one.codes:
            screening.confirm(scene, due)
            screening.allocate(scene, due)
        stopping = courses.ending_after(scene, number, courses.stop_of)
        events.play_serious(scene, stopping)
        courses.stop_treatment(scene, stopping)
        courses.complete(scene, due)
        leaving = courses.ending_after(scene, number, courses.withdrawal_of)
        courses.withdraw(scene, leaving)

    return play


def _on_the_way(scene: Scene, one: Round, due: Sequence[Due]) -> None:
    """Record what is found and decided on the way to confirmation."""
    if "screening" in one.codes:
        screening.interview(scene, due)
        health.examine(scene, due)
    elif "enrollment_visit" in one.codes:
        screening.enroll(scene, due)
    elif "baseline" in one.codes:
        screening.end_washouts(scene, due)


def _look_ahead(scene: Scene) -> None:
    """Book what comes, and ask for the interviews that come with it or are overdue."""
    courses.book(scene)
    forms.request_coming(scene)
