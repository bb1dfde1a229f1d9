"""Row-level security: whoever the transaction says it is, and how long it says so."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import end_session, signed_in
from accounts.vocabulary import ROLES, Role
from audit.actors import Actor, SystemActor
from audit.checks import unsafe_role
from audit.refusal import SessionEnded
from audit.seeing import look_on_as, reading, seeing, seeing_by_token
from participants.models import Participant
from tests import databases
from tests.audit.lived import Lived
from tests.audit.walls import count, look, seen_by, walled
from trials.actions import end_delegation
from trials.models import Delegation

pytestmark = [pytest.mark.requirement("SEC-04"), pytest.mark.requirement("ACC-02")]


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
