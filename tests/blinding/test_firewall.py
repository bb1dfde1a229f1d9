"""What a rater can reach: by every route of the site, and by SQL on the web's own role."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import Role
from adverse_events.models import AdverseEvent
from assessments import actions as assessment_actions
from assessments.actions import RatingRequest
from assessments.models import Assessment
from randomization.models import Kit, Randomization
from sessions.models import Visit
from tests import databases
from tests.audit.lived import Lived, new_lived
from tests.blinding.crawling import LEAVES, addresses, crawled
from tests.blinding.lives import NOTE, Trial
from tests.blinding.twins import answer_of
from tests.pages import signed_in_as
from tests.randomization import world as wall
from tests.world import ON_TARGET, randomized, visit_of

pytestmark = [
    pytest.mark.requirement("BLD-04"),
    pytest.mark.services,
    pytest.mark.slow,
]
# What a rater may open at all. Everything else does not exist for them.
OPEN = frozenset(
    {
        *("", "ratings/", "signing/", "password/", "health/", "health/trail.json"),
        *("assessments/<uuid:uuid>/", "assessments/<uuid:uuid>/not-done/"),
        "history/<str:table>/<str:row>/",  # of their own forms
        *("participants/", "safety/", "kits/"),  # empty lists of nobody's sites
        # One-click sign-in exists in demonstrations alone, and names the accounts there.
        *("demonstration/", "demonstration/become/", "sign-in/"),
    }
)
# Tables of which a rater's own sign-in reads rows: whom they rate and by which form.
READ = frozenset(
    {
        "participants_participant",
        "participants_fact",
        "study_sessions_visit",
        "assessments_assessment",
        "assessments_itemresponse",
        "assessments_scorevalue",
        "assessments_draft",
        "audit.audit_action",
        "audit.audit_signature",
        "audit.audit_signin",
        # Of whom they rate, and of the forms above.
        *("export.participant", "export.form", "export.answer"),
    }
)


@pytest.fixture(scope="module")
def trial(made: tuple[str, Trial], django_db_blocker: Any) -> Iterator[Trial]:
    source, trial = made
    with django_db_blocker.unblock(), databases.cloned(like=source):
        yield trial


def canaries(trial: Trial) -> dict[str, re.Pattern[str]]:
    """Return what no rater may meet, each as a pattern of whole words."""
    return {
        name: re.compile(
            rf"(?<![\w:/-])(?:{'|'.join(map(re.escape, dict.fromkeys(words)))})(?![\w-])"
        )
        for name, words in (_of_visits() | _of_people(trial)).items()
    }


def _of_visits() -> dict[str, list[str]]:
    visits = Visit.objects
    return {
        # "Enrollment" alone is a step, which the list of participants explains to anybody.
        "visit": [*visits.exclude(label="Enrollment").values_list("label", flat=True)],
        "visit code": [
            code for code in visits.values_list("code", flat=True) if "_" in code
        ],
        "visit number": [*visits.exclude(number="").values_list("number", flat=True)],
        "visit id": [str(each) for each in visits.values_list("uuid", flat=True)],
    }


def _of_people(trial: Trial) -> dict[str, list[str]]:
    world = trial.world
    staff = [name.replace("_", " ").capitalize() for name in world.people]
    return {
        "note": [NOTE],
        "event": [*AdverseEvent.objects.values_list("term", flat=True)],
        "site": [
            each
            for site in (world.site, world.elsewhere)
            for each in (site.name, site.time_zone, site.phone, str(site.uuid))
        ],
        "participant": [
            each
            for person in trial.people
            for each in (person.number, str(person.uuid), "Ada Example")
        ],
        "arm": [arm.label for arm in wall.definition_of(world).arms] + ["comparator"],
        "kit": [*Kit.objects.values_list("number", flat=True)],
        "allocation": [*Randomization.objects.values_list("number", flat=True)],
        "therapist": [name for name in staff if "2" in name and "assessor" not in name],
        "score": ["77"],
    }


def met(text: str, planted: dict[str, re.Pattern[str]]) -> list[str]:
    return [
        f"{name}: {found[0]}"
        for name, each in planted.items()
        if (found := each.search(text))
    ]


def shown(client: Client, method: str, path: str, **typed: Any) -> tuple[int, str]:
    answer = answer_of(getattr(client, method)(path, **typed))
    # The example of a number in the words of an empty list is nobody's.
    text = answer.body.decode().replace("such as 01-001-9", "")
    text = re.sub(r'id="[^"]*"|for="[^"]*"|href="#[^"]*"', "", text)
    # The address asked for is repeated in no answer but the way to the sign-in.
    headers = " ".join(value for _, value in answer.headers)
    return answer.status, f"{text} {headers}"


@pytest.mark.parametrize("second", [False, True])
def test_no_answer_to_a_rater_holds_what_the_wall_keeps(
    trial: Trial, second: bool
) -> None:
    client = signed_in_as(trial.world, Role.RATER, second=second)
    planted = canaries(trial)
    begin = addresses(trial)
    leaks: list[str] = []
    opened: set[str] = set()
    route_of = {path: route for route, paths in begin.items() for path in paths}

    def ask(path: str) -> tuple[int, bytes]:
        status, text = shown(client, "get", path)
        route = route_of.get(path, path.split("?", maxsplit=1)[0].lstrip("/"))
        if route not in {"demonstration/", "trials:become"} and status != 302:
            leaks.extend(f"{path}: {found}" for found in met(text, planted))
        if status == 200:
            opened.add(route)
        return status, text.encode()

    paths = [path for path in route_of if path.lstrip("/") not in LEAVES]
    asked = crawled(paths, ask, most=200)
    assert leaks == []
    own = Assessment.objects.filter(rater=trial.world.user(Role.RATER, second=second))
    histories = {
        f"history/assessments_assessment/{each}/"
        for names in own.values_list("uuid", "pk")
        for each in names
    }
    assert opened <= OPEN | histories
    assert "assessments/<uuid:uuid>/" in opened
    for path in asked:
        if route_of.get(path, "").startswith(("oversight", "demonstration", "api")):
            continue
        status, text = shown(client, "post", path, data={"why": "Wanted to know"})
        assert met(text, planted) == [] or status == 302, path
        assert status != 500, path


def test_two_interviews_differ_by_what_a_rater_may_know_and_by_nothing_else(
    trial: Trial,
) -> None:
    """Participant, site, visit and what happened there are others; code and id may be."""
    world = trial.world
    rater = world.user(Role.RATER)
    (there,) = randomized(world, elsewhere=True)
    made = []
    for person, visit in (
        (trial.treated[2], "t2"),
        (trial.treated[3], "t3"),
        (there, "t4"),
    ):
        made += assessment_actions.request_ratings(
            requests=[
                RatingRequest(
                    visit_of(person, visit), "caps5", ON_TARGET["dosing_1"], rater
                )
            ],
            by=world.actor(Role.DATA_MANAGER),
        )
    client = signed_in_as(world, Role.RATER)
    pages = {masked(client, each) for each in made}
    assert len(pages) == 1
    queue = client.get(reverse("assessments:ratings")).content.decode()
    rows = {
        row.replace(each.opaque_code, "CODE").replace(str(each.uuid), "UUID")
        for each in made
        for row in re.findall(r"<tr>.*?</tr>", queue, re.DOTALL)
        if each.opaque_code in row
    }
    assert len(rows) == 1


def masked(client: Client, assessment: Assessment) -> str:
    """Return an interview's page without its code and its id, which the rater may know."""
    path = reverse("assessments:enter", args=[assessment.uuid])
    page = answer_of(client.get(path)).body.decode()
    assert assessment.opaque_code in page
    # The version that the page was made from, which only we can read.
    page, count = re.subn(r'name="seen" value="[\w=-]+"', "VERSION", page)
    assert count == 1
    return page.replace(assessment.opaque_code, "CODE").replace(
        str(assessment.uuid), "UUID"
    )


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock(), databases.cloned():
        yield new_lived()


def rows_seen(web: psycopg.Connection, token: str) -> dict[str, int]:
    """Return how many rows of each walled table and view a sign-in reads by plain SQL."""
    web.execute("SELECT set_config('candor.token', %s, true)", [token])
    tables = web.execute(
        "SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE (c.relrowsecurity OR n.nspname = 'export' AND c.relkind = 'v')"
        " AND has_table_privilege(c.oid, 'SELECT') AND n.nspname <> 'identity' ORDER BY 1"
    ).fetchall()
    found = {}
    for (table,) in tables:
        row = web.execute(f"SELECT count(*) FROM {table}").fetchone()
        found[table] = row[0] if row else 0
    return found


def test_a_raters_sign_in_reads_no_other_table_by_sql(lived: Lived) -> None:
    with psycopg.connect(databases.address_as("candor_web")) as web:
        site = rows_seen(web, lived.world.actor(Role.COORDINATOR).token)
        web.rollback()
        full = {table for table, count in site.items() if count}
        assert len(full) > 20
        for second in (False, True):
            by = lived.world.actor(Role.RATER, second=second)
            seen = rows_seen(web, by.token)
            assert {table for table, count in seen.items() if count} <= READ
            others = web.execute(
                "SELECT count(*) FROM assessments_assessment WHERE rater_id <> %s",
                [by.user_id],
            ).fetchone()
            acts = web.execute(
                "SELECT count(*) FROM audit.audit_action WHERE actor_id <> %s",
                [by.user_id],
            ).fetchone()
            assert (others, acts) == ((0,), (0,))
            web.rollback()


def test_the_world_has_two_raters_with_interviews(trial: Trial) -> None:
    raters = set(Assessment.objects.exclude(rater=None).values_list("rater", flat=True))
    both = {trial.world.user(Role.RATER, second=second).pk for second in (False, True)}
    assert both <= raters
