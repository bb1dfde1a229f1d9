"""Web and worker refuse to start as a role that the walls do not hold against."""

import os
import subprocess
import sys

import pytest

from audit.checks import role_is_safe
from starter.commands import CELERY
from tests import databases

pytestmark = [pytest.mark.services, pytest.mark.requirement("SEC-04")]

WEB = (sys.executable, "-c", "import config.wsgi")
# One that starts has to be stopped; one that refuses ends by itself.
WORKER = (sys.executable, *CELERY[1:], "worker", "--pool", "solo")
SAFE, UNSAFE = ("candor_web", "candor_worker"), ("postgres", "candor_owner")


def started(command: tuple[str, ...], role: str, **more: str) -> tuple[int, str]:
    """Run a command in production's settings as a role; its exit code and its words."""
    told = os.environ | {
        # Nothing was collected, of which the production's static files would warn.
        "PYTHONWARNINGS": "ignore",
        "DATABASE_URL": databases.address_as(role),
        "DEMONSTRATION": "",
        "DEBUG": "",
    }
    done = subprocess.run(
        command,
        cwd=databases.ROOT,
        env=told | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("role", UNSAFE)
@pytest.mark.parametrize("command", [WEB, WORKER], ids=["web", "worker"])
def test_as_an_unsafe_role_neither_web_nor_worker_starts(
    own_database: str, command: tuple[str, ...], role: str
) -> None:
    code, words = started(command, role)
    assert code != 0
    assert f"DATABASE_URL connects as {role}" in words
    assert "manage.py database_roles" in words


@pytest.mark.parametrize("role", SAFE)
def test_as_its_own_role_the_web_starts(own_database: str, role: str) -> None:
    assert started(WEB, role) == (0, "")


def test_a_demonstration_starts_as_it_can(own_database: str) -> None:
    assert started(WEB, "candor_owner", DEMONSTRATION="1") == (0, "")


def test_a_database_that_does_not_answer_yet_is_no_reason_to_refuse() -> None:
    nowhere = "postgresql://candor_web@127.0.0.1:1/candor"
    assert started(WEB, "candor_web", DATABASE_URL=nowhere) == (0, "")


@pytest.mark.django_db
def test_the_check_says_nothing_of_the_tests_own_role() -> None:
    assert role_is_safe(databases=["default"]) == []


def test_the_check_command_names_the_owner(own_database: str) -> None:
    command = (sys.executable, "manage.py", "check", "--database", "default")
    code, words = started(command, "candor_owner")
    assert code != 0
    assert "audit.E001" in words
