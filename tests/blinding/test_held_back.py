"""After a planned unblinding: who reads the visits that only some groups have."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from adverse_events.actions import NewEvent, report_events
from assessments.actions import RatingRequest, request_ratings
from assessments.models import Assessment
from audit.seeing import seeing
from exports.access import names_held_back
from exports.datasets import DATASETS
from exports.serializers import csv_of
from medical.vocabulary import Kind
from participants.actions import Step
from randomization.models import Kit
from sessions.actions import complete, replan
from sessions.models import Visit
from tests import databases
from tests.audit.walls import count, look, walled
from tests.blinding.crawling import crawled
from tests.blinding.twins import answer_of
from tests.locking import locked
from tests.medical.world import recorded
from tests.pages import signed_in_as
from tests.sessions.courses import Walk, all_begun, seen
from tests.world import MAPP2, visit_of
from workbench.access.closing import _held_back, open_matters

pytestmark = pytest.mark.requirement("BLD-02")
MP12 = (MAPP2.parent / "mp12.toml").read_text("utf-8")
TOLD = (
    *(Role.COORDINATOR, Role.THERAPIST, Role.INVESTIGATOR, Role.PHARMACIST),
    *(Role.SAFETY_OFFICER, Role.STATISTICIAN),
)
UNTOLD = (
    *(Role.SPONSOR, Role.MONITOR, Role.DATA_MANAGER, Role.MEDICAL_MONITOR),
    Role.AUDITOR,
)
# Where the two have not the same at all, to whoever may see it.
OF_A_VISIT = {
    "public.study_sessions_visit": "held_on IS NOT NULL",
    "public.study_sessions_doseadministration": "true",
    "public.randomization_kit": "true",
}


@dataclass(frozen=True)
class Pair:
    """Two who came to the same day alike, one of each group, and went on as theirs does."""

    active: Walk
    low: Walk


def new_pair() -> Pair:
    active, low = all_begun(MP12, told=["active", "low"])
    for walk in (active, low):
        seen(walk)
    for walk, code in ((active, "two_months"), (low, "open_two_months")):
        request_ratings(
            requests=[
                RatingRequest(visit_of(walk.person, code), "caps4", held_on(walk, code))
            ],
            by=walk.world.actor(Role.COORDINATOR),
        )
    # Before a dose more there are a laboratory and a pregnancy test more.
    day = held_on(low, "open_dosing_1") - timedelta(days=1)
    recorded(low.world, low.person, Kind.LAB, sampled_on=day)
    recorded(low.world, low.person, Kind.TEST, performed_on=day)
    # Signed in here, so that every copy knows them.
    for role in (*TOLD, *UNTOLD, Role.RATER):
        low.world.actor(role)
    low.world.actor(Role.RATER, second=True)
    return Pair(active, low)


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, Pair]]:
    with django_db_blocker.unblock(), databases.kept(new_pair) as kept:
        yield kept


@pytest.fixture
def pair(made: tuple[str, Pair]) -> Iterator[Pair]:
    name, found = made
    with databases.cloned(name):
        yield found


@pytest.fixture
def web(pair: Pair) -> Iterator[psycopg.Connection]:
    with psycopg.connect(databases.address_as("candor_web")) as made:
        yield made
        made.rollback()


def held_on(walk: Walk, code: str) -> date:
    day = visit_of(walk.person, code).held_on
    assert day is not None
    return day


def rows_of(web: psycopg.Connection, walk: Walk) -> dict[str, int]:
    """Return how many rows of each table somebody has, as whoever looks sees it."""
    found = {}
    for table in walled():
        whose = "id" if table == "public.participants_participant" else "participant_id"
        if table in NOBODYS:
            continue
        found[table] = count(web, table, f"{whose} = {walk.person.pk}")
    return found


NOBODYS = {
    "audit.audit_signin",
    "audit.audit_signature",
    "public.assessments_draft",
    "public.trials_approval",
    "public.trials_suspension",
}


def visits_seen(web: psycopg.Connection, walk: Walk) -> list[tuple[Any, ...]]:
    return web.execute(
        "SELECT code, state, plan, opens, target, closes, why, held_on"
        " FROM study_sessions_visit WHERE participant_id = %s ORDER BY position, code",
        [walk.person.pk],
    ).fetchall()


@pytest.mark.parametrize("role", UNTOLD)
def test_whoever_is_not_told_sees_as_much_of_one_group_as_of_the_other(
    pair: Pair, web: psycopg.Connection, role: Role
) -> None:
    look(web, token=pair.low.world.actor(role).token)
    assert rows_of(web, pair.active) == rows_of(web, pair.low)
    assert len(visits_seen(web, pair.active)) > 20
    assert visits_seen(web, pair.active) == visits_seen(web, pair.low)


@pytest.mark.parametrize("role", TOLD)
def test_whoever_treats_them_sees_what_only_one_group_has(
    pair: Pair, web: psycopg.Connection, role: Role
) -> None:
    look(web, token=pair.low.world.actor(role).token)
    active, low = rows_of(web, pair.active), rows_of(web, pair.low)
    for table in (*OF_A_VISIT, "audit.audit_rowchange", "audit.audit_action"):
        if table != "public.study_sessions_visit":
            assert active[table] < low[table], table
    assert visits_seen(web, pair.active) != visits_seen(web, pair.low)


def test_the_trail_of_the_untold_ends_with_the_unblinding(
    pair: Pair, web: psycopg.Connection
) -> None:
    chains = [f"participant:{walk.person.pk}" for walk in (pair.active, pair.low)]
    ask = "SELECT position FROM audit.heads(%s) ORDER BY chain"
    look(web, token=pair.low.world.actor(Role.AUDITOR).token)
    ends = [row[0] for row in web.execute(ask, [chains])]
    assert len(set(ends)) == 1
    for chain in chains:
        acts = web.execute("SELECT * FROM audit.acts_since(%s, 0, 9999)", [chain])
        assert [row[0] for row in acts][-1] == ends[0]
    look(web, token=pair.low.world.actor(Role.COORDINATOR).token)
    assert all(row[0] > ends[0] for row in web.execute(ask, [chains]))


def test_that_somebody_was_unblinded_stays_on_everybodys_trail(
    pair: Pair, web: psycopg.Connection
) -> None:
    look(web, token=pair.low.world.actor(Role.AUDITOR).token)
    told = "verb = 'unblind as planned'"
    assert count(web, "audit.audit_action", told) == 2
    assert count(web, "randomization_unblinding") == 2


def test_of_what_followed_the_unblinding_nothing_is_on_the_trail_of_the_untold(
    pair: Pair, web: psycopg.Connection
) -> None:
    after = {
        "audit.audit_rowchange": "action_id >= audit.unblinded_in(participant_id)"
        " AND table_name <> 'randomization_unblinding'",
        "audit.audit_action": "id > audit.unblinded_in(participant_id)",
    }
    for role, is_told in ((Role.AUDITOR, False), (Role.COORDINATOR, True)):
        look(web, token=pair.low.world.actor(role).token)
        for table, where in after.items():
            assert bool(count(web, table, where)) is is_told, (role, table)


def report_event(pair: Pair) -> None:
    """Report an event of a dose that only one group had."""
    person, day = pair.low.person, held_on(pair.low, "open_dosing_1")
    new = NewEvent(
        *(person, "Headache", day, "mild", "unpleasant", "recovered", "not_changed"),
        dosing_visit=visit_of(person, "open_dosing_1"),
    )
    report_events(events=[new], by=pair.low.world.actor(Role.COORDINATOR))


def test_an_adverse_event_of_then_is_held_back_from_nobody(pair: Pair) -> None:
    report_event(pair)
    world = pair.low.world
    with psycopg.connect(databases.address_as("candor_web")) as web:
        look(web, token=world.actor(Role.SPONSOR).token)
        assert count(web, "adverse_events_adverseevent") == 1
        events = "table_name = 'adverse_events_adverseevent'"
        assert count(web, "audit.audit_rowchange", events) == 1
        assert count(web, "audit.audit_action", "verb = 'report adverse event'") == 1


@pytest.mark.parametrize("role", UNTOLD)
def test_no_page_of_the_untold_names_a_visit_that_is_held_back(
    pair: Pair, role: Role
) -> None:
    report_event(pair)
    hidden = pair.low.definition.held_back.visits
    words = {visit.label for visit in Visit.objects.filter(code__in=hidden)}
    client = signed_in_as(pair.low.world, role)
    # What the protocol plans for whom everybody may read.
    of_the_protocol = reverse("workbench:protocol", args=[pair.low.world.trial.uuid])

    def ask(path: str) -> tuple[int, bytes]:
        answer = answer_of(client.get(path))
        assert answer.status < 500, path
        if not path.startswith(of_the_protocol):
            found = [word for word in words if word.encode() in answer.body]
            assert found == [], path
        return answer.status, answer.body

    begin = ["/", "/participants/", "/safety/", "/oversight/", "/export/"]
    for walk in (pair.active, pair.low):
        uuid = walk.person.uuid
        begin.append(reverse("workbench:participant", args=[uuid]))
        for visit in walk.visits():
            if visit.code in hidden and visit.kind in {"dosing", "follow_up"}:
                page = reverse("workbench:visit", args=[visit.uuid])
                assert client.get(page).status_code == 404
    asked = crawled(begin, ask, most=150)
    assert len(asked) > 50


def test_the_page_of_a_participant_says_to_the_untold_what_is_missing(
    pair: Pair,
) -> None:
    url = reverse("workbench:participant", args=[pair.low.person.uuid])
    for role, is_told in ((Role.SPONSOR, False), (Role.COORDINATOR, True)):
        page = signed_in_as(pair.low.world, role).get(url).content.decode()
        assert ("Visits that tell the treatment are not shown" in page) is not is_told
        assert ("Open-label session 1" in page) is is_told


def test_the_site_is_told_the_group_and_not_the_amount_of_an_arm_called_like_it(
    pair: Pair,
) -> None:
    url = reverse("randomization:planned", args=[pair.low.person.uuid])
    page = signed_in_as(pair.low.world, Role.COORDINATOR).get(url).content.decode()
    assert "low" in page
    assert "40 mg" not in page


def test_a_rater_reads_the_visit_at_which_they_rate_and_no_other_held_back(
    pair: Pair, web: psycopg.Connection
) -> None:
    held_back = pair.low.definition.held_back.visits
    found = []
    for walk in (pair.active, pair.low):
        rater = Assessment.objects.get(
            participant=walk.person, instrument="caps4"
        ).rater
        is_second = rater == walk.world.user(Role.RATER, second=True)
        look(web, token=walk.world.actor(Role.RATER, second=is_second).token)
        codes = [code for code, *_ in visits_seen(web, walk)]
        found.append((rows_of(web, walk), len(codes), held_back & {*codes}))
    (first, all_first, own), (second, all_second, others) = found
    assert (first, all_first) == (second, all_second)
    assert [*own, *others] == ["two_months", "open_two_months"]


def test_a_data_manager_plans_nothing_of_what_is_held_back(pair: Pair) -> None:
    by = pair.low.world.actor(Role.DATA_MANAGER)
    people = [pair.active.person, pair.low.person]
    before = [
        [visit.plan for visit in walk.visits()] for walk in (pair.active, pair.low)
    ]
    with seeing(by):
        replan(participants=people, today=None, by=by)
    after = [
        [visit.plan for visit in walk.visits()] for walk in (pair.active, pair.low)
    ]
    assert before == after


def test_whoever_locks_the_trial_learns_that_something_held_back_is_left(
    pair: Pair,
) -> None:
    world = pair.low.world
    for role, expected in ((Role.DATA_MANAGER, (0, 2)), (Role.SAFETY_OFFICER, (0, 0))):
        with seeing(world.actor(role)):
            assert _held_back(world.trial) == expected
    with seeing(world.actor(Role.DATA_MANAGER)):
        left = {each.many: each.count for each in open_matters(world.trial)}
    with seeing(world.actor(Role.SAFETY_OFFICER)):
        known = {each.many: each.count for each in open_matters(world.trial)}
    key = "forms are not signed."
    assert 2 <= left[key] < known[key]


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.STATISTICIAN])
def test_an_export_tells_nobody_apart_whoever_asks_for_it(
    pair: Pair, role: Role
) -> None:
    for walk in (pair.active, pair.low):
        completed(walk)
    for name in DATASETS:
        active, low = (exported(name, walk, role) for walk in (pair.active, pair.low))
        assert active == low, name
    assert exported("SV", pair.low, role) != []


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.STATISTICIAN])
def test_an_export_of_the_locked_trial_has_all_of_it(pair: Pair, role: Role) -> None:
    for walk in (pair.active, pair.low):
        completed(walk)
    names = names_held_back(pair.low.world.protocol)
    assert "Open-label session 1" in names
    locked(pair.low.world)
    assert names_held_back(pair.low.world.protocol) == ()
    for name in ("DM", "DS", "SV", "EC"):
        active, low = (exported(name, walk, role) for walk in (pair.active, pair.low))
        assert active != low, name
    assert any("COMPLETED" in row for row in exported("DS", pair.low, role))


def exported(name: str, walk: Walk, role: Role) -> list[list[str]]:
    """Return the rows of a person in a dataset, without what is their own name."""
    by = walk.world.actor(role)
    text = b"".join(csv_of(DATASETS[name], walk.world.trial, by=by)).decode()
    header, *rows = csv.reader(io.StringIO(text))
    number = walk.person.number
    kits = set(Kit.objects.values_list("number", flat=True))
    return [
        [
            "" if cell in kits or column.endswith("SPID") else cell.replace(number, "")
            for column, cell in zip(header, row, strict=True)
        ]
        for row in rows
        if any(number in cell for cell in row)
    ]


def completed(walk: Walk) -> None:
    last = max(visit.held_on for visit in walk.visits() if visit.held_on)
    complete(steps=[Step(walk.person, last)], by=walk.world.actor(Role.COORDINATOR))


def test_everybody_is_told_with_the_lock(pair: Pair) -> None:
    locked(pair.low.world)
    with psycopg.connect(databases.address_as("candor_web")) as web:
        for role in UNTOLD:
            look(web, token=pair.low.world.actor(role).token)
            assert visits_seen(web, pair.active) != visits_seen(web, pair.low)
