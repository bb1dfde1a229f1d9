"""Builders of a small world, made through the actions, as everything is made.

The database refuses rows made otherwise, so a test cannot lie about the state of things.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from accounts.actions import NewUser, create_users, signed_in
from accounts.models import User
from accounts.vocabulary import Role
from assessments import actions as assessment_actions
from assessments.actions import Completion, RatingRequest, Start
from assessments.instruments.caps5 import CAPS5
from assessments.models import Assessment
from audit.actors import Actor, SystemActor
from participants.actions import (
    Confirmation,
    NewConsent,
    NewScreening,
    Step,
    mark_randomized,
    record_facts,
    screen,
)
from participants.models import Participant
from participants.vocabulary import CONSENT_ITEMS
from sessions import actions as session_actions
from sessions.models import Visit
from tests.facts import ASKED_ON, baseline_facts, eligible_facts
from trials.actions import (
    NewApproval,
    NewDelegation,
    NewSite,
    NewTrial,
    adopt_protocol,
    delegate,
    open_sites,
    open_trial,
    record_approvals,
)
from trials.models import ProtocolVersion, Site, Trial

SETUP = SystemActor("setup", triggered_by="test")
MAPP2 = Path(__file__).parent.parent / "trials" / "protocols" / "mapp2.toml"
# What a text needs at its end to be adopted beside version 1.0 of its protocol.
AMENDS = '\n[amendment]\namends = "1.0"\nreason = "A test"\n'
PASSWORD = "long enough to pass"
LONG_AGO = date(2020, 1, 1)

# Who works on all sites; everybody else belongs to one site.
WHOLE_TRIAL = (
    Role.RATER,
    Role.DATA_MANAGER,
    Role.MEDICAL_MONITOR,
    Role.SAFETY_OFFICER,
    Role.STATISTICIAN,
    Role.SPONSOR,
    Role.AUDITOR,
)
OF_A_SITE = (
    Role.COORDINATOR,
    Role.THERAPIST,
    Role.INVESTIGATOR,
    Role.PHARMACIST,
    Role.MONITOR,
)


@dataclass
class World:
    """A trial on the MAPP2 definition with two sites and a person for each role."""

    trial: Trial
    protocol: ProtocolVersion
    site: Site
    elsewhere: Site
    people: dict[str, User]
    actors: dict[str, Actor] = field(default_factory=dict)

    def user(
        self, role: Role, *, elsewhere: bool = False, second: bool = False
    ) -> User:
        return self.people[_key(role, elsewhere, second)]

    def actor(
        self, role: Role, *, elsewhere: bool = False, second: bool = False
    ) -> Actor:
        """Return the person signed in, through the same function as a browser's."""
        key = _key(role, elsewhere, second)
        if key not in self.actors:
            self.actors[key] = signed_in(
                user=self.people[key], kind="test", lifetime=timedelta(hours=1)
            )
        return self.actors[key]


def _key(role: Role, elsewhere: bool, second: bool) -> str:
    return f"{role.value}{'_elsewhere' if elsewhere else ''}{'_2' if second else ''}"


def new_world(identifier: str = "TEST-1", *, text: str = "") -> World:
    """Open a trial with two sites and everybody who works on them.

    `text` is the definition to follow, MAPP2 where none is given.
    """
    trial = open_trial(
        trial=NewTrial(identifier, "A trial made by a test", "Test sponsor", LONG_AGO),
        is_synthetic=True,
        by=SETUP,
    )
    protocol = adopt_protocol(
        trial=trial,
        text=text or MAPP2.read_text("utf-8"),
        filename=MAPP2.name,
        on=LONG_AGO,
        by=SETUP,
    )
    site, elsewhere = open_sites(
        trial=trial,
        sites=[
            NewSite("01", "Denver", "USA", "America/Denver", "+1 303 555 0100", "988"),
            NewSite("02", "Haifa", "ISR", "Asia/Jerusalem", "+972 4 555 0100", "1201"),
        ],
        by=SETUP,
    )
    approve(trial=trial, protocol=protocol, sites=[site, elsewhere])
    people = _people(trial, site, elsewhere)
    return World(trial, protocol, site, elsewhere, people)


def approve(
    *,
    trial: Trial,
    protocol: ProtocolVersion,
    sites: Sequence[Site],
    form_version: str = "1.0",
    on: date = LONG_AGO,
) -> None:
    """Have the IRB of each site approve a protocol and a consent form, for very long."""
    record_approvals(
        trial=trial,
        approvals=[
            NewApproval(
                site=site,
                protocol_version=protocol,
                form_version=form_version,
                irb=f"IRB of {site.name}",
                approved_on=on,
                expires_on=date(2099, 12, 31),
            )
            for site in sites
        ],
        by=SETUP,
    )


def _people(trial: Trial, site: Site, elsewhere: Site) -> dict[str, User]:
    places: dict[str, tuple[Role, Site | None]] = {}
    for role in WHOLE_TRIAL:
        places[_key(role, False, False)] = (role, None)
        places[_key(role, False, True)] = (role, None)
    for role in OF_A_SITE:
        places[_key(role, False, False)] = (role, site)
        places[_key(role, False, True)] = (role, site)
        places[_key(role, True, False)] = (role, elsewhere)
    users = create_users(
        people=[
            NewUser(
                username=f"{key}.{trial.identifier}".lower(),
                name=key.replace("_", " ").capitalize(),
                email=f"{key}@staff.invalid",
                password=PASSWORD,
            )
            for key in places
        ],
        by=SETUP,
    )
    people = dict(zip(places, users, strict=True))
    delegate(
        trial=trial,
        delegations=[
            NewDelegation(people[key], role, LONG_AGO, where)
            for key, (role, where) in places.items()
        ],
        by=SETUP,
    )
    return people


SCREENED_ON = ASKED_ON
NOTHING: Mapping[str, Any] = MappingProxyType({})


def screened(
    world: World, n: int = 1, *, on: date = SCREENED_ON, elsewhere: bool = False
) -> list[Participant]:
    """Put n people on the screening log of a site."""
    site = world.elsewhere if elsewhere else world.site
    return screen(
        screenings=[NewScreening(site, on)] * n,
        by=world.actor(Role.COORDINATOR, elsewhere=elsewhere),
    )


def consent_of(
    world: World,
    participant: Participant,
    *,
    on: date = SCREENED_ON,
    but: Mapping[str, bool] = NOTHING,
) -> NewConsent:
    """Return a signed form that agrees to everything but what `but` says."""
    given = dict.fromkeys(CONSENT_ITEMS, True) | dict(but)
    is_elsewhere = participant.site_id == world.elsewhere.pk
    by = world.user(Role.COORDINATOR, elsewhere=is_elsewhere)
    return NewConsent(participant, "1.0", on, by, given, "female", 34, is_able=True)


# The course of somebody for whom everything goes as planned: visit by day. Each day is
# the target of the visit's window when the visits before it were held on theirs.
ON_TARGET = {
    "screening": date(2025, 3, 10),
    "enrollment_visit": date(2025, 3, 24),
    "prep_1": date(2025, 3, 31),
    "prep_2": date(2025, 4, 7),
    "baseline": date(2025, 4, 14),
    "prep_3": date(2025, 4, 21),
    "dosing_1": date(2025, 4, 28),
}
RANDOMIZED_ON = date(2025, 4, 22)


def consented(
    world: World, n: int = 1, *, on: date = SCREENED_ON, elsewhere: bool = False
) -> list[Participant]:
    """Put n people on the screening log with signed consent and their first plan."""
    people = screened(world, n, on=on, elsewhere=elsewhere)
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    consents = [consent_of(world, person, on=on) for person in people]
    session_actions.consent(consents=consents, by=by)
    return people


def visit_of(participant: Participant, code: str) -> Visit:
    """Return one visit of a participant as it stands now."""
    return Visit.objects.select_related("participant", "site").get(
        participant=participant, code=code
    )


def visits_of(people: Sequence[Participant], code: str) -> list[Visit]:
    """Return one visit of each participant as it stands now, in the order given."""
    visits = Visit.objects.select_related("participant", "site")
    found = {
        visit.participant_id: visit
        for visit in visits.filter(participant__in=people, code=code)
    }
    return [found[person.pk] for person in people]


def held(
    world: World,
    people: Sequence[Participant],
    *codes: str,
    on: date | None = None,
    elsewhere: bool = False,
) -> None:
    """Hold visits of several people in the order given, on `on` or on target."""
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    for code in codes:
        day = on or ON_TARGET[code]
        visits = visits_of(people, code)
        holdings = [
            session_actions.Holding(visit, day, "in_person") for visit in visits
        ]
        session_actions.hold(holdings=holdings, by=by)


def enrolled(world: World, n: int = 1, *, elsewhere: bool = False) -> list[Participant]:
    """Return n people enrolled on the day of V0, with every fact a person records."""
    people = consented(world, n, elsewhere=elsewhere)
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    facts = [fact for person in people for fact in eligible_facts(person)]
    record_facts(facts=facts, by=by)
    held(world, people, "screening", "enrollment_visit", elsewhere=elsewhere)
    on = ON_TARGET["enrollment_visit"]
    session_actions.enroll(steps=[Step(person, on) for person in people], by=by)
    return people


def confirmed(
    world: World, n: int = 1, *, elsewhere: bool = False
) -> list[Participant]:
    """Return n people whose enrollment the investigator confirmed on the day of V4."""
    people = enrolled(world, n, elsewhere=elsewhere)
    held(world, people, "prep_1", "prep_2", "baseline", elsewhere=elsewhere)
    scores = [
        fact
        for person in people
        for fact in baseline_facts(person, on=ON_TARGET["baseline"])
    ]
    record_facts(facts=scores, by=SETUP)
    held(world, people, "prep_3", elsewhere=elsewhere)
    session_actions.confirm_enrollment(
        confirmations=[Confirmation(person, ON_TARGET["prep_3"]) for person in people],
        password=PASSWORD,
        by=world.actor(Role.INVESTIGATOR, elsewhere=elsewhere),
    )
    return people


def randomized(
    world: World, n: int = 1, *, elsewhere: bool = False
) -> list[Participant]:
    """Return n people in the state after randomization; nobody here has an arm."""
    people = confirmed(world, n, elsewhere=elsewhere)
    by = world.actor(Role.COORDINATOR, elsewhere=elsewhere)
    mark_randomized(steps=[Step(person, RANDOMIZED_ON) for person in people], by=by)
    session_actions.replan(participants=people, today=RANDOMIZED_ON, by=by)
    return people


def caps_answers(total: int) -> dict[str, int]:
    """Return a whole CAPS-5 with this total (0 to 80), meeting the diagnosis from 28."""
    answers = {item.code: 0 for item in CAPS5.items if item.required}
    answers |= {"caps_a": 1, "caps22": 1, "caps23": 2}
    for number in range(20):
        answers[f"caps{number + 1:02}"] = total // 20 + (number < total % 20)
    return answers


def requested_caps(
    world: World, participant: Participant, *, visit: str = "baseline"
) -> Assessment:
    """Return the CAPS-5 of a visit, assigned to a rater of the pool."""
    chosen = visit_of(participant, visit)
    due_on = chosen.held_on or chosen.target or ON_TARGET["baseline"]
    return assessment_actions.request_ratings(
        requests=[RatingRequest(chosen, "caps5", due_on)],
        by=world.actor(
            Role.COORDINATOR, elsewhere=participant.site_id == world.elsewhere.pk
        ),
    )[0]


def rater_of(world: World, assessment: Assessment) -> Actor:
    """Return whoever the interview is assigned to, signed in."""
    is_second = assessment.rater_id == world.user(Role.RATER, second=True).pk
    return world.actor(Role.RATER, second=is_second)


def completed_caps(
    world: World, participant: Participant, *, total: int = 40, visit: str = "baseline"
) -> Assessment:
    """Return a CAPS-5 that its rater completed and has not signed."""
    assessment = requested_caps(world, participant, visit=visit)
    assessed_on = assessment.due_on or ON_TARGET["baseline"]
    assessment_actions.complete(
        completions=[
            Completion(assessment, assessed_on, "direct", caps_answers(total))
        ],
        by=rater_of(world, assessment),
    )
    assessment.refresh_from_db()
    return assessment


def signed_caps(
    world: World, participant: Participant, *, total: int = 40, visit: str = "baseline"
) -> Assessment:
    """Return a CAPS-5 completed and signed by its rater."""
    assessment = completed_caps(world, participant, total=total, visit=visit)
    assessment_actions.sign(
        assessments=[assessment],
        password=PASSWORD,
        by=rater_of(world, assessment),
    )
    assessment.refresh_from_db()
    return assessment


def started(
    world: World, participant: Participant, visit: str, code: str
) -> Assessment:
    """Return a site form begun by the therapist (a coordinator begins questionnaires)."""
    role = Role.THERAPIST if code == "cssrs_slc" else Role.COORDINATOR
    return assessment_actions.start(
        starts=[Start(visit_of(participant, visit), code)],
        by=world.actor(role, elsewhere=participant.site_id == world.elsewhere.pk),
    )[0]
