"""Row-level security: what a role reads of the tables by plain SQL."""

from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.db.migrations import RunPython
from django.db.migrations.state import ProjectState

from accounts.vocabulary import Role
from assessments.actions.choosing import choose
from audit.models import Action, RowChange, Signature
from audit.operations import past_the_walls
from audit.seeing import seeing
from tests.audit.lived import Lived
from tests.audit.walls import (
    EXEMPT,
    TRAIL,
    count,
    look,
    of_site,
    seen_by,
    tables,
    walled,
)
from tests.world import SETUP, new_world, visit_of

pytestmark = [pytest.mark.requirement("SEC-04"), pytest.mark.requirement("ACC-02")]


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
