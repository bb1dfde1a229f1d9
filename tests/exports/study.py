"""A small trial whose export can be checked by hand, made through the actions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client
from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events import actions as event_actions
from adverse_events.actions import NewEvent
from assessments import actions as assessment_actions
from assessments.actions import Completion, NotDone, RatingRequest
from assessments.models import Assessment
from audit.actors import Actor
from exports.actions import issue_token
from exports.models import ApiToken
from participants.actions import Step
from participants.models import Participant
from sessions import actions as session_actions
from sessions.actions import AssignedKit, GivenDose, Miss, WithheldDose
from tests import databases
from tests.world import (
    ON_TARGET,
    PASSWORD,
    World,
    consented,
    held,
    new_world,
    randomized,
    rater_of,
    screened,
    signed_caps,
    started,
    visit_of,
)

DENVER = ZoneInfo("America/Denver")
DOSED_AT = datetime(2025, 4, 28, 10, 5, tzinfo=DENVER)
FAILED_ON = date(2025, 3, 20)
# What the participant on treatment answers: PCL-5, C-SSRS and adapted SDS.
CHECKLIST: dict[str, int | str] = {
    f"pcl{number:02}": number % 5 for number in range(1, 21)
} | {"pcl16": "refused"}
SUICIDALITY: Mapping[str, int | str] = {
    f"cssrs{code}": 0 for code in ("01", "02", "12", "14", "15", "17", "19", "21")
} | {"cssrs01": 1}
DISABILITY: dict[str, int | str] = {
    "sds01": "not_applicable",
    "sds02": 7,
    "sds03": 4,
}


@dataclass(frozen=True)
class Study:
    """One participant on treatment, one consented elsewhere, one who failed screening."""

    world: World
    treated: Participant
    waiting: Participant
    failed: Participant
    unconsented: Participant
    token: ApiToken
    plain: str

    def get(self, path: str, *, token: str | None = None, **query: Any) -> Any:
        """Ask the API as a sponsor's program would."""
        plain = self.plain if token is None else token
        return Client(headers={"Authorization": f"Bearer {plain}"}).get(
            f"/api/v1/{path}", query
        )


def body_of(response: Any) -> bytes:
    """Return a streamed or a plain answer whole, closed as the web server closes it."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    response.close()
    return bytes(body)


def new_token(
    world: World, role: Role = Role.SPONSOR, *, lasting: timedelta = timedelta(days=30)
) -> tuple[ApiToken, str]:
    """Issue a token for the person of a role."""
    return issue_token(
        trial=world.trial,
        user=world.user(role),
        name="Nightly pull",
        expires_at=timezone.now() + lasting,
        by=world.actor(Role.DATA_MANAGER),
    )


@contextmanager
def committed_study() -> Iterator[Study]:
    """Make the study in a database of its own: a stream opens its own transaction."""
    with databases.cloned():
        yield new_study()


def new_study(identifier: str = "TEST-1") -> Study:
    world = new_world(identifier)
    (treated,) = randomized(world)
    signed_caps(world, treated, total=40)
    _dose(world, treated)
    _report(world, treated)
    _leave_undone(world, treated)
    _answer_questionnaires(world, treated)
    (waiting,) = consented(world, elsewhere=True)
    (failed,) = consented(world)
    session_actions.fail_screening(
        steps=[Step(failed, FAILED_ON, "Blood pressure too high")],
        by=world.actor(Role.COORDINATOR),
    )
    (unconsented,) = screened(world)
    token, plain = new_token(world)
    return Study(world, treated, waiting, failed, unconsented, token, plain)


def _dose(world: World, person: Participant) -> None:
    held(world, [person], "dosing_1")
    visit = visit_of(person, "dosing_1")
    session_actions.assign_kits(
        kits=[AssignedKit(visit, "initial", "starting", "K-1047")],
        by=world.actor(Role.COORDINATOR),
    )
    therapist = world.actor(Role.THERAPIST)
    two = world.user(Role.THERAPIST), world.user(Role.THERAPIST, second=True)
    session_actions.give_doses(
        doses=[GivenDose(visit, "initial", DOSED_AT, 2, *two)], by=therapist
    )
    session_actions.withhold_doses(
        doses=[WithheldDose(visit, "supplement", "starting", "tolerability")],
        by=therapist,
    )


def _report(world: World, person: Participant) -> None:
    aware = DOSED_AT + timedelta(hours=3)
    by = world.actor(Role.THERAPIST)
    dosing = visit_of(person, "dosing_1")
    pleasant = replace(
        _event(person, "=cmd|' /C calc'!A0"),
        valence="pleasant",
        outcome="recovered",
        action_taken="not_changed",
        onset_time=DOSED_AT.time(),
        ended_on=DOSED_AT.date(),
        dosing_visit=dosing,
    )
    serious = replace(
        _event(person, "Syncope"),
        onset_on=DOSED_AT.date() + timedelta(days=1),
        severity="moderate",
        valence="unpleasant",
        outcome="recovering",
        action_taken="interrupted",
        description="Told in confidence at the site",
        seriousness=frozenset({"hospitalization"}),
        site_aware_at=aware + timedelta(days=1),
    )
    events = event_actions.report_events(
        events=[pleasant, _event(person, "Typed by mistake"), serious], by=by
    )
    event_actions.void_event(
        event=events[1], reason="Entered for the wrong person", at=aware, by=by
    )


def _event(person: Participant, term: str) -> NewEvent:
    return NewEvent(
        person,
        term,
        DOSED_AT.date(),
        severity="mild",
        valence="neutral",
        outcome="unknown",
        action_taken="not_applicable",
    )


def _leave_undone(world: World, person: Participant) -> None:
    by = world.actor(Role.COORDINATOR)
    session_actions.miss(
        misses=[
            Miss(
                visit_of(person, "integration_1_1"),
                "Snow closed the road",
                date(2025, 4, 30),
            )
        ],
        by=by,
    )
    assessment_actions.mark_not_done(
        forms=[NotDone(visit_of(person, "t2"), "caps5", "Participant was ill")], by=by
    )


def _answer_questionnaires(world: World, person: Participant) -> None:
    therapist = world.actor(Role.THERAPIST)
    checklist = started(world, person, "screening", "pcl5")
    by = world.actor(Role.COORDINATOR)
    on = ON_TARGET["screening"]
    assessment_actions.complete(
        completions=[Completion(checklist, on, "paper", CHECKLIST)], by=by
    )
    _sign(checklist, by=therapist)
    suicidality = started(world, person, "prep_1", "cssrs_slc")
    on = ON_TARGET["prep_1"]
    assessment_actions.complete(
        completions=[Completion(suicidality, on, "direct", SUICIDALITY)], by=therapist
    )
    _sign(suicidality, by=therapist)
    on = ON_TARGET["baseline"]
    (disability,) = assessment_actions.request_ratings(
        requests=[RatingRequest(visit_of(person, "baseline"), "sds_adapted", on)], by=by
    )
    rater = rater_of(world, disability)
    assessment_actions.complete(
        completions=[Completion(disability, on, "direct", DISABILITY)], by=rater
    )
    _sign(disability, by=rater)
    # Typed and not signed: no answer of it may leave.
    started(world, person, "prep_2", "cssrs_slc")


def _sign(assessment: Assessment, *, by: Actor) -> None:
    assessment_actions.sign(assessments=[assessment], password=PASSWORD, by=by)
