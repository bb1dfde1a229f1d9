"""A trial in which everything happened that a blinded person could read an arm from."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.vocabulary import Role
from adverse_events import actions as event_actions
from adverse_events.actions import NewEvent
from assessments import actions as assessment_actions
from assessments.actions import Completion
from audit.actors import SystemActor
from audit.seeing import seeing
from medical.actions import Review, review
from medical.models import ReviewedRecord
from participants.actions import (
    NewDeviation,
    NewIdentity,
    NewWaiver,
    Step,
    grant_waivers,
    record_deviations,
    record_identities,
)
from participants.models import Participant
from randomization.actions import (
    Accident,
    Exchange,
    KitRequest,
    Randomizing,
    dispense_kits,
    exchange_kits,
    load_kits,
    randomize,
    record_accident,
    reveal_arm,
)
from reminders import actions as reminder_actions
from sessions import actions as session_actions
from sessions.actions import Booking, GivenDose, NewSession, WithheldDose
from tests.exports.study import CHECKLIST, new_token
from tests.medical.world import everything_of
from tests.randomization import world as wall
from tests.world import (
    ON_TARGET,
    PASSWORD,
    RANDOMIZED_ON,
    World,
    confirmed,
    held,
    new_world,
    requested_caps,
    signed_caps,
    started,
    visit_of,
)
from trials.access import today_at

DENVER = ZoneInfo("America/Denver")
RANDOMIZED_AT = datetime.combine(RANDOMIZED_ON, time(12), tzinfo=DENVER)
DOSED_AT = datetime(2025, 4, 28, 10, 5, tzinfo=DENVER)
SUPPLEMENT_AT = DOSED_AT + timedelta(minutes=100)
NOTE = "Wept, then laughed at the window"
REMINDERS = SystemActor("reminders", triggered_by="test")


@dataclass(frozen=True)
class Trial:
    """`treated` have doses, one of each arm at least; `ready` waits for randomization."""

    world: World
    treated: list[Participant]
    undosed: Participant
    ready: Participant
    elsewhere: Participant
    token: str

    @property
    def people(self) -> list[Participant]:
        return [*self.treated, self.undosed, self.ready, self.elsewhere]


def new_trial() -> Trial:
    """Make the trial through the actions, as people would."""
    world = wall.sealed(new_world("TWINS"), times=8)
    load_kits(
        trial=world.trial,
        kits=wall.kits_of(world, world.elsewhere, times=2),
        by=world.actor(Role.PHARMACIST, elsewhere=True),
    )
    *people, ready = confirmed(world, 6)
    (there,) = confirmed(world, elsewhere=True)
    _randomize(world, people)
    _randomize(world, [there], elsewhere=True)
    *treated, undosed = _one_of_each_arm_first(people)
    held(world, people, "dosing_1")
    held(world, [there], "dosing_1", elsewhere=True)
    _identify(world, [*people, ready])
    _examine(world, people, ready)
    _dose(world, treated)
    _hold(world, treated)
    _report(world, treated)
    _assess(world, treated)
    _unblind(world, treated)
    _leave(world, treated)
    _book(world, undosed)
    _send(world)
    _, token = new_token(world)
    return Trial(world, treated, undosed, ready, there, token)


def _one_of_each_arm_first(people: list[Participant]) -> list[Participant]:
    """Order people so that the first two are in different arms: tests look at these."""
    arms = wall.arms_of(people)
    first = people[0]
    other = next(person for person in people if arms[person.pk] != arms[first.pk])
    return [first, other, *(p for p in people if p not in {first, other})]


def _randomize(
    world: World, people: list[Participant], *, elsewhere: bool = False
) -> None:
    randomize(
        randomizings=[Randomizing(person, RANDOMIZED_AT) for person in people],
        by=world.actor(Role.COORDINATOR, elsewhere=elsewhere),
    )


def _identify(world: World, people: list[Participant]) -> None:
    record_identities(
        identities=[
            NewIdentity(
                person,
                f"Ada Example {n}",
                date(1990, 1, 1),
                f"p{n}@participant.invalid",
            )
            for n, person in enumerate(people)
        ],
        by=world.actor(Role.COORDINATOR),
    )


def _examine(world: World, people: list[Participant], ready: Participant) -> None:
    """Somebody's medical record, read by the investigator, and a criterion waived."""
    *_, ecg = everything_of(world, people[0])
    everything_of(world, people[1])
    investigator = world.actor(Role.INVESTIGATOR)
    assert isinstance(ecg, ReviewedRecord)
    review(reviews=[Review(ecg, "normal")], at=RANDOMIZED_AT, by=investigator)
    grant_waivers(
        waivers=[NewWaiver(ready, "e6", RANDOMIZED_ON, "Stable for years")],
        password=PASSWORD,
        by=investigator,
    )


def _dose(world: World, treated: list[Participant]) -> None:
    """Everybody has an initial dose, the last one's supplement is withheld."""
    coordinator, therapist = world.actor(Role.COORDINATOR), world.actor(Role.THERAPIST)
    visits = [visit_of(person, "dosing_1") for person in treated]
    with_supplement = visits[:-1]
    for part, chosen in (("initial", visits), ("supplement", with_supplement)):
        dispense_kits(
            requests=[KitRequest(each, part, "starting", DOSED_AT) for each in chosen],
            by=coordinator,
        )
    exchange_kits(
        exchanges=[Exchange(visits[1], "initial", "damaged", DOSED_AT)],
        reason="Dropped on the floor",
        by=coordinator,
    )
    two = world.user(Role.THERAPIST), world.user(Role.THERAPIST, second=True)
    session_actions.give_doses(
        doses=[GivenDose(each, "initial", DOSED_AT, 2, *two) for each in visits],
        by=therapist,
    )
    session_actions.give_doses(
        doses=[
            GivenDose(each, "supplement", SUPPLEMENT_AT, 1, *two)
            for each in with_supplement
        ],
        by=therapist,
    )
    session_actions.withhold_doses(
        doses=[WithheldDose(visits[-1], "supplement", "starting", "tolerability")],
        by=therapist,
    )


def _hold(world: World, treated: list[Participant]) -> None:
    session_actions.record_sessions(
        sessions=[
            NewSession(
                visit_of(person, "dosing_1"),
                world.user(Role.THERAPIST),
                world.user(Role.THERAPIST, second=True),
                DOSED_AT,
                DOSED_AT + timedelta(hours=8),
                NOTE,
            )
            for person in treated
        ],
        by=world.actor(Role.THERAPIST),
    )


def _report(world: World, treated: list[Participant]) -> None:
    """A pleasant effect of everybody; of the first two a serious event each."""
    effects = [
        NewEvent(
            *(person, "Felt warm", DOSED_AT.date(), "mild", "pleasant", "recovered"),
            "not_changed",
            onset_time=DOSED_AT.time(),
            ended_on=DOSED_AT.date(),
            dosing_visit=visit_of(person, "dosing_1"),
        )
        for person in treated
    ]
    serious = [
        NewEvent(
            *(person, "Syncope", DOSED_AT.date(), "severe", "unpleasant", "recovering"),
            "interrupted",
            seriousness=frozenset({"hospitalization"}),
            site_aware_at=timezone.now() - timedelta(hours=2),
        )
        for person in treated[:2]
    ]
    event_actions.report_events(
        events=[*effects, *serious], by=world.actor(Role.THERAPIST)
    )
    record_deviations(
        deviations=[
            NewDeviation(person, "other", DOSED_AT.date(), "The clock stood still")
            for person in treated[:2]
        ],
        by=world.actor(Role.COORDINATOR),
    )


def _assess(world: World, treated: list[Participant]) -> None:
    for person in treated[:2]:
        signed_caps(world, person, total=77)
        requested_caps(world, person, visit="t2")
        checklist = started(world, person, "screening", "pcl5")
        assessment_actions.complete(
            completions=[
                Completion(checklist, ON_TARGET["screening"], "paper", CHECKLIST)
            ],
            by=world.actor(Role.COORDINATOR),
        )


def _unblind(world: World, treated: list[Participant]) -> None:
    for person in treated[:2]:
        reveal_arm(
            participant=person,
            why="Syncope; the physician on call asks",
            password=PASSWORD,
            at=timezone.now(),
            by=world.actor(Role.INVESTIGATOR),
        )
        record_accident(
            accident=Accident(
                participant=person,
                at=timezone.now(),
                learned="likely",
                how="The physician on call said it in the corridor",
                impact="No rater was there",
                user=world.user(Role.COORDINATOR),
            ),
            by=world.actor(Role.INVESTIGATOR),
        )


def _leave(world: World, treated: list[Participant]) -> None:
    session_actions.discontinue_treatment(
        steps=[
            Step(person, DOSED_AT.date() + timedelta(days=3), "Wish of the participant")
            for person in treated[2:3]
        ],
        by=world.actor(Role.COORDINATOR),
    )


def _book(world: World, person: Participant) -> None:
    """An appointment tomorrow, so that somebody is reminded of it."""
    today = today_at(world.site)
    session_actions.book(
        bookings=[
            Booking(
                visit_of(person, "integration_1_1"),
                today + timedelta(days=1),
                time(9, 30),
                "in_person",
            )
        ],
        by=world.actor(Role.COORDINATOR),
        today=today,
    )


def _send(world: World) -> None:
    """Plan what a morning's worker plans; sending is the test's."""
    now = timezone.now()
    with seeing(REMINDERS):
        reminder_actions.plan_reminders(now=now, by=REMINDERS)
        reminder_actions.plan_digests(now=now, by=REMINDERS)
        reminder_actions.plan_notices(now=now, by=REMINDERS)
        reminder_actions.plan_clocks(now=now, by=REMINDERS)
