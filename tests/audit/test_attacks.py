"""What the web's and the worker's own logins can do to the trail: nothing unseen.

Each attack runs on a connection of its own and is committed if the database lets it. The
roles may make temporary tables here, as in a database restored without its privileges.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.actions import deactivate, end_session, signed_in
from accounts.vocabulary import Role
from audit.verifying import verify
from starter.roles import database_statements
from tests import databases
from tests.audit.attacks import ATTACKS
from tests.audit.attacks.tables import (
    ALONE,
    ANYBODYS,
    ON_A_FUNCTION,
    ON_ANY,
    ON_THE_TRAIL,
    THE_WORKERS,
)
from tests.audit.attacks.trying import WEB, WORKER, Attack, Outcome, act
from tests.audit.attacks.watching import Stage
from tests.audit.conftest import CHECK
from tests.audit.everything import audited_tables, everything
from tests.identities import as_administrator
from tests.locking import locked
from tests.world import SETUP, new_world

pytestmark = [pytest.mark.requirement("AUD-07"), pytest.mark.requirement("SEC-04")]

BOTH = (WEB, WORKER)
# A privilege, a wall, or the trail itself refused; anything else is a mistake of the test.
REFUSALS = {
    "42501": "insufficient privilege",
    "AU001": "outside an act",
    "AU002": "without a reason",
    "AU003": "no live sign-in",
    "AU004": "no open account",
    "AU005": "nobody to sign",
    "AU008": "the trial's lock",
    "23505": "one open act, one sign-in of a token",
    "55000": "prepared transactions are off",
}
_DOORS = """
SELECT p.pronamespace::regnamespace::text || '.' || p.proname FROM pg_proc p
WHERE p.pronamespace::regnamespace::text IN
      ('public', 'audit', 'sealed', 'identity', 'walls', 'export')
  AND p.provolatile = 'v' AND p.prosecdef AND has_function_privilege(%s, p.oid, 'EXECUTE')
"""


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    with (
        django_db_blocker.unblock(),
        databases.cloned() as name,
        as_administrator(name) as administrator,
    ):
        known = knowledge()
        known |= {"database": name, "administrator": administrator.info.backend_pid}
        administrator.execute("ANALYZE")
        yield Stage(administrator, name, audited_tables(), known)


def knowledge() -> dict[str, Any]:
    """Make the world, and return what an attack may put into its statements."""
    lived = everything()
    world = lived.world
    own, other = world.actor(Role.COORDINATOR), world.actor(Role.INVESTIGATOR)
    third, fourth = world.actor(Role.MONITOR), world.actor(Role.PHARMACIST)
    ended = signed_in(
        user=world.user(Role.THERAPIST), kind="test", lifetime=timedelta(hours=1)
    )
    end_session(token=ended.token)
    expired = signed_in(
        user=world.user(Role.THERAPIST), kind="test", lifetime=-timedelta(seconds=1)
    )
    gone = world.user(Role.STATISTICIAN, second=True)
    left = signed_in(user=gone, kind="test", lifetime=timedelta(hours=1))
    deactivate(user=gone, reason="Left the company", by=SETUP)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM audit.audit_action WHERE length(reason) > 9"
        )
        (old,) = cursor.fetchone()
    return known_of_a_locked_trial() | {
        "token": own.token,
        "user": own.user_id,
        "other": other.user_id,
        "theirs": sha256(other.token.encode()).hexdigest(),
        "third": third.user_id,
        "fourth": sha256(fourth.token.encode()).hexdigest(),
        "signin": 1,
        "ended": ended.token,
        "expired": expired.token,
        "left": left.token,
        "gone": gone.pk,
        "act": old,
        "trial": world.trial.pk,
        "site": world.site.pk,
        "here": lived.here.pk,
        "there": lived.there.pk,
    }


def known_of_a_locked_trial() -> dict[str, Any]:
    apart = locked(new_world("LOCKED"))
    return {"locked": apart.trial.pk, "locked_site": apart.site.pk}


@pytest.fixture
def in_the_middle(stage: Stage) -> Iterator[None]:
    """Have each login in the middle of an act, having said its token as Django does."""
    with ExitStack() as others:
        for role in BOTH:
            other = others.enter_context(connected(role))
            cursor = psycopg.ClientCursor(other)
            cursor.execute(act("in the middle").format_map(stage.known))
            opened = cursor.fetchone()
            assert opened is not None
            stage.known["open"] = opened[0]
            token = stage.known["token"]
            cursor.execute("SELECT set_config('candor.token', %s, true)", [token])
            others.callback(other.rollback)
        yield


def connected(role: str) -> psycopg.Connection:
    """Connect by a login; an attack that waits for a lock has failed too."""
    return psycopg.connect(databases.address_as(role), options="-c lock_timeout=2s")


def carried_out(stage: Stage, role: str, steps: tuple[str, ...]) -> tuple[str, Any]:
    """Take the steps as a role and commit; return the refusal's state and what came out.

    A refusal by any but the last step is none: the attack itself was never made.
    """
    shown: Any = None
    with connected(role) as attacker:
        for number, step in enumerate(steps, 1):
            text = step.format_map(stage.known | {"role": role})
            try:
                cursor = attacker.execute(text.encode())
                shown = cursor.fetchall() if cursor.description else None
            except psycopg.DatabaseError as error:
                attacker.rollback()
                if number < len(steps):
                    return f"never made: {text}: {error}", None
                return error.sqlstate or str(error), None
        attacker.commit()
    return "", shown


def is_blank(shown: Any) -> bool:
    return not any(value for row in shown or () for value in row)


def problems(
    stage: Stage, attack: Attack, role: str, before: dict[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Make the attack; return what happened that should not have, and what is now."""
    last = stage.last()
    past = stage.past(last)
    state, shown = carried_out(stage, role, attack.steps)
    found = []
    if attack.outcome is Outcome.REFUSED and state not in REFUSALS:
        found.append(f"not refused: {state or shown}")
    if attack.outcome is not Outcome.REFUSED and state:
        found.append(f"refused: {state}")
    if attack.outcome is Outcome.NOTHING and not is_blank(shown):
        found.append(f"shows {shown}")
    if stage.past(last) != past:
        found.append("changes the past")
    after = stage.state()
    if attack.outcome is not Outcome.ENTRY and after != before:
        changed = [name for name in after if after[name] != before.get(name)]
        found.append(f"changes {changed}")
    if after["catalog"] != before["catalog"]:
        found.append("changes the catalog")
    acts = stage.acts_since(last["audit_action"])
    if acts != [(told, role) for told in attack.leaves]:
        found.append(f"leaves {acts}")
    return found, after


@pytest.mark.usefixtures("in_the_middle")
def test_every_attack_is_refused_or_seen(stage: Stage) -> None:
    found, state = {}, stage.state()
    for attack in ATTACKS:
        for role in attack.by:
            amiss, state = problems(stage, attack, role, state)
            if amiss:
                found[f"{attack.name} as {role}"] = amiss
    assert found == {}
    assert len(ATTACKS) > 120


@pytest.mark.requirement("AUD-09")
def test_after_all_attacks_every_chain_is_whole(stage: Stage) -> None:
    assert verify(trial_id=None, by=CHECK).finding == ""


def test_an_attack_that_wrote_left_the_change_with_its_act(stage: Stage) -> None:
    """Every row that the attacks changed is told by the trail as it now stands."""
    written = stage.administrator.execute(
        "SELECT a.actor_name, r.table_name, r.new::jsonb FROM audit.audit_rowchange r"
        " JOIN audit.audit_action a ON a.id = r.action_id"
        " WHERE a.verb = 'own act' ORDER BY r.id"
    ).fetchall()
    names = [new["name"] for _, table, new in written if table == "trials_site"]
    assert names
    assert names[-1] == stage.one(
        f"SELECT name FROM trials_site WHERE id = {stage.known['site']}"
    )
    assert names[-1].count("forged") == len(names)
    passwords = [new for _, _, new in written if "password" in new]
    assert passwords == [{"password": "masked"}]


def refusals(stage: Stage, role: str, statements: list[str]) -> list[str]:
    """Run statements one by one as a role; return those that were not refused."""
    found = []
    with connected(role) as attacker:
        attacker.autocommit = True
        for statement in statements:
            try:
                attacker.execute(statement.encode())
                found.append(statement)
            except psycopg.DatabaseError as error:
                if error.sqlstate not in REFUSALS:
                    found.append(f"{statement}: {error}")
    return found


@pytest.mark.requirement("AUD-23")
@pytest.mark.parametrize("role", BOTH)
def test_no_table_of_the_trail_can_be_written_or_altered(
    stage: Stage, role: str
) -> None:
    columns = stage.administrator.execute(
        "SELECT c.oid::regclass::text, min(a.attname) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1"
        " WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'r' GROUP BY 1"
    ).fetchall()
    statements = [
        statement.format(t=table, column=column)
        for table, column in columns
        for statement in (*ON_THE_TRAIL, *ON_ANY)
        # Emptied by every crash anyway, so it has no such trigger.
        if table != "audit.open_action" or "never_truncated" not in statement
    ]
    before = stage.state()
    assert refusals(stage, role, statements) == []
    assert stage.state() == before
    assert len(columns) >= 9


@pytest.mark.parametrize("role", BOTH)
def test_the_server_cannot_be_altered(stage: Stage, role: str) -> None:
    statements = [statement.format_map(stage.known) for statement in ALONE]
    assert refusals(stage, role, statements) == []


@pytest.mark.parametrize("role", BOTH)
def test_no_audited_table_can_be_emptied_or_altered(stage: Stage, role: str) -> None:
    before = stage.state()
    statements = [
        statement.format(t=table.named)
        for table in stage.tables
        for statement in ON_ANY
    ]
    assert refusals(stage, role, statements) == []
    assert stage.state() == before


@pytest.mark.parametrize("role", BOTH)
def test_no_function_can_be_altered_or_given_away(stage: Stage, role: str) -> None:
    functions = stage.administrator.execute(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace::regnamespace::text IN"
        " ('public', 'audit', 'sealed', 'identity', 'walls', 'export')"
    ).fetchall()
    before = stage.state()
    statements = [
        statement.format(f=function)
        for (function,) in functions
        for statement in ON_A_FUNCTION
    ]
    assert refusals(stage, role, statements) == []
    # PostgreSQL only warns where it grants nothing.
    gifts = [f"GRANT EXECUTE ON FUNCTION {one} TO PUBLIC" for (one,) in functions]
    refusals(stage, role, gifts)
    assert stage.state() == before
    assert len(functions) > 30


@pytest.mark.parametrize(
    ("role", "doors"), [(WEB, {*ANYBODYS}), (WORKER, {*ANYBODYS, *THE_WORKERS})]
)
def test_every_function_that_writes_for_a_login_is_known(
    stage: Stage, role: str, doors: set[str]
) -> None:
    found = stage.administrator.execute(_DOORS, [role]).fetchall()
    assert {name for (name,) in found} == doors


def test_no_function_looks_among_temporary_tables_first(stage: Stage) -> None:
    """Without `pg_temp` at the end PostgreSQL looks there before anywhere else."""
    found = stage.administrator.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p"
        " LEFT JOIN LATERAL unnest(p.proconfig) AS c (setting)"
        " ON c.setting LIKE 'search_path=%'"
        " WHERE p.pronamespace::regnamespace::text IN"
        " ('public', 'audit', 'sealed', 'identity', 'walls', 'export')"
        " AND (p.prosecdef OR c.setting IS NOT NULL) AND p.prosqlbody IS NULL"
        " AND coalesce(c.setting, '') NOT LIKE '%, pg_temp'"
    ).fetchall()
    assert found == []


@pytest.mark.parametrize("role", BOTH)
def test_in_a_database_of_the_starters_nobody_makes_temporary_tables(
    stage: Stage, role: str
) -> None:
    with stage.administrator.transaction(force_rollback=True):
        for statement in database_statements(stage.database):
            stage.administrator.execute(statement.encode())
        allowed = stage.one(
            f"SELECT has_database_privilege('{role}', current_database(), 'TEMP')"
        )
    assert allowed is False
