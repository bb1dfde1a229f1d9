"""Fills the benchmark's trial: people through actions, the mass of rows set-based.

Every row is written under an action, by the application's role, with its triggers on:
what is measured afterwards stands in a database like one that was lived in.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.db import connection

from accounts.actions import NewUser, create_users
from accounts.models import User
from accounts.vocabulary import Role
from assessments.instruments import REGISTRY
from assessments.instruments.base import Scale
from audit.actors import Place, SystemActor
from audit.trail import acting
from participants.actions import NewConsent, NewScreening, screen
from participants.models import Participant
from sessions.actions import consent
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
from trials.models import Site, Trial

SETUP = SystemActor("bench", triggered_by="./run bench")
MAPP2 = Path(__file__).resolve().parent.parent / "trials" / "protocols" / "mapp2.toml"
SITES = 10
INSTRUMENTS = [
    item
    for item in REGISTRY.values()
    if item.code in {"caps5", "sds_adapted", "pcl5", "cssrs_slc"}
]
PASSWORD = "a benchmark's password"  # noqa: S105 - of a database that holds nothing
LONG_AGO = date(2020, 1, 1)
ITEM_CHUNK = 100  # participants a statement: bounds the size of one transaction


@dataclass(frozen=True, slots=True)
class Filled:
    """What the measurements need to know."""

    trial: Trial
    site: Site
    participants: int
    responses: int
    entries: int


def fill(participants: int) -> None:
    """Open the trial and write `participants` courses of 21 visits and 4 instruments."""
    trial = open_trial(
        trial=NewTrial("BENCH", "A trial to be measured", "Nobody", LONG_AGO),
        is_synthetic=True,
        by=SETUP,
    )
    sites = _sites(trial)
    people = _people(trial, sites)
    pattern = _pattern(sites[0], people[Role.COORDINATOR])
    _courses(sites, pattern, rater=people[Role.RATER], count=participants)
    _answers(trial)
    with connection.cursor() as cursor:
        for table in ("study_sessions_visit", "assessments_assessment"):
            cursor.execute(f"ANALYZE {table}")


def _sites(trial: Trial) -> list[Site]:
    """Open the sites, with a protocol that each of their IRBs approved."""
    text = MAPP2.read_text("utf-8")
    protocol = adopt_protocol(
        trial=trial, text=text, filename=MAPP2.name, on=LONG_AGO, by=SETUP
    )
    sites = open_sites(
        trial=trial,
        sites=[
            NewSite(
                f"{n:02d}",
                f"Site {n}",
                "USA",
                "America/Denver",
                "+1 303 555 0100",
                "988",
            )
            for n in range(1, SITES + 1)
        ],
        by=SETUP,
    )
    last_day = date(2099, 12, 31)
    record_approvals(
        trial=trial,
        approvals=[
            NewApproval(site, protocol, "1.0", "IRB", LONG_AGO, last_day)
            for site in sites
        ],
        by=SETUP,
    )
    return sites


def _courses(
    sites: list[Site], pattern: Participant, *, rater: User, count: int
) -> None:
    place = Place(trial_id=pattern.trial_id)
    with acting("fill", by=SETUP, place=place), connection.cursor() as cursor:
        _participants(sites, pattern, count // SITES)
        cursor.execute(CONSENTS, [pattern.pk, pattern.trial_id, pattern.pk])
        cursor.execute(VISITS, [pattern.pk, pattern.trial_id, pattern.pk])
        for item in INSTRUMENTS:
            cursor.execute(
                ASSESSMENTS, [item.code, item.code, item.version, rater.pk, pattern.pk]
            )


def _answers(trial: Trial) -> None:
    place = Place(trial_id=trial.pk)
    first, last = _range(trial)
    for start in range(first, last + 1, ITEM_CHUNK):
        with acting("fill", by=SETUP, place=place), connection.cursor() as cursor:
            for item in INSTRUMENTS:
                codes = [one.code for one in item.items]
                most = [_most(one.scale) for one in item.items]
                cursor.execute(
                    RESPONSES, [codes, most, item.code, start, start + ITEM_CHUNK]
                )
            cursor.execute(SCORES, [start, start + ITEM_CHUNK])


def _most(scale: Scale) -> int:
    """Return an answer that the scale allows and that is not above four."""
    return max(value for value in range(5) if scale.allows(value))


def _range(trial: Trial) -> tuple[int, int]:
    ids = (
        Participant.objects.filter(trial=trial)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    found = list(ids)
    return found[0], found[-1]


def _people(trial: Trial, sites: list[Site]) -> dict[Role, User]:
    roles = [
        (Role.COORDINATOR, sites[0]),
        (Role.INVESTIGATOR, sites[0]),
        (Role.THERAPIST, sites[0]),
        (Role.RATER, None),
        (Role.DATA_MANAGER, None),
        (Role.AUDITOR, None),
        (Role.SPONSOR, None),
    ]
    users = create_users(
        people=[
            NewUser(f"bench.{role}", f"Bench {role}", f"{role}@bench.invalid", PASSWORD)
            for role, _ in roles
        ],
        by=SETUP,
    )
    delegate(
        trial=trial,
        delegations=[
            NewDelegation(user, role, LONG_AGO, site)
            for user, (role, site) in zip(users, roles, strict=True)
        ],
        by=SETUP,
    )
    return {role: user for user, (role, _) in zip(users, roles, strict=True)}


def _pattern(site: Site, by: User) -> Participant:
    """One participant planned by the actions; the others' visits are copies of theirs."""
    on = date.today() - timedelta(days=250)  # noqa: DTZ011, TID251 - relative to today
    (pattern,) = screen(screenings=[NewScreening(site, on)], by=SETUP)
    items = {"participation": True, "recording": True, "reminders_email": True}
    consent(
        consents=[
            NewConsent(pattern, "1.0", on, by, items, "female", 34, is_able=True)
        ],
        by=SETUP,
    )
    return pattern


def _participants(sites: list[Site], pattern: Participant, each: int) -> None:
    Participant.objects.bulk_create(
        Participant(
            trial_id=pattern.trial_id,
            site=site,
            protocol_version_id=pattern.protocol_version_id,
            number=f"{site.number}-{n:03d}-0",
            sequence=n,
            state="randomized",
            sex="female",
            age=20 + n % 50,
            screened_on=pattern.screened_on,
            enrolled_on=pattern.screened_on,
            confirmed_on=pattern.screened_on,
            randomized_on=pattern.screened_on,
        )
        for site in sites
        for n in range(2, each + 2)
    )


CONSENTS = """
INSERT INTO participants_consent (trial_id, site_id, participant_id, form_version, signed_on,
    obtained_by_id, is_able)
SELECT p.trial_id, p.site_id, p.id, c.form_version, c.signed_on, c.obtained_by_id, c.is_able
FROM participants_consent c, participants_participant p
WHERE c.participant_id = %s AND p.trial_id = %s AND p.id <> %s
"""
# Twelve visits are held, the rest lie ahead; windows step by a week from the consent.
VISITS = """
INSERT INTO study_sessions_visit (uuid, trial_id, site_id, participant_id,
    protocol_version_id, code, number, label, kind, turn, stage, position, state, plan, opens,
    target, closes, why, held_on, mode, missed_reason, to_decide)
SELECT gen_random_uuid(), p.trial_id, p.site_id, p.id, v.protocol_version_id, v.code,
    v.number, v.label, v.kind, v.turn, v.stage, v.position,
    CASE WHEN v.position < 30 THEN 'held' ELSE 'planned' END,
    CASE WHEN v.position < 30 THEN 'recorded' ELSE 'firm' END,
    p.screened_on + 7 * v.position, p.screened_on + 7 * v.position + 3,
    p.screened_on + 7 * v.position + 6, v.why,
    CASE WHEN v.position < 30 THEN p.screened_on + 7 * v.position + 3 END,
    CASE WHEN v.position < 30 THEN 'in_person' ELSE '' END, '', ''
FROM study_sessions_visit v, participants_participant p
WHERE v.participant_id = %s AND p.trial_id = %s AND p.id <> %s
"""
ASSESSMENTS = """
INSERT INTO assessments_assessment (uuid, trial_id, site_id, participant_id, visit_id, code,
    instrument, version, recall, position, is_hidden_from_site, state, rater_id,
    opaque_code, assessed_on, source, not_done_reason, alert_action)
SELECT gen_random_uuid(), v.trial_id, v.site_id, v.participant_id, v.id, %s, %s, %s,
    'past month', 1, false, 'signed', %s, substr(md5(random()::text || v.id), 1, 12),
    v.opens + 3, 'direct', '', ''
FROM study_sessions_visit v
WHERE v.number LIKE 'V%%' AND v.participant_id <> %s
"""
RESPONSES = """
INSERT INTO assessments_itemresponse (trial_id, site_id, participant_id, assessment_id, item,
    value, missing)
SELECT a.trial_id, a.site_id, a.participant_id, a.id, i.code,
    floor(random() * (i.most + 1))::int, ''
FROM assessments_assessment a, unnest(%s::text[], %s::int[]) AS i (code, most)
WHERE a.instrument = %s AND a.participant_id >= %s AND a.participant_id < %s
"""
SCORES = """
INSERT INTO assessments_scorevalue (trial_id, site_id, participant_id, assessment_id, score,
    value, scorer_version)
SELECT a.trial_id, a.site_id, a.participant_id, a.id, 'total', floor(random() * 60), '1'
FROM assessments_assessment a
WHERE a.instrument IN ('caps5', 'pcl5') AND a.participant_id >= %s AND a.participant_id < %s
"""
