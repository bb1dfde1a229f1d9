"""The roles' SQL: it may be repeated, and nobody gets more than is written."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter import administrator, postgres, services
from starter.environment import Place, passwords
from starter.roles import LOGINS, literal, role_statements


@given(st.text().filter(lambda text: "\0" not in text))
def test_a_literal_never_ends_before_its_last_quote(text: str) -> None:
    quoted = literal(text).strip()
    inside = quoted[quoted.index("'") + 1 : -1]
    assert inside.replace("''", "").count("'") == 0
    assert inside.replace("''", "'").replace("\\\\", "\\") == text
    assert quoted.startswith("E") == ("\\" in text)


def test_a_literal_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        literal("a\0b")


def test_only_the_backup_and_the_walls_own_role_pass_row_level_security() -> None:
    statements = role_statements({}, testing=True)
    granted = [s for s in statements if " BYPASSRLS" in s]
    assert [s.split()[2] for s in granted] == ["candor_walls", "candor_backup"]
    assert all(" NOLOGIN " in s for s in granted)
    # Nobody of the application may become either.
    members = [s for s in statements if s.startswith("GRANT candor_walls")]
    assert members == ["GRANT candor_walls TO candor_owner"]
    assert not any(s.startswith("GRANT candor_backup") for s in statements)


def test_the_tester_exists_only_in_test_clusters() -> None:
    assert "candor_tester" not in "".join(role_statements({}, testing=False))
    assert "candor_tester" in "".join(role_statements({}, testing=True))


@pytest.fixture
def server(place: Place) -> Iterator[postgres.Server]:
    with services.used(place):
        yield postgres.find_server(place)


ROLES = """SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin,
    rolreplication, rolbypassrls, rolpassword
    FROM pg_authid WHERE rolname LIKE 'candor%' ORDER BY 1"""
MEMBERS = "SELECT roleid::regrole, member::regrole FROM pg_auth_members ORDER BY 1, 2"


def attributes(server: postgres.Server) -> str:
    return postgres.query(server, "candor", [ROLES, MEMBERS])


@pytest.mark.services
@pytest.mark.slow
def test_the_statements_may_be_repeated_and_narrow_a_widened_role(
    server: postgres.Server,
) -> None:
    before = attributes(server)
    assert "candor_backup|f|f|f|f|f|t|" in before
    assert "candor_app|candor_web" in before
    postgres.query(server, "postgres", ["ALTER ROLE candor_web SUPERUSER BYPASSRLS"])
    for _ in range(2):
        postgres.query(server, "postgres", role_statements({}, testing=False))
    assert attributes(server) == before


@pytest.mark.services
@pytest.mark.slow
def test_the_administrators_program_makes_what_the_starter_makes(
    server: postgres.Server,
) -> None:
    words = passwords(server.place)
    address = psycopg.conninfo.make_conninfo(
        host=str(server.sockets),
        user="postgres",
        password=words["postgres"],
        dbname="postgres",
    )
    chosen = {role: f"it's {role}\\" for role in LOGINS}
    for _ in range(2):
        administrator.furnish(address, chosen)
    for role, password in chosen.items():
        with psycopg.connect(
            host=str(server.sockets), user=role, password=password, dbname="candor"
        ) as connection:
            may_create = connection.execute(
                "SELECT has_schema_privilege('public', 'CREATE')"
            ).fetchone()
            assert may_create == (role == "candor_owner",)


@pytest.mark.services
@pytest.mark.slow
def test_the_database_takes_the_roles_by_password_only(place: Place) -> None:
    with services.used(place) as addresses:
        good = urlsplit(addresses["OWNER_DATABASE_URL"])
        with psycopg.connect(good.geturl()) as connection:
            row = connection.execute(
                "SELECT datlocprovider, datlocale FROM pg_database"
                " WHERE datname = 'candor'"
            ).fetchone()
            assert row == ("b", "C.UTF-8")
            for extension in ("btree_gist", "pg_trgm", "citext"):
                connection.execute(f"CREATE EXTENSION {extension}")
            connection.rollback()
        bad = good._replace(netloc="candor_owner:wrong@")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(bad.geturl())
