"""Row-level security: what a role reads by plain SQL, whoever its transaction says it is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.migrations import RunPython
from django.db.migrations.state import ProjectState
from django.utils import timezone

from accounts.actions import end_session, signed_in
from accounts.vocabulary import ROLES, Role
from assessments.actions.choosing import choose
from audit.actors import Actor, SystemActor
from audit.checks import unsafe_role
from audit.models import Action, RowChange, Signature
from audit.operations import past_the_walls
from audit.refusal import SessionEnded
from audit.seeing import look_on_as, reading, seeing, seeing_by_token
from participants.models import Participant
from tests import databases
from tests.audit.lived import Lived, new_lived
from tests.world import SETUP, new_world, visit_of
from trials.actions import end_delegation
from trials.models import Delegation

pytestmark = [pytest.mark.requirement("SEC-04"), pytest.mark.requirement("ACC-02")]

# Tables that say where a row belongs and have no policy, and why.
EXEMPT = {
    "public.trials_delegation": "says who sees what; the whole trial reads its log",
    "sealed.list_entry": "no role of the application may read it",
    "sealed.kit_content": "no role of the application may read it",
    "sealed.told": "no role of the application may read it",
}
_TABLES = """
SELECT n.nspname || '.' || c.relname, c.relrowsecurity, c.relforcerowsecurity,
    array_agg(a.attname::text)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY 1, 2, 3 ORDER BY 1
"""
# Walled as well: they belong where their form, their act or their person does.
NO_PLACE = {"public.assessments_draft", "audit.audit_signature", "audit.audit_signin"}
TRAIL = {"audit.audit_action", "audit.audit_rowchange", "audit.audit_signature"}
# Nobody of the application reads it but through the functions of its own schema.
BEHIND_FUNCTIONS = "identity.participants_identity"


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    with django_db_blocker.unblock(), databases.cloned():
        yield new_lived()


@pytest.fixture
def web(lived: Lived) -> Iterator[psycopg.Connection]:
    """The web's own role on a connection of its own; each test ends by rolling back."""
    with psycopg.connect(databases.address_as("candor_web")) as made:
        yield made
        made.rollback()


@pytest.fixture
def worker(lived: Lived) -> Iterator[psycopg.Connection]:
    with psycopg.connect(databases.address_as("candor_worker")) as made:
        yield made
        made.rollback()


def look(at: psycopg.Connection, *, token: str = "", job: str = "") -> None:
    at.execute(
        "SELECT set_config('candor.token', %s, true), set_config('candor.job', %s, true)",
        [token, job],
    )


def tables() -> dict[str, tuple[bool, bool, set[str]]]:
    """Return every table with whether it is walled, and forced, and its columns."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {name: (on, forced, set(of)) for name, on, forced, of in cursor}


def walled(*, readable: bool = True) -> list[str]:
    """Return the tables that are to be walled: by their columns, whatever is done."""
    found = {
        name
        for name, (_, _, columns) in tables().items()
        if columns & {"site_id", "participant_id"} and name not in EXEMPT
    }
    return sorted((found | NO_PLACE) - ({BEHIND_FUNCTIONS} if readable else set()))


def count(at: psycopg.Connection, table: str, where: str = "true") -> int:
    row = at.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])


def seen_by(at: psycopg.Connection) -> dict[str, int]:
    """Return the tables of which anything is seen, and how many rows."""
    counted = {table: count(at, table, "id IS NOT NULL") for table in walled()}
    return {table: rows for table, rows in counted.items() if rows}


def of_site(lived: Lived, table: str, *, there: bool) -> str:
    """Return the condition for the rows of one site; a sign-in is `{user}`'s or not."""
    site = (lived.world.elsewhere if there else lived.world.site).pk
    person = (lived.there if there else lived.here).pk
    forms = f"SELECT id FROM assessments_assessment WHERE site_id = {site}"
    acts = f"SELECT id FROM audit_action WHERE site_id = {site}"
    special = {
        "public.assessments_draft": f"assessment_id IN ({forms})",
        "audit.audit_signature": f"action_id IN ({acts})",
        "audit.audit_signin": f"user_id {'<>' if there else '='} {{user}}",
        "public.participants_participant": f"site_id = {site}",
        "public.randomization_kit": f"site_id = {site}",
    }
    return special.get(table, f"(site_id = {site} OR participant_id = {person})")


def test_every_table_with_a_place_is_walled_or_says_why_not(lived: Lived) -> None:
    known = tables()
    bare = []
    for name in walled(readable=False):
        is_walled, is_forced, _ = known[name]
        if not (is_walled and (is_forced or name.startswith("audit."))):
            bare.append(name)
    assert bare == []
    assert len(walled()) > 20
    assert EXEMPT.keys() <= known.keys()


def test_every_walled_table_has_rows_of_both_sites_to_look_for(lived: Lived) -> None:
    with connection.cursor() as cursor:
        for table in walled():
            for there in (False, True):
                condition = of_site(lived, table, there=there).format(user=1)
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE {condition})")
                assert cursor.fetchone() == (True,), (table, there)


def test_without_context_the_web_sees_no_row_of_any_table(
    web: psycopg.Connection,
) -> None:
    assert seen_by(web) == {}


def test_without_context_the_web_changes_no_row_of_any_table(
    web: psycopg.Connection,
) -> None:
    for table in walled():
        if table not in TRAIL | {"audit.audit_signin"}:
            changed = web.execute(f"UPDATE {table} SET id = id")
            assert changed.rowcount == 0, table


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_a_row_of_another_site_cannot_be_written(
    lived: Lived, web: psycopg.Connection, is_signed_in: bool
) -> None:
    token = lived.world.actor(Role.COORDINATOR).token if is_signed_in else ""
    for table in walled():
        if table in TRAIL | {"audit.audit_signin"}:
            continue
        where = of_site(lived, table, there=True)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT row_to_json(t)::text FROM {table} t WHERE {where} LIMIT 1"
            )
            (row,) = cursor.fetchone()
        look(web, token=token)
        insert = (
            f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s)"
        )
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"),
            web.transaction(),
        ):
            web.execute(insert, [row])


def test_a_coordinator_sees_their_site_and_nothing_of_another(
    lived: Lived, web: psycopg.Connection
) -> None:
    by = lived.world.actor(Role.COORDINATOR)
    look(web, token=by.token)
    for table in walled():
        there = of_site(lived, table, there=True).format(user=by.user_id)
        here = of_site(lived, table, there=False).format(user=by.user_id)
        assert count(web, table, there) == 0, table
        assert count(web, table, here) > 0, table


def test_a_coordinator_changes_nothing_of_another_site(
    lived: Lived, web: psycopg.Connection
) -> None:
    look(web, token=lived.world.actor(Role.COORDINATOR).token)
    changed = web.execute(
        "UPDATE participants_participant SET sex = sex WHERE id = %s", [lived.there.pk]
    )
    assert changed.rowcount == 0


def test_a_row_cannot_be_moved_to_another_site(
    lived: Lived, web: psycopg.Connection
) -> None:
    look(web, token=lived.world.actor(Role.COORDINATOR).token)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
        web.execute(
            "UPDATE participants_participant SET site_id = %s WHERE id = %s",
            [lived.world.elsewhere.pk, lived.here.pk],
        )


def test_whoever_works_for_the_whole_trial_sees_both_sites(
    lived: Lived, web: psycopg.Connection
) -> None:
    for role in (Role.DATA_MANAGER, Role.SPONSOR, Role.AUDITOR, Role.MEDICAL_MONITOR):
        look(web, token=lived.world.actor(role).token)
        assert count(web, "participants_participant") == 2


def test_another_trial_is_not_seen(lived: Lived, web: psycopg.Connection) -> None:
    other = new_world("OTHER")
    look(web, token=other.actor(Role.SPONSOR).token)
    assert count(web, "participants_participant") == 0


def test_the_views_of_an_export_are_behind_the_walls(
    lived: Lived, web: psycopg.Connection
) -> None:
    views = [
        name
        for (name,) in web.execute(
            "SELECT 'export.' || relname FROM pg_class WHERE relkind = 'v' AND"
            " relnamespace = 'export'::regnamespace ORDER BY 1"
        )
    ]
    assert len(views) > 8
    seen: dict[str, dict[str, int]] = {}
    for who, token in (
        ("nobody", ""),
        ("site", lived.world.actor(Role.COORDINATOR).token),
        ("trial", lived.world.actor(Role.SPONSOR).token),
    ):
        look(web, token=token)
        seen[who] = {view: count(web, view) for view in views}
    assert set(seen["nobody"].values()) == {0}
    assert 0 not in (seen["trial"][view] for view in ("export.dm", "export.answer"))
    for view in views:
        # Both sites lived the same life, so each has half of what the trial has.
        assert seen["site"][view] * 2 == seen["trial"][view], view


def test_no_view_or_table_belongs_to_a_role_that_passes_the_walls(lived: Lived) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, r.rolname FROM pg_class c"
            " JOIN pg_roles r ON r.oid = c.relowner"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE (r.rolsuper OR r.rolbypassrls) AND c.relkind IN ('r', 'v', 'm')"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    "forged", [{"token": "guessed"}, {"job": "setup"}, {"token": "x", "job": "setup"}]
)
def test_a_forged_setting_shows_the_web_nothing(
    web: psycopg.Connection, forged: dict[str, str]
) -> None:
    look(web, **forged)
    assert seen_by(web) == {}


def test_a_user_id_is_no_token(lived: Lived, web: psycopg.Connection) -> None:
    look(web, token=str(lived.world.user(Role.SPONSOR).pk))
    assert seen_by(web) == {}


def test_a_job_of_the_worker_sees_everything_and_without_a_name_nothing(
    lived: Lived, worker: psycopg.Connection
) -> None:
    assert seen_by(worker) == {}
    look(worker, job="reminders")
    for table in walled():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (count(worker, table),)


def test_a_token_narrows_even_a_job(lived: Lived, worker: psycopg.Connection) -> None:
    look(worker, job="reminders", token=lived.world.actor(Role.COORDINATOR).token)
    assert count(worker, "participants_participant") == 1


def test_an_ended_or_expired_sign_in_shows_nothing(
    lived: Lived, web: psycopg.Connection
) -> None:
    user = lived.world.user(Role.COORDINATOR)
    ended = signed_in(user=user, kind="test", lifetime=timedelta(hours=1))
    look(web, token=ended.token)
    assert count(web, "participants_participant") == 1
    web.rollback()
    end_session(token=ended.token)
    past = signed_in(user=user, kind="test", lifetime=-timedelta(seconds=1))
    for token in (ended.token, past.token):
        look(web, token=token)
        assert seen_by(web) == {}


def test_a_delegation_that_ended_yesterday_shows_nothing(
    lived: Lived, web: psycopg.Connection
) -> None:
    user = lived.world.user(Role.MONITOR)
    by = signed_in(user=user, kind="test", lifetime=timedelta(hours=1))
    today = timezone.now().date()
    for on, seen in ((today, 1), (today - timedelta(days=1), 0)):
        end_delegation(
            delegation=Delegation.objects.get(user=user),
            on=on,
            reason="Left the site",
            by=lived.world.actor(Role.DATA_MANAGER),
        )
        look(web, token=by.token)
        assert count(web, "participants_participant") == seen
        web.rollback()


def test_the_context_ends_with_its_transaction(
    lived: Lived, web: psycopg.Connection
) -> None:
    """Behind a pooler the next transaction of this connection is somebody else's."""
    look(web, token=lived.world.actor(Role.DATA_MANAGER).token)
    assert count(web, "participants_participant") == 2
    web.commit()
    assert seen_by(web) == {}
    web.rollback()
    with web.transaction():
        web.execute("SAVEPOINT within")
        look(web, token=lived.world.actor(Role.DATA_MANAGER).token)
        assert count(web, "participants_participant") == 2
        web.execute("ROLLBACK TO SAVEPOINT within")
        assert seen_by(web) == {}


def seen_here() -> int:
    return Participant.objects.count()


def test_a_block_restores_what_was_seen_before_it(lived: Lived) -> None:
    here = lived.world.actor(Role.COORDINATOR)
    there = lived.world.actor(Role.COORDINATOR, elsewhere=True)
    with transaction.atomic(), seeing_by_token(""):
        assert seen_here() == 0
        with seeing(here):
            assert list(Participant.objects.all()) == [lived.here]
            with seeing(there), seeing(there):
                assert list(Participant.objects.all()) == [lived.there]
            assert list(Participant.objects.all()) == [lived.here]
            with pytest.raises(ZeroDivisionError), seeing(there):
                raise ZeroDivisionError
            assert list(Participant.objects.all()) == [lived.here]
        assert seen_here() == 0


def test_who_signs_in_within_a_block_goes_on_as_themselves(lived: Lived) -> None:
    with seeing_by_token(""):
        look_on_as(lived.world.actor(Role.COORDINATOR).token)
        assert seen_here() == 1
        look_on_as("")
        assert seen_here() == 0


def test_a_cookie_with_a_zero_byte_is_nobodys(lived: Lived) -> None:
    with seeing_by_token("\0forged"):
        assert seen_here() == 0


def test_a_stream_without_a_sign_in_fails(lived: Lived) -> None:
    nobody = Actor(user_id=1, name="Nobody", token="ended long ago")
    with pytest.raises(SessionEnded), reading(nobody):
        pass
    with reading(lived.world.actor(Role.SPONSOR)) as cursor:
        cursor.execute("SELECT count(*) FROM participants_participant")
        assert cursor.fetchone() == (2,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            cursor.execute("UPDATE participants_participant SET sex = ''")


def test_a_rater_sees_whom_they_rate_and_nobody_else(
    lived: Lived, web: psycopg.Connection
) -> None:
    rated: set[int] = set()
    for second in (False, True):
        by = lived.world.actor(Role.RATER, second=second)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT participant_id FROM assessments_assessment"
                " WHERE rater_id = %s",
                [by.user_id],
            )
            own = {row[0] for row in cursor}
        look(web, token=by.token)
        found = web.execute("SELECT id FROM participants_participant").fetchall()
        assert {row[0] for row in found} == own
        of_others = f"participant_id <> ALL ('{{{','.join(map(str, own))}}}')"
        for table in ("study_sessions_visit", "assessments_itemresponse"):
            assert count(web, table, of_others) == 0
        rated |= own
    assert rated == {lived.here.pk, lived.there.pk}


def test_an_act_on_two_sites_is_seen_by_both_and_its_rows_by_each(lived: Lived) -> None:
    for elsewhere, person in ((False, lived.here), (True, lived.there)):
        with seeing(lived.world.actor(Role.COORDINATOR, elsewhere=elsewhere)):
            assert Action.objects.filter(pk=lived.shared).exists()
            rows = RowChange.objects.filter(action_id=lived.shared)
            assert {row.participant_id for row in rows} == {person.pk}


def test_signatures_are_seen_with_their_acts(lived: Lived) -> None:
    with seeing(SETUP):
        everything = Signature.objects.count()
    with seeing(lived.world.actor(Role.COORDINATOR)):
        acts = Action.objects.values("pk")
        assert Signature.objects.exclude(action_id__in=acts).count() == 0
        assert 0 < Signature.objects.count() < everything


def test_a_raters_load_is_counted_over_every_site(lived: Lived) -> None:
    """By one site's interviews alone the one who is busy elsewhere would be chosen."""
    visit = visit_of(lived.here, "t3")
    chosen = choose(visits=[visit], wanted={})
    for role in (Role.COORDINATOR, Role.DATA_MANAGER):
        with seeing(lived.world.actor(role)):
            assert choose(visits=[visit], wanted={}) == chosen
    with seeing(lived.world.actor(Role.COORDINATOR)), connection.cursor() as cursor:
        users = [lived.world.user(Role.RATER, second=x).pk for x in (False, True)]
        cursor.execute("SELECT sum(interviews) FROM walls.interviews_of(%s)", [users])
        assert cursor.fetchone() == (2,)


def test_the_number_of_a_kit_of_another_site_is_known_to_be_taken(lived: Lived) -> None:
    with seeing(lived.world.actor(Role.PHARMACIST)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM walls.kits_taken(%s, %s)",
            [lived.world.trial.pk, ["K-01", "K-02", "K-03"]],
        )
        assert cursor.fetchall() == [("K-01",), ("K-02",)]


def test_what_somebody_sees_is_asked_once_for_a_statement(lived: Lived) -> None:
    """Asked for each row, a page of a large trial would take seconds."""
    with seeing(lived.world.actor(Role.COORDINATOR)), connection.cursor() as cursor:
        for table in walled():
            cursor.execute(f"EXPLAIN SELECT id FROM {table}")
            plan = "\n".join(line for (line,) in cursor)
            if table in {"public.assessments_draft", "audit.audit_signature"}:
                continue
            assert "InitPlan" in plan, table
            filters = [line for line in plan.split("\n") if "Filter" in line]
            assert not any("_seen()" in line for line in filters), table


def test_the_owner_sees_nothing_but_in_a_migration_that_says_so(lived: Lived) -> None:
    counted: list[int] = []

    def fill(_apps: Any, editor: Any) -> None:
        with editor.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM participants_participant")
            counted.append(cursor.fetchone()[0])

    state = ProjectState()
    plain: list[Any] = [RunPython(fill)]
    passing = past_the_walls(RunPython(fill), "participants_participant")
    for operations in (plain, passing, plain):
        with connections["owner"].schema_editor() as editor:
            for operation in operations:
                operation.database_forwards("participants", editor, state, state)
    assert counted == [0, 2, 0]


def test_the_roles_that_see_sites_are_those_with_pages_and_raters_see_none(
    lived: Lived,
) -> None:
    """The policies name two roles; a role added later must be one or the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('audit.lines_of'::regproc)")
        (text,) = cursor.fetchone()
    without = {role for role, known in ROLES.items() if not known.permissions}
    for role in Role:
        assert (f"'{role.value}'" in text) == (role in without | {Role.RATER})


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("postgres", "a superuser"),
        ("candor_owner", "owns the tables"),
        ("candor_web", ""),
        ("candor_worker", ""),
        ("candor_tester", ""),
    ],
)
def test_a_role_that_passes_the_walls_is_told_from_one_that_does_not(
    lived: Lived, role: str, words: str
) -> None:
    with psycopg.connect(databases.address_as(role)) as made:
        found = unsafe_role(made.cursor())  # type: ignore[arg-type] # psycopg's own
    assert words in found
    assert bool(words) is bool(found)


def test_a_role_taken_on_counts_as_well(lived: Lived) -> None:
    with psycopg.connect(databases.address_as("postgres")) as made:
        made.execute("SET SESSION AUTHORIZATION candor_backup")
        found = unsafe_role(made.cursor())  # type: ignore[arg-type] # psycopg's own
    assert "bypasses row-level security" in found


def test_a_job_in_python_sees_what_it_says_it_is(lived: Lived) -> None:
    with seeing_by_token(""):
        assert seen_here() == 0
        with seeing(SystemActor("check")):
            assert seen_here() == 2
